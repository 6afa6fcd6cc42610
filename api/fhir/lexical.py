"""JSON read strictly and written back with the digits that came in.

https://hl7.org/fhir/R4/json.html, RFC 8259 and I-JSON (RFC 7493). What two parsers could read in
two ways is refused: duplicate keys, NaN, other encodings than UTF-8, lone surrogates.
"""

import re
from decimal import Decimal
from json import JSONDecodeError, JSONDecoder
from typing import Any, NoReturn, Self, TypeAlias

import orjson

from api.fhir.outcome import Failure, FailureKind, Issue

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | Decimal | bool | None"
Resource: TypeAlias = dict[str, Any]

# Deeper than any real resource, and far below what exhausts a parser's stack.
MAX_DEPTH = 64
# Room for every decimal a clinic can mean; longer ones only serve to slow arithmetic down.
MAX_NUMBER_LENGTH = 256
# About the range of an IEEE double. PostgreSQL would expand 1e131000 to 131,000 digits.
MAX_EXPONENT = 300
# Every integer this short fits 64 bits, which is what orjson writes.
MAX_INTEGER_LENGTH = 18
# FHIR strings hold no control characters but tab, line feed and carriage return.
UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
ESCAPE_OF_UNWANTED = re.compile(rb"\\[ubf]")
STRING = re.compile(rb'"[^"]*"')
NOT_A_BRACKET = bytes(set(range(256)) - set(b'[]{}"'))
MAX_KEY_SHOWN = 64


class LexicalDecimal(Decimal):
    """A number that came with a fraction, an exponent, `-0` or more digits than 64 bits hold.

    It counts as the Decimal it is; `text` holds the digits as they were sent (`1.10`, `1e2`).
    Raises Failure for a number too long or too large for this server.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Read the number from JSON's own spelling."""
        if len(text) > MAX_NUMBER_LENGTH:
            _refuse(f"A number has more than {MAX_NUMBER_LENGTH} characters.", "value")
        _, _, exponent = text.lower().partition("e")
        if exponent and (len(exponent) > MAX_INTEGER_LENGTH or abs(int(exponent)) > MAX_EXPONENT):
            _refuse(f"A number has an exponent beyond ±{MAX_EXPONENT}.", "value")
        self = super().__new__(cls, text)
        self.text = text
        return self


def parse(body: bytes) -> JSON:
    """Read a JSON document.

    Integers become int, other numbers LexicalDecimal. Raises Failure (INVALID) with the line and
    column where they are known.
    """
    text = _decoded(body)
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        _check_depth(body)
    try:
        value: JSON = _DECODER.decode(text)
    except JSONDecodeError as error:
        _refuse(f"Not valid JSON: {error.msg}, line {error.lineno}, column {error.colno}.")
    except RecursionError:
        _refuse(f"The JSON is nested more than {MAX_DEPTH} levels deep.")
    if ESCAPE_OF_UNWANTED.search(body):
        _check_characters(value)
    return value


def serialize(value: JSON) -> bytes:
    """Write compact UTF-8 JSON, every number in the digits in which it came."""
    return orjson.dumps(value, default=fragment)


def serialize_indented(value: JSON) -> bytes:
    """Give the text laid out for a person, numbers in their own digits."""
    return orjson.dumps(value, default=fragment, option=orjson.OPT_INDENT_2)


def _refuse(sentence: str, code: str = "structure") -> NoReturn:
    raise Failure(FailureKind.INVALID, Issue(code, sentence))


def _decoded(body: bytes) -> str:
    if not body.strip(b" \t\r\n"):
        _refuse("The body is empty; a JSON document is expected.")
    if body.startswith(b"\xef\xbb\xbf"):
        _refuse("The body starts with a byte order mark; send UTF-8 without one.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        _refuse(f"The body is not UTF-8: byte {error.start + 1} cannot be read.")


def _check_depth(body: bytes) -> None:
    """Peel off the innermost pairs of brackets, one level at a time, before a parser recurses.

    Brackets that do not pair stay behind; the parser reports them.
    """
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    brackets = STRING.sub(b"", unescaped.translate(None, NOT_A_BRACKET))
    for _ in range(MAX_DEPTH):
        peeled = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(peeled) == len(brackets):
            return
        brackets = peeled
    if brackets:
        _refuse(f"The JSON is nested more than {MAX_DEPTH} levels deep.")


def _object(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in found if keys.count(key) > 1)
        _refuse(f"The key {repeated[:MAX_KEY_SHOWN]!a} occurs more than once in one object.")
    return found


def _integer(text: str) -> int | LexicalDecimal:
    if len(text) > MAX_INTEGER_LENGTH or text == "-0":
        return LexicalDecimal(text)
    return int(text)


def _constant(text: str) -> NoReturn:
    _refuse(f"{text} is not a JSON number.")


_DECODER = JSONDecoder(
    object_pairs_hook=_object,
    parse_float=LexicalDecimal,
    parse_int=_integer,
    parse_constant=_constant,
)


def _check_characters(value: JSON) -> None:
    """Find what only an escape could bring in: control characters and half surrogate pairs."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting.extend(each)
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, str) and (found := UNWANTED.search(each)):
            _refuse(f"A string holds the character U+{ord(found[0]):04X}, which FHIR forbids.")


def fragment(value: object) -> orjson.Fragment:
    """Give orjson a number in its own digits; raises TypeError for what is not JSON."""
    if isinstance(value, LexicalDecimal):
        return orjson.Fragment(value.text)
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(format(value, "f"))
    message = f"{type(value).__name__} has no place in FHIR JSON"
    raise TypeError(message)

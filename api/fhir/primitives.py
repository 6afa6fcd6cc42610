"""The primitive datatypes: JSON type, grammar and range of each.

https://hl7.org/fhir/R4/datatypes.html#primitive and https://hl7.org/fhir/R4/json.html#primitive
"""

import binascii
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from api.fhir import definitions
from api.fhir.narrative import check_xhtml
from api.fhir.references import ID
from api.fhir.validation_problem import NONE, Check, Problem, Problems, Scope, rule

MAX_STRING_LENGTH = 1024 * 1024
MAX_INTEGER = 2**31 - 1
# Of a value set with more codes than this, an error names the value set instead.
MAX_CODES_SHOWN = 16
FIRST_DAY_TO_LOOK_UP = "29"

YEAR = r"(?P<year>(?!0000)[0-9]{4})"
MONTH = r"(?P<month>0[1-9]|1[0-2])"
DAY = r"(?P<day>0[1-9]|[12][0-9]|3[01])"
TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
ZONE = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

JSON_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "a number"),
    (Decimal, "a number"),
    (str, "a string"),
    (list, "an array"),
    (dict, "an object"),
)


def json_type(value: object) -> str:
    """Name the JSON type of a value, for a sentence."""
    return next((name for kind, name in JSON_TYPES if isinstance(value, kind)), "null")


def wrong_type(type_name: str, expected: str, value: object) -> Problems:
    """Say that JSON holds another type than this datatype is written as."""
    if value is None:
        return (Problem("structure", "null is not allowed here; leave the element out."),)
    found = json_type(value)
    return (Problem("structure", f"{type_name} is written as {expected} in JSON, not {found}."),)


def _matching(type_name: str, pattern: str, hint: str) -> Check:
    fullmatch = re.compile(pattern).fullmatch

    def check(value: Any, _scope: Scope) -> Problems:
        if type(value) is not str:
            return wrong_type(type_name, "a string", value)
        return NONE if fullmatch(value) else _malformed(type_name, value, hint)

    return check


def _malformed(type_name: str, value: str, hint: str) -> Problems:
    if not value:
        return (Problem("value", "An element is never an empty string; leave it out."),)
    return (Problem("value", f"Not a valid {type_name}: {hint}."),)


def _dated(type_name: str, pattern: str, hint: str) -> Check:
    fullmatch = re.compile(pattern).fullmatch

    def check(value: Any, _scope: Scope) -> Problems:
        if type(value) is not str:
            return wrong_type(type_name, "a string", value)
        found = fullmatch(value)
        if found is None:
            return _malformed(type_name, value, hint)
        day = found["day"]
        if day is None or day < FIRST_DAY_TO_LOOK_UP or _is_in_calendar(found):
            return NONE
        return _malformed(type_name, value, "the month has no such day")

    return check


def _is_in_calendar(found: re.Match[str]) -> bool:
    _, last_day = monthrange(int(found["year"]), int(found["month"]))
    return int(found["day"]) <= last_day


def _uri(type_name: str) -> Check:
    """Check a uri, url or canonical and note when it points at a contained resource."""
    fullmatch = re.compile(r"\S+").fullmatch

    def check(value: Any, scope: Scope) -> Problems:
        if type(value) is not str:
            return wrong_type(type_name, "a string", value)
        if not fullmatch(value):
            return _malformed(type_name, value, "white space is not allowed in it")
        if value[0] == "#":
            scope.used.add(value[1:])
        return NONE

    return check


def _text(type_name: str) -> Check:
    def check(value: Any, _scope: Scope) -> Problems:
        if type(value) is not str:
            return wrong_type(type_name, "a string", value)
        if not value.strip(" \t\r\n"):
            return _malformed(type_name, value, "it holds nothing but white space")
        if len(value) > MAX_STRING_LENGTH:
            return _malformed(type_name, value, f"longer than {MAX_STRING_LENGTH} characters")
        return NONE

    return check


def _integer(type_name: str, minimum: int) -> Check:
    def check(value: Any, _scope: Scope) -> Problems:
        if type(value) is int:
            if minimum <= value <= MAX_INTEGER:
                return NONE
            return _malformed(type_name, "-", f"not between {minimum} and {MAX_INTEGER}")
        if isinstance(value, Decimal):
            return _not_whole(type_name, value, minimum)
        return wrong_type(type_name, "a number", value)

    return check


def _not_whole(type_name: str, value: Decimal, minimum: int) -> Problems:
    # R4's grammar of integers knows -0, which Python's int does not.
    if minimum <= 0 and getattr(value, "text", "") == "-0":
        return NONE
    return _malformed(type_name, "-", "a whole number of 32 bits without fraction or exponent")


def _boolean(value: Any, _scope: Scope) -> Problems:
    return NONE if type(value) is bool else wrong_type("boolean", "true or false", value)


def _decimal(value: Any, _scope: Scope) -> Problems:
    if type(value) is int or isinstance(value, Decimal):
        return NONE
    return wrong_type("decimal", "a number", value)


def _base64(value: Any, _scope: Scope) -> Problems:
    if type(value) is not str:
        return wrong_type("base64Binary", "a string", value)
    try:
        # R4's grammar allows white space between the groups of four.
        found = binascii.a2b_base64("".join(value.split()), strict_mode=True)
    except ValueError:
        return _malformed("base64Binary", value, "the alphabet or the padding is wrong")
    return NONE if found else _malformed("base64Binary", value, "it holds no data")


CHECKS: Mapping[str, Check] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _uri("canonical"),
    "code": _matching("code", r"\S+(\s\S+)*", "no white space around it, single spaces within"),
    "date": _dated("date", f"{YEAR}(-{MONTH}(-{DAY})?)?", "YYYY, YYYY-MM or YYYY-MM-DD"),
    "dateTime": _dated(
        "dateTime",
        f"{YEAR}(-{MONTH}(-{DAY}(T{TIME}{ZONE})?)?)?",
        "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz",
    ),
    "decimal": _decimal,
    "id": _matching("id", ID, "1 to 64 letters, digits, hyphens and dots, no dot first"),
    "instant": _dated(
        "instant", f"{YEAR}-{MONTH}-{DAY}T{TIME}{ZONE}", "YYYY-MM-DDThh:mm:ss.sss+zz:zz"
    ),
    "integer": _integer("integer", -MAX_INTEGER - 1),
    "markdown": _text("markdown"),
    "oid": _matching("oid", r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+", "urn:oid:1.2.3"),
    "positiveInt": _integer("positiveInt", 1),
    "string": _text("string"),
    "time": _matching("time", TIME, "hh:mm:ss"),
    "unsignedInt": _integer("unsignedInt", 0),
    "uri": _uri("uri"),
    "url": _uri("url"),
    "uuid": _matching(
        "uuid", r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "urn:uuid: in lower case"
    ),
    "xhtml": check_xhtml,
}

# Value sets that no list can hold, as far as a grammar can tell.
GRAMMARS: Mapping[str, Check] = {
    "http://hl7.org/fhir/ValueSet/currencies": _matching(
        "currency", "[A-Z]{3}", "three capital letters of ISO 4217"
    ),
}


def coded(value_set: str) -> Check:
    """Check an element of type code against its required binding."""
    listed = definitions.codes(value_set)
    if listed is None:
        return GRAMMARS.get(value_set, CHECKS["code"])
    allowed = frozenset[str]().union(*listed.values())
    is_code: Callable[[Any, Scope], Problems] = CHECKS["code"]

    def check(value: Any, scope: Scope) -> Problems:
        if type(value) is str and value in allowed:
            return NONE
        return is_code(value, scope) or (rule("code-invalid", not_in(value_set, allowed)),)

    return check


def not_in(value_set: str, allowed: frozenset[str]) -> str:
    """Say which codes would have been right."""
    if len(allowed) > MAX_CODES_SHOWN:
        return f"The code is not in the required value set {value_set}."
    return f"The code must be one of {', '.join(sorted(allowed))} ({value_set})."

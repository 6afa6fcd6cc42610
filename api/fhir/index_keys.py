"""How values are spelled in the search index: equal on every database, and in the right order.

Everything here is used twice, when a resource is indexed and when a search value is read. Text is
compared by its bytes in UTF-8, which both databases do alike; numbers are text too, because SQLite
has no exact decimal and a float would round what a clinician wrote.
"""

import hashlib
import re
import unicodedata
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Final

START_LENGTH: Final = 64
"""How many characters of a folded string stand in the index; the rest is compared beside it."""

# A key of an index must stay far below the 2,704 bytes that a PostgreSQL B-tree entry can hold.
_KEY_BYTES: Final = 500
_KEPT_BYTES: Final = 400

BELOW_ALL_NUMBERS: Final = "1"
ABOVE_ALL_NUMBERS: Final = "9"
_ZERO: Final = "5"
_EXPONENT_LIMIT: Final = 9_999
_DIGITS: Final = 60
_COMPLEMENT: Final = str.maketrans("0123456789", "9876543210")
_LAST_CODE_POINT: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)

EXACT: Final = Context(prec=20_100, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""Arithmetic on search numbers, which have at most 100 digits and exponents within ±9,999."""


def fold(text: str) -> str:
    """Fold a string for searching: without case, accents and superfluous white space."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(each for each in decomposed if not unicodedata.combining(each))
    return " ".join(text.casefold().split())


def equality_key(text: str) -> str:
    """Give a code, system or URI as the index holds it: whole, or cut and hashed when very long.

    Only equality is ever asked of these, so the hash of the whole stands for the part cut off.
    """
    encoded = text.encode()
    if len(encoded) <= _KEY_BYTES:
        return text
    kept = encoded[:_KEPT_BYTES].decode(errors="ignore")
    return f"{kept}#sha256={hashlib.sha256(encoded).hexdigest()}"


def is_whole_key(text: str) -> bool:
    """Whether a prefix of this length can be looked for among keys: nothing of it is hashed."""
    return len(text.encode()) <= _KEPT_BYTES


def end_of_prefix(prefix: str) -> str | None:
    """Give the least text above every text that starts with `prefix`; None when there is none."""
    for position in range(len(prefix) - 1, -1, -1):
        following = ord(prefix[position]) + 1
        if following in _SURROGATES:
            following = _SURROGATES.stop
        if following <= _LAST_CODE_POINT:
            return prefix[:position] + chr(following)
    return None


def like_pattern(part: str) -> str:
    r"""Give the LIKE pattern that finds `part` anywhere, with `\` as its escape character."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", part) + "%"


def low_key(number: Decimal) -> str:
    """Give the key of a lower bound: text in the order of the numbers, exact to 60 digits.

    A sign class, the decimal exponent and the digits; for negative numbers each digit is
    complemented and a `~` ends them, so that the larger magnitude comes first.
    """
    return _key(number, ROUND_FLOOR)


def high_key(number: Decimal) -> str:
    """Give the key of an upper bound; it differs from the lower one only beyond 60 digits."""
    return _key(number, ROUND_CEILING)


def _key(number: Decimal, rounding: str) -> str:
    # Exact down to a size that no measurement has; what lies outside sorts as the nearest bound.
    number = Context(_DIGITS, rounding, MIN_EMIN, MAX_EMAX).plus(number)
    exponent = number.adjusted()
    if not number or exponent < -_EXPONENT_LIMIT:
        return _ZERO
    if exponent > _EXPONENT_LIMIT:
        return BELOW_ALL_NUMBERS if number < 0 else ABOVE_ALL_NUMBERS
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    key = f"{exponent + 10_000:05d}{digits}"
    return f"3{key.translate(_COMPLEMENT)}~" if number < 0 else f"7{key}"

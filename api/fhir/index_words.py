"""The words of a resource, for `_text` and `_content`.

https://hl7.org/fhir/R4/search.html#content

`_text` looks at the narrative and `_content` at all text, codes and identifiers in the resource.
Words are runs of letters and digits without case and accents, so that both databases, which are
handed words and not sentences, find the same.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any, Final

from api.fhir.index_keys import fold

MAX_WORDS: Final = 16_000
"""Words beyond this number are not found: PostgreSQL numbers no further."""

MAX_WORD_LENGTH: Final = 40

_MAX_BYTES: Final = 400_000
_WORD: Final = re.compile(r"[^\W_]+")
_TAG: Final = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
# Where text stands that no reader sees: addresses, attachments, and what the server itself writes.
_WITHOUT_TEXT: Final = frozenset(
    ("reference", "url", "system", "data", "lastUpdated", "versionId", "profile", "resourceType")
)


def words(text: str) -> list[str]:
    """Give the words of a text, folded as they are compared."""
    return [each[:MAX_WORD_LENGTH] for each in _WORD.findall(fold(text))]


def narrative_words(resource: dict[str, Any]) -> list[str]:
    """Give the words of the narrative in their order."""
    narrative = resource.get("text")
    div = narrative.get("div") if isinstance(narrative, dict) else None
    return _limited(words(_plain(div))) if isinstance(div, str) else []


def content_words(resource: dict[str, Any]) -> list[str]:
    """Give the words of the whole resource in their order, the narrative's among them."""
    return _limited(words(" \x01 ".join(_texts(resource))))


def _texts(value: dict[str, Any]) -> Iterator[str]:
    for key, each in value.items():
        if key not in _WITHOUT_TEXT:
            for item in each if isinstance(each, list) else (each,):
                if isinstance(item, str):
                    yield _plain(item) if key == "div" else item
                elif isinstance(item, dict):
                    yield from _texts(item)


def _plain(div: str) -> str:
    return unescape(_TAG.sub(" ", div))


def _limited(found: list[str]) -> list[str]:
    limited = found[:MAX_WORDS]
    size = sum(map(len, limited)) * 4
    return limited if size <= _MAX_BYTES else limited[: MAX_WORDS * _MAX_BYTES // size]

"""What an extension's definition asks of its JSON at first sight.

Most definitions ask for a type of value, or for parts by their URLs, and no more. An extension that
fits its shape conforms; one that does not is looked at in full (`conformance`), which then says
what is wrong. This is what keeps extensions cheap on every write.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from api.fhir.profiles.published import published_profile
from api.fhir.profiles.structure import Node

_KEPT: Final = 512
_KNOWN: Final = frozenset(("url", "extension", "value[x]", "id"))
_NOTHING: Final = frozenset(("id", "url"))


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of which one holds the value, and the parts by URL with how many there may be."""

    value_keys: frozenset[str] = frozenset()
    parts: Mapping[str, tuple["Shape", int, int | None]] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    is_simple: bool = True

    def fits(self, extension: Mapping[str, Any]) -> bool:
        """Tell whether an extension surely conforms; it is sound by itself."""
        if not self.is_simple:
            return False
        parts = extension.get("extension")
        if parts is not None:
            return self._fits_parts(extension, parts)
        if self.needed:
            return False
        return extension.keys() - _NOTHING <= self.value_keys

    def _fits_parts(self, extension: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> bool:
        counts = Counter(each["url"] for each in parts)
        if not self.needed <= counts.keys() or len(extension.keys() - _NOTHING) > 1:
            return False
        for each in parts:
            shape, _, maximum = self.parts.get(each["url"], (_NO_SHAPE, 0, None))
            if maximum is not None and counts[each["url"]] > maximum:
                return False
            if not shape.fits(each):
                return False
        return True


_NO_SHAPE: Final = Shape(is_simple=False)


@lru_cache(_KEPT)
def shape_of(url: str) -> Shape | None:
    """Give the shape of a published extension; None when the URL is not one of those."""
    profile = published_profile(url)
    if profile is None or profile.type_name != "Extension":
        return None
    return _shape(profile.root)


def _shape(node: Node) -> Shape:
    value, parts = node.children.get("value[x]"), node.children.get("extension")
    if not _is_simple(node) or (value and not _is_simple_value(value)):
        return _NO_SHAPE
    listed = {_url(each): each for each in (parts.slices if parts else ())}
    return Shape(
        value_keys=_value_keys(value),
        parts={url: (_shape(each), each.minimum, each.maximum) for url, each in listed.items()},
        needed=frozenset(url for url, each in listed.items() if each.minimum),
    )


def _is_simple(node: Node) -> bool:
    return node.children.keys() <= _KNOWN and not node.constraints


def _is_simple_value(value: Node) -> bool:
    asks = (value.fixed, value.pattern, value.constraints, value.children, value.slices)
    is_bound = value.binding is not None and value.binding[0] == "required"
    has_profile = any(each.profiles or each.targets for each in value.types)
    return not any(asks) and not is_bound and not has_profile


def _url(part: Node) -> str:
    url = part.children.get("url")
    return str(url.fixed) if url else ""


def _value_keys(value: Node | None) -> frozenset[str]:
    if value is None or value.maximum == 0:
        return frozenset()
    keys = {f"value{each.code[0].upper()}{each.code[1:]}" for each in value.types}
    return frozenset(keys | {f"_{each}" for each in keys})

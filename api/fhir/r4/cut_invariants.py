"""Cut the invariants of R4, for `python -m api.fhir.r4.cut`.

A row is `[key, severity, sentence, expression]` under the path of the element that it speaks of:
a type (`Period`), a backbone element (`Patient.contact`) or an element of a type
(`Organization.telecom`). What every element and every resource repeats is left out: the strict
layer holds ele-1, ext-1 and dom-2 to dom-5 by itself. Elements that the definitions narrow by a
profile of their datatype (SimpleQuantity) carry that profile's invariants too.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

Definition: TypeAlias = dict[str, Any]
Row: TypeAlias = list[str]

UNIVERSAL = frozenset(("ele-1", "ext-1", "dom-2", "dom-3", "dom-4", "dom-5"))
EVERY_RESOURCE = "DomainResource"
OF_EVERY_RESOURCE = frozenset(("dom-6",))


def invariants(
    structures: Iterable[Definition], profiles: Mapping[str, Definition]
) -> dict[str, list[Row]]:
    """Give path → rows, of these structures and of the profiles that their elements name."""
    found: dict[str, list[Row]] = {}
    for structure in structures:
        for element in structure["snapshot"]["element"]:
            for path, row in _placed(element, profiles):
                of_path = found.setdefault(path, [])
                if row not in of_path:
                    of_path.append(row)
    return dict(sorted(found.items()))


def _placed(element: Definition, profiles: Mapping[str, Definition]) -> Iterator[tuple[str, Row]]:
    """Give the rows of an element, those of a choice under each spelling of its path."""
    types = element.get("type", ())
    path = element["path"]
    for row in _rows(element):
        if row[0] in OF_EVERY_RESOURCE:
            yield EVERY_RESOURCE, row
        elif path.endswith("[x]"):
            yield from ((_spelled(path, each["code"]), row) for each in types)
        else:
            yield path, row
    for each in types:
        for row in _rows_of_profiles(each, profiles):
            yield _spelled(path, each["code"]), row


def _spelled(path: str, type_name: str) -> str:
    return path.replace("[x]", type_name[0].upper() + type_name[1:])


def _rows(element: Definition) -> Iterator[Row]:
    for each in element.get("constraint", ()):
        if each["key"] not in UNIVERSAL:
            yield [each["key"], each["severity"], each["human"].strip(), each["expression"]]


def _rows_of_profiles(of: Definition, profiles: Mapping[str, Definition]) -> Iterator[Row]:
    for url in of.get("profile", ()):
        profile = profiles.get(url)
        if profile and profile["kind"] == "complex-type" and profile["type"] == of["code"]:
            roots = (each for each in profile["differential"]["element"] if "." not in each["path"])
            yield from (row for root in roots for row in _rows(root))

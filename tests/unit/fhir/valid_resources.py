"""Valid R4 resources of any type, made from the definitions, with the odd values R4 allows."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from api.fhir import definitions
from api.fhir.definitions import Element
from api.fhir.lexical import LexicalDecimal

DEEPEST_OPTIONAL = 4
UUIDS = (
    "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "urn:uuid:c757873d-ec9a-1326-a141-556f43239520",
    "urn:uuid:00000000-0000-0000-0000-000000000000",
)
INSTANTS = (
    "2016-12-31T23:59:60Z",
    "2020-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "2020-01-01T00:00:00-00:00",
    "2020-01-01T00:00:00.123456789Z",
    "1890-01-01T10:10:10+10:04",
)
DATES = ("1974", "1974-12", "1974-12-25", "0001", "9999-12-31", "1600-02-29", "0001-01")
VALUES: Mapping[str, Sequence[Any]] = {
    "base64Binary": ("YQ==", "YWJj YWJj", "YWJj\nYWJj", "+/+/"),
    "boolean": (True, False),
    "canonical": ("http://example.org/a|1.0", "#abc", UUIDS[0], "x"),
    "code": ("abc", "a b", "é"),
    "date": DATES,
    "dateTime": (*DATES, *INSTANTS),
    "decimal": (
        0,
        10**17,
        *map(LexicalDecimal, ("1.10", "1e2", "-0", "-0.0", "1e300", "1E-300", "1" * 30 + ".000")),
    ),
    "id": ("a", "A-b.9", "x" * 64, "-"),
    "instant": INSTANTS,
    "integer": (0, -(2**31), 2**31 - 1, LexicalDecimal("-0")),
    "markdown": ("# x\n\ny",),
    "oid": ("urn:oid:1.2.3", "urn:oid:0.0.12345678901234567890"),
    "positiveInt": (1, 2**31 - 1),
    "string": ("a", "é 😀", " x ", "line\nbreak", "a\u00a0b", "<b>"),
    "time": ("00:00:00", "23:59:60", "12:00:00.123456789"),
    "unsignedInt": (0, 2**31 - 1),
    "uri": ("http://example.org/a", *UUIDS, "a", "http://[::1]/", "http://", "//host", "x:y|z"),
    "url": ("http://example.org", "mailto:a@example.org", "relative/path", "HTTP://X", "http://"),
    "uuid": UUIDS,
    "xhtml": ('<div xmlns="http://www.w3.org/1999/xhtml">x</div>',),
}


def valid_resource(type_name: str, random: Random) -> dict[str, Any]:
    """Make a resource; how much of it is there differs from one to the next."""
    return _Maker(random, random.choice((0.2, 0.6, 0.9))).object_of(type_name, 0)


class _Maker:
    def __init__(self, random: Random, fullness: float) -> None:
        self.random = random
        self.fullness = fullness
        self.special: Mapping[str, Callable[[Element], Any]] = {
            "CodeableConcept": self._concept,
            "Extension": lambda _: self._extension(),
            "Reference": self._reference,
            "Resource": lambda _: {"resourceType": "Patient", "active": True},
        }

    def object_of(self, type_name: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if type_name in definitions.resource_types():
            found["resourceType"] = type_name
        for each in self._chosen(type_name):
            if each.minimum or self.random.random() < self._chance(each, depth):
                self._put(found, each, depth)
        return found if found.keys() - {"id"} else self._filled(found, type_name, depth)

    def _filled(self, found: dict[str, Any], type_name: str, depth: int) -> dict[str, Any]:
        primitive = [
            each for each in self._chosen(type_name) if each.is_primitive and each.json_key != "id"
        ]
        if not primitive:
            return {"extension": [self._extension()]}
        self._put(found, primitive[0], depth)
        return found

    def _chance(self, element: Element, depth: int) -> float:
        if depth > DEEPEST_OPTIONAL and not element.is_primitive:
            return 0
        return float(self.fullness * 0.6**depth)

    def _chosen(self, type_name: str) -> list[Element]:
        """Give the elements that may be filled: of each choice one, none of another kind."""
        elements = definitions.elements(type_name).values()
        choices: dict[str, list[Element]] = {}
        for each in elements:
            if each.choice_of:
                choices.setdefault(each.choice_of, []).append(each)
        taken = [self.random.choice(each) for each in choices.values()]
        left_out = ("contained", "extension", "modifierExtension")
        return taken + [
            each for each in elements if not each.choice_of and each.json_key not in left_out
        ]

    def _put(self, found: dict[str, Any], element: Element, depth: int) -> None:
        count = self.random.choice((1, 1, 2)) if element.is_array else 1
        values = [self._value(element, depth) for _ in range(count)]
        siblings: list[Any] = [None] * count
        if element.is_primitive and element.json_key not in ("id", "div"):
            self._put_beside(values, siblings, is_bound=element.value_set is not None)
        if any(each is not None for each in values):
            found[element.json_key] = values if element.is_array else values[0]
        if any(siblings):
            found["_" + element.json_key] = siblings if element.is_array else siblings[0]

    def _put_beside(self, values: list[Any], siblings: list[Any], *, is_bound: bool) -> None:
        for position in range(len(values)):
            draw = self.random.random()
            if draw < 0.1:
                siblings[position] = {"extension": [self._extension()]}
            if draw < 0.04 and not is_bound:
                values[position] = None

    def _value(self, element: Element, depth: int) -> Any:
        if element.value_set and element.type == "code":
            listed = definitions.codes(element.value_set)
            codes = {code for each in (listed or {}).values() for code in each} or {"AUD"}
            return self.random.choice(sorted(codes))
        if element.is_primitive:
            return self.random.choice(VALUES[element.type])
        special = self.special.get(element.type)
        return special(element) if special else self.object_of(element.type, depth + 1)

    def _extension(self) -> dict[str, Any]:
        inner = {"url": "u", "valueUuid": self.random.choice(UUIDS)}
        outer = {"url": "http://example.org/e", "extension": [inner]}
        return self.random.choice(({"url": "http://example.org/e", "valueString": "x"}, outer))

    def _concept(self, element: Element) -> dict[str, Any]:
        listed = definitions.codes(element.value_set) if element.value_set else None
        if not listed:
            return {"text": "x"}
        system = self.random.choice(sorted(listed))
        return {"coding": [{"system": system, "code": min(listed[system])}]}

    def _reference(self, element: Element) -> dict[str, Any]:
        target = self.random.choice(element.targets or ("Patient",))
        return self.random.choice(
            (
                {"reference": f"{target}/1"},
                {"reference": f"{target}/1/_history/2", "display": "x", "type": target},
                {"identifier": {"value": "x"}},
                {"reference": UUIDS[0]},
                {"reference": f"https://example.org/fhir/{target}/9"},
            )
        )

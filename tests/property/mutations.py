"""Ways to break a valid resource, each with the FHIRPath of the element that is then wrong."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

from api.fhir import definitions
from api.fhir.definitions import Element

Resource: TypeAlias = dict[str, Any]

WRONG_PRIMITIVES: Mapping[str, Sequence[Any]] = {
    "base64Binary": ("!!", "YQ"),
    "boolean": ("true", 1),
    "canonical": ("a b",),
    "code": (" a", "a  b"),
    "date": ("2020-13-45", "yesterday", "2020-1-1"),
    "dateTime": ("2020-02-30", "2020-01-01T10:00", "2020-01-01T10:00:00"),
    "decimal": ("1.0", True),
    "id": ("a/b", "x" * 65),
    "instant": ("2020-01-01", "2020-01-01T25:00:00Z"),
    "integer": ("1", 2**31),
    "markdown": (" ", 5),
    "oid": ("1.2.3",),
    "positiveInt": (0, -1),
    "string": ("", 5, " "),
    "time": ("24:00:00", "10:00"),
    "unsignedInt": (-1,),
    "uri": ("a b", 5),
    "url": ("a b",),
    "uuid": ("c757873d-ec9a-4326-a141-556f43239520",),
    "xhtml": (
        "<div>x</div>",
        '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>',
        '<div xmlns="http://www.w3.org/1999/xhtml"></div>',
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """An object within a resource."""

    value: Resource
    type_name: str
    path: str

    def elements(self) -> Iterator[tuple[str, Element]]:
        """Give each element that is there, with its path."""
        known = definitions.elements(self.type_name)
        return ((f"{self.path}.{key}", known[key]) for key in self.value if key in known)


Mutation: TypeAlias = Callable[[Place, Random], str | None]
"""Breaks the object and gives the path of what is wrong; None where there is nothing to break."""


def mutated(resource: Resource, name: str, random: Random) -> tuple[Resource, str] | None:
    """Break a copy of the resource somewhere, in the way that is named."""
    broken = copy.deepcopy(resource)
    places = list(_places(broken, broken["resourceType"], broken["resourceType"]))
    random.shuffle(places)
    for place in places:
        path = MUTATIONS[name](place, random)
        if path is not None:
            return broken, path
    return None


def _places(value: Resource, type_name: str, path: str) -> Iterator[Place]:
    yield Place(value, type_name, path)
    for element_path, element in Place(value, type_name, path).elements():
        item = value[element.json_key]
        for position, each in enumerate(item if isinstance(item, list) else [item]):
            if isinstance(each, dict):
                step = f"{element_path}[{position}]" if element.is_array else element_path
                below = each["resourceType"] if element.type == "Resource" else element.type
                yield from _places(each, below, step)


def _element(place: Place, random: Random, wanted: Callable[[Element], bool]) -> Element | None:
    found = [each for _, each in place.elements() if wanted(each)]
    return random.choice(found) if found else None


def _replaced(place: Place, element: Element, value: Any) -> str:
    """Put a value in the element's place, in an array of one where JSON holds an array."""
    place.value.pop(f"_{element.json_key}", None)
    place.value[element.json_key] = [value] if element.is_array else value
    return f"{place.path}.{element.json_key}"


def _unknown_element(place: Place, random: Random) -> str:
    name = random.choice(("nmae", "valueFoo", "comments", "resourcetype", "_nothing"))
    place.value[name] = "x"
    return f"{place.path}.{name}"


def _wrong_type(place: Place, random: Random) -> str | None:
    element = _element(place, random, lambda each: each.json_key != "id")
    if element is None:
        return None
    value = random.choice((7, "x", ["x"])) if not element.is_primitive else {"x": 1}
    return _replaced(place, element, value)


def _missing_element(place: Place, random: Random) -> str | None:
    element = _element(place, random, lambda each: bool(each.minimum))
    if element is None:
        return None
    del place.value[element.json_key]
    return f"{place.path}.{element.choice_of or element.json_key}"


def _bad_code(place: Place, random: Random) -> str | None:
    element = _element(
        place, random, lambda each: definitions.codes(each.value_set or "") is not None
    )
    if element is None:
        return None
    coded = {"coding": [{"system": "http://example.org/x", "code": "no-such-code"}]}
    return _replaced(place, element, "no-such-code" if element.type == "code" else coded)


def _wrong_target(place: Place, random: Random) -> str | None:
    element = _element(place, random, lambda each: bool(each.targets) and each.type == "Reference")
    if element is None:
        return None
    names = sorted(definitions.resource_types().keys() - set(element.targets) - {"Assessment"})
    return _replaced(place, element, {"reference": f"{random.choice(names)}/1"})


def _bad_reference(place: Place, random: Random) -> str | None:
    element = _element(place, random, lambda each: each.type == "Reference")
    if element is None:
        return None
    text = random.choice(
        ("Foo/1", "Patient", "/Patient/1", "#nothing-here", "a b", "Patient/1?x=1")
    )
    return _replaced(place, element, {"reference": text})


def _bad_primitive(place: Place, random: Random) -> str | None:
    element = _element(place, random, lambda each: each.is_primitive and each.value_set is None)
    if element is None or element.type not in WRONG_PRIMITIVES:
        return None
    return _replaced(place, element, random.choice(WRONG_PRIMITIVES[element.type]))


def _empty(place: Place, random: Random) -> str | None:
    element = _element(place, random, lambda each: each.json_key != "id")
    if element is None:
        return None
    value = random.choice(([], None, "" if element.is_primitive else {}))
    place.value.pop(f"_{element.json_key}", None)
    place.value[element.json_key] = value
    return f"{place.path}.{element.json_key}"


def _array_or_not(place: Place, random: Random) -> str | None:
    element = _element(place, random, lambda each: each.json_key != "id")
    if element is None or f"_{element.json_key}" in place.value:
        return None
    value = place.value[element.json_key]
    place.value[element.json_key] = value[0] if element.is_array else [value]
    return f"{place.path}.{element.json_key}"


def _two_of_a_choice(place: Place, random: Random) -> str | None:
    element = _element(place, random, lambda each: bool(each.choice_of))
    if element is None:
        return None
    others = [
        each
        for each in definitions.elements(place.type_name).values()
        if each.choice_of == element.choice_of and each.json_key not in place.value
    ]
    place.value[random.choice(others).json_key] = "x"
    return f"{place.path}.{element.choice_of}"


def _bad_extension(place: Place, random: Random) -> str | None:
    if place.type_name == "Extension":
        return None
    key = "modifierExtension" if "modifierExtension" in _names(place) else "extension"
    if key not in _names(place) or key in place.value:
        return None
    url = "http://example.org/e"
    inner = {"url": url, "valueString": "x"}
    broken = [{"url": url}, {"valueString": "x"}, {**inner, "extension": [inner]}]
    place.value[key] = [random.choice(broken)]
    return f"{place.path}.{key}"


def _names(place: Place) -> Mapping[str, Element]:
    return definitions.elements(place.type_name)


BREAKERS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "Attachment": ({"data": "YQ==", "contentType": None},),
    "Bundle": ({"total": 1, "type": "batch"},),
    "CarePlan.activity": ({"detail": {"status": "unknown"}, "reference": {"display": "x"}},),
    "Condition": ({"abatementString": "x", "clinicalStatus": None},),
    "ContactPoint": ({"value": "1", "system": None},),
    "Goal.target": ({"detailString": "x", "measure": None},),
    "Group": ({"actual": False, "member": [{"entity": {"display": "x"}}]},),
    "Narrative": ({"status": None}, {"div": "<div>x</div>"}),
    "Observation": (
        {"dataAbsentReason": {"text": "x"}, "valueString": "x"},
        {"referenceRange": [{"low": {"value": 1, "comparator": "<"}}]},
    ),
    "Organization": ({"telecom": [{"system": "phone", "value": "1", "use": "home"}]},),
    "Patient": ({"contact": [{"gender": "other"}]}, {"contact": [{"gender": "male"}]}),
    "Period": ({"start": "2020-02", "end": "2020-01"}, {"start": "2021", "end": "2020-12-31"}),
    "Quantity": ({"code": "mg", "system": None},),
    "Questionnaire.item": (
        {"type": "group", "item": None},
        {"type": "display", "required": True},
        {"type": "string", "initial": [{"valueString": "a"}, {"valueString": "b"}]},
    ),
    "QuestionnaireResponse.item": (
        {"answer": [{"valueString": "x"}], "item": [{"linkId": "deeper"}]},
    ),
    "Range": ({"low": {"value": 2, "unit": "x"}, "high": {"value": 1, "unit": "x"}},),
    "ServiceRequest": ({"orderDetail": [{"text": "x"}], "code": None},),
    "Task": ({"authoredOn": "2020-01-02", "lastModified": "2020-01-01"},),
    "Timing.repeat": ({"period": 1, "periodUnit": None}, {"count": None, "countMax": 3}),
}


def _broken_invariant(place: Place, random: Random) -> str | None:
    breakers = BREAKERS.get(place.type_name)
    if not breakers:
        return None
    for key, value in random.choice(breakers).items():
        element = definitions.elements(place.type_name)[key]
        for each in definitions.elements(place.type_name).values():
            if each.choice_of and each.choice_of == element.choice_of and key != each.json_key:
                place.value.pop(each.json_key, None)
        place.value.pop(key, None)
        if value is not None:
            place.value[key] = value
    return place.path


def _duplicate(place: Place, random: Random) -> str | None:
    """Give two elements one id, or a Questionnaire one linkId twice."""
    if place.type_name == "Questionnaire" and len(place.value.get("item", ())) > 1:
        place.value["item"][1]["linkId"] = place.value["item"][0]["linkId"]
        return place.path
    found = [key for key, each in _names(place).items() if _is_element(each, place)]
    if len(found) < 2:
        return None
    for key in random.sample(found, 2):
        value = place.value[key]
        (value[0] if isinstance(value, list) else value)["id"] = "the-same"
    return place.path


def _is_element(element: Element, place: Place) -> bool:
    is_there = element.json_key in place.value and not element.is_primitive
    return is_there and element.type != "Resource"


MUTATIONS: Mapping[str, Mutation] = {
    "unknown element": _unknown_element,
    "wrong type": _wrong_type,
    "missing element": _missing_element,
    "bad code": _bad_code,
    "wrong reference target": _wrong_target,
    "bad reference": _bad_reference,
    "bad primitive": _bad_primitive,
    "empty": _empty,
    "array or not": _array_or_not,
    "two of a choice": _two_of_a_choice,
    "bad extension": _bad_extension,
    "broken invariant": _broken_invariant,
    "duplicate": _duplicate,
}


def names_it(expression: str, path: str) -> bool:
    """Tell whether an issue's expression names the element, something in it, or what holds it."""
    one, other = sorted((expression, path), key=len)
    if other == one or other.startswith((f"{one}[", f"{one}.")):
        return len(expression) >= len(path) or "." not in other[len(one) + 1 :]
    # A choice is named by its stem where it is missing and by a spelling where it is doubled.
    return expression.startswith(path) and expression[len(path)].isupper()

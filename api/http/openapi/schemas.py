"""JSON Schemas of FHIR types, made from the R4 definitions, one component a type.

https://hl7.org/fhir/R4/json.html. A schema is a help for the reader and for generated clients; the
server's own validation is stricter and says more (`api.fhir.resource`).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from api.fhir import definitions
from api.fhir.definitions import Element

Schema: TypeAlias = dict[str, Any]

# An enumeration longer than this is no help in a form: resource types, languages.
LONGEST_ENUMERATION = 60

_MONTH = r"(0[1-9]|1[0-2])"
_DAY = r"(0[1-9]|[12]\d|3[01])"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
_ZONE = r"(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00))"
_DATE = rf"\d{{4}}(-{_MONTH}(-{_DAY})?)?"
_DATE_TIME = rf"\d{{4}}(-{_MONTH}(-{_DAY}(T{_CLOCK}{_ZONE})?)?)?"
_INSTANT = rf"\d{{4}}-{_MONTH}-{_DAY}T{_CLOCK}{_ZONE}"

# https://hl7.org/fhir/R4/datatypes.html#primitive
PRIMITIVES: Mapping[str, Schema] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "unsignedInt": {"type": "integer", "minimum": 0},
    "positiveInt": {"type": "integer", "minimum": 1},
    "decimal": {"type": "number"},
    "string": {"type": "string", "minLength": 1},
    "markdown": {"type": "string", "minLength": 1},
    "xhtml": {"type": "string", "minLength": 1},
    "code": {"type": "string", "pattern": r"^[^\s]+(\s[^\s]+)*$"},
    "uri": {"type": "string", "pattern": r"^\S+$"},
    "url": {"type": "string", "pattern": r"^\S+$"},
    "canonical": {"type": "string", "pattern": r"^\S+$"},
    "oid": {"type": "string", "pattern": r"^urn:oid:[0-2](\.(0|[1-9]\d*))+$"},
    "uuid": {"type": "string", "pattern": r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
    "id": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"},
    "base64Binary": {"type": "string", "minLength": 1},
    "date": {"type": "string", "pattern": rf"^{_DATE}$", "example": "2026-11-22"},
    "dateTime": {
        "type": "string",
        "pattern": rf"^{_DATE_TIME}$",
        "example": "2026-11-22T09:30:00+11:00",
    },
    "instant": {
        "type": "string",
        "pattern": rf"^{_INSTANT}$",
        "example": "2026-11-22T02:15:39.123Z",
    },
    "time": {"type": "string", "pattern": rf"^{_CLOCK}$", "example": "09:30:00"},
}
# Spelled out in each schema they would hide the element's own description behind a reference.
INLINE = ("boolean", "integer", "decimal", "string", "markdown", "xhtml")

RESOURCE: Schema = {
    "type": "object",
    "description": "A resource of any type.",
    "required": ["resourceType"],
    "properties": {
        "resourceType": {"type": "string", "description": "Names the type, and so all else."},
        "id": {"$ref": "#/components/schemas/id"},
        "meta": {"$ref": "#/components/schemas/Meta"},
    },
}
# Fifty datatypes are allowed here; these are the ones in use, which keeps examples readable.
EXTENSION_VALUES = (
    "valueBoolean", "valueCode", "valueCodeableConcept", "valueCoding", "valueDate",
    "valueDateTime", "valueDecimal", "valueIdentifier", "valueInteger", "valuePeriod",
    "valuePositiveInt", "valueQuantity", "valueRange", "valueReference", "valueString", "valueUri",
)  # fmt: skip
# Every element may carry these, and nearly none does: they are named once, in the introduction.
# Where this server itself writes extensions, or clinics commonly do.
EXTENDED = ("Patient", "CarePlan", "CarePlan.activity.detail", "Extension")
UNSPOKEN = ("extension", "modifierExtension", "id", "language", "implicitRules")

# HL7's lines, cut from its definitions, and the lines on this server's own type.
DESCRIPTIONS = ("descriptions.json", "descriptions-runspine.json")


def component_schemas(resource_types: Iterable[str]) -> dict[str, Schema]:
    """Give the schema of each type and of everything that it reaches, by name."""
    schemas: dict[str, Schema] = {"Resource": RESOURCE}
    waiting = [*resource_types, "Meta"]
    while waiting:
        name = waiting.pop(0)
        if name in schemas or name in INLINE:
            continue
        schemas[name] = _schema(name)
        waiting.extend(sorted(_references(schemas[name])))
    first = dict.fromkeys(resource_types)
    rest = sorted(schemas.keys() - first.keys(), key=str.lower)
    return {name: schemas[name] for name in [*first, *rest]}


def description(type_name: str, element: str = "") -> str:
    """Give HL7's one line about a type or its element; empty where there is none."""
    return _descriptions().get(type_name, {}).get(element, "")


@cache
def _descriptions() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name in DESCRIPTIONS:
        found |= json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
    return found


def _schema(name: str) -> Schema:
    if name in PRIMITIVES:
        return PRIMITIVES[name]
    elements = definitions.elements(name)
    is_resource = name in definitions.resource_types()
    shown = {key: each for key, each in elements.items() if _is_shown(name, each)}
    required = ["resourceType"] if is_resource else []
    required += [key for key, each in shown.items() if each.minimum and not each.choice_of]
    properties: dict[str, Schema] = {}
    if is_resource:
        properties["resourceType"] = {"type": "string", "enum": [name]}
        properties["id"] = _property(name, elements["id"])
    properties.update({key: _property(name, each) for key, each in shown.items() if key != "id"})
    if name == "Assessment":
        properties["evaluation"]["readOnly"] = True
    schema: Schema = {"type": "object"}
    if text := description(name) or description(*_parent(name)):
        schema["description"] = text
    if required:
        schema["required"] = required
    return {**schema, "properties": properties}


def _is_shown(type_name: str, element: Element) -> bool:
    if type_name in ("Extension", "Parameters.parameter"):
        return not element.choice_of or element.json_key in EXTENSION_VALUES
    if element.json_key == "extension":
        return type_name in EXTENDED
    return element.json_key not in UNSPOKEN


def _parent(path: str) -> tuple[str, str]:
    parent, _, key = path.rpartition(".")
    return parent or path, key if parent else ""


def _property(type_name: str, element: Element) -> Schema:
    text = " ".join(_sentences(type_name, element))
    value = _value(element)
    if element.is_array:
        value = {"type": "array", "items": value, "minItems": 1}
    if not text:
        return value
    if "$ref" in value:
        # OpenAPI 3.0 takes nothing beside a reference, so the sentence stands around it.
        value = {"allOf": [value]}
    return {**value, "description": text}


def _sentences(type_name: str, element: Element) -> Iterator[str]:
    text = description(type_name, element.choice_of or element.json_key)
    # Where HL7 only lists the codes and an enumeration follows, that says the same.
    if text and (" | " not in text or "enum" not in _value(element)):
        yield text if text[-1] in ".?!" else f"{text}."
    spellings = [
        each.json_key
        for each in definitions.elements(type_name).values()
        if element.choice_of and each.choice_of == element.choice_of
    ]
    if len(spellings) > 1:
        yield f"One of {element.choice_of}[x]."
    if element.targets:
        yield f"Refers to {' | '.join(element.targets)}."


def _value(element: Element) -> Schema:
    if element.type in INLINE:
        return dict(PRIMITIVES[element.type])
    if element.type == "code" and (codes := _codes(element)):
        return {"type": "string", "enum": codes}
    return {"$ref": f"#/components/schemas/{element.type}"}


def _codes(element: Element) -> list[str]:
    listed = definitions.codes(element.value_set) if element.value_set else None
    codes = sorted({code for each in (listed or {}).values() for code in each})
    return codes if len(codes) <= LONGEST_ENUMERATION else []


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
        for each in schema.values():
            yield from _references(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _references(each)

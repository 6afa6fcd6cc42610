"""A slow search: R4's rules read afresh, with no line shared with the server.

It evaluates HL7's own FHIRPath expressions with fhirpathpy, for one resource and one query at a
time, and imports nothing from `api`. What the server finds with SQL must be what this finds.

https://hl7.org/fhir/R4/search.html
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import fhirpathpy
from fhirpathpy.models import models

from tests.property.intervals import (
    UNBOUNDED,
    Interval,
    date_interval,
    number_holds,
    split_prefix,
)

Node: TypeAlias = Any
Resource: TypeAlias = Mapping[str, Any]
Query: TypeAlias = Sequence[tuple[str, str]]
"""Pairs of `name[:modifier]` and the text after `=`, as they stand in a URL before encoding."""

DEFINITIONS = Path(__file__).parents[1] / "data" / "search-parameters" / "parameters.json"
BASE_URL = "http://runspine.test/fhir/"
RESOLVED = re.compile(r"(.*)\.where\(resolve\(\) is ([A-Za-z]+)\)")
TYPED = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[^/]+)?$")
CAST = re.compile(r"(?:\((\S+) as |\.as\()(\w+)\)")
LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
NAME_PARTS = ("text", "family", "given", "prefix", "suffix")
# Tokens on elements of datatype string or ContactPoint are compared without regard to case; codes
# and identifiers are compared as they stand.
CASELESS = {"version", "telecom", "phone", "email"}
ADDRESS_PARTS = ("text", "line", "city", "district", "state", "postalCode", "country")


@dataclass(frozen=True)
class Parameter:
    """A search parameter of one resource type."""

    code: str
    type: str
    expressions: tuple[str, ...]


@cache
def parameters(resource_type: str) -> Mapping[str, Parameter]:
    """The official parameters of a type, with the parts of the expression that speak of it."""
    found = {}
    for row in json.loads(DEFINITIONS.read_text()):
        if resource_type in row["base"]:
            parts = [part.strip() for part in row["expression"].split(" | ")]
            own = tuple(part for part in parts if part.lstrip("(").startswith(f"{resource_type}."))
            found[row["code"]] = Parameter(row["code"], row["type"], own)
    return found


@cache
def _compiled(expression: str) -> Callable[[Resource], list[Node]]:
    # HL7 writes `as` where there may be several values, for which fhirpathpy rightly refuses it.
    without_as = CAST.sub(lambda found: f"{found[1] or ''}.ofType({found[2]})", expression)
    compiled: Any = fhirpathpy.compile(without_as, models["r4"])
    return lambda resource: list(compiled(resource))


def nodes(resource: Resource, parameter: Parameter) -> Iterator[Node]:
    """What the expression finds in the resource."""
    for expression in parameter.expressions:
        # fhirpathpy has no resolve(); the type stands in the reference's text, a foreign one too.
        resolved = RESOLVED.fullmatch(expression)
        if resolved is None:
            yield from _compiled(expression)(resource)
        else:
            for node in _compiled(resolved[1])(resource):
                named = TYPED.search(node.get("reference", ""))
                if named is not None and named[1] == resolved[2]:
                    yield node


def matches(resource: Resource, query: Query) -> bool:
    """Whether the resource is found by the query: every pair must hold."""
    return all(_pair_holds(resource, name, text) for name, text in query)


def _pair_holds(resource: Resource, name: str, text: str) -> bool:
    code, _, modifier = name.partition(":")
    alternatives = split(text, ",")
    if code == "_id":
        return resource["id"] in [unescaped(each) for each in alternatives]
    if code == "_tag":
        return any(_token_holds(tag, each) for tag in _tags(resource) for each in alternatives)
    if code == "_lastUpdated":
        updated = date_interval(resource["meta"]["lastUpdated"])
        return any(_date_holds(updated, each) for each in alternatives)
    parameter = parameters(resource["resourceType"])[code]
    values = list(values_of(resource, parameter))
    if modifier == "missing":
        return (not values) == (text == "true")
    if code in CASELESS:
        alternatives = [each.casefold() for each in alternatives]
    holds = VALUE_HOLDS[parameter.type]
    found = any(holds(value, each, modifier) for value in values for each in alternatives)
    return found != (modifier == "not")


def values_of(resource: Resource, parameter: Parameter) -> Iterator[Any]:
    """The values that a parameter has in a resource."""
    for node in nodes(resource, parameter):
        yield from VALUES[parameter.type](node, parameter.code)


def split(text: str, separator: str) -> list[str]:
    r"""Split where no `\` stands before the separator."""
    parts = [""]
    position = 0
    while position < len(text):
        if text[position] == "\\" and position + 1 < len(text):
            parts[-1] += text[position : position + 2]
            position += 2
            continue
        if text[position] == separator:
            parts.append("")
        else:
            parts[-1] += text[position]
        position += 1
    return parts


def unescaped(text: str) -> str:
    r"""Read `\,` `\|` `\$` and `\\` as the character that they protect."""
    return re.sub(r"\\([,|$\\])", r"\1", text)


def normalised(text: str) -> str:
    """Without case, accents and superfluous white space, as strings are compared by default."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())


def reference_target(text: str) -> tuple[str, str]:
    """(type, id) of a reference to this server, ("", text) of any other."""
    local = LOCAL.fullmatch(text.removeprefix(BASE_URL))
    return (local[1], local[2]) if local else ("", text)


# --- what a node is worth to each type of parameter -------------------------------------------


def _strings(node: Node, code: str) -> Iterator[str]:
    if isinstance(node, str):
        yield node
        return
    for part in ADDRESS_PARTS if code == "address" else NAME_PARTS:
        value = node.get(part, ())
        yield from [value] if isinstance(value, str) else value


def _tokens(node: Node, code: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, bool):
        yield "", str(node).lower()
    elif isinstance(node, str):
        yield "", node.casefold() if code in CASELESS else node
    elif "coding" in node or "text" in node:
        for coding in node.get("coding", ({},)):
            yield coding.get("system", ""), coding.get("code", "")
    elif code == "identifier" or "code" in node:
        yield node.get("system", ""), node.get("code", node.get("value", ""))
    else:  # a ContactPoint: its system says phone or email, and is no code system
        yield "", node.get("value", "").casefold()


def _dates(node: Node, _code: str) -> Iterator[Interval]:
    if isinstance(node, str):
        yield date_interval(node)
    elif "event" in node:  # a Timing: only its outer limits count
        events = [date_interval(event) for event in node["event"]]
        yield Interval(min(each.low for each in events), max(each.high for each in events))
    elif "start" in node or "end" in node:
        low = date_interval(node["start"]).low if "start" in node else -UNBOUNDED
        high = date_interval(node["end"]).high if "end" in node else UNBOUNDED
        yield Interval(low, high)


def _itself(node: Node, _code: str) -> Iterator[Node]:
    yield node


def _quantities(node: Node, _code: str) -> Iterator[Node]:
    if "value" in node:
        yield node


def _references(node: Node, _code: str) -> Iterator[tuple[str, str]]:
    yield reference_target(node if isinstance(node, str) else node.get("reference", ""))


VALUES: Mapping[str, Callable[[Node, str], Iterator[Any]]] = {
    "string": _strings,
    "token": _tokens,
    "date": _dates,
    "number": _itself,
    "quantity": _quantities,
    "reference": _references,
    "uri": _itself,
}


# --- whether a value satisfies the text of a query --------------------------------------------


def _string_holds(value: str, text: str, modifier: str) -> bool:
    searched = unescaped(text)
    if modifier == "exact":
        return value == searched
    if modifier == "contains":
        return normalised(searched) in normalised(value)
    return normalised(value).startswith(normalised(searched))


def _token_holds(value: tuple[str, str], text: str, _modifier: str = "") -> bool:
    parts = split(text, "|")
    if len(parts) == 1:
        return value[1] == unescaped(text)
    system, code = unescaped(parts[0]), unescaped("|".join(parts[1:]))
    if not code:
        return value[0] == system
    return value == (system, code)


def _date_holds(value: Interval, text: str, _modifier: str = "") -> bool:
    prefix, searched = split_prefix(text)
    return value.holds(prefix, date_interval(searched))


def _number_holds(value: Any, text: str, _modifier: str = "") -> bool:
    return number_holds(Decimal(value), *split_prefix(text))


def _quantity_holds(value: Node, text: str, _modifier: str) -> bool:
    number, system, unit = [*(unescaped(part) for part in split(text, "|")), "", ""][:3]
    if not _number_holds(value["value"], number):
        return False
    if not system:
        return unit in {"", value.get("code", ""), value.get("unit", "")}
    return value.get("system") == system and unit in {"", value.get("code", "")}


def _reference_holds(value: tuple[str, str], text: str, modifier: str) -> bool:
    searched = reference_target(unescaped(text))
    if modifier:
        return value == (modifier, searched[1])
    is_bare_id = searched[0] == "" and re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", searched[1])
    if is_bare_id:
        return value[0] != "" and value[1] == searched[1]
    return value == searched


def _uri_holds(value: str, text: str, _modifier: str) -> bool:
    return value == unescaped(text)


VALUE_HOLDS: Mapping[str, Callable[[Any, str, str], bool]] = {
    "string": _string_holds,
    "token": _token_holds,
    "date": _date_holds,
    "number": _number_holds,
    "quantity": _quantity_holds,
    "reference": _reference_holds,
    "uri": _uri_holds,
}


def _tags(resource: Resource) -> list[tuple[str, str]]:
    tags = resource.get("meta", {}).get("tag", ())
    return [(tag.get("system", ""), tag.get("code", "")) for tag in tags]


# --- the order of a page ----------------------------------------------------------------------

SORT_VALUES: Mapping[str, Callable[[Any], Any]] = {
    "string": normalised,
    "token": lambda token: token[1],
    "date": lambda interval: interval.low,
    "number": Decimal,
    "quantity": lambda quantity: Decimal(quantity["value"]),
    "reference": lambda target: target[1],
    "uri": str,
}


def sort_value(resource: Resource, key: str) -> Any:
    """What the resource is sorted by, None when it has no value; `-` before a key sorts downwards.

    Of several values the one that comes first in the order asked for is taken.
    """
    code = key.removeprefix("-")
    if code == "_id":
        return resource["id"]
    if code == "_lastUpdated":
        return date_interval(resource["meta"]["lastUpdated"]).low
    parameter = parameters(resource["resourceType"])[code]
    worth = SORT_VALUES[parameter.type]
    values = [worth(value) for value in values_of(resource, parameter)]
    if not values:
        return None
    return max(values) if key.startswith("-") else min(values)


def is_in_order(first: Resource, second: Resource, keys: Sequence[str]) -> bool:
    """Whether `first` may stand before `second`: missing values come last in both directions."""
    for key in keys:
        one, other = sort_value(first, key), sort_value(second, key)
        if one == other:
            continue
        if one is None or other is None:
            return other is None
        return bool(one > other) if key.startswith("-") else bool(one < other)
    return True

"""The answers of a worked case as `Assessment.item`, grouped by the checklist's sections."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.checklist import Checklist, Item, checklist

BASE = "https://runspine.example.org/fhir"
ANSWER_SYSTEM = f"{BASE}/CodeSystem/runner-spine-answer"
UCUM = "http://unitsofmeasure.org"


def sections(answers: Mapping[str, Any], *, with_text: bool = True) -> list[dict[str, Any]]:
    """Return the items of these answers (linkId to plain value) within their sections."""
    known = checklist()
    found: dict[str, list[dict[str, Any]]] = {section: [] for section in known.sections}
    for item in _in_order(answers, known):
        found[known_item(item["linkId"]).section].append(item)
    grouped = [
        {"linkId": section, "text": known.sections[section], "item": items}
        for section, items in found.items()
        if items
    ]
    return grouped if with_text else [_without_text(item) for item in grouped]


def flat(answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the items of these answers without sections or texts."""
    items = _in_order(answers, checklist())
    return [_without_text(item) for item in items]


def known_item(link_id: str) -> Item:
    """Return a question or a group of the checklist."""
    item = checklist().item(link_id)
    if item is None:
        raise KeyError(link_id)
    return item


def _in_order(answers: Mapping[str, Any], known: Checklist) -> Iterator[dict[str, Any]]:
    order = [item.group or item.link_id for item in known.items]
    for link_id in sorted(answers, key=order.index):
        value = answers[link_id]
        if link_id not in known.groups:
            yield _question(known_item(link_id), value)
            continue
        for row in value if isinstance(value, list) else [value]:
            children = [
                _question(known_item(f"{link_id}.{name}"), child) for name, child in row.items()
            ]
            yield {"linkId": link_id, "text": known_item(link_id).label, "item": children}


def _question(item: Item, value: Any) -> dict[str, Any]:
    values = value if isinstance(value, list) else [value]
    question = {"linkId": item.link_id, "text": _label(item)}
    return question | ({"answer": [_answer(item, one) for one in values]} if values else {})


def _label(item: Item) -> str:
    return item.label + {"L": ", left", "R": ", right", None: ""}[item.side]


def _answer(item: Item, value: Any) -> dict[str, Any]:
    if item.type == "choice":
        return {"valueCoding": {"system": ANSWER_SYSTEM, "code": value}}
    if item.type == "quantity":
        unit = item.unit
        return {"valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit}}
    kind = {"text": "String", "boolean": "Boolean", "date": "Date"}.get(item.type)
    return {f"value{kind or item.type.capitalize()}": value}


def _without_text(item: dict[str, Any]) -> dict[str, Any]:
    bare = {name: value for name, value in item.items() if name != "text"}
    if "item" in bare:
        bare["item"] = [_without_text(child) for child in bare["item"]]
    return bare

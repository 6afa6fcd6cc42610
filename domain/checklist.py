"""The assessment checklist: 139 rows, 157 answer items, and what an answer may be (B).

The form itself is data, `knowledge/checklist.json`; rows with sides become two items. A row of a
repeated group (a gait stage, a PSFS activity) answers the group's children.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from domain.answers import SIDES
from domain.knowledge.overlay import shipped

STAGE = "ga.stage"


@dataclass(frozen=True, slots=True)
class Coding:
    """A code of another terminology that was verified for an item."""

    system: str
    code: str
    display: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One question, sides expanded."""

    link_id: str
    row_id: str  # the linkId without its side
    section: str
    label: str
    type: str  # choice, boolean, integer, decimal, quantity, date, text or group
    side: str | None = None  # "L" or "R"
    unit: str | None = None  # UCUM
    options: tuple[str, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    repeats: bool = False
    group: str | None = None  # the linkId of the group that it is a child of
    required: str = "O"  # R always, C under a condition, O optional
    condition: str | None = None
    threshold: str | None = None
    source: str | None = None
    codings: tuple[Coding, ...] = ()
    seeds: tuple[str, ...] = ()
    maximum_rows: int | None = None  # of a repeated group

    @property
    def code(self) -> str:
        """The local code: the linkId without its side."""
        return self.row_id

    @property
    def name(self) -> str:
        """The child's name within its group, or the linkId."""
        return self.link_id.removeprefix(f"{self.group}.") if self.group else self.link_id


@dataclass(frozen=True, slots=True)
class Checklist:
    """All answer items in their order, and the groups with their children."""

    items: tuple[Item, ...]
    groups: Mapping[str, tuple[Item, ...]]  # ga.stage, om.psfs, hx.event, ...
    sections: Mapping[str, str]  # hx -> History and training context, ...
    _by_link_id: Mapping[str, Item] = field(repr=False)

    def item(self, link_id: str) -> Item | None:
        """Return a question, a group or a group's child, by linkId; None when unknown."""
        return self._by_link_id.get(link_id)


@cache
def checklist() -> Checklist:
    """Return the checklist, read once."""
    data = shipped()["checklist.json"]
    rows: dict[str, dict[str, Any]] = data["items"]
    items = tuple(item for row_id, row in rows.items() for item in _expanded(row_id, row))
    groups = {STAGE: tuple(item for item in items if item.group == STAGE)}
    groups |= {
        row_id: tuple(_children(row_id, row)) for row_id, row in rows.items() if "children" in row
    }
    stage = _item(STAGE, STAGE, {**data["stage"], "type": "group", "repeats": True})
    known = [*items, stage, *(child for children in groups.values() for child in children)]
    return Checklist(items, groups, data["sections"], {item.link_id: item for item in known})


def _expanded(row_id: str, row: dict[str, Any]) -> Iterator[Item]:
    group = STAGE if row_id.startswith(f"{STAGE}.") else None
    if not row.get("sides"):
        yield _item(row_id, row_id, row, group)
        return
    for side in SIDES:
        yield _item(f"{row_id}.{side}", row_id, row, group, side)


def _children(group: str, row: dict[str, Any]) -> Iterator[Item]:
    for name, child in row["children"].items():
        link_id = f"{group}.{name}"
        yield _item(link_id, link_id, {"section": row["section"], **child}, group)


def _item(
    link_id: str,
    row_id: str,
    row: dict[str, Any],
    group: str | None = None,
    side: str | None = None,
) -> Item:
    return Item(
        link_id=link_id,
        row_id=row_id,
        section=row["section"],
        label=row["label"],
        type=row["type"],
        side=side,
        unit=row.get("unit"),
        options=tuple(row.get("options", ())),
        minimum=_decimal(row.get("minimum")),
        maximum=_decimal(row.get("maximum")),
        repeats=row.get("repeats", False),
        group=group,
        required=row.get("required", "O"),
        condition=row.get("condition"),
        threshold=row.get("threshold"),
        source=row.get("source"),
        codings=tuple(Coding(**coding) for coding in row.get("codings", ())),
        seeds=tuple(row.get("seeds", ())),
        maximum_rows=row.get("maximumRows"),
    )


def _decimal(value: int | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(value)

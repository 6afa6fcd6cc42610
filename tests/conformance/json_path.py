"""The small path language of the conformance cases: `rest[0].resource[?type=Patient].code`."""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

JSON: TypeAlias = Any
Found: TypeAlias = list[JSON]

STEP = re.compile(
    r"(?P<name>[^.\[\]]+)|\[(?:(?P<index>-?\d+)|(?P<every>\*)|\?(?P<filter>[^\]]+))\]"
)


def select(document: JSON, path: str) -> Found:
    """Every value that the path leads to; a step that does not exist leads nowhere."""
    found: Found = [document]
    for step in STEP.finditer(path.lstrip("$").lstrip(".")):
        found = [value for item in found for value in _take(item, step)]
    return found


def _take(item: JSON, step: re.Match[str]) -> Iterator[JSON]:
    if step["name"] is not None:
        if isinstance(item, dict) and step["name"] in item:
            yield item[step["name"]]
    elif isinstance(item, list):
        yield from _members(item, step)


def _members(items: Found, step: re.Match[str]) -> Found:
    if step["every"]:
        return items
    if step["index"]:
        number = int(step["index"])
        return [items[number]] if -len(items) <= number < len(items) else []
    key, _, wanted = step["filter"].partition("=")
    return [item for item in items if [str(got) for got in select(item, key)[:1]] == [wanted]]


def _size(found: Found) -> int:
    return len(found[0]) if len(found) == 1 and isinstance(found[0], list) else len(found)


def _at_least(found: Found, wanted: JSON) -> bool:
    first = found[0] if found else None
    if first is None:
        return False
    return bool((len(first) if isinstance(first, list) else first) >= wanted)


OPERATIONS: dict[str, Callable[[Found, JSON], bool]] = {
    "eq": lambda found, wanted: bool(found) and found[0] == wanted,
    "ne": lambda found, wanted: not found or found[0] != wanted,
    "exists": lambda found, _: bool(found) and found[0] is not None,
    "absent": lambda found, _: not found,
    "contains": lambda found, wanted: any(
        wanted in item for item in found if isinstance(item, str | list)
    ),
    "matches": lambda found, wanted: bool(found) and re.search(wanted, str(found[0])) is not None,
    "len": lambda found, wanted: _size(found) == wanted,
    "gte": _at_least,
    "in": lambda found, wanted: bool(found) and found[0] in wanted,
    "all_eq": lambda found, wanted: all(item == wanted for item in found),
    "has": lambda found, wanted: wanted in found,
}


def holds(operation: str, found: Found, wanted: JSON) -> bool:
    """Whether the values found satisfy the operation."""
    return OPERATIONS[operation](found, wanted)

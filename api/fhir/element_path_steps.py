"""The steps of an element path: each selects items from items.

https://hl7.org/fhirpath/N1/

`OF_TYPES`, `FUNCTIONS` and `INFIX` are the tables of what the language has; the operators stand in
the order of their precedence, loosest first.
"""

import operator
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

from api.fhir.element_tree import Element

Item: TypeAlias = "Element | str | int | Decimal | bool"
Items: TypeAlias = "list[Item]"
Step: TypeAlias = Callable[[Items], Items]

_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}
# Longer lists than any resource holds.
MOST: Final = 100_000


def literal(kind: str, word: str) -> Item:
    """Give the value that a literal spells."""
    if kind == "number":
        return Decimal(word)
    if kind == "date":
        return word[1:].removesuffix("T")
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), word[1:-1])


def chain(first: Step, second: Step) -> Step:
    """Select by the second from what the first selected."""
    return lambda focus: second(first(focus))


def constant(value: Item) -> Step:
    """Select a value, whatever there is."""
    return lambda _focus: [value]


def member(name: str, *, is_first: bool) -> Step:
    """Select the children of a name; the name of a type selects the resource itself."""
    if name == "$this":
        return lambda focus: focus
    if is_first and name[0].isupper():
        return lambda focus: [
            each
            for each in focus
            if isinstance(each, Element) and name in (each.datatype, "Resource", "DomainResource")
        ]
    return lambda focus: [
        child for each in focus if isinstance(each, Element) for child in each.named(name)
    ]


def index(position: int) -> Step:
    """Select the item at a position."""
    return lambda focus: focus[position : position + 1]


def of_type(name: str) -> Step:
    """Select the elements of a datatype."""
    return lambda focus: [each for each in focus if _datatype(each) == name]


def is_type(name: str) -> Step:
    """Tell whether the item is of a datatype."""
    return lambda focus: [_datatype(each) == name for each in focus[:1]]


def _datatype(item: Item) -> str:
    return item.datatype if isinstance(item, Element) else ""


def value_of(item: Item) -> Any:
    """Give what an item is compared by."""
    return item.as_json() if isinstance(item, Element) else item


def _holds(items: Items) -> bool:
    """Read a collection as a criterion: one item that is not a boolean counts as true."""
    return bool(items) and value_of(items[0]) is not False


def _where(criterion: Step) -> Step:
    return lambda focus: [each for each in focus if _holds(criterion([each]))]


def _exists(criterion: Step | None = None) -> Step:
    return lambda focus: [bool(focus if criterion is None else _where(criterion)(focus))]


def _extension(url: Step) -> Step:
    def select(focus: Items) -> Items:
        wanted = [value_of(each) for each in url(focus)]
        return [
            each
            for each in member("extension", is_first=False)(focus)
            if isinstance(each, Element) and [value_of(u) for u in each.named("url")] == wanted
        ]

    return select


def _slice(begin: int | None, end: int | None) -> Callable[[], Step]:
    return lambda: lambda focus: focus[begin:end]


def _skip(number: Step) -> Step:
    return lambda focus: focus[_whole(number(focus)) :]


def _taken(number: Step) -> Step:
    return lambda focus: focus[: _whole(number(focus))]


def _whole(items: Items) -> int:
    value = value_of(items[0]) if items else 0
    return int(value) if isinstance(value, int | Decimal) and 0 <= value < MOST else 0


def _of_texts(test: Callable[[str, str], bool]) -> Callable[[Step], Step]:
    def build(argument: Step) -> Step:
        return lambda focus: [
            test(str(value_of(left)), str(value_of(right)))
            for left in focus[:1]
            for right in argument(focus)[:1]
        ]

    return build


def _each(change: Callable[[Items], Items]) -> Callable[[], Step]:
    return lambda: change


OF_TYPES: Final[dict[str, Callable[[str], Step]]] = {
    "ofType": of_type,
    "as": of_type,
    "is": is_type,
}
FUNCTIONS: Final[dict[str, tuple[Callable[..., Step] | None, int, int]]] = {
    "where": (_where, 1, 1),
    "exists": (_exists, 0, 1),
    "empty": (_each(lambda focus: [not focus]), 0, 0),
    "not": (_each(lambda focus: [not _holds(focus)] if focus else []), 0, 0),
    "count": (_each(lambda focus: [len(focus)]), 0, 0),
    "first": (_slice(None, 1), 0, 0),
    "last": (_slice(-1, None), 0, 0),
    "tail": (_slice(1, None), 0, 0),
    "single": (_slice(None, None), 0, 0),
    "skip": (_skip, 1, 1),
    "take": (_taken, 1, 1),
    "extension": (_extension, 1, 1),
    "startsWith": (_of_texts(str.startswith), 1, 1),
    "endsWith": (_of_texts(str.endswith), 1, 1),
    "contains": (_of_texts(operator.contains), 1, 1),
    "lower": (_each(lambda focus: [str(value_of(each)).lower() for each in focus[:1]]), 0, 0),
    "upper": (_each(lambda focus: [str(value_of(each)).upper() for each in focus[:1]]), 0, 0),
    "hasValue": (_each(lambda focus: [len(focus) == 1 and value_of(focus[0]) is not None]), 0, 0),
}


def combined(combine: Callable[[Items, Items], Items], left: Step, right: Step) -> Step:
    """Apply an operator to what its two sides select."""
    return lambda focus: combine(left(focus), right(focus))


def _equal(left: Sequence[Item], right: Sequence[Item]) -> bool:
    pairs = zip(left, right, strict=False)
    return len(left) == len(right) and all(same(value_of(a), value_of(b)) for a, b in pairs)


def same(one: Any, other: Any) -> bool:
    """Compare two values; `true` is no number."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _equality(*, is_wanted: bool) -> Callable[[Items, Items], Items]:
    # A comparison with nothing is empty in FHIRPath, and an empty criterion does not hold.
    return lambda left, right: [_equal(left, right) is is_wanted] if left and right else []


def _equivalence(*, is_wanted: bool) -> Callable[[Items, Items], Items]:
    def fold(items: Items) -> list[str]:
        return sorted(str(value_of(each)).casefold() for each in items)

    return lambda left, right: [(fold(left) == fold(right)) is is_wanted]


def _ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Items, Items], Items]:
    def decide(left: Items, right: Items) -> Items:
        if not left or not right:
            return []
        one, other = value_of(left[0]), value_of(right[0])
        are_texts = isinstance(one, str) and isinstance(other, str)
        return [compare(one, other)] if are_texts or _are_numbers(one, other) else []

    return decide


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(each, int | Decimal) and not isinstance(each, bool) for each in values)


def _logic(decide: Callable[[bool, bool], bool]) -> Callable[[Items, Items], Items]:
    return lambda left, right: [decide(_holds(left), _holds(right))]


INFIX: Final[tuple[dict[str, Callable[[Items, Items], Items]], ...]] = (
    {"implies": _logic(lambda left, right: not left or right)},
    {"or": _logic(operator.or_), "xor": _logic(operator.xor)},
    {"and": _logic(operator.and_)},
    {
        "in": lambda left, right: [any(_equal(left, [each]) for each in right)] if left else [],
    },
    {
        "=": _equality(is_wanted=True),
        "!=": _equality(is_wanted=False),
        "~": _equivalence(is_wanted=True),
        "!~": _equivalence(is_wanted=False),
    },
    {
        "<": _ordering(operator.lt),
        ">": _ordering(operator.gt),
        "<=": _ordering(operator.le),
        ">=": _ordering(operator.ge),
    },
    {"|": lambda left, right: left + [each for each in right if each not in left]},
)

"""What compiling gives: functions over the JSON of a resource.

Every function takes the item that `$this` means and what is around it. `run` gives a collection,
`truth` the same as one boolean: None stands for an empty collection, and for one of several items.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from api.fhir.fhirpath.members import Types
from api.fhir.fhirpath.values import plain, sameness


@dataclass(frozen=True, slots=True)
class Around:
    """What an expression may name beside the item: `%resource`, `%rootResource`, `%context`.

    `memory` keeps what expressions find there, so that a rule about each of many elements does not
    look through the whole resource for every one.
    """

    resource: Any
    root: Any
    context: Any = None
    memory: dict[object, Any] = field(default_factory=dict)

    def once(self, key: object, find: Callable[[], Any]) -> Any:
        """Give what does not depend on the item, found when first asked for."""
        found = self.memory.get(key)
        if found is None:
            found = self.memory[key] = find()
        return found


Run: TypeAlias = Callable[[Any, Around], list[Any]]
Truth: TypeAlias = Callable[[Any, Around], bool | None]

BOOLEAN = frozenset(("boolean",))


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled expression and the types that its items may have.

    `keys` are those of the item itself of which one must be there for a collection that is not
    empty; None where it is not as simple as that. `is_fixed` tells that the item plays no part.
    """

    run: Run
    truth: Truth
    types: Types
    keys: frozenset[str] | None = None
    is_fixed: bool = False


def collection(run: Run, types: Types, keys: frozenset[str] | None = None) -> Code:
    """Give the code of an expression that selects."""

    def truth(this: Any, around: Around) -> bool | None:
        items = run(this, around)
        if len(items) != 1:
            return None
        value = plain(items[0])
        # Singleton evaluation: one item of another kind counts as true.
        return value if type(value) is bool or value is None else True

    return Code(run, truth, types, keys)


def boolean(truth: Truth) -> Code:
    """Give the code of an expression that asks."""

    def run(this: Any, around: Around) -> list[Any]:
        value = truth(this, around)
        return [] if value is None else [value]

    return Code(run, truth, BOOLEAN)


def constant(*values: Any) -> Code:
    """Give the code of a literal."""
    found = list(values)
    return replace(collection(lambda _this, _around: found, None), is_fixed=True)


def fixed(code: Code) -> Code:
    """Give the code of an expression that depends on what is around the item alone."""
    key, run = object(), code.run

    def run_once(_this: Any, around: Around) -> list[Any]:
        found: list[Any] = around.once(key, lambda: run(None, around))
        return found

    return replace(collection(run_once, code.types), is_fixed=True)


def held(code: Code) -> Callable[[Any, Around], Container[Any]]:
    """Give a function to the items of a collection by `sameness`, found once where that is so."""
    key, run = object(), code.run

    def find(this: Any, around: Around) -> Container[Any]:
        return frozenset(map(sameness, run(this, around)))

    def find_once(this: Any, around: Around) -> Container[Any]:
        found: Container[Any] = around.once(key, lambda: find(this, around))
        return found

    return find_once if code.is_fixed else find


def the_item(item: Any, _around: Around) -> list[Any]:
    """Give what `$this` means; None where a function was called on nothing."""
    return [] if item is None else [item]


def this(types: Types) -> Code:
    """Give the code of `$this`."""
    return collection(the_item, types)

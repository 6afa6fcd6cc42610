"""What compiling gives: functions over the JSON of a resource.

Every function takes the item that `$this` means and what is around it. `run` gives a collection,
`truth` the same as one boolean: None stands for an empty collection, and for one of several items.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from api.fhir.fhirpath.members import Types
from api.fhir.fhirpath.values import plain


@dataclass(frozen=True, slots=True)
class Around:
    """What an expression may name beside the item: `%resource`, `%rootResource`, `%context`."""

    resource: Any
    root: Any
    context: Any = None


Run: TypeAlias = Callable[[Any, Around], list[Any]]
Truth: TypeAlias = Callable[[Any, Around], bool | None]

BOOLEAN = frozenset(("boolean",))


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled expression and the types that its items may have.

    `keys` are those of the item itself of which one must be there for a collection that is not
    empty; None where it is not as simple as that.
    """

    run: Run
    truth: Truth
    types: Types
    keys: frozenset[str] | None = None


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
    return collection(lambda _this, _around: list(values), None)


def the_item(item: Any, _around: Around) -> list[Any]:
    """Give what `$this` means; None where a function was called on nothing."""
    return [] if item is None else [item]


def this(types: Types) -> Code:
    """Give the code of `$this`."""
    return collection(the_item, types)

"""What a check finds, and what it may ask while it looks.

A check takes a JSON value and a Scope and gives its problems, or nothing. It does not know where
its value stands: whoever called it puts the step in front (`under`), so that a path is only built
for what is wrong. Checks never raise.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from api.fhir.fhirpath.code import Around
from api.fhir.outcome import FailureKind, Issue

# Enough to mend a resource by; a megabyte of nonsense must not be answered with another.
MAX_PROBLEMS = 100


class Problem(NamedTuple):
    """One thing that is wrong, at a path relative to the value that was checked."""

    code: str
    diagnostics: str
    path: str = ""
    kind: FailureKind = FailureKind.INVALID

    def issue(self) -> Issue:
        """Give the problem as an issue; its path must have become a whole one."""
        return Issue(self.code, self.diagnostics, (self.path,))


@dataclass(slots=True)
class Scope:
    """The resource around a value, as far as a check of one element must know it.

    `contained` maps the id of each contained resource to its type. `used` gathers the fragments
    that something pointed at, `pointing_back` the positions in `contained` from where something
    pointed at the container; `position` is where the check stands now, None outside `contained`.
    `ids` holds the ids of elements seen so far, each with the position where it stands.
    `any_target` lets references point at types that their element does not name. `around` is what
    invariants may ask of beside their element.
    """

    container_type: str
    any_target: bool = False
    contained: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    pointing_back: set[int | None] = field(default_factory=set)
    position: int | None = None
    ids: set[tuple[int | None, str]] = field(default_factory=set)
    around: Around = field(default_factory=lambda: Around(None, None))


Problems: TypeAlias = Sequence[Problem]
Check: TypeAlias = Callable[[Any, Scope], Problems]

NONE: Problems = ()


def rule(code: str, diagnostics: str, path: str = "") -> Problem:
    """Build a problem of well formed FHIR that breaks a rule (422)."""
    return Problem(code, diagnostics, path, FailureKind.UNPROCESSABLE)


def under(step: str, problems: Iterable[Problem]) -> list[Problem]:
    """Put a step (`name`, `[2]`) in front of the paths of these problems."""
    return [
        each._replace(path=_joined(step, each.path) if each.path else step) for each in problems
    ]


def _joined(step: str, path: str) -> str:
    return step + path if path[0] == "[" else f"{step}.{path}"

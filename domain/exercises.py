"""The exercise library (E.2)."""

from dataclasses import dataclass

ALWAYS = "ALWAYS"  # in every plan
RUNNING = "RUNNING"  # run status not pause; always met in phase 3


@dataclass(frozen=True, slots=True)
class Range:
    """A low and a high number, equal when the dose is exact."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose as words and as ranges; a range that the words do not name is None.

    `per_week` counts sessions a week; it is None for what goes with each run.
    """

    text: str
    sets: Range | None = None
    repetitions: Range | None = None
    hold_seconds: Range | None = None
    per_week: Range | None = None
    per_side: bool = False
    in_run: bool = False  # done in or just before runs, so it starts when running resumes (C.5)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Exercise:
    """A row of the library."""

    id: str
    stream: str
    name: str
    origin: str
    seeds: tuple[str, ...]
    triggers: tuple[str, ...]
    phases: tuple[int, ...]
    dose: Dose
    progression: str | None
    regression: str | None
    avoid_when: str | None
    priority: int

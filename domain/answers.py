"""What the runner and the clinician answered: the checklist's values, asked in safe words.

An unanswered question never counts as yes (specification C.5): every method below that asks for
something to be so answers False when nothing was answered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

Scalar: TypeAlias = str | bool | int | Decimal | date
Group: TypeAlias = Mapping[str, Scalar | tuple[str, ...]]
Answer: TypeAlias = Scalar | tuple[str, ...] | tuple[Group, ...]

SIDES = ("L", "R")


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers by linkId; a repeated group (a gait stage, say) is itself a small `Answers`."""

    values: Mapping[str, Answer]

    def value(self, link_id: str) -> Answer | None:
        """Return the answer, or None when there is none: empty lists and blank texts are none."""
        value = self.values.get(link_id)
        if value == () or (isinstance(value, str) and not value.strip()):
            return None
        return value

    def is_answered(self, link_id: str) -> bool:
        """Tell whether the question has an answer at all."""
        return self.value(link_id) is not None

    def unanswered(self, *link_ids: str) -> tuple[str, ...]:
        """Return those of the questions that have no answer."""
        return tuple(link_id for link_id in link_ids if not self.is_answered(link_id))

    def says_yes(self, link_id: str) -> bool:
        """Tell whether the answer is true or yes."""
        return self.value(link_id) is True or self.choice(link_id) == "yes"

    def says_no(self, link_id: str) -> bool:
        """Tell whether the answer is false or no."""
        return self.value(link_id) is False or self.choice(link_id) == "no"

    def choice(self, link_id: str) -> str | None:
        """Return the chosen option of a single choice."""
        value = self.value(link_id)
        return value if isinstance(value, str) else None

    def is_one_of(self, link_id: str, *options: str) -> bool:
        """Tell whether one of these options was chosen."""
        return self.choice(link_id) in options

    def is_other_than(self, link_id: str, *options: str) -> bool:
        """Tell whether something was chosen, and none of these options."""
        chosen = self.choice(link_id)
        return chosen is not None and chosen not in options

    def chosen(self, link_id: str) -> tuple[str, ...]:
        """Return the options of a repeated choice."""
        value = self.value(link_id)
        if isinstance(value, str):
            return (value,)
        if isinstance(value, tuple):
            return tuple(option for option in value if isinstance(option, str))
        return ()

    def includes(self, link_id: str, *options: str) -> bool:
        """Tell whether a repeated choice holds at least one of these options."""
        return any(option in options for option in self.chosen(link_id))

    def number(self, link_id: str) -> Decimal | None:
        """Return a number exactly as given."""
        value = self.value(link_id)
        if isinstance(value, bool):
            return None
        return Decimal(value) if isinstance(value, int | Decimal) else None

    def is_number(self, link_id: str, test: Callable[[Decimal], bool]) -> bool:
        """Tell whether a number was given and passes the test."""
        number = self.number(link_id)
        return number is not None and test(number)

    def sides(self, link_id: str, test: Callable[[str], bool]) -> tuple[str, ...]:
        """Return the sides ("L", "R") whose own linkId passes the test."""
        return tuple(side for side in SIDES if test(f"{link_id}.{side}"))

    def groups(self, link_id: str) -> tuple["Answers", ...]:
        """Return the rows of a repeated group, each as answers under the children's names."""
        value = self.value(link_id)
        if not isinstance(value, tuple):
            return ()
        return tuple(Answers(row) for row in value if isinstance(row, Mapping))

    def stages(self, *conditions: str) -> tuple["Answers", ...]:
        """Return the observed gait stages: all, or those of the named conditions."""
        stages = self.groups("ga.stage")
        if not conditions:
            return stages
        return tuple(stage for stage in stages if stage.is_one_of("condition", *conditions))

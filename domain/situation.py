"""Where the runner stands when no red flag blocks: what advice and exercises are chosen from."""

from dataclasses import dataclass

from domain.answers import Answers
from domain.patterns import Hypothesis
from domain.presentation import Presentation
from domain.red_flags import RedFlag


@dataclass(frozen=True, slots=True)
class Situation:
    """The presentation with what was concluded from it."""

    case: Presentation
    flags: tuple[RedFlag, ...]
    status: str  # pause, reduce or modified
    hypotheses: tuple[Hypothesis, ...]
    contributors: tuple[str, ...]  # codes

    @property
    def answers(self) -> Answers:
        """The answers of the checklist."""
        return self.case.answers

    @property
    def has_open_flag(self) -> bool:
        """A red flag is listed and not excluded."""
        return any(flag.is_open for flag in self.flags)

    def is_likely(self, pattern: str) -> bool:
        """Tell whether a pattern is listed with band moderate or strong (C.5)."""
        return any(each.pattern == pattern and each.band != "weak" for each in self.hypotheses)

    def is_listed(self, pattern: str) -> bool:
        """Tell whether a pattern is among the hypotheses, in whatever band (E.6)."""
        return any(each.pattern == pattern for each in self.hypotheses)

    def has_contributor(self, *codes: str) -> bool:
        """Tell whether at least one of these contributors is listed."""
        return any(code in codes for code in self.contributors)

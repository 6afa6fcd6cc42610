"""The single-run distance spike (specification C.5, F-SPIKE; Frandsen 2025; S-227, S-229)."""

from decimal import Decimal
from fractions import Fraction

from domain.answers import Answers

# Shown for a first run after a month without one, and the most that is shown.
MOST_SHOWN = 999


def spike_percent(answers: Answers) -> Fraction | None:
    """Return by how many per cent the index run exceeds the longest run of 30 days, exactly.

    None when either distance was not given, and for an index run of 0 km. A first run after a
    month without any counts as 999.
    """
    index_run = answers.number("hx.index-run")
    longest = answers.number("hx.longest-run-30d")
    if not index_run or longest is None:
        return None
    if not longest:
        return Fraction(MOST_SHOWN)
    return (Fraction(index_run) / Fraction(longest) - 1) * 100


def exceeds(percent: Fraction | None, threshold: Decimal) -> bool:
    """Tell whether the spike is above the threshold, comparing exactly."""
    return percent is not None and percent > Fraction(threshold)


def shown(percent: Fraction) -> Decimal:
    """Return the spike rounded to a whole number, halves up, at most 999."""
    return Decimal(min(MOST_SHOWN, (percent + Fraction(1, 2)) // 1))

"""Education topics and their texts (specification E.6, C.5)."""

from collections.abc import Sequence

from domain.answers import Answers
from domain.knowledge.records import Wording
from domain.run_status import PAUSE
from domain.situation import Situation

WHILE_BLOCKED = ("ED-10",)
WARNING_SIGNS = "ED-02"


def education(topics: Sequence[str], now: Situation) -> tuple[str, ...]:
    """Return the topics that are shown; what names no condition is shown to everyone."""
    shown_when = {
        "ED-04": now.status != PAUSE and not now.has_open_flag,
        "ED-07": now.case.has("F-SITTING") or now.is_listed("P-DISC"),
        "ED-08": now.has_contributor("C-COREGLUTE", "C-EXTPOSTURE"),
        "ED-11": not now.has_open_flag,
        "ED-13": now.has_contributor("C-FOOTWEAR"),
    }
    return tuple(topic for topic in topics if shown_when.get(topic, True))


def topic_text(topic: Wording, answers: Answers) -> str:
    """Return a topic's text; the personal warning signs (ED-02) are generated."""
    return warning_signs(answers) if topic.id == WARNING_SIGNS else topic.text


def warning_signs(answers: Answers) -> str:
    """Return the runner's own warning signs, as far as they are known (S-076, S-096)."""
    sign = answers.choice("ga.degradation-first-sign")
    distance = answers.number("ga.degradation-km")
    where = "" if distance is None else f" at about {distance} km"
    baseline = answers.number("sx.pain-baseline")
    above = "its usual level" if baseline is None else f"{baseline}/10"
    signals = f"rising post-run stiffness or next-day pain above {above}"
    advice = "as signals to shorten, slow or flatten the next run."
    if sign is None:
        return f"Treat {signals} {advice}"
    first = f"On your runs the first sign was {sign.replace('-', ' ')}{where}"
    return f"{first}; treat it, {signals} {advice}"

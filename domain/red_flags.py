"""Red flags: danger signs, their severity and what clears them (specification C.4, C.5).

One function per rule, named by its code; it returns the linkIds that satisfy the rule, empty when
the rule does not fire. Severities and actions are data; only an answer can put a flag out, and a
clinician's disposition can lift its block.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.answers import Answers
from domain.checklist import checklist
from domain.knowledge.records import RedFlagRule, Thresholds
from domain.leg_symptoms import STRAIGHT_LEG_RAISES, positive_straight_leg_raises

NOT_SCREENED = "RF-NOTSCREENED"
EXCLUDED = "excluded"
ACCEPTED_RISK = "accepted-risk"
REFERRED = "referred"
DECISIONS = (REFERRED, ACCEPTED_RISK, EXCLUDED)


@dataclass(frozen=True, slots=True)
class Disposition:
    """A clinician's recorded decision on a red flag: referred, accepted-risk or excluded."""

    red_flag: str
    decision: str


@dataclass(frozen=True, slots=True)
class RedFlag:
    """A rule that fires; `blocks` is its state after the disposition."""

    rule: str
    severity: str
    blocks: bool
    items: tuple[str, ...]
    disposition: str | None
    action: str
    why: str

    @property
    def is_open(self) -> bool:
        """Listed, and not excluded by a clinician."""
        return self.disposition != EXCLUDED


Items = tuple[str, ...]
Rule = Callable[[Answers, Thresholds], Items]


def questions() -> tuple[str, ...]:
    """Return the red-flag questions: every rf item but the optional axSpA count."""
    items = checklist().items
    return tuple(item.link_id for item in items if item.section == "rf" and item.required == "R")


def _yes(answers: Answers, *link_ids: str) -> Items:
    return tuple(link_id for link_id in link_ids if answers.says_yes(link_id))


def _history(answers: Answers, *conditions: str) -> Items:
    held = answers.includes("hx.prior-conditions", *conditions)
    return ("hx.prior-conditions",) if held else ()


def trauma(answers: Answers) -> Items:
    """Significant trauma, or an onset by trauma."""
    onset = answers.is_one_of("hx.onset-mechanism", "trauma")
    return _yes(answers, "rf.fx.trauma") + (("hx.onset-mechanism",) if onset else ())


def fragility(answers: Answers) -> Items:
    """Bone fragility, or osteoporosis in the history."""
    return _yes(answers, "rf.fx.bone-fragility") + _history(answers, "osteoporosis")


def midline_tenderness(answers: Answers) -> Items:
    """Midline bony tenderness, marked."""
    return _yes(answers, "rf.fx.midline-tender")


def low_energy(answers: Answers) -> Items:
    """Low energy availability, or a bone stress injury in the history."""
    return _yes(answers, "rf.bsi.low-energy") + _history(answers, "bone-stress-injury")


def cancer(answers: Answers) -> Items:
    """History of cancer, asked or in the list of conditions."""
    return _yes(answers, "rf.ca.history") + _history(answers, "cancer")


def night_pain(answers: Answers) -> Items:
    """Constant, non-mechanical or unremitting night pain."""
    return _yes(answers, "rf.ca.night-constant")


def worsening(answers: Answers) -> Items:
    """Worsening over the last 2 weeks."""
    return ("sx.trend",) if answers.is_one_of("sx.trend", "worsening") else ()


def is_not_improving(answers: Answers) -> bool:
    """Tell whether the trend is anything but improving; not asked counts as not improving."""
    return not answers.is_one_of("sx.trend", "improving")


def rf_ces(answers: Answers, _limits: Thresholds) -> Items:
    """RF-CES: any cauda equina sign yes or unsure, or both straight-leg raises positive (S-175)."""
    signs = [link_id for link_id in questions() if link_id.startswith("rf.ces.")]
    items = tuple(sign for sign in signs if answers.is_one_of(sign, "yes", "unsure"))
    raises = positive_straight_leg_raises(answers)
    return items + (raises if raises == STRAIGHT_LEG_RAISES else ())


def rf_neuro(answers: Answers, _limits: Thresholds) -> Items:
    """RF-NEURO: foot drop, or a leg myotome of MRC 3 or less (S-175)."""
    weak = answers.is_one_of("mo.neuro", "motor-MRC3-or-less")
    return _yes(answers, "rf.neuro.foot-drop") + (("mo.neuro",) if weak else ())


def rf_neuro_mild(answers: Answers, limits: Thresholds) -> Items:
    """RF-NEURO-MILD: MRC 4 without RF-NEURO (S-175)."""
    mild = answers.is_one_of("mo.neuro", "motor-MRC4") and not rf_neuro(answers, limits)
    return ("mo.neuro",) if mild else ()


def rf_fracture(answers: Answers, _limits: Thresholds) -> Items:
    """RF-FRACTURE: two of trauma, bone fragility, midline tenderness (S-147)."""
    parts = (trauma(answers), fragility(answers), midline_tenderness(answers))
    fell, fragile, tender = parts
    fires = (fell and (fragile or tender)) or (fragile and tender)
    return fell + fragile + tender if fires else ()


def rf_fracture_amber(answers: Answers, limits: Thresholds) -> Items:
    """RF-FRACTURE-AMBER: trauma or midline tenderness without RF-FRACTURE (S-147)."""
    if rf_fracture(answers, limits):
        return ()
    return trauma(answers) + midline_tenderness(answers)


def rf_bsi(answers: Answers, _limits: Thresholds) -> Items:
    """RF-BSI: focal bone pain with hop pain, rest or night bone pain, or low energy (S-174)."""
    focal = _yes(answers, "rf.bsi.focal-bone-pain")
    more = _yes(answers, "rf.bsi.rest-night-pain", "rf.bsi.hop-pain") + low_energy(answers)
    return focal + more if focal and more else ()


def rf_bsi_amber(answers: Answers, limits: Thresholds) -> Items:
    """RF-BSI-AMBER: focal, hop or rest/night bone pain without RF-BSI (S-174)."""
    if rf_bsi(answers, limits):
        return ()
    signs = ("rf.bsi.focal-bone-pain", "rf.bsi.rest-night-pain", "rf.bsi.hop-pain")
    return _yes(answers, *signs)


def rf_infection(answers: Answers, _limits: Thresholds) -> Items:
    """RF-INFECTION: fever or unwell, or a risk factor with constant night pain (S-147)."""
    fever, risk = _yes(answers, "rf.inf.fever"), _yes(answers, "rf.inf.risk")
    pain = night_pain(answers)
    return fever + risk + pain if fever or (risk and pain) else ()


def rf_malignancy(answers: Answers, _limits: Thresholds) -> Items:
    """RF-MALIGNANCY: cancer with night pain, weight loss or worsening, or both former (S-147)."""
    history, loss = cancer(answers), _yes(answers, "rf.ca.weight-loss")
    pain, worse = night_pain(answers), worsening(answers)
    fires = (history and (pain or loss or worse)) or (loss and pain)
    return history + loss + pain + worse if fires else ()


def rf_malignancy_amber(answers: Answers, limits: Thresholds) -> Items:
    """RF-MALIGNANCY-AMBER: cancer, weight loss or night pain without RF-MALIGNANCY (S-147)."""
    if rf_malignancy(answers, limits):
        return ()
    return cancer(answers) + _yes(answers, "rf.ca.weight-loss") + night_pain(answers)


def _count(answers: Answers, test: Callable[[Decimal], bool]) -> Items:
    return ("rf.axspa.count",) if answers.is_number("rf.axspa.count", test) else ()


def rf_axspa(answers: Answers, limits: Thresholds) -> Items:
    """RF-AXSPA: four or more criteria (NICE NG65)."""
    return _count(answers, lambda count: count >= limits["axspa-refer"])


def rf_axspa_hla(answers: Answers, limits: Thresholds) -> Items:
    """RF-AXSPA-HLA: exactly three criteria (NICE NG65)."""
    return _count(answers, lambda count: count == limits["axspa-hla"])


def rf_instability(answers: Answers, _limits: Thresholds) -> Items:
    """RF-INSTABILITY: spondylolysis or -listhesis, and not improving (S-146, S-200)."""
    history = _history(answers, "spondylolysis", "spondylolisthesis")
    return (*history, "sx.trend") if history and is_not_improving(answers) else ()


def rf_notscreened(answers: Answers, _limits: Thresholds) -> Items:
    """RF-NOTSCREENED: a red-flag question is unanswered; only answering clears it."""
    return answers.unanswered(*questions())


def rf_clarify(answers: Answers, _limits: Thresholds) -> Items:
    """RF-CLARIFY: a red-flag question other than the cauda equina ones is unsure."""
    return tuple(
        link_id
        for link_id in questions()
        if answers.is_one_of(link_id, "unsure") and not link_id.startswith("rf.ces.")
    )


RULES: dict[str, Rule] = {
    "RF-CES": rf_ces,
    "RF-NEURO": rf_neuro,
    "RF-NEURO-MILD": rf_neuro_mild,
    "RF-FRACTURE": rf_fracture,
    "RF-FRACTURE-AMBER": rf_fracture_amber,
    "RF-BSI": rf_bsi,
    "RF-BSI-AMBER": rf_bsi_amber,
    "RF-INFECTION": rf_infection,
    "RF-MALIGNANCY": rf_malignancy,
    "RF-MALIGNANCY-AMBER": rf_malignancy_amber,
    "RF-AXSPA": rf_axspa,
    "RF-AXSPA-HLA": rf_axspa_hla,
    "RF-INSTABILITY": rf_instability,
    "RF-NOTSCREENED": rf_notscreened,
    "RF-CLARIFY": rf_clarify,
}


def is_cleared(rule: RedFlagRule, decision: str | None) -> bool:
    """Tell whether a disposition lifts the block.

    `referred` keeps it, `accepted-risk` lifts an urgent one only, `excluded` lifts any; missing
    answers are cleared by answering alone.
    """
    if rule.code == NOT_SCREENED:
        return False
    return decision == EXCLUDED or (decision == ACCEPTED_RISK and rule.severity == "urgent")


def red_flags(
    answers: Answers,
    dispositions: Sequence[Disposition],
    rules: Mapping[str, RedFlagRule],
    limits: Thresholds,
) -> tuple[RedFlag, ...]:
    """Return every rule that fires; of several dispositions on one rule the last one counts."""
    decisions = {each.red_flag: each.decision for each in dispositions}
    fired = ((rules[code], rule(answers, limits)) for code, rule in RULES.items())
    return tuple(
        _flag(rule, items, answers, decisions.get(rule.code)) for rule, items in fired if items
    )


def _flag(rule: RedFlagRule, items: Items, answers: Answers, decision: str | None) -> RedFlag:
    return RedFlag(
        rule=rule.code,
        severity=rule.severity,
        blocks=rule.blocks and not is_cleared(rule, decision),
        items=items,
        disposition=decision,
        action=rule.action,
        why=f"{rule.name}: {', '.join(_said(answers, link_id) for link_id in items)}",
    )


def _said(answers: Answers, link_id: str) -> str:
    """Name the question and how it was answered."""
    item = checklist().item(link_id)
    label = item.label if item else link_id
    value = answers.value(link_id)
    if value is None:
        return f"{label} (not answered)"
    words = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
    said = ", ".join(answers.chosen(link_id)) if isinstance(value, tuple) else words
    return f"{label} ({said})"

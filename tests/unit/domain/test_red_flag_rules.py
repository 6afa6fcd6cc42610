"""Specification C.4 and C.5: red flags, their items, dispositions, and while blocked."""

from typing import Any

import pytest

from domain.evaluation import Evaluation
from domain.red_flags import RedFlag, questions
from tests.unit.domain.case_answers import changed

PRIOR = "hx.prior-conditions"


def flags(overrides: dict[str, Any], **dispositions: str) -> dict[str, RedFlag]:
    named = {code.replace("_", "-"): decision for code, decision in dispositions.items()}
    return {flag.rule: flag for flag in changed(overrides, dispositions=named).red_flags}


def test_nineteen_questions_are_screened() -> None:
    assert len(questions()) == 19
    assert "rf.axspa.count" not in questions()


@pytest.mark.parametrize(
    ("overrides", "rule", "items"),
    [
        ({"rf.ces.sexual": "unsure"}, "RF-CES", ["rf.ces.sexual"]),
        ({"mo.slr.L": True, "mo.slr.R": True}, "RF-CES", ["mo.slr.L", "mo.slr.R"]),
        ({"rf.ces.bowel": "yes", "mo.slr.L": True}, "RF-CES", ["rf.ces.bowel"]),
        ({"rf.neuro.foot-drop": "yes"}, "RF-NEURO", ["rf.neuro.foot-drop"]),
        ({"mo.neuro": "motor-MRC3-or-less"}, "RF-NEURO", ["mo.neuro"]),
        ({"mo.neuro": "motor-MRC4"}, "RF-NEURO-MILD", ["mo.neuro"]),
        (
            {"rf.fx.trauma": "yes", PRIOR: ["osteoporosis"]},
            "RF-FRACTURE",
            ["rf.fx.trauma", PRIOR],
        ),
        (
            {"hx.onset-mechanism": "trauma", "rf.fx.midline-tender": "yes"},
            "RF-FRACTURE",
            ["hx.onset-mechanism", "rf.fx.midline-tender"],
        ),
        (
            {"rf.fx.bone-fragility": "yes", "rf.fx.midline-tender": "yes"},
            "RF-FRACTURE",
            ["rf.fx.bone-fragility", "rf.fx.midline-tender"],
        ),
        ({"hx.onset-mechanism": "trauma"}, "RF-FRACTURE-AMBER", ["hx.onset-mechanism"]),
        ({"rf.fx.midline-tender": "yes"}, "RF-FRACTURE-AMBER", ["rf.fx.midline-tender"]),
        (
            {"rf.bsi.focal-bone-pain": "yes", PRIOR: ["bone-stress-injury"]},
            "RF-BSI",
            ["rf.bsi.focal-bone-pain", PRIOR],
        ),
        (
            {"rf.bsi.rest-night-pain": "yes", "rf.bsi.hop-pain": "yes"},
            "RF-BSI-AMBER",
            ["rf.bsi.rest-night-pain", "rf.bsi.hop-pain"],
        ),
        ({"rf.inf.fever": "yes"}, "RF-INFECTION", ["rf.inf.fever"]),
        (
            {"rf.inf.risk": "yes", "rf.ca.night-constant": "yes"},
            "RF-INFECTION",
            ["rf.inf.risk", "rf.ca.night-constant"],
        ),
        (
            {"rf.ca.weight-loss": "yes", "rf.ca.night-constant": "yes"},
            "RF-MALIGNANCY",
            ["rf.ca.weight-loss", "rf.ca.night-constant"],
        ),
        (
            {"rf.ca.history": "yes", "sx.trend": "worsening"},
            "RF-MALIGNANCY",
            ["rf.ca.history", "sx.trend"],
        ),
        ({PRIOR: ["cancer"]}, "RF-MALIGNANCY-AMBER", [PRIOR]),
        ({"rf.ca.weight-loss": "yes"}, "RF-MALIGNANCY-AMBER", ["rf.ca.weight-loss"]),
        ({"rf.axspa.count": 4}, "RF-AXSPA", ["rf.axspa.count"]),
        ({"rf.axspa.count": 3}, "RF-AXSPA-HLA", ["rf.axspa.count"]),
        ({PRIOR: ["spondylolysis"]}, "RF-INSTABILITY", [PRIOR, "sx.trend"]),
        (
            {"rf.inf.fever": "unsure", "rf.ca.history": "unsure"},
            "RF-CLARIFY",
            ["rf.inf.fever", "rf.ca.history"],
        ),
    ],
)
def test_a_rule_lists_the_items_that_satisfy_it(
    overrides: dict[str, Any], rule: str, items: list[str]
) -> None:
    assert sorted(flags(overrides)[rule].items) == sorted(items)
    assert flags(overrides)[rule].why


@pytest.mark.parametrize(
    "overrides",
    [
        {"mo.slr.L": True},
        {"rf.fx.bone-fragility": "yes"},
        {PRIOR: ["osteoporosis"]},
        {"rf.bsi.low-energy": "yes"},
        {"rf.inf.risk": "yes"},
        {"rf.axspa.count": 2},
        {PRIOR: ["spondylolysis"], "sx.trend": "improving"},
        {"sx.trend": "worsening"},
    ],
)
def test_one_part_of_a_rule_raises_nothing(overrides: dict[str, Any]) -> None:
    assert flags(overrides) == {}


@pytest.mark.parametrize(
    ("overrides", "rules"),
    [
        ({"rf.neuro.foot-drop": "yes", "mo.neuro": "motor-MRC4"}, {"RF-NEURO"}),
        ({"rf.fx.trauma": "yes", "rf.fx.midline-tender": "yes"}, {"RF-FRACTURE"}),
        ({"rf.bsi.focal-bone-pain": "yes", "rf.bsi.hop-pain": "yes"}, {"RF-BSI"}),
        ({"rf.ca.history": "yes", "rf.ca.weight-loss": "yes"}, {"RF-MALIGNANCY"}),
        (
            {"rf.inf.risk": "yes", "rf.ca.night-constant": "yes"},
            {"RF-INFECTION", "RF-MALIGNANCY-AMBER"},
        ),
    ],
)
def test_an_amber_rule_is_silent_beside_its_main_rule(
    overrides: dict[str, Any], rules: set[str]
) -> None:
    assert set(flags(overrides)) == rules


def test_instability_counts_an_unanswered_trend_as_not_improving() -> None:
    evaluation = changed({PRIOR: ["spondylolisthesis"]}, without=("sx.trend",))
    (flag,) = evaluation.red_flags
    assert (flag.rule, flag.items) == ("RF-INSTABILITY", (PRIOR, "sx.trend"))
    assert "W-HISTORY" in [each.code for each in evaluation.when_to_see]


@pytest.mark.parametrize(
    ("decision", "urgent_blocks", "emergency_blocks"),
    [("referred", True, True), ("accepted-risk", False, True), ("excluded", False, False)],
)
def test_what_a_disposition_clears(
    decision: str, *, urgent_blocks: bool, emergency_blocks: bool
) -> None:
    overrides = {"rf.inf.fever": "yes", "rf.ces.bowel": "yes"}
    shown = flags(overrides, RF_INFECTION=decision, RF_CES=decision)
    assert shown["RF-INFECTION"].blocks is urgent_blocks
    assert shown["RF-CES"].blocks is emergency_blocks
    assert {flag.disposition for flag in shown.values()} == {decision}


@pytest.mark.parametrize("decision", ["referred", "accepted-risk", "excluded"])
def test_missing_answers_are_cleared_by_answering_alone(decision: str) -> None:
    evaluation = changed(without=("rf.inf.risk",), dispositions={"RF-NOTSCREENED": decision})
    (flag,) = evaluation.red_flags
    assert flag.blocks
    assert flag.disposition == decision
    assert flag.items == ("rf.inf.risk",)


def blocked() -> Evaluation:
    return changed({"rf.inf.fever": "yes", "mo.hip-extension.L": 4, "sx.trend": "worsening"})


def test_while_blocked_nothing_is_concluded() -> None:
    evaluation = blocked()
    assert evaluation.plan_blocked
    assert evaluation.hypotheses_suppressed
    assert evaluation.hypotheses == ()
    assert evaluation.contributors == ()
    assert evaluation.insufficient_data == ()
    assert evaluation.fallback is None
    assert evaluation.streams == {}
    assert evaluation.single_run_cap_km is None
    assert evaluation.run_modifications == ("RM00",)
    assert evaluation.education == ("ED-10",)
    assert evaluation.review_within_days == 1


def test_while_blocked_what_was_found_is_still_given() -> None:
    evaluation = blocked()
    assert [each.code for each in evaluation.findings] == ["F-HIPEXT", "F-HIPEXT-ASYM"]
    assert [each.code for each in evaluation.when_to_see] == ["W-PERSIST-WORSE"]
    assert [each.code for each in evaluation.run_status.reasons] == ["RS-P1", "RS-P5"]


def test_unanswered_questions_beside_another_block_do_not_ask_for_answers_first() -> None:
    evaluation = changed({"rf.inf.fever": "yes"}, without=("rf.inf.risk",))
    assert evaluation.run_modifications == ("RM00",)
    cleared = changed(
        {"rf.inf.fever": "yes"},
        without=("rf.inf.risk",),
        dispositions={"RF-INFECTION": "excluded"},
    )
    assert cleared.run_modifications == ("RM16",)


def test_a_flag_names_what_was_answered() -> None:
    assert "unsure" in flags({"rf.ces.saddle": "unsure"})["RF-CES"].why

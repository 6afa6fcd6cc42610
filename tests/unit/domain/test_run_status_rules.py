"""Specification D, E.4 and C.5: run status, run modifications, the cap."""

from decimal import Decimal
from typing import Any

import pytest

from domain.evaluation import Evaluation
from tests.unit.domain.case_answers import changed

TESTED = {
    "sx.leg-region": "buttock", "sx.leg-quality": ["ache"], "mo.slr.L": False,
    "mo.slr.R": False, "mo.neuro": "normal",
}  # fmt: skip
PAUSED = {"sx.previous-run-status": "pause"}


def reasons(evaluation: Evaluation) -> list[str]:
    return [reason.code for reason in evaluation.run_status.reasons]


@pytest.mark.parametrize(
    ("overrides", "status", "expected"),
    [
        ({"sx.adl-limit": "unable"}, "pause", ["RS-P3"]),
        ({"sx.adl-limit": "mild"}, "modified", ["RS-M1"]),
        ({"sx.pain-run": 6}, "pause", ["RS-P4"]),
        ({"sx.pain-now": 6}, "pause", ["RS-P4"]),
        ({"sx.limp": True}, "pause", ["RS-P4"]),
        ({"sx.pain-run": 5}, "reduce", ["RS-R1"]),
        ({"sx.pain-run": 3}, "reduce", ["RS-R1"]),
        ({"sx.pain-24h": 3}, "reduce", ["RS-R2"]),
        ({"sx.pain-24h": 2}, "modified", ["RS-M1"]),
        ({"sx.trend": "worsening", "sx.sleep-limit": True}, "reduce", ["RS-R3", "RS-R5"]),
        (TESTED, "reduce", ["RS-R4"]),
        ({"hx.index-run": Decimal("20.8")}, "modified", ["RS-M1"]),
        ({"hx.index-run": Decimal("20.81")}, "reduce", ["RS-R6"]),
        (
            {"hx.index-run": 22, "sx.previous-run-status": "none"},
            "reduce",
            ["RS-R6"],
        ),
        ({"hx.index-run": 22, "sx.previous-run-status": "modified"}, "modified", ["RS-M1"]),
        (PAUSED, "reduce", ["RS-R7"]),
        (PAUSED | TESTED, "pause", ["RS-P7"]),
        (PAUSED | {"sx.adl-limit": "mild"}, "pause", ["RS-P7"]),
        ({"rf.ca.night-constant": "unsure"}, "pause", ["RS-P5"]),
        ({"rf.ca.history": "yes"}, "modified", ["RS-M1"]),
        ({"rf.ca.weight-loss": "unsure"}, "modified", ["RS-M1"]),
        ({"sx.course-in-run": "not-running", "sx.pain-run": 8}, "pause", ["RS-P4"]),
    ],
)
def test_the_first_level_with_a_reason_wins(
    overrides: dict[str, Any], status: str, expected: list[str]
) -> None:
    evaluation = changed(overrides)
    assert evaluation.run_status.status == status
    assert reasons(evaluation) == expected


@pytest.mark.parametrize(
    "link_id",
    ["sx.pain-now", "sx.pain-24h", "sx.limp", "sx.adl-limit", "sx.sleep-limit", "sx.trend",
     "sx.leg-region", "sx.pain-run"],
)  # fmt: skip
def test_unknown_readiness_pauses(link_id: str) -> None:
    assert "RS-P6" in reasons(changed(without=(link_id,)))


def test_pain_while_running_is_not_asked_of_one_who_does_not_run() -> None:
    resting = {"sx.course-in-run": "not-running"}
    assert reasons(changed(resting, without=("sx.pain-run",))) == ["RS-M1"]
    unknown = changed(without=("sx.pain-run", "sx.course-in-run"))
    assert reasons(unknown) == ["RS-P6"]


def test_an_unanswered_baseline_counts_as_zero() -> None:
    assert reasons(changed({"sx.pain-24h": 2}, without=("sx.pain-baseline",))) == ["RS-R2"]


@pytest.mark.parametrize(
    "link_id",
    ["rf.neuro.foot-drop", "rf.fx.trauma", "rf.fx.midline-tender", "rf.bsi.focal-bone-pain",
     "rf.bsi.hop-pain", "rf.bsi.rest-night-pain", "rf.inf.fever", "rf.ca.night-constant"],
)  # fmt: skip
def test_an_unsure_danger_sign_pauses_until_it_is_excluded(link_id: str) -> None:
    assert reasons(changed({link_id: "unsure"})) == ["RS-P5"]
    excluded = changed({link_id: "unsure"}, dispositions={"RF-CLARIFY": "excluded"})
    assert reasons(excluded) == ["RS-M1"]
    accepted = changed({link_id: "unsure"}, dispositions={"RF-CLARIFY": "accepted-risk"})
    assert reasons(accepted) == ["RS-P5"]


@pytest.mark.parametrize(
    ("overrides", "days"),
    [
        ({}, 14),
        ({"sx.trend": "worsening"}, 10),
        ({"sx.limp": True}, 7),
        ({"rf.inf.fever": "yes"}, 1),
    ],
)  # fmt: skip
def test_the_review_follows_the_status(overrides: dict[str, Any], days: int) -> None:
    assert changed(overrides).review_within_days == days


@pytest.mark.parametrize(
    ("overrides", "cap", "codes"),
    [
        ({"sx.onset-km": 10}, "8.0", {"RM01"}),
        ({"sx.onset-km": Decimal("6.2")}, "4.5", {"RM01"}),
        ({"sx.onset-km": Decimal("2.5")}, "2.0", {"RM01"}),
        ({"sx.onset-km": Decimal("2.49")}, "1.5", {"RM01", "RM15"}),
        ({"sx.onset-km": Decimal("0.5")}, None, {"RM15"}),
        ({"sx.onset-km": 0}, None, {"RM15"}),
        ({"sx.course-in-run": "late-only", "sx.onset-km": 5}, "4.0", {"RM01"}),
        ({"sx.course-in-run": "worst-early-eases"}, None, set()),
        ({"sx.course-in-run": "worst-early-eases", "sx.onset-km": 0}, None, set()),
        ({"ga.degradation-km": 5}, "4.0", {"RM01"}),
        ({"sx.course-in-run": "improves-with-running", "ga.degradation-km": 0}, None, {"RM15"}),
    ],
)
def test_the_cap_on_a_single_run(
    overrides: dict[str, Any], cap: str | None, codes: set[str]
) -> None:
    evaluation = changed(overrides)
    assert evaluation.single_run_cap_km == (None if cap is None else Decimal(cap))
    assert set(evaluation.run_modifications) & {"RM01", "RM15"} == codes


def test_returning_from_a_pause_starts_with_intervals_beside_the_cap() -> None:
    evaluation = changed(PAUSED)
    assert evaluation.single_run_cap_km == Decimal("4.5")
    assert {"RM01", "RM15"} <= set(evaluation.run_modifications)


def test_while_paused_there_is_no_cap_and_only_rest_advice() -> None:
    evaluation = changed({"sx.limp": True, "fw.wear": "worn-out", "sx.run-provokers": ["pace"]})
    assert evaluation.single_run_cap_km is None
    assert set(evaluation.run_modifications) == {"RM10", "RM11", "RM13"}


@pytest.mark.parametrize(
    ("overrides", "codes"),
    [
        ({"sx.run-provokers": ["none"]}, set()),
        ({"sx.run-provokers": ["uphill"]}, {"RM02"}),
        ({"sx.run-provokers": ["downhill", "hard-surface"]}, {"RM02", "RM03"}),
        ({"sx.run-provokers": ["pace", "uneven-surface"]}, {"RM04", "RM14"}),
        ({"fw.wear": "worn-out"}, {"RM13"}),
        ({"sx.trend": "worsening"}, {"RM05", "RM10"}),
        (
            {"sx.posture-worse-than-run": True, "sx.car-provokes": True, "sx.desk-provokes": True},
            {"RM07", "RM08", "RM09"},
        ),
        ({"sx.car-provokes": True, "sx.desk-provokes": True}, set()),
    ],
)
def test_run_modifications_beside_those_of_everyone(
    overrides: dict[str, Any], codes: set[str]
) -> None:
    assert set(changed(overrides).run_modifications) == codes | {"RM01", "RM06", "RM12"}


@pytest.mark.parametrize(
    ("overrides", "codes"),
    [
        ({}, []),
        ({"hx.episode": "persistent"}, ["W-PERSIST-WORSE"]),
        ({"sx.course-in-run": "builds-progressively"}, ["W-PERSIST-WORSE"]),
        ({"sx.site": "leg"}, ["W-LEG"]),
        ({"sx.adl-limit": "mild"}, ["W-ADL-SLEEP"]),
        ({"sx.sleep-limit": True}, ["W-ADL-SLEEP"]),
        ({"sx.returns-despite-rest": True}, ["W-RETURNS"]),
        ({"sx.runs-affected": 4}, ["W-FEW-RUNS"]),
        ({"hx.prior-conditions": ["previous-back-injury"]}, ["W-HISTORY"]),
        ({"hx.prior-conditions": ["disc-problem"], "sx.trend": "improving"}, []),
        ({"hx.prior-conditions": ["osteoporosis"]}, []),
    ],
)
def test_when_to_see(overrides: dict[str, Any], codes: list[str]) -> None:
    prompts = changed(overrides).when_to_see
    assert [each.code for each in prompts] == codes
    assert all(each.why for each in prompts)

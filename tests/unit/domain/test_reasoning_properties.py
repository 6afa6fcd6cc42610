"""What holds of any checklist whatever."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.answer_problems import problems
from domain.answers import Answers
from domain.checklist import Checklist, Item, checklist
from domain.evaluation import evaluate
from domain.knowledge import load
from domain.red_flags import Disposition
from domain.rehab_plan import draft
from tests.unit.domain.case_answers import ASSESSED_ON

KNOWLEDGE = load()
ACTIVE_HIP = {"MX08", "CX07", "CX13", "CX18"}


def _values(item: Item) -> st.SearchStrategy[Any]:
    if item.type == "choice":
        one = st.sampled_from(item.options)
        several = st.lists(st.sampled_from([o for o in item.options if o != "none"]), unique=True)
        return (several.map(tuple) | one.map(lambda o: (o,))) if item.repeats else one
    if item.type == "date":
        past, future = st.dates(max_value=ASSESSED_ON), st.dates(min_value=ASSESSED_ON)
        return past if item.link_id == "hx.onset-date" else future
    plain = {"boolean": st.booleans(), "text": st.text(max_size=5)}
    return plain[item.type] if item.type in plain else _numbers(item)


def _numbers(item: Item) -> st.SearchStrategy[Any]:
    assert item.minimum is not None
    assert item.maximum is not None
    low, high = int(item.minimum), int(item.maximum)
    whole = st.integers(low, high)
    if item.type == "integer":
        return whole
    return whole | st.decimals(low, high, places=2) | st.sampled_from([Decimal(low), high])


def _group(form: Checklist, link_id: str) -> st.SearchStrategy[Any]:
    item = form.item(link_id)
    assert item is not None
    row = st.fixed_dictionaries(
        {}, optional={child.name: _values(child) for child in form.groups[link_id]}
    )
    return st.lists(row, max_size=3 if item.repeats else 1).map(tuple)


def _checklists() -> st.SearchStrategy[dict[str, Any]]:
    form = checklist()
    single = {
        item.link_id: _values(item)
        for item in form.items
        if not item.group and item.type != "group"
    }
    groups = {link_id: _group(form, link_id) for link_id in form.groups}
    screened = {
        link_id: st.sampled_from(["no"] * 12 + ["unsure", "yes"])
        for link_id in single
        if link_id.startswith("rf.") and link_id != "rf.axspa.count"
    }
    optional = {k: v for k, v in (single | groups).items() if k not in screened}
    usual = st.fixed_dictionaries(screened, optional=optional)
    anything = st.fixed_dictionaries({}, optional=single | groups)
    return usual | anything


CHECKLISTS = _checklists()
DISPOSITIONS = st.lists(
    st.builds(
        Disposition,
        st.sampled_from(sorted(KNOWLEDGE.red_flags)),
        st.sampled_from(["referred", "accepted-risk", "excluded"]),
    ),
    max_size=4,
)
examples = settings(max_examples=80, deadline=None)


@examples
@given(CHECKLISTS, DISPOSITIONS)
def test_any_valid_checklist_is_evaluated(values: Any, dispositions: list[Disposition]) -> None:
    answers = Answers(values)
    assert problems(answers, ASSESSED_ON) == []
    evaluation = evaluate(answers, dispositions, KNOWLEDGE)
    assert evaluation == evaluate(answers, dispositions, KNOWLEDGE)
    assert evaluation.complete is (evaluation.missing_required == ())
    assert len(set(evaluation.missing_required)) == len(evaluation.missing_required)
    assert [each.rank for each in evaluation.hypotheses] == list(
        range(1, len(evaluation.hypotheses) + 1)
    )
    shown = [each.ratio for each in evaluation.hypotheses]
    assert shown == sorted(shown, reverse=True)


@examples
@given(CHECKLISTS, DISPOSITIONS)
def test_a_blocked_runner_gets_no_plan_and_does_not_run(
    values: Any, dispositions: list[Disposition]
) -> None:
    evaluation = evaluate(Answers(values), dispositions, KNOWLEDGE)
    assert evaluation.plan_blocked is any(flag.blocks for flag in evaluation.red_flags)
    if evaluation.plan_blocked:
        assert evaluation.run_status.status == "pause"
        assert evaluation.streams == {}
        assert evaluation.hypotheses == ()
    else:
        assert len(evaluation.streams) == 3


@examples
@given(CHECKLISTS, DISPOSITIONS)
def test_both_streams_are_filled_capped_and_paired_in_every_phase(
    values: Any, dispositions: list[Disposition]
) -> None:
    evaluation = evaluate(Answers(values), dispositions, KNOWLEDGE)
    for phase, streams in evaluation.streams.items():
        for exercises in streams.values():
            assert 1 <= len(exercises) <= KNOWLEDGE.phases[phase].cap
            assert len(set(exercises)) == len(exercises)
        chosen = {*streams["mobility"], *streams["control"]}
        assert "MX01" not in chosen or chosen & ACTIVE_HIP


@examples
@given(CHECKLISTS)
def test_a_plan_cites_what_put_each_exercise_there(values: Any) -> None:
    answers = Answers(values)
    evaluation = evaluate(answers, [], KNOWLEDGE)
    if evaluation.plan_blocked:
        return
    known = {each.code for each in evaluation.findings} | {"run-status"}
    known |= {each.pattern for each in evaluation.hypotheses}
    known |= {each.contributor for each in evaluation.contributors}
    plan = draft(answers, evaluation, KNOWLEDGE, date(2026, 11, 23))
    for activity in plan.activities:
        assert activity.triggers
        assert set(activity.cites) <= known
        assert activity.cites or set(activity.triggers) <= {"ALWAYS", "RUNNING"}
    assert len({goal.code for goal in plan.goals}) == len(plan.goals)
    assert plan.review_on == date(2026, 11, 23) + timedelta(evaluation.review_within_days)


@examples
@given(CHECKLISTS, st.data())
def test_leaving_an_answer_out_never_adds_a_finding_that_says_yes(
    values: Any, data: st.DataObject
) -> None:
    if not values:
        return
    left_out = data.draw(st.sampled_from(sorted(values)))
    kept = {link_id: value for link_id, value in values.items() if link_id != left_out}
    before = {each.code for each in evaluate(Answers(values), [], KNOWLEDGE).findings}
    after = {each.code for each in evaluate(Answers(kept), [], KNOWLEDGE).findings}
    assert after <= before


@examples
@given(CHECKLISTS, st.sampled_from(sorted(KNOWLEDGE.red_flags)))
def test_referring_a_runner_changes_nothing_but_what_is_shown(values: Any, rule: str) -> None:
    plain = evaluate(Answers(values), [], KNOWLEDGE)
    referred = evaluate(Answers(values), [Disposition(rule, "referred")], KNOWLEDGE)
    assert referred.plan_blocked is plain.plan_blocked
    assert referred.run_status == plain.run_status
    assert referred.streams == plain.streams


@examples
@given(CHECKLISTS, st.integers(0, 10), st.integers(0, 10))
def test_more_pain_while_running_never_frees_the_runner(values: Any, one: int, other: int) -> None:
    order = ["modified", "reduce", "pause"]
    less, more = sorted((one, other))
    freer, stricter = (
        order.index(
            evaluate(Answers(values | {"sx.pain-run": pain}), [], KNOWLEDGE).run_status.status
        )
        for pain in (less, more)
    )
    assert freer <= stricter


@examples
@given(CHECKLISTS)
def test_every_finding_and_reason_says_why(values: Any) -> None:
    evaluation = evaluate(Answers(values), [], KNOWLEDGE)
    said = [each.why for each in evaluation.findings]
    said += [each.why for each in evaluation.red_flags]
    said += [each.why for each in evaluation.contributors]
    said += [each.why for each in evaluation.run_status.reasons]
    said += [each.why for each in evaluation.when_to_see]
    assert all(why and "None" not in why for why in said)
    assert all(checklist().item(link) for each in evaluation.findings for link in each.basis)

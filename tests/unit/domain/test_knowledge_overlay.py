"""What a clinic may edit, and how a mistake is reported."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from domain.evaluation import evaluate
from domain.knowledge import load
from tests.unit.domain.case_answers import answers_of, base


def overlay(tmp_path: Path, file: str, data: Any) -> Path:
    (tmp_path / file).write_text(data if isinstance(data, str) else json.dumps(data))
    return tmp_path


def test_the_ruleset_names_its_version_and_its_data() -> None:
    assert re.fullmatch(r"1\.0\.0\+[0-9a-f]{12}", load().ruleset)


def test_an_empty_directory_changes_nothing(tmp_path: Path) -> None:
    assert load(tmp_path) == load()


def test_a_threshold_of_ones_own_decides_and_shows_in_the_ruleset(tmp_path: Path) -> None:
    own = load(overlay(tmp_path, "thresholds.json", {"prolonged-sitting": {"value": 3.5}}))
    assert own.ruleset != load().ruleset
    assert own.thresholds["hip-extension-deficit"] == load().thresholds["hip-extension-deficit"]
    codes = {each.code for each in evaluate(answers_of(base()), [], own).findings}
    assert codes == {"F-SITTING"}


def test_a_weight_of_ones_own_changes_score_and_maximum(tmp_path: Path) -> None:
    line = {"P-DISC": {"evidence": {"car-sitting-provokes": {"weight": 4}}}}
    own = load(overlay(tmp_path, "patterns.json", line))
    assert own.patterns["P-DISC"].maximum == load().patterns["P-DISC"].maximum + 2


def test_a_dose_of_ones_own_reaches_the_exercise(tmp_path: Path) -> None:
    dose = {"MX01": {"dose": {"sets": {"high": 5}, "text": "3-5 times"}}}
    own = load(overlay(tmp_path, "exercises.json", dose)).exercises["MX01"].dose
    assert own.sets is not None
    assert (own.sets.low, own.sets.high, own.text) == (3, 5, "3-5 times")


@pytest.mark.parametrize(
    ("file", "data", "key"),
    [
        ("rules.json", {}, "rules.json"),
        ("checklist.json", {}, "checklist.json"),
        ("thresholds.json", {"hip": {"value": 1}}, "hip"),
        ("thresholds.json", {"prolonged-sitting": {"valeu": 1}}, "prolonged-sitting.valeu"),
        ("thresholds.json", {"prolonged-sitting": {"value": "6"}}, "prolonged-sitting.value"),
        ("thresholds.json", {"prolonged-sitting": {"value": True}}, "prolonged-sitting.value"),
        ("thresholds.json", {"prolonged-sitting": {"unit": "min"}}, "prolonged-sitting.unit"),
        ("thresholds.json", {"prolonged-sitting": 6}, "prolonged-sitting"),
        ("thresholds.json", {"band-weak": {"value": 0.7}}, "band-weak.value"),
        ("thresholds.json", {"cap-step": {"value": 0}}, "cap-step.value"),
        ("thresholds.json", {"cap-share": {"value": 101}}, "cap-share.value"),
        ("thresholds.json", '{"prolonged-sitting": {"value": NaN}}', "thresholds.json"),
        ("thresholds.json", "[]", "thresholds.json"),
        ("thresholds.json", "{", "thresholds.json"),
        ("thresholds.json", "[" * 100_000, "thresholds.json"),
        (
            "patterns.json",
            {"P-DISC": {"evidence": {"centralises": {"weight": 2.5}}}},
            "P-DISC.evidence.centralises.weight",
        ),
        ("contributors.json", {"C-LOAD": {"cut": 0}}, "C-LOAD.cut"),
        ("phases.json", {"1": {"cap": 0}}, "1.cap"),
        ("phases.json", {"1": {"weeks": {"low": 3}}}, "1.weeks"),
        ("red-flags.json", {"RF-CES": {"severity": "urgent"}}, "RF-CES.severity"),
        ("red-flags.json", {"RF-CES": {"severity": "bad"}}, "RF-CES.severity"),
        ("red-flags.json", {"RF-CES": {"blocks": False}}, "RF-CES.blocks"),
        ("exercises.json", {"MX01": {"triggers": ["F-HIP"]}}, "MX01.triggers"),
        ("exercises.json", {"MX01": {"triggers": []}}, "MX01.triggers"),
        ("exercises.json", {"MX01": {"phases": [4]}}, "MX01.phases"),
        ("exercises.json", {"MX01": {"stream": "strength"}}, "MX01.stream"),
        ("exercises.json", {"MX01": {"dose": {"sets": {"low": 9}}}}, "MX01.dose.sets"),
        ("exercises.json", {"MX05": {"triggers": ["F-HAM"]}}, "phase 1, mobility"),
        ("exercises.json", {"CX14": {"phases": [3]}}, "phase 2, control"),
        ("run-status.json", {"reviewWithinDays": {"pause": {"value": 0}}}, "pause.value"),
        ("education.json", {"ED-01": {"text": " "}}, "ED-01.text"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_file_and_key(
    tmp_path: Path, file: str, data: Any, key: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(key)) as mistake:
        load(overlay(tmp_path, file, data))
    assert file in str(mistake.value)
    assert str(mistake.value).endswith(".")


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        load(tmp_path / "nowhere")


def test_a_severity_may_be_raised(tmp_path: Path) -> None:
    own = load(overlay(tmp_path, "red-flags.json", {"RF-BSI": {"severity": "emergency"}}))
    assert own.red_flags["RF-BSI"].severity == "emergency"


def test_every_editable_number_says_where_it_comes_from() -> None:
    knowledge = load()
    assert all(row.source for row in knowledge.threshold_rows.values())
    assert all(each.dose.source for each in knowledge.exercises.values())
    assert all(rule.source for rule in knowledge.patterns.values())
    assert all(line.seeds for rule in knowledge.patterns.values() for line in rule.lines)
    assert all(rule.seeds for rule in knowledge.contributors.values())


def test_loading_is_fast(tmp_path: Path) -> None:
    overlay(tmp_path, "phases.json", {"1": {"cap": 3}})
    load()
    seconds = []
    for _ in range(5):
        begun = time.process_time()
        load(tmp_path)
        seconds.append(time.process_time() - begun)
    assert min(seconds) < 0.03

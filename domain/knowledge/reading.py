"""From the knowledge files to the records that the rules read."""

from collections.abc import Mapping
from decimal import Decimal

from domain.exercises import Dose, Exercise, Range
from domain.knowledge.records import (
    ContributorLine,
    ContributorRule,
    Data,
    EvidenceLine,
    FindingRule,
    GoalRule,
    Knowledge,
    PatternRule,
    PhaseRule,
    RedFlagRule,
    SelfManagementRule,
    StatusRule,
    Threshold,
    Wording,
)


def _wordings(rows: Data) -> dict[str, Wording]:
    return {
        key: Wording(key, row["text"], row.get("source", ""), tuple(row.get("seeds", ())))
        for key, row in rows.items()
    }


def _range(row: Data | None) -> Range | None:
    return Range(row["low"], row["high"]) if row else None


def _dose(row: Data) -> Dose:
    return Dose(
        text=row["text"],
        sets=_range(row.get("sets")),
        repetitions=_range(row.get("repetitions")),
        hold_seconds=_range(row.get("holdSeconds")),
        per_week=_range(row.get("perWeek")),
        per_side=row["perSide"],
        in_run=row["inRun"],
        source=row["source"],
    )


def _exercise(key: str, row: Data) -> Exercise:
    return Exercise(
        id=key,
        stream=row["stream"],
        name=row["name"],
        origin=row["origin"],
        seeds=tuple(row["seeds"]),
        triggers=tuple(row["triggers"]),
        phases=tuple(row["phases"]),
        dose=_dose(row["dose"]),
        progression=row.get("progression"),
        regression=row.get("regression"),
        avoid_when=row.get("avoidWhen"),
        priority=row["priority"],
    )


def _pattern(key: str, row: Data) -> PatternRule:
    lines = tuple(
        EvidenceLine(when, line["weight"], line["text"], tuple(line["seeds"]))
        for when, line in row["evidence"].items()
    )
    return PatternRule(key, row["name"], row["source"], tuple(row["minimumData"]), lines)


def _contributor(key: str, row: Data) -> ContributorRule:
    lines = tuple(
        ContributorLine(when, line["weight"], line.get("perSide", False))
        for when, line in row["lines"].items()
    )
    seeds = tuple(row["seeds"])
    return ContributorRule(key, row["name"], row["cut"], row["source"], lines, seeds)


def _red_flag(key: str, row: Data) -> RedFlagRule:
    return RedFlagRule(
        code=key,
        name=row["name"],
        severity=row["severity"],
        blocks=row["blocks"],
        action=row["action"],
        source=row["source"],
        seeds=tuple(row["seeds"]),
    )


def _phase(key: str, row: Data) -> PhaseRule:
    return PhaseRule(
        number=int(key),
        name=row["name"],
        aim=row["aim"],
        entry=row["entry"],
        exit=tuple(row["exit"]),
        weeks=Range(row["weeks"]["low"], row["weeks"]["high"]),
        cap=row["cap"],
    )


def _goal(key: str, row: Data) -> GoalRule:
    return GoalRule(
        code=key,
        text=row["text"],
        measure=row["measure"],
        comparator=row["comparator"],
        target=Decimal(row["target"]),
        unit=row["unit"],
        phase=row["phase"],
        source=row["source"],
        seeds=tuple(row["seeds"]),
    )


def _self_management(row: Data) -> SelfManagementRule:
    return SelfManagementRule(
        ladder=tuple(_wordings(row["ladder"]).values()),
        ladder_entry=row["ladderEntry"],
        ladder_rule=row["ladderRule"]["text"],
        stop_rules=tuple(_wordings(row["stopRules"]).values()),
        blocks=tuple(_wordings(row["blocks"]).values()),
        weekly_report=tuple(_wordings(row["weeklyReport"]).values()),
    )


def _threshold(row: Data) -> Threshold:
    return Threshold(Decimal(row["value"]), row["unit"], row["source"], tuple(row["seeds"]))


def _status(key: str, row: Data) -> StatusRule:
    return StatusRule(key, row["level"], row["text"], row["source"], tuple(row["seeds"]))


def _finding(key: str, row: Data) -> FindingRule:
    return FindingRule(key, row["name"], row["kind"], row.get("unit"), tuple(row["seeds"]))


def knowledge_from(files: Mapping[str, Data], ruleset: str) -> Knowledge:
    """Build the records from checked files."""
    thresholds = {key: _threshold(row) for key, row in files["thresholds.json"].items()}
    status = files["run-status.json"]
    contributors = files["contributors.json"]
    return Knowledge(
        ruleset=ruleset,
        thresholds={key: row.value for key, row in thresholds.items()},
        threshold_rows=thresholds,
        findings={key: _finding(key, row) for key, row in files["findings.json"].items()},
        patterns={key: _pattern(key, row) for key, row in files["patterns.json"].items()},
        contributors={key: _contributor(key, row) for key, row in contributors.items()},
        red_flags={key: _red_flag(key, row) for key, row in files["red-flags.json"].items()},
        when_to_see=_wordings(files["when-to-see.json"]),
        run_status={key: _status(key, row) for key, row in status["reasons"].items()},
        review_within_days={k: row["value"] for k, row in status["reviewWithinDays"].items()},
        exercises={key: _exercise(key, row) for key, row in files["exercises.json"].items()},
        phases={int(key): _phase(key, row) for key, row in files["phases.json"].items()},
        run_modifications=_wordings(files["run-modifications.json"]),
        education=_wordings(files["education.json"]),
        goals={key: _goal(key, row) for key, row in files["goals.json"].items()},
        self_management=_self_management(files["self-management.json"]),
    )

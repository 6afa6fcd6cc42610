"""What must hold of the knowledge, whatever a clinic has edited."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from domain.knowledge.records import Data

SEVERITIES = ("routine", "priority", "urgent", "emergency")  # rising
STREAMS = ("mobility", "control")
PHASES = (1, 2, 3)
# Exercises that a coded exclusion (E.2) may take out of a plan: they cannot keep a stream filled.
EXCLUDABLE = ("MX01", "MX02", "MX03", "MX04", "MX06", "CX03", "CX12")
_RISING = (
    ("band-weak", "band-moderate", "band-strong"),
    ("hip-extension-marked", "hip-extension-deficit"),
    ("leg-length-minor", "leg-length-moderate", "leg-length-significant"),
    ("spike-small", "spike-moderate", "spike-large"),
    ("axspa-hla", "axspa-refer"),
    ("pain-reduce", "pain-pause"),
    ("si-provocation-negative", "si-provocation-positive"),
)
_POSITIVE = ("band-weak", "cap-share", "cap-step", "leg-length-minor", "fair-control-tests")
_AT_MOST = {"band-strong": 1, "cap-share": 100, "pain-pause": 10}

Problem = tuple[str, str, str]  # file, key, what is wrong with it


def check(files: Mapping[str, Data], shipped: Mapping[str, Data]) -> None:
    """Check the effective files once, before anything is computed with them.

    Raises:
        ValueError: a sentence that names the file and the key of the first mistake.

    """
    for file, key, mistake in _problems(files, shipped):
        message = f"The knowledge file {file} is wrong at {key}: {mistake}."
        raise ValueError(message)


def _problems(files: Mapping[str, Data], shipped: Mapping[str, Data]) -> Iterator[Problem]:
    yield from _texts(files)
    yield from _thresholds(files["thresholds.json"])
    yield from _weights(files["patterns.json"], files["contributors.json"])
    yield from _severities(files["red-flags.json"], shipped["red-flags.json"])
    yield from _whole_numbers(files)
    yield from _exercises(files)
    yield from _streams_are_filled(files["exercises.json"])


def _texts(files: Mapping[str, Data]) -> Iterator[Problem]:
    for file, data in files.items():
        for key, value in _leaves(data):
            if isinstance(value, str) and not value.strip():
                yield file, key, "a text must not be empty"


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _leaves(child, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for child in value:
            yield key, child
    else:
        yield key, value


def _thresholds(rows: Data) -> Iterator[Problem]:
    values = {key: row["value"] for key, row in rows.items()}
    file = "thresholds.json"
    for names in _RISING:
        for low, high in pairwise(names):
            if not values[low] < values[high]:
                yield file, f"{low}.value", f"it must be below {high}"
    for name in _POSITIVE:
        if not values[name] > 0:
            yield file, f"{name}.value", "it must be above 0"
    for name, most in _AT_MOST.items():
        if values[name] > most:
            yield file, f"{name}.value", f"it must be at most {most}"


def _weights(patterns: Data, contributors: Data) -> Iterator[Problem]:
    lines = [("patterns.json", p, "evidence", row["evidence"]) for p, row in patterns.items()]
    lines += [("contributors.json", c, "lines", row["lines"]) for c, row in contributors.items()]
    for file, code, name, rows in lines:
        for when, line in rows.items():
            if type(line["weight"]) is not int or not line["weight"]:
                yield file, f"{code}.{name}.{when}.weight", "it must be a whole number other than 0"
        if not any(line["weight"] > 0 for line in rows.values()):
            yield file, f"{code}.{name}", "at least one weight must be positive"


def _severities(rows: Data, shipped: Data) -> Iterator[Problem]:
    for code, row in rows.items():
        if row["severity"] not in SEVERITIES:
            yield "red-flags.json", f"{code}.severity", f"it must be one of {', '.join(SEVERITIES)}"
        elif SEVERITIES.index(row["severity"]) < SEVERITIES.index(shipped[code]["severity"]):
            yield "red-flags.json", f"{code}.severity", "it can be raised but not lowered"


def _whole_numbers(files: Mapping[str, Data]) -> Iterator[Problem]:
    rows = [("contributors.json", f"{c}.cut", row["cut"]) for c, row in _of(files, "contributors")]
    rows += [("phases.json", f"{p}.cap", row["cap"]) for p, row in _of(files, "phases")]
    rows += [
        ("run-status.json", f"reviewWithinDays.{key}.value", row["value"])
        for key, row in files["run-status.json"]["reviewWithinDays"].items()
    ]
    rows += [
        ("exercises.json", f"{x}.priority", row["priority"]) for x, row in _of(files, "exercises")
    ]
    for file, key, value in rows:
        if type(value) is not int or value < 1:
            yield file, key, "it must be a whole number of at least 1"


def _of(files: Mapping[str, Data], name: str) -> list[tuple[str, Data]]:
    return list(files[f"{name}.json"].items())


def _known_triggers(files: Mapping[str, Data]) -> set[str]:
    signs = files["checklist.json"]["items"]["ga.degradation-first-sign"]["options"]
    known = {f"FS-{sign.upper()}" for sign in signs}
    known |= {"ALWAYS", "RUNNING", "P-NERVE-REFERRED"}
    for name in ("findings.json", "patterns.json", "contributors.json"):
        known |= set(files[name])
    return known


def _exercises(files: Mapping[str, Data]) -> Iterator[Problem]:
    known = _known_triggers(files)
    for code, row in files["exercises.json"].items():
        if not row["triggers"] or not set(row["triggers"]) <= known:
            yield "exercises.json", f"{code}.triggers", "it must hold known triggers, at least one"
        if not row["phases"] or not set(row["phases"]) <= set(PHASES):
            yield "exercises.json", f"{code}.phases", "it must hold phases 1 to 3, at least one"
        if row["stream"] not in STREAMS:
            yield "exercises.json", f"{code}.stream", "it must be mobility or control"
    yield from _ranges(files)


def _ranges(files: Mapping[str, Data]) -> Iterator[Problem]:
    rows = [
        ("exercises.json", f"{code}.dose.{name}", part)
        for code, row in files["exercises.json"].items()
        for name, part in row["dose"].items()
        if isinstance(part, dict)
    ]
    rows += [("phases.json", f"{p}.weeks", row["weeks"]) for p, row in _of(files, "phases")]
    for file, key, row in rows:
        low, high = row["low"], row["high"]
        if type(low) is not int or type(high) is not int or not 1 <= low <= high:
            yield file, key, "low and high must be whole numbers, 1 at least, low not above high"


def _streams_are_filled(exercises: Data) -> Iterator[Problem]:
    for phase in PHASES:
        for stream in STREAMS:
            always = {"ALWAYS", "RUNNING"} if phase == max(PHASES) else {"ALWAYS"}
            if not any(
                row["stream"] == stream and phase in row["phases"] and always & set(row["triggers"])
                for code, row in exercises.items()
                if code not in EXCLUDABLE
            ):
                key = f"phase {phase}, {stream}"
                yield "exercises.json", key, "one exercise of each stream must be there ALWAYS"

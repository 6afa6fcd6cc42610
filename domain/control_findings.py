"""Findings of the control tests, the training history and the shoes (specification C.1)."""

from domain.answers import SIDES, Answers
from domain.findings import (
    Finding,
    Rule,
    asymmetry,
    chosen_on_sides,
    measured_on_sides,
    present,
)
from domain.knowledge.records import Thresholds
from domain.training_load import exceeds, shown, spike_percent

SINGLE_LEG_TESTS = {
    "co.sl-squat": "squat",
    "co.sl-landing": "landing",
    "co.sl-push-off": "push-off",
}


def f_slcontrol(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-SLCONTROL: on a side any poor, or two fair, of squat, landing and push-off (S-119)."""
    sides, basis, words = [], [], []
    for side in SIDES:
        tests = {f"{test}.{side}": name for test, name in SINGLE_LEG_TESTS.items()}
        poor = [test for test in tests if answers.is_one_of(test, "poor")]
        fair = [test for test in tests if answers.is_one_of(test, "fair")]
        if poor or len(fair) >= limits["fair-control-tests"]:
            sides.append(side)
            basis += poor + fair
            words += [f"{tests[test]} {side} {answers.choice(test)}" for test in poor + fair]
    why = f"single-leg control: {', '.join(words)}"
    return Finding("F-SLCONTROL", tuple(sides), basis=tuple(basis), why=why) if sides else None


def f_glute(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-GLUTE: gluteal activation reduced (S-037, S-168, S-194)."""
    words = "gluteal activation reduced"
    return chosen_on_sides("F-GLUTE", answers, "co.glute-activation", "reduced", words)


def f_hipabd(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-HIPABD: hip abduction weak (S-006, S-160)."""
    return chosen_on_sides("F-HIPABD", answers, "co.hip-abduction", "weak", "hip abduction weak")


def f_sideplank(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-SIDEPLANK: side plank held for less than 45 s (S-126, S-128)."""
    limit = limits["side-plank-short"]
    words = f"side plank {{}} s (below {limit} s)"
    return measured_on_sides("F-SIDEPLANK", answers, "co.side-plank", words, lambda x: x < limit)


def f_sideplank_asym(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-SIDEPLANK-ASYM: side planks differ by 15 s or more (S-126, S-128)."""
    limit = limits["side-plank-asymmetry"]
    return asymmetry("F-SIDEPLANK-ASYM", answers, "co.side-plank", limit, "side plank in seconds")


def f_abdo(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-ABDO: abdominal and pelvic control poor (S-117, S-201)."""
    holds = answers.is_one_of("co.abdominal-control", "poor")
    return present("F-ABDO", holds, "abdominal control poor", "co.abdominal-control")


def f_abdo_fair(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-ABDO-FAIR: abdominal and pelvic control fair (S-117, S-201)."""
    holds = answers.is_one_of("co.abdominal-control", "fair")
    return present("F-ABDO-FAIR", holds, "abdominal control fair", "co.abdominal-control")


def f_plank(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-PLANK: front plank held for less than 60 s (S-157, S-136)."""
    limit = limits["front-plank-short"]
    holds = answers.is_number("co.front-plank", lambda x: x < limit)
    why = f"front plank {answers.number('co.front-plank')} s (below {limit} s)"
    return present("F-PLANK", holds, why, "co.front-plank")


def f_breath(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-BREATH: breathing other than diaphragmatic (S-116)."""
    holds = answers.is_other_than("co.breathing", "diaphragmatic")
    return present(
        "F-BREATH", holds, f"breathing: {answers.choice('co.breathing')}", "co.breathing"
    )


def f_sitting(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-SITTING: seated for 6 hours or more of a working day (S-044, S-137)."""
    limit = limits["prolonged-sitting"]
    holds = answers.is_number("hx.sitting-hours", lambda x: x >= limit)
    why = f"seated {answers.number('hx.sitting-hours')} h a day (at least {limit} h)"
    return present("F-SITTING", holds, why, "hx.sitting-hours")


def f_shoe_worn(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-SHOE-WORN: shoes worn out, or 800 km and more on them (S-169)."""
    limit = limits["shoe-distance"]
    signs = {
        "fw.wear": answers.is_one_of("fw.wear", "worn-out"),
        "fw.shoe-km": answers.is_number("fw.shoe-km", lambda x: x >= limit),
    }
    basis = tuple(link_id for link_id, holds in signs.items() if holds)
    worn = {"fw.wear": "worn out", "fw.shoe-km": f"{answers.number('fw.shoe-km')} km on them"}
    why = f"shoes: {', '.join(worn[link_id] for link_id in basis)}"
    return present("F-SHOE-WORN", bool(basis), why, *basis)


def f_shoe_match(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-SHOE-MATCH: the shoe does not suit the foot (S-170)."""
    holds = answers.is_one_of("fw.match", "no")
    return present("F-SHOE-MATCH", holds, "shoes do not suit the foot mechanics", "fw.match")


def f_shoe_new(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-SHOE-NEW: shoes changed in the last 6 weeks (S-169)."""
    holds = answers.includes("hx.recent-change", "shoes")
    return present("F-SHOE-NEW", holds, "shoes changed in the last 6 weeks", "hx.recent-change")


def f_spike(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-SPIKE: index run more than 10 % above the longest of 30 days (Frandsen 2025; S-227)."""
    percent = spike_percent(answers)
    if percent is None or not exceeds(percent, limits["spike-small"]):
        return None
    basis = ("hx.index-run", "hx.longest-run-30d")
    run, longest = (answers.number(link_id) for link_id in basis)
    value = shown(percent)
    why = f"run of {run} km, {value} % above the longest of the 30 days before ({longest} km)"
    return Finding("F-SPIKE", value=value, basis=basis, why=why)


def f_loadchange(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-LOADCHANGE: distance, frequency, pace or hills changed in the last 6 weeks (S-227)."""
    changes = ("distance", "frequency", "pace", "hills")
    changed = [change for change in answers.chosen("hx.recent-change") if change in changes]
    why = f"changed in the last 6 weeks: {', '.join(changed)}"
    return present("F-LOADCHANGE", bool(changed), why, "hx.recent-change")


def f_nostrength(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-NOSTRENGTH: no muscle-strengthening day in the week (S-164, S-230)."""
    holds = answers.is_number("hx.strength-days", lambda days: days == 0)
    return present("F-NOSTRENGTH", holds, "no muscle-strengthening days", "hx.strength-days")


RULES: dict[str, Rule] = {
    "F-SITTING": f_sitting,
    "F-SLCONTROL": f_slcontrol,
    "F-GLUTE": f_glute,
    "F-HIPABD": f_hipabd,
    "F-SIDEPLANK": f_sideplank,
    "F-SIDEPLANK-ASYM": f_sideplank_asym,
    "F-ABDO": f_abdo,
    "F-ABDO-FAIR": f_abdo_fair,
    "F-PLANK": f_plank,
    "F-BREATH": f_breath,
    "F-SHOE-WORN": f_shoe_worn,
    "F-SHOE-MATCH": f_shoe_match,
    "F-SHOE-NEW": f_shoe_new,
    "F-SPIKE": f_spike,
    "F-LOADCHANGE": f_loadchange,
    "F-NOSTRENGTH": f_nostrength,
}

"""Findings of the mobility, posture and leg-length tests (specification C.1; B.4, B.5)."""

from domain.answers import Answers
from domain.findings import (
    Finding,
    Rule,
    asymmetry,
    measured_on_sides,
    present,
    side_difference,
)
from domain.knowledge.records import Thresholds

HIP_EXTENSION = "mo.hip-extension"
ROTATION = "mo.thoracic-rotation"
LEG_LENGTH = "po.leg-length"
MILLIMETRES = 10  # in a centimetre, the unit that leg length is measured in


def f_hipext(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-HIPEXT: passive hip extension below 10° (S-017, S-023, S-058)."""
    limit = limits["hip-extension-deficit"]
    words = f"passive hip extension {{}}° (below {limit}°)"
    return measured_on_sides("F-HIPEXT", answers, HIP_EXTENSION, words, lambda x: x < limit)


def f_hipext_marked(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-HIPEXT-MARKED: passive hip extension of 0° or less (S-017, S-023)."""
    limit = limits["hip-extension-marked"]
    words = f"passive hip extension {{}}° (at most {limit}°)"
    return measured_on_sides("F-HIPEXT-MARKED", answers, HIP_EXTENSION, words, lambda x: x <= limit)


def f_hipext_asym(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-HIPEXT-ASYM: hip extension differs by 5° or more between the sides (S-023, S-058)."""
    limit = limits["hip-extension-asymmetry"]
    words = "passive hip extension in degrees"
    return asymmetry("F-HIPEXT-ASYM", answers, HIP_EXTENSION, limit, words)


def f_hipflex(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-HIPFLEX: modified Thomas thigh angle above -9.7° (S-137, S-155)."""
    limit = limits["hip-flexor-tight"]
    words = f"thigh angle in the modified Thomas test {{}}° (above {limit}°)"
    return measured_on_sides("F-HIPFLEX", answers, "mo.hip-flexor", words, lambda x: x > limit)


def f_rectus(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-RECTUS: modified Thomas knee flexion below 60° (S-190, S-191)."""
    limit = limits["rectus-femoris-tight"]
    words = f"knee flexion in the modified Thomas test {{}}° (below {limit}°)"
    return measured_on_sides("F-RECTUS", answers, "mo.rectus-femoris", words, lambda x: x < limit)


def f_ham(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-HAM: passive knee-extension lag above 40° (S-139, S-153)."""
    limit = limits["hamstring-tight"]
    words = f"knee-extension lag {{}}° (above {limit}°)"
    return measured_on_sides("F-HAM", answers, "mo.hamstring", words, lambda x: x > limit)


def f_trot(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-TROT: thoracic rotation below 40° (S-007, S-044, S-059)."""
    limit = limits["thoracic-rotation-restricted"]
    words = f"thoracic rotation {{}}° (below {limit}°)"
    return measured_on_sides("F-TROT", answers, ROTATION, words, lambda x: x < limit)


def f_trot_asym(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-TROT-ASYM: thoracic rotation differs by 10° or more (S-059)."""
    limit = limits["thoracic-rotation-asymmetry"]
    return asymmetry("F-TROT-ASYM", answers, ROTATION, limit, "thoracic rotation in degrees")


def f_text(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-TEXT: thoracic extension limited (S-195)."""
    holds = answers.is_one_of("mo.thoracic-extension", "limited")
    return present("F-TEXT", holds, "thoracic extension limited", "mo.thoracic-extension")


def f_lld(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-LLD: leg-length difference of 5 mm or more; its value is in mm (S-140, S-186)."""
    difference = side_difference(answers, LEG_LENGTH)
    if difference is None or difference * MILLIMETRES < limits["leg-length-minor"]:
        return None
    millimetres = difference * MILLIMETRES
    basis = (f"{LEG_LENGTH}.L", f"{LEG_LENGTH}.R")
    return Finding("F-LLD", value=millimetres, basis=basis, why=f"legs differ by {millimetres} mm")


def f_pelvic_unlevel(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-PELVIC-UNLEVEL: the standing pelvis is not level (S-141)."""
    level = answers.choice("po.pelvic-level")
    holds = answers.is_other_than("po.pelvic-level", "level")
    return present("F-PELVIC-UNLEVEL", holds, f"standing pelvis {level}", "po.pelvic-level")


def f_lordosis(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-LORDOSIS: increased lordosis or anterior pelvic tilt in standing (S-020, S-114)."""
    signs = {
        "po.standing": answers.is_one_of("po.standing", "increased-lordosis"),
        "po.pelvic-tilt": answers.is_one_of("po.pelvic-tilt", "anterior"),
    }
    basis = tuple(link_id for link_id, holds in signs.items() if holds)
    words = {"po.standing": "increased lordosis", "po.pelvic-tilt": "anterior pelvic tilt"}
    why = " and ".join(words[link_id] for link_id in basis)
    return present("F-LORDOSIS", bool(basis), f"{why} in standing", *basis)


RULES: dict[str, Rule] = {
    "F-HIPEXT": f_hipext,
    "F-HIPEXT-MARKED": f_hipext_marked,
    "F-HIPEXT-ASYM": f_hipext_asym,
    "F-HIPFLEX": f_hipflex,
    "F-RECTUS": f_rectus,
    "F-HAM": f_ham,
    "F-TROT": f_trot,
    "F-TROT-ASYM": f_trot_asym,
    "F-TEXT": f_text,
    "F-LLD": f_lld,
    "F-PELVIC-UNLEVEL": f_pelvic_unlevel,
    "F-LORDOSIS": f_lordosis,
}

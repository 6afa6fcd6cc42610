"""Findings of the running-gait observation (specification C.1, C.5; B.7).

A sign counts when any observed stage shows it.
"""

from collections.abc import Callable
from functools import partial

from domain.answers import SIDES, Answers
from domain.findings import Finding, Rule, named, present
from domain.knowledge.records import Thresholds

Sign = Callable[[Answers], bool]


def _seen(answers: Answers, sign: Sign) -> str:
    """Name the stages that show the sign."""
    shown = [stage.choice("condition") or "stage" for stage in answers.stages() if sign(stage)]
    return ", ".join(dict.fromkeys(shown))


def _any_stage(code: str, answers: Answers, item: str, sign: Sign, words: str) -> Finding | None:
    stages = _seen(answers, sign)
    return present(code, bool(stages), f"{words} ({stages})", f"ga.stage.{item}")


def _on_side(sign: Callable[[Answers, str], bool], link_id: str, stage: Answers) -> bool:
    return sign(stage, link_id)


def _any_stage_on_sides(
    code: str, answers: Answers, item: str, sign: Callable[[Answers, str], bool], words: str
) -> Finding | None:
    seen = {side: _seen(answers, partial(_on_side, sign, f"{item}.{side}")) for side in SIDES}
    sides = tuple(side for side in SIDES if seen[side])
    if not sides:
        return None
    why = "; ".join(f"{words} {named((side,))} ({seen[side]})" for side in sides)
    return Finding(code, sides, basis=tuple(f"ga.stage.{item}.{side}" for side in sides), why=why)


def f_g_hipext(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-G-HIPEXT: late-stance hip extension reduced (S-018, S-023, S-088)."""
    return _any_stage_on_sides(
        "F-G-HIPEXT",
        answers,
        "hip-extension",
        lambda stage, link_id: stage.is_one_of(link_id, "reduced"),
        "late-stance hip extension reduced",
    )


def f_g_drop(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-G-DROP: the pelvis drops by more than 5° in stance on this leg (S-061)."""
    limit = limits["pelvic-drop"]
    return _any_stage_on_sides(
        "F-G-DROP",
        answers,
        "pelvic-drop",
        lambda stage, link_id: stage.is_number(link_id, lambda degrees: degrees > limit),
        f"pelvic drop above {limit}° in stance",
    )


def f_g_lumbext(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-G-LUMBEXT: the lumbar spine extends at push-off (S-020, S-021)."""
    words = "lumbar spine extends or pelvis tips forward at push-off"
    item = "lumbar-extension"
    return _any_stage("F-G-LUMBEXT", answers, item, lambda stage: stage.says_yes(item), words)


def f_g_crot(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-G-CROT: counter-rotation reduced or absent (S-045, S-060)."""
    return _any_stage(
        "F-G-CROT", answers, "counter-rotation", rotation_sign, "less counter-rotation"
    )


def f_g_pelrot(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-G-PELROT: uneven pelvic rotation (S-039, S-061)."""
    item = "pelvic-rotation-asym"
    words = "uneven pelvic rotation"
    return _any_stage("F-G-PELROT", answers, item, lambda stage: stage.says_yes(item), words)


def f_g_lean(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-G-LEAN: lateral trunk lean (S-038, S-047)."""
    return _any_stage("F-G-LEAN", answers, "trunk-lean", trunk_sign, "trunk leans to one side")


def f_g_arm(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-G-ARM: arm swing reduced (S-015, S-046)."""
    item = "arm-swing"
    return _any_stage(
        "F-G-ARM",
        answers,
        item,
        lambda stage: stage.is_other_than(item, "symmetric"),
        "arm swing reduced",
    )


def f_g_stride(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-G-STRIDE: stride longer on one side (S-013, S-036, S-142)."""
    item = "stride-asym"
    return _any_stage(
        "F-G-STRIDE",
        answers,
        item,
        lambda stage: stage.is_other_than(item, "none"),
        "stride longer on one side",
    )


def f_g_overstride(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-G-OVERSTRIDE: overstriding (S-134)."""
    item = "overstride"
    return _any_stage(
        "F-G-OVERSTRIDE", answers, item, lambda stage: stage.says_yes(item), "overstriding"
    )


def f_g_forward(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-G-FORWARD: excess forward trunk (S-133)."""
    item = "trunk-sagittal"
    return _any_stage(
        "F-G-FORWARD",
        answers,
        item,
        lambda stage: stage.is_one_of(item, "excess-forward"),
        "trunk too far forward",
    )


def f_g_upright(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-G-UPRIGHT: upright, extended trunk (S-114)."""
    item = "trunk-sagittal"
    return _any_stage(
        "F-G-UPRIGHT",
        answers,
        item,
        lambda stage: stage.is_one_of(item, "upright-extended"),
        "trunk upright and extended",
    )


def f_degrade(answers: Answers, _limits: Thresholds) -> Finding | None:
    """F-DEGRADE: the movement pattern degrades within the run (S-062, S-086)."""
    link_id = "ga.degradation-observed"
    distance = answers.number("ga.degradation-km")
    where = "" if distance is None else f" at about {distance} km"
    why = f"movement degrades within the run{where}"
    return present("F-DEGRADE", answers.says_yes(link_id), why, link_id)


def hip_sign(stage: Answers) -> bool:
    """Late-stance hip extension reduced on either side."""
    return any(stage.is_one_of(f"hip-extension.{side}", "reduced") for side in SIDES)


def rotation_sign(stage: Answers) -> bool:
    """Counter-rotation reduced or absent."""
    return stage.is_one_of("counter-rotation", "reduced", "absent")


def pelvis_sign(stage: Answers, limits: Thresholds) -> bool:
    """Pelvic drop above 5° on either side, or uneven pelvic rotation."""
    limit = limits["pelvic-drop"]
    drops = (stage.is_number(f"pelvic-drop.{side}", lambda x: x > limit) for side in SIDES)
    return any(drops) or stage.says_yes("pelvic-rotation-asym")


def trunk_sign(stage: Answers) -> bool:
    """Trunk lean other than none."""
    return stage.is_other_than("trunk-lean", "none")


def new_signs(answers: Answers, limits: Thresholds, *conditions: str) -> tuple[str, ...]:
    """Name the signs shown in one of these stages and in no easy stage (C.5).

    Nothing is new without at least one easy stage and one of the others to compare.
    """
    signs: dict[str, Sign] = {
        "hip extension": hip_sign,
        "counter-rotation": rotation_sign,
        "pelvis": lambda stage: pelvis_sign(stage, limits),
        "trunk lean": trunk_sign,
    }
    easy, harder = answers.stages("easy"), answers.stages(*conditions)
    if not easy:
        return ()
    return tuple(
        name for name, sign in signs.items() if any(map(sign, harder)) and not any(map(sign, easy))
    )


_SIGN_ITEMS = {
    "hip extension": ("ga.stage.hip-extension.L", "ga.stage.hip-extension.R"),
    "counter-rotation": ("ga.stage.counter-rotation",),
    "pelvis": (
        "ga.stage.pelvic-drop.L",
        "ga.stage.pelvic-drop.R",
        "ga.stage.pelvic-rotation-asym",
    ),
    "trunk lean": ("ga.stage.trunk-lean",),
}


def _basis(signs: tuple[str, ...]) -> tuple[str, ...]:
    return ("ga.stage.condition", *(item for sign in signs for item in _SIGN_ITEMS[sign]))


def f_pace(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-PACE: a sign at tempo or race pace that no easy stage shows (S-016, S-060)."""
    signs = new_signs(answers, limits, "tempo", "race")
    why = f"only at higher pace: {', '.join(signs)}"
    return present("F-PACE", bool(signs), why, *_basis(signs))


def f_fatigue_sign(answers: Answers, limits: Thresholds) -> Finding | None:
    """F-FATIGUE-SIGN: a sign when fatigued that no easy stage shows (S-057, S-162)."""
    signs = new_signs(answers, limits, "fatigued")
    why = f"only when fatigued: {', '.join(signs)}"
    return present("F-FATIGUE-SIGN", bool(signs), why, *_basis(signs))


RULES: dict[str, Rule] = {
    "F-G-HIPEXT": f_g_hipext,
    "F-G-LUMBEXT": f_g_lumbext,
    "F-G-CROT": f_g_crot,
    "F-G-DROP": f_g_drop,
    "F-G-PELROT": f_g_pelrot,
    "F-G-LEAN": f_g_lean,
    "F-G-ARM": f_g_arm,
    "F-G-STRIDE": f_g_stride,
    "F-G-OVERSTRIDE": f_g_overstride,
    "F-G-FORWARD": f_g_forward,
    "F-G-UPRIGHT": f_g_upright,
    "F-DEGRADE": f_degrade,
    "F-PACE": f_pace,
    "F-FATIGUE-SIGN": f_fatigue_sign,
}

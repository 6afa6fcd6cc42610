"""Conditions of evidence that the runner tells: history and symptoms (C.2, C.3, C.5)."""

from domain.leg_symptoms import (
    RADICULAR,
    has_leg_symptoms,
    has_nerve_quality,
    reaches_calf_or_foot,
)
from domain.presentation import Condition, Presentation
from domain.training_load import exceeds, spike_percent


def course_builds_progressively(case: Presentation) -> bool:
    """Pain builds progressively through the run (S-025)."""
    return case.answers.is_one_of("sx.course-in-run", "builds-progressively")


def course_late_only(case: Presentation) -> bool:
    """Pain comes late in the run only (S-086)."""
    return case.answers.is_one_of("sx.course-in-run", "late-only")


def worst_early_then_eases(case: Presentation) -> bool:
    """Pain is worst early in the run and then eases (S-041)."""
    return case.answers.is_one_of("sx.course-in-run", "worst-early-eases")


def improves_with_running(case: Presentation) -> bool:
    """Pain gets better with running (S-211)."""
    return case.answers.is_one_of("sx.course-in-run", "improves-with-running")


def stiffness_worst_on_stopping(case: Presentation) -> bool:
    """Stiffness is worst on stopping (S-026, S-092)."""
    return case.answers.includes("sx.after-stop", "stiff-worst-on-stopping")


def eases_with_walking(case: Presentation) -> bool:
    """Stiffness after the run eases by walking (S-027, S-093)."""
    return case.answers.says_yes("sx.eases-with-walking")


def stiff_on_stopping_and_eases_with_walking(case: Presentation) -> bool:
    """Both of the above (S-092)."""
    return stiffness_worst_on_stopping(case) and eases_with_walking(case)


def extension_provokes(case: Presentation) -> bool:
    """Lumbar extension or tall posture provokes, as the runner says (S-115, S-192)."""
    return case.answers.says_yes("sx.extension-provokes")


def held_postures_worse_than_run(case: Presentation) -> bool:
    """Held postures afterwards hurt more than the run (S-029)."""
    return case.answers.says_yes("sx.posture-worse-than-run")


def car_sitting_provokes(case: Presentation) -> bool:
    """Sitting in the car provokes (S-030)."""
    return case.answers.says_yes("sx.car-provokes")


def desk_sitting_provokes(case: Presentation) -> bool:
    """Desk sitting later that day provokes (S-031)."""
    return case.answers.says_yes("sx.desk-provokes")


def morning_after_hard_session(case: Presentation) -> bool:
    """Pain is provoked the morning after a hard session (S-032)."""
    return case.answers.says_yes("sx.morning-after")


def no_sitting_or_morning_provocation(case: Presentation) -> bool:
    """Car, desk and morning were all answered with no (S-029)."""
    asked = ("sx.car-provokes", "sx.desk-provokes", "sx.morning-after")
    return all(case.answers.says_no(link_id) for link_id in asked)


def known_disc_problem(case: Presentation) -> bool:
    """Disc problem in the history (S-145, S-241)."""
    return case.answers.includes("hx.prior-conditions", "disc-problem")


def one_sided_posterior_pelvic_pain(case: Presentation) -> bool:
    """Posterior pelvis, left or right (S-040)."""
    answers = case.answers
    one_sided = answers.is_one_of("sx.side", "left", "right")
    return one_sided and answers.is_one_of("sx.site", "posterior-pelvis")


def pain_central_or_bilateral(case: Presentation) -> bool:
    """Pain in the middle or on both sides (S-040)."""
    return case.answers.is_one_of("sx.side", "central", "bilateral")


def catching_in_stance(case: Presentation) -> bool:
    """Catching or locking in stance (S-042)."""
    return case.answers.says_yes("sx.catching")


def radicular_signs(case: Presentation) -> bool:
    """Leg symptoms of the radicular subtype (S-051)."""
    return case.subtype == RADICULAR


def symptoms_in_calf_or_foot(case: Presentation) -> bool:
    """Leg symptoms reach the calf or the foot (S-051)."""
    return reaches_calf_or_foot(case.answers)


def leg_symptoms(case: Presentation) -> bool:
    """Any buttock or leg symptom (S-048)."""
    return has_leg_symptoms(case.answers)


def no_leg_symptoms(case: Presentation) -> bool:
    """No buttock or leg symptom (S-048)."""
    return not has_leg_symptoms(case.answers)


def tingling_numbness_or_shooting(case: Presentation) -> bool:
    """Tingling, numbness or shooting in the leg (S-048)."""
    return has_nerve_quality(case.answers)


def months_of_stretching_without_gain(case: Presentation) -> bool:
    """Three months and more of stretching the same area without lasting gain (S-052)."""
    limit = case.thresholds["stretching-months"]
    return case.answers.is_number("hx.stretching-months", lambda months: months >= limit)


def self_labelled_leg_muscle(case: Presentation) -> bool:
    """Runner calls it hamstring, piriformis or ITB (S-049)."""
    return case.answers.is_one_of("sx.self-label", "hamstring", "piriformis", "itb")


def spike_moderate(case: Presentation) -> bool:
    """Single-run spike above 30 % (Frandsen 2025)."""
    return exceeds(spike_percent(case.answers), case.thresholds["spike-moderate"])


def spike_large(case: Presentation) -> bool:
    """Single-run spike above 100 % (Frandsen 2025)."""
    return exceeds(spike_percent(case.answers), case.thresholds["spike-large"])


def novice(case: Presentation) -> bool:
    """Novice runner (S-131)."""
    return case.answers.is_one_of("hx.runner-level", "novice")


CONDITIONS: tuple[Condition, ...] = (
    course_builds_progressively,
    course_late_only,
    worst_early_then_eases,
    improves_with_running,
    stiffness_worst_on_stopping,
    eases_with_walking,
    stiff_on_stopping_and_eases_with_walking,
    extension_provokes,
    held_postures_worse_than_run,
    car_sitting_provokes,
    desk_sitting_provokes,
    morning_after_hard_session,
    no_sitting_or_morning_provocation,
    known_disc_problem,
    one_sided_posterior_pelvic_pain,
    pain_central_or_bilateral,
    catching_in_stance,
    radicular_signs,
    symptoms_in_calf_or_foot,
    leg_symptoms,
    no_leg_symptoms,
    tingling_numbness_or_shooting,
    months_of_stretching_without_gain,
    self_labelled_leg_muscle,
    spike_moderate,
    spike_large,
    novice,
)

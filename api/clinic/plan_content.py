"""What every two-stream plan holds to (specification E.1): streams, caps, citations, pairing."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.clinic.canonical import Canonical
from api.clinic.end_state import EndState
from api.clinic.plan import STREAMS
from api.clinic.planned_activity import PlannedActivity
from api.clinic.references import local_keys
from api.clinic.twin_builders import RUN_STATUS
from api.fhir.outcome import Issue
from domain.exercises import ALWAYS, RUNNING
from domain.knowledge import Knowledge

# Some triggers are no finding, so that nothing can be cited for them.
_NOTHING_TO_CITE = frozenset({ALWAYS, RUNNING})
_CITED_SYSTEMS = ("rs-finding", "rs-pattern", "rs-contributor", "runner-spine")

# What stands behind a trigger that is no code of a twin: the finding that the first sign was seen
# in, and the pattern, or else the run status, that referred leg symptoms lead to.
_FIRST_SIGN = "FS-"
_BEHIND: Mapping[str, tuple[str, ...]] = {"P-NERVE-REFERRED": ("P-NERVE", RUN_STATUS)}

# K-05: a hip-flexor stretch is paired with an active hip exercise in the same phase. The active
# hip extension that joins by this rule cites what the stretch cites.
_STRETCH = "MX01"
_ACTIVE_HIP = frozenset({"MX08", "CX07", "CX13", "CX18"})
_PAIRED = "MX08"


@dataclass(frozen=True, slots=True)
class PlanRules:
    """The rules of a plan's content, judged on the end state of a transaction."""

    knowledge: Knowledge
    canonical: Canonical
    base_url: str

    def issues(
        self, plan: Mapping[str, Any], activities: list[PlannedActivity], state: EndState
    ) -> Iterator[Issue]:
        """Return every rule that a plan breaks."""
        for activity in activities:
            yield from self._placement(activity)
        yield from self._counts(activities)
        yield from self._pairing(activities)
        yield from self._citations(plan, activities, state)

    def _placement(self, activity: PlannedActivity) -> Iterator[Issue]:
        if activity.stream not in STREAMS or activity.phase not in self.knowledge.phases:
            message = (
                "An exercise says its stream (mobility or control) and its phase (1, 2 or 3) "
                "in the extension exercise-dosage."
            )
            yield Issue("required", message, (f"{activity.path}.extension",))
            return
        if activity.exercise is None:
            return
        exercise = self.knowledge.exercises.get(activity.exercise)
        if exercise is None:
            message = "The exercise library has no such code."
            yield Issue("code-invalid", message, (f"{activity.path}.code",))
        elif exercise.stream != activity.stream:
            message = f"{exercise.id} belongs to the {exercise.stream} stream."
            yield Issue("business-rule", message, (f"{activity.path}.extension",))

    def _counts(self, activities: list[PlannedActivity]) -> Iterator[Issue]:
        counts = Counter((activity.stream, activity.phase) for activity in activities)
        for phase, rule in self.knowledge.phases.items():
            for stream in STREAMS:
                count = counts[stream, phase]
                if count == 0:
                    message = f"The {stream} stream has no exercise in phase {phase}."
                    yield Issue("business-rule", message, ("CarePlan.activity",))
                if count > rule.cap:
                    message = f"The {stream} stream has {count} exercises in phase {phase}; "
                    message += f"at most {rule.cap} can be kept up."
                    yield Issue("business-rule", message, ("CarePlan.activity",))

    def _pairing(self, activities: list[PlannedActivity]) -> Iterator[Issue]:
        for activity in activities:
            phase = {other.exercise for other in activities if other.phase == activity.phase}
            if activity.exercise == _STRETCH and not phase & _ACTIVE_HIP:
                message = (
                    f"{_STRETCH} stands beside an active hip exercise in its phase "
                    f"({', '.join(sorted(_ACTIVE_HIP))}), since stretching alone misses the driver."
                )
                yield Issue("business-rule", message, (activity.path,))

    def _citations(
        self, plan: Mapping[str, Any], activities: list[PlannedActivity], state: EndState
    ) -> Iterator[Issue]:
        keys = {key for activity in activities for key in self._cited(activity)}
        cited = state.read_many(keys)
        for activity in activities:
            citable = self._citable(activity)
            if citable is None:
                continue
            reasons = [cited[key] for key in self._cited(activity) if key in cited]
            own = [reason for reason in reasons if self._same_subject(plan, reason, state)]
            if not any(self._is_reason(reason, citable) for reason in own):
                yield Issue(
                    "business-rule",
                    "An exercise cites the runner's own findings, patterns or contributors that "
                    f"put it there: {', '.join(sorted(citable)) or 'at least one'}.",
                    (f"{activity.path}.reasonReference",),
                )

    def _cited(self, activity: PlannedActivity) -> list[tuple[str, str]]:
        keys = local_keys(list(activity.cites), self.base_url)
        return [(key.type, key.id) for key in keys]

    def _citable(self, activity: PlannedActivity) -> frozenset[str] | None:
        """Return the codes that an exercise may cite, None when it may stand without citing any."""
        library = self.knowledge.exercises
        exercise = library.get(activity.exercise or "")
        if exercise is None:
            return frozenset()
        triggers = set(exercise.triggers)
        if activity.exercise == _PAIRED:
            triggers |= set(library[_STRETCH].triggers)
        if triggers & _NOTHING_TO_CITE:
            return None
        return frozenset(code for trigger in triggers for code in _codes_behind(trigger))

    def _is_reason(self, reason: Mapping[str, Any], citable: frozenset[str]) -> bool:
        """Whether a resource is a reason; an exercise of the clinician's own may have any."""
        systems = {self.canonical.code_system(name) for name in _CITED_SYSTEMS}
        codings = reason.get("code", {}).get("coding", ())
        codes = {coding.get("code") for coding in codings if coding.get("system") in systems}
        return not citable or bool(codes & citable)

    @staticmethod
    def _same_subject(plan: Mapping[str, Any], reason: Mapping[str, Any], state: EndState) -> bool:
        return state.subject_of(reason) == state.subject_of(plan)


def _codes_behind(trigger: str) -> tuple[str, ...]:
    if trigger.startswith(_FIRST_SIGN):
        return ("F-DEGRADE",)
    return _BEHIND.get(trigger, (trigger,))

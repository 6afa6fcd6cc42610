"""The grammar of a search: the parameters of a request become a SearchQuery.

https://hl7.org/fhir/R4/search.html

A repeated parameter means AND, a comma OR. What is unknown or not supported is refused with the
nearest valid name, or, when the client asks for lenient handling, left out of the query and noted.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from api.fhir.lexical import UNWANTED
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.registry import registry
from api.fhir.search_asked import (
    MAX_COMPARISONS,
    MAX_CONDITIONS,
    MAX_INCLUDES,
    MAX_SORT_KEYS,
    Clause,
    SearchOptions,
    SearchQuery,
    SortKey,
    Total,
)
from api.fhir.search_condition import Condition, Setting, conditions_of, split_values
from api.fhir.search_controls import (
    count_of,
    elements_of,
    is_true,
    refused,
    sort_key,
    summary_of,
    total_of,
    types_of,
)
from api.fhir.search_criterion import criterion_of
from api.fhir.search_include import Include, read_include
from api.fhir.search_parameter import CONTROLS, INCLUDES, NotUnderstoodError

__all__ = [
    "MAX_COMPARISONS",
    "MAX_CONDITIONS",
    "MAX_SORT_KEYS",
    "Clause",
    "SearchOptions",
    "SearchQuery",
    "SortKey",
    "parse_search",
]


def parse_search(
    resource_type: str, parameters: Sequence[tuple[str, str]], options: SearchOptions
) -> SearchQuery:
    """Read the parameters of a search on a type that the registry knows, "" for several types.

    Raises Failure (INVALID or NOT_SUPPORTED) with an issue for every parameter that is refused.
    """
    types = (resource_type,) if resource_type else _types(parameters, options)
    reading = _Reading(resource_type, types, options, count=options.default_count)
    times = Counter(name for name, _ in parameters)
    for name, value in parameters:
        try:
            _check_text(name, value, is_repeated=times[name] > 1)
            _reader(name, resource_type)(reading, name, value)
        except Failure as failure:
            reading.issues.extend(failure.issues)
        except NotUnderstoodError as error:
            reading.leave_out(name, error.issue)
    _check_size(reading)
    if reading.issues:
        raise Failure(_kind(reading.issues), *reading.issues)
    return reading.query()


@dataclass(slots=True)
class _Reading:
    """A query while it is being read."""

    resource_type: str
    types: tuple[str, ...]
    options: SearchOptions
    count: int
    total: Total | None = None
    summary: str = ""
    elements: tuple[str, ...] = ()
    is_explained: bool = False
    clauses: list[Clause] = field(default_factory=list)
    sort: list[SortKey] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    understood: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    @property
    def setting(self) -> Setting:
        return Setting(
            self.options.time_zone,
            self.options.base_url,
            self.options.now,
            self.options.terminology,
        )

    def leave_out(self, name: str, issue: Issue) -> None:
        """Refuse what is not supported, or note it when the client asked for leniency."""
        if self.options.lenient:
            self.ignored.append((name, issue.diagnostics))
        else:
            self.issues.append(issue)

    def query(self) -> SearchQuery:
        return SearchQuery(
            resource_type=self.resource_type,
            clauses=tuple(self.clauses),
            sort=tuple(self.sort),
            count=0 if self.summary == "count" else self.count,
            total=self.total,
            understood=tuple(self.understood),
            ignored=tuple(self.ignored),
            resource_types=() if self.resource_type else self.types,
            includes=tuple(self.includes),
            summary=self.summary,
            elements=self.elements,
            is_explained=self.is_explained,
            setting=self.setting,
        )


def _types(parameters: Sequence[tuple[str, str]], options: SearchOptions) -> tuple[str, ...]:
    """Give the types of a search on no one type: those of `_type`, or all that are offered."""
    named = [value for name, value in parameters if name == "_type"]
    if named:
        return types_of(",".join(named), options.types)
    types = registry().types.values()
    stored = (each.name for each in types if each.is_stored and not each.is_logical)
    return options.types or tuple(stored)


def _check_text(name: str, value: str, *, is_repeated: bool) -> None:
    if UNWANTED.search(name) or UNWANTED.search(value):
        sentence = "A search parameter holds a control character or half of a surrogate pair."
        raise refused(Issue("value", sentence, ("http.parameters",)))
    if is_repeated and name in CONTROLS:
        raise refused(Issue("invalid", f"{name} is given twice.", (f"http.{name}",)))


def _reader(name: str, resource_type: str) -> Callable[[_Reading, str, str], None]:
    if name.partition(":")[0] in INCLUDES:
        return _read_include
    if name == "_type" and not resource_type:
        return _read_noted
    return _CONTROL_READERS.get(name, _read_clause)


def _read_clause(reading: _Reading, name: str, value: str) -> None:
    if not value.strip():
        # A name that means nothing is the better thing to say, so it is read all the same.
        criterion_of(reading.types, f"{name.partition(':')[0]}:missing", "true", reading.setting)
        sentence = f"{name} has no value; leave it out, or ask for {name}:missing=true."
        raise NotUnderstoodError(Issue("value", sentence, (f"http.{name}",)))
    criterion = criterion_of(reading.types, name, value, reading.setting)
    reading.clauses.append(Clause(name, tuple(split_values(value, ",")), criterion))
    reading.understood.append((name, value))


def _read_include(reading: _Reading, name: str, value: str) -> None:
    for each in value.split(","):
        reading.includes.append(read_include(name, each.strip(), reading.types))
    reading.understood.append((name, value))


def _read_sort(reading: _Reading, name: str, value: str) -> None:
    understood = []
    for written in value.split(","):
        code = written.removeprefix("-").strip()
        try:
            key = sort_key(reading.types, code, is_descending=written.startswith("-"))
        except NotUnderstoodError as error:
            reading.leave_out(name, error.issue)
            continue
        if code not in {each.code for each in reading.sort}:
            reading.sort.append(key)
            understood.append(written.strip())
    if understood:
        reading.understood.append((name, ",".join(understood)))


def _read_count(reading: _Reading, name: str, value: str) -> None:
    reading.count = count_of(value, reading.options)
    reading.understood.append((name, str(reading.count)))


def _read_total(reading: _Reading, name: str, value: str) -> None:
    reading.total = total_of(value)
    reading.understood.append((name, value))


def _read_total_method(reading: _Reading, _name: str, value: str) -> None:
    # What fhirpy and other clients of Aidbox write for `_total`.
    _read_total(reading, "_total", {"count": "accurate"}.get(value, value))


def _read_summary(reading: _Reading, name: str, value: str) -> None:
    reading.summary = summary_of(value)
    if value != "false":
        reading.understood.append((name, value))


def _read_elements(reading: _Reading, name: str, value: str) -> None:
    reading.elements = elements_of(value, reading.types)
    reading.understood.append((name, value))


def _read_explain(reading: _Reading, name: str, value: str) -> None:
    reading.is_explained = is_true(name, value)
    reading.understood.append((name, value))


def _read_noted(reading: _Reading, name: str, value: str) -> None:
    # Whoever answers has read these; here they only stay in the self link.
    reading.understood.append((name, value))


def _check_size(reading: _Reading) -> None:
    conditions = [found for each in reading.clauses for found in conditions_of(each.condition)]
    if len(reading.sort) > MAX_SORT_KEYS:
        reading.issues.append(_too_costly("_sort", f"_sort takes up to {MAX_SORT_KEYS} keys."))
    if len(reading.includes) > MAX_INCLUDES:
        sentence = f"A search takes up to {MAX_INCLUDES} of _include and _revinclude."
        reading.issues.append(_too_costly("_include", sentence))
    if len(conditions) > MAX_CONDITIONS or sum(_comparisons(conditions)) > MAX_COMPARISONS:
        sentence = "The search holds too many values; ask for them in several requests."
        reading.issues.append(_too_costly("parameters", sentence))
    if reading.summary == "text" and reading.includes:
        sentence = "_summary=text cannot be mixed with _include and _revinclude."
        reading.issues.append(Issue("invalid", sentence, ("http._summary",)))


def _comparisons(conditions: Sequence[Condition]) -> Iterator[int]:
    for condition in conditions:
        yield from (max(1, len(each)) for each in condition.alternatives)


def _too_costly(name: str, sentence: str) -> Issue:
    return Issue("too-costly", sentence, (f"http.{name}",))


def _kind(issues: Sequence[Issue]) -> FailureKind:
    unsupported = all(issue.code == "not-supported" for issue in issues)
    return FailureKind.NOT_SUPPORTED if unsupported else FailureKind.INVALID


_CONTROL_READERS: Final[Mapping[str, Callable[[_Reading, str, str], None]]] = {
    "_sort": _read_sort,
    "_count": _read_count,
    "_total": _read_total,
    "_totalMethod": _read_total_method,
    "_summary": _read_summary,
    "_elements": _read_elements,
    "_explain": _read_explain,
    "_format": _read_noted,
    "_pretty": _read_noted,
}

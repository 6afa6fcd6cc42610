"""The grammar of a search: the parameters of a request become a SearchQuery.

https://hl7.org/fhir/R4/search.html

A repeated parameter means AND, a comma OR. What is unknown or not supported is refused with the
nearest valid name, or, when the client asks for lenient handling, left out of the query and noted.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from api.fhir.index_values import TABLES
from api.fhir.lexical import UNWANTED
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.search_condition import RESOURCE, Condition, Setting, split_values
from api.fhir.search_parameter import (
    CONTROLS,
    NamedParameter,
    find_parameter,
    nearest,
    not_supported,
    shown,
)
from api.fhir.search_values import condition_of

Total: TypeAlias = Literal["none", "estimate", "accurate"]

MAX_CONDITIONS: Final = 64
MAX_COMPARISONS: Final = 800
MAX_SORT_KEYS: Final = 8
"""Limits that keep one request from occupying a database; SQLite nests 1,000 levels at most."""

SORT_COLUMNS: Final = {
    "index_string": "value_start",
    "index_token": "code",
    "index_date": "low",
    "index_number": "low",
    "index_quantity": "low",
    "index_reference": "target_id",
    "index_uri": "value",
}
_RESOURCE_SORTS: Final = {"_id": "resource_id", "_lastUpdated": "last_updated"}


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What a search is read against; `now` and `base_url` as the request's context has them."""

    lenient: bool
    time_zone: ZoneInfo
    base_url: str
    now: int
    default_count: int = 20
    max_count: int = 1000


@dataclass(frozen=True, slots=True)
class Clause:
    """One parameter of the request: what it is, and the condition it sets.

    `values` are the alternatives as they were written, escapes included.
    """

    parameter: NamedParameter
    values: tuple[str, ...]
    condition: Condition

    @property
    def modifier(self) -> str | None:
        """The modifier without its colon."""
        return self.parameter.modifier


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of `_sort`: a column of the index table of a parameter, or of the resource itself."""

    code: str
    table: str
    column: str
    parameter: str
    is_descending: bool


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search that can be run. Every clause must hold.

    `count` is the size of a page; 0 asks for the number of matches alone. `understood` holds the
    parameters in the order of the request, as the self link repeats them; `ignored` those that
    were left out, each with a sentence.
    """

    resource_type: str
    clauses: tuple[Clause, ...] = ()
    sort: tuple[SortKey, ...] = ()
    count: int = 20
    total: Total | None = None
    understood: tuple[tuple[str, str], ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()


def parse_search(
    resource_type: str, parameters: Sequence[tuple[str, str]], options: SearchOptions
) -> SearchQuery:
    """Read the parameters of a search on a type that the registry knows.

    Raises Failure (INVALID or NOT_SUPPORTED) with an issue for every parameter that is refused.
    """
    reading = _Reading(resource_type, options, count=options.default_count)
    repeated = {
        name for name, times in Counter(name for name, _ in parameters).items() if times > 1
    }
    for name, value in parameters:
        try:
            _check_text(name, value, is_repeated=name in repeated)
            _CONTROL_READERS.get(name, _read_clause)(reading, name, value)
        except Failure as failure:
            reading.issues.extend(failure.issues)
    _check_size(reading)
    if reading.issues:
        raise Failure(_kind(reading.issues), *reading.issues)
    return reading.query()


@dataclass(slots=True)
class _Reading:
    """A query while it is being read."""

    resource_type: str
    options: SearchOptions
    count: int
    total: Total | None = None
    clauses: list[Clause] = field(default_factory=list)
    sort: list[SortKey] = field(default_factory=list)
    understood: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    @property
    def setting(self) -> Setting:
        return Setting(self.options.time_zone, self.options.base_url, self.options.now)

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
            count=self.count,
            total=self.total,
            understood=tuple(self.understood),
            ignored=tuple(self.ignored),
        )


def _check_text(name: str, value: str, *, is_repeated: bool) -> None:
    if UNWANTED.search(name) or UNWANTED.search(value):
        sentence = "A search parameter holds a control character or half of a surrogate pair."
        raise _refused(Issue("value", sentence, ("http.parameters",)))
    if is_repeated and name in CONTROLS:
        raise _refused(Issue("invalid", f"{name} is given twice.", (f"http.{name}",)))


def _read_clause(reading: _Reading, name: str, value: str) -> None:
    found = find_parameter(reading.resource_type, name)
    if isinstance(found, Issue):
        reading.leave_out(name, found)
    elif not value.strip():
        sentence = f"{name} has no value; leave it out, or ask for {name}:missing=true."
        reading.leave_out(name, Issue("value", sentence, (f"http.{name}",)))
    else:
        values = tuple(split_values(value, ","))
        condition = condition_of(found, values, reading.setting)
        reading.clauses.append(Clause(found, values, condition))
        reading.understood.append((name, value))


def _read_sort(reading: _Reading, name: str, value: str) -> None:
    understood = []
    for written in value.split(","):
        code = written.removeprefix("-").strip()
        key = _sort_key(reading.resource_type, code, is_descending=written.startswith("-"))
        if isinstance(key, Issue):
            reading.leave_out(name, key)
        elif code not in {each.code for each in reading.sort}:
            reading.sort.append(key)
            understood.append(written.strip())
    if understood:
        reading.understood.append((name, ",".join(understood)))


def _sort_key(resource_type: str, code: str, *, is_descending: bool) -> SortKey | Issue:
    found = find_parameter(resource_type, code)
    if isinstance(found, Issue):
        return Issue(found.code, f"_sort: {found.diagnostics}", ("http._sort",))
    if found.modifier is not None:
        return not_supported("_sort", "_sort takes search parameters without a modifier.")
    column = _RESOURCE_SORTS.get(code)
    if column:
        return SortKey(code, RESOURCE, column, found.key, is_descending)
    table = TABLES[found.parameter.type]
    return SortKey(code, table, SORT_COLUMNS[table], found.key, is_descending)


def _read_count(reading: _Reading, name: str, value: str) -> None:
    if not re.fullmatch("[0-9]+", value):
        sentence = "_count takes the largest number of matches on a page, 0 for their number alone."
        raise _refused(Issue("value", sentence, ("http._count",)))
    # A number of so many digits is above every limit, and Python would not even read it.
    is_long = len(value) > len(str(reading.options.max_count)) + 20
    asked = reading.options.max_count if is_long else int(value)
    used = min(asked, reading.options.max_count)
    if not any(each == "_summary" for each, _ in reading.understood):
        reading.count = used
    reading.understood.append((name, str(used)))


def _read_total(reading: _Reading, name: str, value: str) -> None:
    totals: Mapping[str, Total] = {each: each for each in ("none", "estimate", "accurate")}
    if value not in totals:
        raise _refused(_not_one_of(name, value, totals))
    reading.total = totals[value]
    reading.understood.append((name, value))


def _read_summary(reading: _Reading, name: str, value: str) -> None:
    if value not in ("count", "false"):
        issue = _not_one_of(name, value, ("count", "false"))
        reading.leave_out(name, not_supported(name, issue.diagnostics))
        return
    if value == "count":
        reading.count = 0
        reading.understood.append((name, value))


def _read_format(reading: _Reading, name: str, value: str) -> None:
    # Whoever answers has read these; here they only stay in the self link.
    reading.understood.append((name, value))


def _not_one_of(name: str, value: str, known: Sequence[str] | Mapping[str, Total]) -> Issue:
    close = nearest(value, known)
    hint = f" Did you mean '{close}'?" if close else ""
    sentence = f"{name} takes {' or '.join(known)}, not {shown(value)}.{hint}"
    return Issue("value", sentence, (f"http.{name}",))


def _check_size(reading: _Reading) -> None:
    if len(reading.sort) > MAX_SORT_KEYS:
        reading.issues.append(_too_costly("_sort", f"_sort takes up to {MAX_SORT_KEYS} keys."))
    if len(reading.clauses) > MAX_CONDITIONS or sum(_comparisons(reading)) > MAX_COMPARISONS:
        sentence = "The search holds too many values; ask for them in several requests."
        reading.issues.append(_too_costly("parameters", sentence))


def _comparisons(reading: _Reading) -> Iterator[int]:
    for clause in reading.clauses:
        yield from (max(1, len(each)) for each in clause.condition.alternatives)


def _too_costly(name: str, sentence: str) -> Issue:
    return Issue("too-costly", sentence, (f"http.{name}",))


def _refused(issue: Issue) -> Failure:
    return Failure(FailureKind.INVALID, issue)


def _kind(issues: Sequence[Issue]) -> FailureKind:
    unsupported = all(issue.code == "not-supported" for issue in issues)
    return FailureKind.NOT_SUPPORTED if unsupported else FailureKind.INVALID


_CONTROL_READERS: Final[Mapping[str, Callable[[_Reading, str, str], None]]] = {
    "_sort": _read_sort,
    "_count": _read_count,
    "_total": _read_total,
    "_summary": _read_summary,
    "_format": _read_format,
    "_pretty": _read_format,
}

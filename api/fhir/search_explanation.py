"""A search explained: what each parameter was understood to ask, in words.

Not part of FHIR: `_explain=true` puts it into an OperationOutcome entry of the answer.
"""

from collections.abc import Iterator

from api.fhir.outcome import Issue
from api.fhir.search_condition import RESOURCE, Alternative, Condition, Criterion, Link, Value
from api.fhir.search_query import SearchQuery

_MAX_SHOWN = 10
_INFORMATION = "informational"


def explanation(query: SearchQuery, plan: list[str]) -> list[Issue]:
    """Give an issue for each criterion, sort key, and line of the database's plan."""
    return [_issue(*each) for each in _lines(query, plan)]


def _lines(query: SearchQuery, plan: list[str]) -> Iterator[tuple[str, str]]:
    for clause in query.clauses:
        yield clause.name, f"{clause.name} asks for {described(clause.condition)}."
    for key in query.sort:
        order = "descending by the largest" if key.is_descending else "ascending by the smallest"
        place = f"{key.table}.{key.column}"
        yield "_sort", f"Sorted by {key.code}, {order} value ({place}); without a value last."
    for edge in query.includes:
        repeated = ", again for what comes along" if edge.is_iterative else ""
        yield "_include", f"Brings along {edge.text}{repeated}."
    for line in plan:
        yield "plan", f"Plan: {line.strip()}"


def described(criterion: Criterion) -> str:
    """Say what a criterion asks."""
    if isinstance(criterion, Condition):
        return _condition(criterion)
    if isinstance(criterion, Link):
        return _link(criterion)
    words = " and " if criterion.is_all else " or "
    joined = words.join(f"({described(each)})" for each in criterion.criteria[:_MAX_SHOWN])
    return f"not {joined}" if criterion.is_negated else joined


def _condition(condition: Condition) -> str:
    shown = [_alternative(each) for each in condition.alternatives[:_MAX_SHOWN]]
    more = " or …" if len(condition.alternatives) > _MAX_SHOWN else ""
    where = " or ".join(shown) + more
    names = ", ".join((condition.parameters or (condition.parameter,))[:_MAX_SHOWN])
    if condition.table == RESOURCE:
        return f"{'no' if condition.is_negated else 'a'} {names} where {where}"
    amount = "no value" if condition.is_negated else "a value"
    return f"{amount} of {names} ({condition.table}) where {where}"


def _alternative(alternative: Alternative) -> str:
    if not alternative:
        return "there is any"
    return " and ".join(f"{name} {sign} {_value(value)}" for name, sign, value in alternative)


def _value(value: Value) -> str:
    if isinstance(value, tuple):
        listed = ", ".join(map(str, value[:_MAX_SHOWN]))
        return f"({listed}{', …' if len(value) > _MAX_SHOWN else ''})"
    return repr(value)


def _link(link: Link) -> str:
    names = ", ".join(link.parameters)
    inner = " and ".join(described(each) for each in link.criteria)
    if link.is_reverse:
        return f"a resource that refers to it by {names} and has {inner}"
    target = link.target_type or "resource"
    return f"a reference {names} to a {target} that has {inner}"


def _issue(name: str, sentence: str) -> Issue:
    return Issue(_INFORMATION, sentence, (f"http.{name[:64]}",), severity="information")

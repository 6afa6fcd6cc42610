"""What cannot be accepted as an answer (B, C.5): each problem names the linkId."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from domain.answers import Answers
from domain.checklist import Item, checklist

NONE = "none"
# A number with more decimals measures nothing, and exact arithmetic on it costs.
MOST_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class AnswerProblem:
    """An answer that cannot be accepted; `index` is the row, from 0, of a repeated group."""

    link_id: str
    message: str
    index: int | None = None


def problems(answers: Answers, assessed_on: date) -> list[AnswerProblem]:
    """Return everything that is wrong with the answers, in their order.

    An unknown linkId, a value of the wrong kind or out of range, a code that is not an option,
    none beside others, an onset after the assessment, and a target date before it.
    """
    found: list[AnswerProblem] = []
    for link_id, value in answers.values.items():
        item = checklist().item(link_id)
        if item is None or item.group:
            found.append(AnswerProblem(link_id, f"{link_id} is not a question of the checklist."))
        elif item.type == "group":
            found += _group(item, value)
        else:
            found += [AnswerProblem(link_id, words) for words in _value(item, value)]
    return found + list(_dates(answers, assessed_on))


def _dates(answers: Answers, assessed_on: date) -> Iterator[AnswerProblem]:
    onset, target = answers.value("hx.onset-date"), answers.value("go.target-date")
    if type(onset) is date and onset > assessed_on:
        words = f"The onset {onset} is after the assessment on {assessed_on}."
        yield AnswerProblem("hx.onset-date", words)
    if type(target) is date and target < assessed_on:
        words = f"The goal date {target} is before the assessment on {assessed_on}."
        yield AnswerProblem("go.target-date", words)


def _group(item: Item, value: Any) -> Iterator[AnswerProblem]:
    if not isinstance(value, tuple) or not all(isinstance(row, Mapping) for row in value):
        yield AnswerProblem(item.link_id, f"{item.link_id} is a group of answers.")
        return
    most = item.maximum_rows if item.repeats else 1
    if most is not None and len(value) > most:
        yield AnswerProblem(item.link_id, f"{item.link_id} takes at most {most}.")
    for index, row in enumerate(value):
        yield from _row(item.link_id, index, row)


def _row(group: str, index: int, row: Mapping[str, Any]) -> Iterator[AnswerProblem]:
    children = {child.name: child for child in checklist().groups[group]}
    for name, value in row.items():
        link_id = f"{group}.{name}"
        if name not in children:
            yield AnswerProblem(link_id, f"{link_id} is not a question of the checklist.", index)
            continue
        for words in _value(children[name], value):
            yield AnswerProblem(link_id, words, index)


def _value(item: Item, value: Any) -> Iterator[str]:
    if item.type == "choice":
        yield from _choice(item, value)
    elif item.type in ("integer", "decimal", "quantity"):
        yield from _number(item, value)
    elif type(value) is not _PLAIN[item.type][0]:  # a datetime is no date, though it is one
        yield f"{item.link_id} takes {_PLAIN[item.type][1]}."


_PLAIN: Mapping[str, tuple[type, str]] = {
    "boolean": (bool, "true or false"),
    "date": (date, "a date"),
    "text": (str, "a text"),
}


def _choice(item: Item, value: Any) -> Iterator[str]:
    chosen = value if isinstance(value, tuple) else (value,)
    if isinstance(value, tuple) and not item.repeats:
        yield f"{item.link_id} takes one answer."
        return
    for option in chosen:
        if not isinstance(option, str) or option not in item.options:
            yield f"{item.link_id} takes one of: {', '.join(item.options)}."
    if NONE in chosen and len(chosen) > 1:
        yield f"{item.link_id} cannot hold none beside other answers."


def _number(item: Item, value: Any) -> Iterator[str]:
    kinds = (int,) if item.type == "integer" else (int, Decimal)
    if isinstance(value, bool) or not isinstance(value, kinds):
        yield f"{item.link_id} takes {'a whole number' if item.type == 'integer' else 'a number'}."
        return
    number = Decimal(value)
    low, high = item.minimum, item.maximum
    if not number.is_finite() or low is None or high is None or not low <= number <= high:
        yield f"{item.link_id} takes a number from {low} to {high}."
    elif _decimals(number) > MOST_DECIMALS:
        yield f"{item.link_id} takes at most {MOST_DECIMALS} decimals."


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0

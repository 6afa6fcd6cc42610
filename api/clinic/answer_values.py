"""One answer's `value[x]` as the plain value that the domain reasons with.

https://hl7.org/fhir/R4/questionnaireresponse-definitions.html#QuestionnaireResponse.item.answer.value_x_

Here only the kind of a value is judged; whether it is an option or in range, the checklist knows.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from api.clinic.canonical import UCUM
from domain.answers import Scalar
from domain.checklist import Item

_FULL_DATE = len("2026-11-22")

# The contract does not say whether a functional score may have a fraction, so that its writers
# send both; a whole number is the same score either way.
_ALSO_READ: Mapping[str, tuple[str, ...]] = {"om.psfs.score": ("valueDecimal", "valueInteger")}


class Refused(Exception):  # noqa: N818 - the field's own word; it becomes an issue, not a fault.
    """An answer that cannot be read; its text tells the sender what to change."""


def read_value(question: Item, answer: dict[str, Any], answer_system: str) -> Scalar:
    """Read one `answer` of this question; raises Refused when it is of another kind.

    `answer_system` is the code system of the options; a coding that names none is read as ours.
    """
    key, read = _READERS[question.type]
    given = next((name for name in answer if name.startswith("value")), None)
    if given is None:
        raise Refused("an answer without a value; leave the item out when it was not answered")
    if given != key and given not in _ALSO_READ.get(question.link_id, ()):
        raise Refused(f"is answered with {key}, not {given}")
    if given == "valueCoding" and answer[given].get("system", answer_system) != answer_system:
        raise Refused(f"the options are codes of {answer_system}")
    return _READ_AS.get(given, read)(question, answer[given])


def _choice(question: Item, value: Any) -> str:
    if "code" not in value:
        raise Refused(f"the coding needs a code: {' | '.join(question.options)}")
    return str(value["code"])


def _boolean(_question: Item, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused("is answered with true or false")
    return value


def _integer(_question: Item, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused("is answered with a whole number")
    return value


def _decimal(question: Item, value: Any) -> Decimal | int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refused("is answered with a number")
    number = Decimal(value)
    whole = question.type == "integer" and number == number.to_integral_value()
    return int(number) if whole else number


def _quantity(question: Item, value: Any) -> Decimal | int:
    unit = question.unit or "1"
    if value.get("system") != UCUM or "code" not in value:
        raise Refused(f"a measured value carries its unit: system {UCUM}, code {unit}")
    if value["code"] != unit:
        raise Refused(f"is measured in {unit}; give the value in that unit, with the code {unit}")
    if "comparator" in value:
        raise Refused("is measured exactly; leave the comparator out")
    if "value" not in value:
        raise Refused("the quantity has no value")
    return _decimal(question, value["value"])


def _date(_question: Item, value: Any) -> date:
    if not isinstance(value, str) or len(value) != _FULL_DATE:
        raise Refused("needs a full date, year-month-day")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Refused("is not a date of the calendar, year-month-day") from error


def _text(_question: Item, value: Any) -> str:
    if not isinstance(value, str):
        raise Refused("is answered with text")
    return value


_Reader = Callable[[Item, Any], Scalar]

_READERS: Mapping[str, tuple[str, _Reader]] = {
    "choice": ("valueCoding", _choice),
    "boolean": ("valueBoolean", _boolean),
    "integer": ("valueInteger", _integer),
    "decimal": ("valueDecimal", _decimal),
    "quantity": ("valueQuantity", _quantity),
    "date": ("valueDate", _date),
    "text": ("valueString", _text),
}
_READ_AS: Mapping[str, _Reader] = {"valueDecimal": _decimal, "valueInteger": _integer}

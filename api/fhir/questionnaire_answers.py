"""Whether a QuestionnaireResponse answers its Questionnaire.

https://hl7.org/fhir/R4/questionnaireresponse.html#rules

Checked are linkIds and their nesting, types of answers, options, repetition, length, and that what
is required is there once the response is completed. Whether a question is enabled is not worked
out: a question with `enableWhen` is never missed.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import Final

from api.fhir.fhirpath.values import sameness
from api.fhir.lexical import Resource
from api.fhir.outcome import Issue

FINISHED: Final = frozenset(("completed", "amended"))
# The value of an answer by the type of its question; https://hl7.org/fhir/R4/valueset-item-type.html
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "attachment": ("valueAttachment",),
    "boolean": ("valueBoolean",),
    "choice": (
        "valueCoding", "valueString", "valueInteger", "valueDate", "valueTime", "valueReference",
    ),
    "date": ("valueDate",),
    "dateTime": ("valueDateTime",),
    "decimal": ("valueDecimal",),
    "integer": ("valueInteger",),
    "open-choice": (
        "valueCoding", "valueString", "valueInteger", "valueDate", "valueTime", "valueReference",
    ),
    "quantity": ("valueQuantity",),
    "reference": ("valueReference",),
    "string": ("valueString",),
    "text": ("valueString",),
    "time": ("valueTime",),
    "url": ("valueUri",),
}  # fmt: skip


def answer_issues(response: Resource, questionnaire: Resource) -> Iterator[Issue]:
    """Give what is wrong with a response, each with the element that it is about."""
    is_finished = response.get("status") in FINISHED
    checker = _Answers(is_finished=is_finished)
    yield from checker.items(response, questionnaire, "QuestionnaireResponse")


class _Answers:
    def __init__(self, *, is_finished: bool) -> None:
        self.is_finished = is_finished

    def items(self, given: Resource, asked: Resource, path: str) -> Iterator[Issue]:
        """Check the items at one level against the questions of that level."""
        questions = {each.get("linkId"): each for each in asked.get("item", ())}
        found = given.get("item", ())
        for position, item in enumerate(found):
            where = f"{path}.item[{position}]"
            question = questions.get(item.get("linkId"))
            if question is None:
                sentence = "The Questionnaire has no such item here."
                yield Issue("not-found", sentence, (f"{where}.linkId",))
            else:
                yield from self._item(item, question, where)
        there = {each.get("linkId") for each in found if _is_answered(each)}
        for question in questions.values():
            if self._is_missed(question) and question.get("linkId") not in there:
                sentence = f"The item {str(question.get('linkId'))[:64]!a} must be answered."
                yield Issue("required", sentence, (path,))

    def _is_missed(self, question: Resource) -> bool:
        is_asked = question.get("required") is True and "enableWhen" not in question
        return self.is_finished and is_asked and question.get("type") != "display"

    def _item(self, item: Resource, question: Resource, path: str) -> Iterator[Issue]:
        answers, kind = item.get("answer", ()), question.get("type")
        if kind in ("group", "display"):
            if answers:
                yield Issue("structure", f"A {kind} has no answer.", (f"{path}.answer",))
            yield from self.items(item, question, path)
            return
        if len(answers) > 1 and question.get("repeats") is not True:
            yield Issue("structure", "The question takes one answer.", (f"{path}.answer",))
        for position, answer in enumerate(answers):
            where = f"{path}.answer[{position}]"
            yield from _answer(answer, question, where)
            yield from self.items(answer, question, where)


def _is_answered(item: Resource) -> bool:
    return "answer" in item or "item" in item


def _answer(answer: Resource, question: Resource, path: str) -> Iterator[Issue]:
    key = next((each for each in answer if each.startswith("value")), None)
    if key is None:
        return
    kind = str(question.get("type"))
    taken = VALUES.get(kind, (key,))
    if key not in taken:
        yield Issue("value", f"The question takes {' or '.join(taken)}.", (f"{path}.{key}",))
        return
    options = question.get("answerOption", ())
    is_open = kind == "open-choice" and key == "valueString"
    if options and not is_open and _chosen(answer) not in {_chosen(each) for each in options}:
        yield Issue("code-invalid", "The answer is none of the options.", (f"{path}.{key}",))
    longest, text = question.get("maxLength"), answer[key]
    if isinstance(longest, int) and isinstance(text, str) and len(text) > longest:
        yield Issue("value", f"At most {longest} characters are taken.", (f"{path}.{key}",))


def _chosen(of: Resource) -> Hashable:
    """Give what tells the value of an answer or option from others; of a coding system and code."""
    key = next((each for each in of if each.startswith("value")), "")
    value = of.get(key)
    if key == "valueCoding" and isinstance(value, dict):
        value = {name: value.get(name, "") for name in ("system", "code")}
    return key, sameness(value)

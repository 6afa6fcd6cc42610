"""The answers of an Assessment: `Assessment.item` as the domain's `Answers`.

https://hl7.org/fhir/R4/questionnaireresponse-definitions.html#QuestionnaireResponse.item

Section groups (`hx`, `sx`, ...) may stand around the questions. A repeating group repeats its item;
a question that takes several choices repeats `answer`. Everything that is wrong is told at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

from api.clinic.answer_values import Refused, read_value
from api.clinic.canonical import Canonical
from api.fhir.outcome import Issue
from domain.answer_problems import AnswerProblem, problems
from domain.answers import Answer, Answers, Group, Scalar
from domain.checklist import Checklist, Item

_LONGEST_ECHO = 80


def read_answers(
    assessment: dict[str, Any], checklist: Checklist, canonical: Canonical, assessed_on: date
) -> tuple[Answers, list[Issue]]:
    """Read the answers of an Assessment, and what is wrong with them.

    One issue a problem: an unknown linkId, a value of the wrong type, out of range, not an option,
    or given twice. `expression` leads to the item.
    """
    reading = _Reading(checklist, canonical.code_system("runner-spine-answer"))
    reading.read_items(assessment.get("item", ()), "Assessment")
    answers = reading.answers()
    found = [reading.issue(problem) for problem in problems(answers, assessed_on)]
    return answers, reading.issues + found


@dataclass
class _Reading:
    """One walk over the items, and what it found."""

    checklist: Checklist
    answer_system: str
    values: dict[str, Answer] = field(default_factory=dict)
    rows: dict[str, list[Group]] = field(default_factory=dict)
    paths: dict[tuple[str, int | None], str] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)

    def answers(self) -> Answers:
        """Return what was answered."""
        return Answers(self.values | {group: tuple(rows) for group, rows in self.rows.items()})

    def issue(self, problem: AnswerProblem) -> Issue:
        """Return the issue of a problem that the domain found, at the item that it speaks of."""
        path = self.paths.get((problem.link_id, problem.index))
        path = path or f"Assessment.{_at(problem.link_id)}"
        return Issue("value", problem.message, (path,))

    def refuse(self, link_id: str, message: str, path: str) -> None:
        """Note a problem of the form, and go on reading."""
        self.issues.append(Issue("value", f"{link_id[:_LONGEST_ECHO]}: {message}", (path,)))

    def read_items(self, items: Iterable[dict[str, Any]], parent: str) -> None:
        """Read questions, groups and the sections around them."""
        for item in items:
            link_id = item["linkId"]
            path = f"{parent}.{_at(link_id)}"
            if link_id in self.checklist.groups:
                self.read_group(item, path)
            elif link_id in self.checklist.sections:
                self.no_answer(item, path)
                self.read_items(item.get("item", ()), path)
            else:
                self.read_question(item, path)

    def no_answer(self, item: dict[str, Any], path: str) -> None:
        """Refuse an answer on an item that only groups others."""
        if "answer" in item:
            self.refuse(item["linkId"], "this is a group; its questions are answered, not it", path)

    def read_question(self, item: dict[str, Any], path: str) -> None:
        """Read a question that stands for itself."""
        link_id = item["linkId"]
        question = self.checklist.item(link_id)
        if question is None:
            self.refuse(link_id, self.unknown(link_id), path)
        elif question.group is not None:
            self.refuse(link_id, f"this question belongs inside an item {question.group}", path)
        elif values := self.read_values(question, item, path):
            self.keep(question, values, path)

    def keep(self, question: Item, values: tuple[Scalar, ...], path: str) -> None:
        """Keep a question's answer; only a question that repeats may come again."""
        link_id = question.link_id
        self.paths.setdefault((link_id, None), path)
        if question.repeats:
            before = self.values.get(link_id, ())
            choices = (*before, *values) if isinstance(before, tuple) else values
            self.values[link_id] = tuple(dict.fromkeys(map(str, choices)))
        elif link_id in self.values:
            self.refuse(link_id, "answered twice; give it once", path)
        else:
            self.values[link_id] = values[0]

    def read_group(self, item: dict[str, Any], path: str) -> None:
        """Read one row of a group; a row without any answer counts as not sent."""
        link_id = item["linkId"]
        self.no_answer(item, path)
        rows = self.rows.setdefault(link_id, [])
        row = self.read_row(item, link_id, f"{path}[{len(rows)}]", len(rows))
        if not row:
            return
        group = self.checklist.item(link_id)
        self.paths.setdefault((link_id, None), path)
        if rows and group is not None and not group.repeats:
            self.refuse(link_id, "given twice; this group does not repeat", path)
        else:
            rows.append(row)

    def read_row(self, item: dict[str, Any], group: str, path: str, index: int) -> Group:
        """Read the children of a group, under their names without the group's."""
        row: dict[str, Scalar | tuple[str, ...]] = {}
        for child in item.get("item", ()):
            link_id = child["linkId"]
            child_path = f"{path}.{_at(link_id)}"
            name = link_id.removeprefix(f"{group}.")
            question = self.checklist.item(link_id)
            if question is None or question.group != group:
                self.refuse(link_id, self.unknown(link_id), child_path)
            elif name in row:
                self.refuse(link_id, "answered twice in one row; give it once", child_path)
            elif values := self.read_values(question, child, child_path):
                self.paths[link_id, index] = child_path
                row[name] = values[0]
        return row

    def read_values(self, question: Item, item: dict[str, Any], path: str) -> tuple[Scalar, ...]:
        """Read the answers of one question; what cannot be read is noted and left out."""
        given = item.get("answer", ())
        if "item" in item or any("item" in answer for answer in given):
            self.refuse(question.link_id, "this question takes no items of its own", path)
        if len(given) > 1 and not question.repeats:
            self.refuse(question.link_id, "takes one answer", path)
        values: list[Scalar] = []
        for answer in given:
            try:
                values.append(read_value(question, answer, self.answer_system))
            except Refused as refused:
                self.refuse(question.link_id, str(refused), path)
        return tuple(values)

    def unknown(self, link_id: str) -> str:
        """Say that the checklist has no such question, and which one may be meant."""
        known = [item.link_id for item in self.checklist.items] + list(self.checklist.groups)
        near = get_close_matches(link_id[:_LONGEST_ECHO], known, n=1)
        return "the checklist has no such linkId" + (f"; is {near[0]} meant?" if near else "")


def _at(link_id: str) -> str:
    escaped = link_id[:_LONGEST_ECHO].replace("\\", "\\\\").replace("'", "\\'")
    return f"item.where(linkId='{escaped}')"

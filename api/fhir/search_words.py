"""`_text` and `_content`: words, phrases, AND, OR, NOT and parentheses.

https://hl7.org/fhir/R4/search.html#content

`(bone OR liver) and metastases`; words side by side must all be there, `"..."` is a phrase, and
`metast*` the start of a word. What has no NOT in it is asked of the index at once.
"""

import re
from typing import Any, Final, cast

from api.fhir.index_words import words
from api.fhir.outcome import Failure
from api.fhir.search_condition import (
    WORDS,
    Condition,
    Criterion,
    Group,
    TextTree,
    conjunction,
    invalid,
    split_values,
    unescape,
)

COLUMNS: Final = {"_text": "narrative", "_content": "content"}
TABLE: Final = "index_text"

_RANK: Final = 2
_PIECE: Final = re.compile(r'\s*("[^"]*"\*?|[()]|[^\s()"]+|")')
_MAX_PIECES: Final = 100
_MAX_DEPTH: Final = 20


def read_words(name: str, value: str) -> Criterion:
    """Read the value of `_text` or `_content`; the Failure names it."""
    found = [_Expression(name, unescape(each)).whole() for each in split_values(value, ",")]
    return found[0] if len(found) == 1 else Group(tuple(found))


class _Expression:
    """Recursive descent; OR binds loosest, then AND, then NOT."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.pieces = _PIECE.findall(text)
        self.position = 0
        self.depth = 0
        if len(self.pieces) > _MAX_PIECES:
            raise invalid(name, f"{name} takes up to {_MAX_PIECES} words.")

    def whole(self) -> Criterion:
        criterion = self._any()
        if self.position < len(self.pieces):
            raise self._refused()
        return criterion

    def _any(self) -> Criterion:
        found = self._all()
        while self._take("or"):
            found = self._joined("or", found, self._all())
        return found

    def _all(self) -> Criterion:
        found = self._term()
        while self._take("and") or self._peek() not in ("", ")", "or"):
            found = self._joined("and", found, self._term())
        return found

    def _joined(self, word: str, one: Criterion, other: Criterion) -> Criterion:
        trees = [_tree_of(each) for each in (one, other)]
        if trees[0] is None or trees[1] is None:
            return Group((one, other), is_all=word == "and")
        return self._condition((word, trees[0], trees[1]))

    def _term(self) -> Criterion:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise invalid(self.name, f"{self.name} nests more than {_MAX_DEPTH} deep.")
        term = self._negated() if self._take("not") else self._group_or_words()
        self.depth -= 1
        return term

    def _negated(self) -> Criterion:
        return Group((self._term(),), is_negated=True)

    def _group_or_words(self) -> Criterion:
        if self._take("("):
            criterion = self._any()
            if not self._take(")"):
                raise self._refused()
            return criterion
        piece = self._peek()
        self.position += 1
        asked = "" if piece in (")", "and", "or") else " ".join(words(piece))
        if not asked:
            raise self._refused()
        return self._condition(f"{asked}*" if piece.endswith("*") else asked)

    def _condition(self, tree: TextTree) -> Condition:
        alternative = conjunction((COLUMNS[self.name], WORDS, tree))
        return Condition(TABLE, self.name, (alternative,), rank=_RANK)

    def _peek(self) -> str:
        return self.pieces[self.position].casefold() if self.position < len(self.pieces) else ""

    def _take(self, word: str) -> bool:
        is_next = self._peek() == word
        self.position += is_next
        return is_next

    def _refused(self) -> Failure:
        example = '(bone OR liver) AND metast*, or "back pain"'
        return invalid(self.name, f"{self.name} takes words such as {example}.")


def _tree_of(criterion: Criterion) -> "TextTree | None":
    """Give the words that a criterion asks for at once; None for one with a NOT in it."""
    if isinstance(criterion, Condition):
        tree: Any = criterion.alternatives[0][0].value
        return cast("TextTree", tree)
    return None

"""The subset of FHIRPath that search parameters use, compiled once for each expression.

https://hl7.org/fhirpath/N1/ and https://hl7.org/fhir/R4/searchparameter.html

Member paths, unions, `as`/`ofType`, `where`, `exists()`, `and`, `=`, `!=`, `is`, `resolve()`,
`extension('url')` and an index. What is selected comes as nodes: a JSON value with the name of its
datatype as the definitions give it, so that a choice such as `value[x]` stays told apart. A
primitive that carries only an extension has no JSON value and so selects nothing.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from api.fhir.path_steps import (
    Chain,
    Exists,
    Extension,
    Index,
    Member,
    Node,
    OfType,
    Resolve,
    Step,
    Test,
    Union,
    Where,
    first_keys,
    relative_keys,
)

_RESOURCE: Final = "%resource"
_WORD: Final = re.compile(r"\s*(?:('[^']*')|(\d+)|([A-Za-z_]\w*)|(!=|[.()|=\[\]]))")


class ExpressionNotSupportedError(ValueError):
    """An expression outside the subset; the message says where it leaves it."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled expression; `datatypes` are all that it can select, by the definitions.

    Without any of `keys` in the JSON object that it starts from it selects nothing.
    """

    expression: str
    datatypes: frozenset[str]
    _step: Step
    keys: frozenset[str] | None
    is_of_resource: bool = True

    def select(self, resource: dict[str, Any]) -> list[Node]:
        """Give what the expression selects from this resource, in document order."""
        # Most parameters of a type find nothing in a given resource, and this tells it at once.
        if self.keys is not None and self.keys.isdisjoint(resource):
            return []
        return self._step.select([Node(resource, resource["resourceType"])], resource)

    def select_within(self, element: Node, resource: dict[str, Any]) -> list[Node]:
        """Give what the expression of a component selects from an element of the resource."""
        if self.is_of_resource:
            return self.select(resource)
        if self.keys is not None and self.keys.isdisjoint(element.value):
            return []
        return self._step.select([element], resource)


@cache
def compile_path(expression: str, base: str) -> Path:
    """Compile an expression that starts at resource type `base`.

    Raises ExpressionNotSupportedError, also for elements that the definitions do not know.
    """
    step = _Parser(expression).whole()
    datatypes = step.types(frozenset((base,)))
    if not datatypes:
        message = f"{expression}: selects nothing from {base}"
        raise ExpressionNotSupportedError(message)
    return Path(expression, datatypes, step, first_keys(step, base))


@cache
def compile_component(expression: str, focus: frozenset[str], base: str) -> Path:
    """Compile the expression of a component, which starts at elements of these datatypes.

    `%resource` starts at the resource. Raises ExpressionNotSupportedError.
    """
    if expression.startswith(_RESOURCE):
        return compile_path(base + expression.removeprefix(_RESOURCE), base)
    # One published expression says DateTime, which is no datatype.
    step = _Parser(expression.replace("DateTime", "dateTime")).whole()
    keys = relative_keys(step, focus)
    return Path(expression, step.types(focus), step, keys, is_of_resource=False)


class _Parser:
    """Recursive descent; each method is a level of precedence, loosest first."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.words = [each.group(0).strip() for each in _WORD.finditer(expression)]
        if "".join(self.words) != re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", expression):
            raise self._unsupported("a character")
        self.position = 0

    def whole(self) -> Step:
        step = self._conjunction()
        if self._next() is not None:
            raise self._unsupported(f"{self._next()}")
        return step

    def _conjunction(self) -> Step:
        left = self._equality()
        while self._take("and"):
            left = Test(left, "and", self._equality())
        return left

    def _equality(self) -> Step:
        left = self._union()
        operator = self._take("=", "!=")
        return Test(left, operator, self._literal()) if operator else left

    def _union(self) -> Step:
        branches = [self._typed()]
        while self._take("|"):
            branches.append(self._typed())
        return branches[0] if len(branches) == 1 else Union(tuple(branches))

    def _typed(self) -> Step:
        step = self._invocations()
        operator = self._take("as", "is")
        if operator == "as":
            return Chain((step, OfType(self._advance())))
        return Test(step, "is", self._advance()) if operator else step

    def _invocations(self) -> Step:
        steps = [self._term()]
        while operator := self._take(".", "["):
            if operator == ".":
                steps.append(self._term())
            else:
                steps.append(Index(self._place()))
                self._expect("]")
        return steps[0] if len(steps) == 1 else Chain(tuple(steps))

    def _term(self) -> Step:
        if self._take("("):
            step = self._conjunction()
            self._expect(")")
            return step
        name = self._advance()
        if not name.isidentifier():
            raise self._unsupported(name)
        return self._function(name) if self._take("(") else Member(name)

    def _function(self, name: str) -> Step:
        step: Step
        if name == "where":
            step = Where(self._conjunction())
        elif name == "extension":
            step = Extension(str(self._literal()))
        elif name in ("as", "ofType"):
            step = OfType(self._advance())
        elif name in ("exists", "resolve"):
            step = Exists() if name == "exists" else Resolve()
        else:
            raise self._unsupported(f"{name}()")
        self._expect(")")
        return step

    def _place(self) -> int:
        word = self._advance()
        if not word.isdigit():
            raise self._unsupported(word)
        return int(word)

    def _literal(self) -> str | bool:
        word = self._advance()
        if word in ("true", "false"):
            return word == "true"
        if not word.startswith("'"):
            raise self._unsupported(word)
        return word[1:-1]

    def _next(self) -> str | None:
        return self.words[self.position] if self.position < len(self.words) else None

    def _take(self, *wanted: str) -> str | None:
        word = self._next()
        if word not in wanted:
            return None
        self.position += 1
        return word

    def _advance(self) -> str:
        word = self._next()
        if word is None:
            raise self._unsupported("its end")
        self.position += 1
        return word

    def _expect(self, word: str) -> None:
        if self._take(word) is None:
            raise self._unsupported(f"{self._next()} where {word} belongs")

    def _unsupported(self, what: str) -> ExpressionNotSupportedError:
        return ExpressionNotSupportedError(f"{self.expression}: {what} is not supported")

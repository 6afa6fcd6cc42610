"""Compile an expression to functions; see `api.fhir.fhirpath.code` for what comes out.

Raises ExpressionError for functions and variables that are not covered.
"""

from functools import cache
from typing import Any, Final

from api.fhir import definitions
from api.fhir.fhirpath.code import (
    Around,
    Code,
    Run,
    boolean,
    collection,
    constant,
    fixed,
    the_item,
    this,
)
from api.fhir.fhirpath.functions import FUNCTIONS
from api.fhir.fhirpath.grammar import (
    TYPE_OPERATORS,
    Call,
    Empty,
    ExpressionError,
    Item,
    Literal,
    Name,
    Operation,
    Step,
    Tree,
    Variable,
    parse,
)
from api.fhir.fhirpath.members import ANY_RESOURCE, Types, member
from api.fhir.fhirpath.operators import OPERATORS

_TYPE_FUNCTIONS: Final = ("is", "as", "ofType")
_THIS: Final = Variable("$this")
_CONSTANTS: Final = {
    "%ucum": "http://unitsofmeasure.org",
    "%sct": "http://snomed.info/sct",
    "%loinc": "http://loinc.org",
}


@cache
def compile_expression(expression: str, type_name: str, resource_type: str) -> Code:
    """Compile an expression that starts at an item of this type, within a resource of that."""
    compiler = Compiler(resource_type, type_name)
    return compiler.code(parse(expression), frozenset((type_name,)))


class Compiler:
    """Compiles the trees of one expression."""

    def __init__(self, resource_type: str, context_type: str) -> None:
        """Keep the types of what `%resource` and `%context` mean."""
        self.around_types: dict[str, Types] = {
            "%resource": frozenset((resource_type,)),
            "%rootResource": None,
            "%context": frozenset((context_type,)),
        }

    def code(self, tree: Tree, types: Types) -> Code:
        """Compile a tree whose `$this` has these types."""
        match tree:
            case Literal() | Empty() | Variable():
                return self._given(tree, types)
            case Operation():
                return self._operation(tree, types)
            case Item():
                return _item(self.code(tree.source, types), tree.position)
            case Step():
                return self._step(tree, types)
            case Name() | Call():
                return self._first(tree, types)

    def _operation(self, tree: Operation, types: Types) -> Code:
        if tree.operator in TYPE_OPERATORS:
            return self._typed(tree, types)
        build = OPERATORS[tree.operator]
        return build(self.code(tree.left, types), self.code(tree.right, types))

    def _step(self, tree: Step, types: Types) -> Code:
        step = tree.step
        if isinstance(step, Call) and step.name in _TYPE_FUNCTIONS:
            return self._typed(Operation(step.name, tree.source, _argument(step)), types)
        source = self.code(tree.source, types)
        if isinstance(step, Name):
            found = _member(source, step.name)
        else:
            found = self.call(step, source, types)
        is_fixed = source.is_fixed and (isinstance(step, Name) or not step.arguments)
        return fixed(found) if is_fixed else found

    def call(self, call: Call, source: Code, types: Types) -> Code:
        """Compile a function on what its source selects; arguments see `$this` of these types."""
        build = FUNCTIONS.get(call.name)
        if build is None:
            message = f"{call.name}() is not supported"
            raise ExpressionError(message)
        return build(self, source, call.arguments, types)

    def _first(self, tree: Name | Call, types: Types) -> Code:
        """Compile what an expression starts with: an element of `$this`, or its own type."""
        name = tree.name
        if isinstance(tree, Call):
            if name in _TYPE_FUNCTIONS:
                return self._typed(Operation(name, _THIS, _argument(tree)), types)
            return self.call(tree, this(types), types)
        if name[0].isupper() and (types is None or name in types or name in ANY_RESOURCE):
            return this(types)
        return _member(this(types), name)

    def _given(self, tree: Literal | Empty | Variable, types: Types) -> Code:
        if isinstance(tree, Variable):
            return self._variable(tree.name, types)
        return constant(tree.value) if isinstance(tree, Literal) else constant()

    def _variable(self, name: str, types: Types) -> Code:
        if name == "$this":
            return this(types)
        if name in _CONSTANTS:
            return constant(_CONSTANTS[name])
        if name not in self.around_types:
            message = f"{name} is not known"
            raise ExpressionError(message)
        return fixed(collection(_AROUND[name], self.around_types[name]))

    def _typed(self, tree: Operation, types: Types) -> Code:
        """Compile `is`, `as` and `ofType`, by the type that the definitions give if they do."""
        name = tree.right.name if isinstance(tree.right, Name) else ""
        name = _SYSTEM_TYPES.get(name, name)
        whole = self.code(tree.left, types)
        if whole.types and name in whole.types and isinstance(tree.left, Name | Step):
            selected = self._narrowed(tree.left, name, types)
        else:
            selected = _of_type(whole, name)
        return _is(whole, selected) if tree.operator == "is" else selected

    def _narrowed(self, tree: Name | Step, name: str, types: Types) -> Code:
        """Select one type of a choice, whose key tells it."""
        if isinstance(tree, Name):
            return _member(this(types), tree.name, name)
        if isinstance(tree.step, Name):
            return _member(self.code(tree.source, types), tree.step.name, name)
        return _of_type(self.code(tree, types), name)


_SYSTEM_TYPES: Final = {"Boolean": "boolean", "String": "string", "Integer": "integer"}
_AROUND: Final[dict[str, Run]] = {
    "%resource": lambda _this, around: [around.resource],
    "%rootResource": lambda _this, around: [around.root],
    "%context": lambda _this, around: [around.context],
}


def _argument(call: Call) -> Tree:
    """Give the type that a function names; Name also where it is written `FHIR.Quantity`."""
    argument = call.arguments[0]
    return argument.step if isinstance(argument, Step) else argument


def _member(source: Code, name: str, only: str | None = None) -> Code:
    found = member(name, source.types, only)
    select = found.select
    if source.run is the_item:
        return collection(lambda item, _: select(item), found.types, found.keys or None)
    run = source.run

    def select_all(this: Any, around: Around) -> list[Any]:
        return [each for item in run(this, around) for each in select(item)]

    return collection(select_all, found.types)


def _item(source: Code, position: int) -> Code:
    run = source.run
    return collection(lambda this, around: run(this, around)[position : position + 1], source.types)


def _is(whole: Code, selected: Code) -> Code:
    def truth(this: Any, around: Around) -> bool | None:
        items = whole.run(this, around)
        return bool(selected.run(this, around)) if len(items) == 1 else None

    return boolean(truth)


def _of_type(source: Code, name: str) -> Code:
    run, types = source.run, frozenset((name,))
    if name in definitions.resource_types() or name in definitions.types_not_served():
        return collection(
            lambda this, around: [each for each in run(this, around) if _is_resource(each, name)],
            types,
        )
    if source.types is None or len(source.types) > 1:
        message = f"Whether something is a {name} can only be told of an element"
        raise ExpressionError(message)
    return source if name in source.types else collection(lambda _this, _around: [], types)


def _is_resource(item: Any, name: str) -> bool:
    return type(item) is dict and item.get("resourceType") == name

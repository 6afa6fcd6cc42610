"""The invariants of R4: rules between elements, written in FHIRPath, compiled when first used.

https://hl7.org/fhir/R4/conformance-rules.html#constraints. The data is cut from HL7's
StructureDefinitions (`api/fhir/r4/invariants.json`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from api.fhir.fhirpath.code import Around, Truth
from api.fhir.fhirpath.compiler import compile_expression

FILE: Final = Path(__file__).parent / "r4" / "invariants.json"

# Held by the strict layer itself. ele-1, ext-1 and dom-2 to dom-5, which every element or resource
# repeats, are not even in the data; `api.fhir.validation_object` and `validation_rules` hold them.
HELD_ELSEWHERE: Final[Mapping[str, str]] = {
    "ref-1": "validation_rules: a reference to a contained resource leads to one",
    "txt-1": "narrative: the elements and attributes that XHTML may have",
    "txt-2": "narrative: a div that shows something",
}
# Published expressions that do not say what their own sentence says:
CORRECTED: Final[Mapping[str, tuple[str, str]]] = {
    "bdl-8": (
        "fullUrl.empty() or fullUrl.contains('/_history/').not()",
        "has no answer for an entry without fullUrl",
    ),
    "con-3": (
        (
            "clinicalStatus.exists() or verificationStatus.coding.where("
            "system='http://terminology.hl7.org/CodeSystem/condition-ver-status' and "
            "code = 'entered-in-error').exists() or "
            "category.coding.where(code='problem-list-item').empty()"
        ),
        "compares a CodeableConcept with a string, so that any category breaks it",
    ),
    "que-12": (
        "enableWhen.count() > 1 implies enableBehavior.exists()",
        "counts from three on where the sentence says more than one",
    ),
    "ras-2": (
        "probability.empty() or (probability is decimal implies (probability as decimal) <= 100)",
        "has no answer for a prediction without probability",
    ),
    "tim-9": (
        (
            "offset.empty() or (when.exists() and "
            "when.where($this in ('C' | 'CM' | 'CD' | 'CV')).empty())"
        ),
        "cannot be evaluated when there are two values of `when`",
    ),
}
# Published expressions that hold whatever they are given; evaluated, and without effect:
NEVER_BROKEN: Final[Mapping[str, str]] = {
    "ppc-2": "looks for the code system 'something'",
    "ppc-3": "looks for the code system 'something'",
    "ppc-4": "looks for the code system 'something'",
    "ppc-5": "looks for the code system 'something'",
    "eld-11": "asks whether there is an answer rather than whether it is yes",
}


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule about an element; `sentence` is HL7's own."""

    key: str
    is_error: bool
    sentence: str
    truth: Truth
    asks_context: bool = False

    def holds(self, item: Any, around: Around) -> bool:
        """Tell whether an element keeps the rule; no answer (an empty collection) breaks it."""
        if self.asks_context:
            around = Around(around.resource, around.root, item)
        return self.truth(item, around) is True


@cache
def rows() -> Mapping[str, list[list[str]]]:
    """Give path → `[key, severity, sentence, expression]` as the definitions have them."""
    found: Mapping[str, list[list[str]]] = orjson.loads(FILE.read_bytes())
    return found


def invariants(path: str, type_name: str, resource_type: str) -> tuple[Invariant, ...]:
    """Give the invariants of a type or element that are evaluated.

    `path` names the rows, `type_name` the type of the item, `resource_type` that of `%resource`.
    """
    return tuple(
        _invariant(row, type_name, resource_type)
        for row in rows().get(path, ())
        if row[0] not in HELD_ELSEWHERE
    )


def _invariant(row: list[str], type_name: str, resource_type: str) -> Invariant:
    key, severity, sentence, expression = row
    expression = CORRECTED.get(key, (expression, ""))[0]
    code = compile_expression(expression, type_name, resource_type)
    asks_context = "%context" in expression
    return Invariant(key, severity == "error", sentence, code.truth, asks_context)

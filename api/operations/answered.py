"""The output of an operation: a Parameters resource.

https://hl7.org/fhir/R4/operations.html#response
"""

from typing import Any

from api.fhir.lexical import Resource, serialize
from api.interactions.context import InteractionResult


def parameter(name: str, datatype: str, value: Any) -> Resource:
    """Give one parameter with a value (`string`, `code`, `Meta`)."""
    return {"name": name, f"value{datatype[0].upper()}{datatype[1:]}": value}


def answered(parameters: list[Resource]) -> InteractionResult:
    """Answer 200 with these parameters; without any the list is left out, as FHIR asks."""
    body: Resource = {"resourceType": "Parameters"}
    if parameters:
        body["parameter"] = parameters
    return InteractionResult(200, body=serialize(body))

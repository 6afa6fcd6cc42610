"""`POST Assessment/$evaluate`: the reasoning on a checklist, without storing anything.

The body is an Assessment; the answer is the same Assessment with its evaluation. No reference is
checked, and neither status nor subject is required.
"""

from api.fhir.lexical import parse, serialize
from api.fhir.resource import check
from api.interactions.context import Context, InteractionRequest, InteractionResult

# What is evaluated need not be a record yet.
NOT_NEEDED = ("Assessment.status", "Assessment.subject")


def evaluate(context: Context, request: InteractionRequest) -> InteractionResult:
    """Evaluate the checklist in the body; raises Failure naming each answer that cannot be."""
    raw = request.resource if request.resource is not None else parse(request.body or b"")
    assessment = check(raw, "Assessment", optional=NOT_NEEDED)
    return InteractionResult(200, body=serialize(context.clinic.evaluate(assessment)))

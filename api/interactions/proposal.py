"""A write that has passed its preconditions and waits to be admitted.

Every writing interaction comes in two halves: `propose` reads and locks within the transaction and
decides what is to be written, `answer` tells the client what was. Between them stands
`api.interactions.admission`, once for a single request and once for a whole transaction Bundle.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from api.fhir.lexical import Resource, parse
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.resource import check
from api.interactions.context import Context, InteractionRequest, InteractionResult, served_type
from api.store.version import Change, StoredVersion

Key = tuple[str, str]


@dataclass(slots=True)
class Proposal:
    """One decided write, or the finding that there is nothing to write."""

    key: Key
    change: Change | None = None
    existing: StoredVersion | None = None  # what a conditional create found
    match_key: str | None = None

    @property
    def match_keys(self) -> dict[Key, str]:
        """The unique key under which a conditional create is remembered."""
        return {self.key: self.match_key} if self.match_key and self.change else {}


def answer(proposal: Proposal, versions: Mapping[Key, StoredVersion]) -> InteractionResult:
    """Tell what became of a proposal."""
    change = proposal.change
    if change is None:
        if proposal.existing is None:
            return InteractionResult(204)
        return InteractionResult(
            200, body=proposal.existing.content, version=proposal.existing, location=True
        )
    version = versions[proposal.key]
    if change.resource is None:
        return InteractionResult(204, version=version)
    is_new = change.previous is None or change.previous.is_deleted
    return InteractionResult(
        201 if is_new else 200, body=version.content, version=version, location=True
    )


def received(context: Context, request: InteractionRequest) -> Resource:
    """Give the resource that a request carries, parsed and valid.

    Raises Failure with every problem found.
    """
    row = served_type(request.resource_type)
    if not row.is_stored:
        raise Failure(
            FailureKind.NOT_SUPPORTED,
            f"{row.name} is not stored; it only carries the input and output of operations.",
        )
    tree = request.resource if request.resource is not None else parse(request.body or b"")
    # A server that takes references to what it does not hold is fed with data of all ages, some of
    # which point at types that their elements do not name.
    return check(tree, request.resource_type, any_target=not context.refuse_dangling)


def check_body_id(resource: Resource, request: InteractionRequest) -> None:
    """Raise Failure INVALID unless the body carries the id of the address (http.html#update)."""
    if resource.get("id") != request.resource_id:
        raise Failure(
            FailureKind.INVALID,
            Issue(
                "value",
                "The id in the body must be there and equal the id in the address.",
                (f"{request.resource_type}.id",),
            ),
        )

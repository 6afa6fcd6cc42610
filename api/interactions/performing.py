"""The interactions by their codes, and the one function that performs any of them."""

from collections.abc import Callable

from api.interactions.capabilities import capabilities
from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.interactions.create import create
from api.interactions.delete import delete
from api.interactions.history import history
from api.interactions.patch import patch
from api.interactions.read import read, vread
from api.interactions.search import search_type
from api.interactions.search_compartment import search_compartment
from api.interactions.search_system import search_system
from api.interactions.update import update
from api.store.session import Snapshot

Reading = Callable[[Snapshot, Context, InteractionRequest], InteractionResult]
Writing = Callable[[Context, InteractionRequest], InteractionResult]

READINGS: dict[str, Reading] = {
    "read": read,
    "vread": vread,
    "search-type": search_type,
    "search-compartment": search_compartment,
    "search-system": search_system,
    "history-instance": history,
    "history-type": history,
    "history-system": history,
    "capabilities": capabilities,
}
ONE_STATEMENT = frozenset({"read", "vread"})
WRITINGS: dict[str, Writing] = {
    "create": create,
    "update": update,
    "delete": delete,
    "patch": patch,
}


def perform(context: Context, request: InteractionRequest) -> InteractionResult:
    """Perform one interaction or operation; what it wrote is durable when this returns.

    Raises Failure, and then nothing was written.
    """
    reading = READINGS.get(request.interaction)
    if reading is None:
        writing = WRITINGS.get(request.interaction) or context.operations[request.interaction]
        return writing(context, request)
    with context.store.snapshot(one_statement=request.interaction in ONE_STATEMENT) as snapshot:
        return reading(snapshot, context, request)

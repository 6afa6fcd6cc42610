"""One module for each $-operation."""

from collections.abc import Mapping
from typing import Final

from api.interactions.context import Operation
from api.operations.evaluate import evaluate
from api.operations.plan import plan

PERFORMING: Final[Mapping[str, Operation]] = {
    "$evaluate": evaluate,
    "$plan": plan,
}
"""What performs each row of `api.interactions.operation_rows`."""

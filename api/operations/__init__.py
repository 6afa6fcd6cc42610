"""One module for each $-operation."""

from collections.abc import Mapping
from typing import Final

from api.interactions.context import Operation
from api.operations.evaluate import evaluate
from api.operations.everything import everything
from api.operations.expand import expand_value_set
from api.operations.lastn import lastn
from api.operations.lookup import lookup
from api.operations.meta import meta, meta_add, meta_delete
from api.operations.plan import plan
from api.operations.subsumes import subsumes
from api.operations.validate import validate
from api.operations.validate_code import validate_code

PERFORMING: Final[Mapping[str, Operation]] = {
    "$evaluate": evaluate,
    "$plan": plan,
    "$everything": everything,
    "$lastn": lastn,
    "$meta": meta,
    "$meta-add": meta_add,
    "$meta-delete": meta_delete,
    "$validate": validate,
    "$expand": expand_value_set,
    "$validate-code": validate_code,
    "$lookup": lookup,
    "$subsumes": subsumes,
}
"""What performs each row of `api.interactions.operation_rows`."""

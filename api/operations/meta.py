"""`$meta`, `$meta-add` and `$meta-delete`: profiles, tags and security labels.

https://hl7.org/fhir/R4/resource-operation-meta.html and its neighbours

Labels are sets: a coding is the same when system and code are. A change of them is a change of the
resource and makes a version of it; a change that changes nothing makes none.
"""

from collections.abc import Callable
from typing import Any, Final

from api.fhir.lexical import Resource, parse
from api.fhir.registry import registry
from api.fhir.resource import check
from api.interactions.admission import admit
from api.interactions.context import Context, InteractionRequest, InteractionResult, served_type
from api.interactions.preconditions import check_if_match, existing
from api.operations.answered import answered, parameter
from api.operations.arguments import read_arguments, refused
from api.store.session import Transaction
from api.store.version import Change, StoredVersion

_CODINGS: Final = ("security", "tag")
LabelList = list[Any]
LabelChange = Callable[[LabelList, LabelList], LabelList]


def meta(context: Context, request: InteractionRequest) -> InteractionResult:
    """Answer the meta of a resource, or all labels in use on a type or in the system."""
    read_arguments(request, {})
    if request.resource_id:
        served_type(request.resource_type)
        key = (request.resource_type, request.resource_id)
        with context.store.snapshot(one_statement=True) as snapshot:
            version = existing(snapshot.read(*key), key)
        return _answer(_content(version).get("meta", {}))
    types = (
        [served_type(request.resource_type).name]
        if request.resource_type
        else [row.name for row in registry().types.values() if not row.is_logical]
    )
    with context.store.snapshot() as snapshot:
        labels = snapshot.labels(types)
    found = {
        "profile": labels.profiles,
        "security": [_coding(*each) for each in labels.security],
        "tag": [_coding(*each) for each in labels.tags],
    }
    return _answer({name: each for name, each in found.items() if each})


def _coding(system: str, code: str) -> Resource:
    return {"system": system, "code": code} if system else {"code": code}


def meta_add(context: Context, request: InteractionRequest) -> InteractionResult:
    """Add labels to a resource, unless it has them."""
    return _changed(context, request, _union)


def meta_delete(context: Context, request: InteractionRequest) -> InteractionResult:
    """Take labels away from a resource; those that it does not have are no error."""
    return _changed(context, request, _difference)


def _changed(
    context: Context,
    request: InteractionRequest,
    change: LabelChange,
) -> InteractionResult:
    served_type(request.resource_type)
    given = read_arguments(request, {"meta": "Meta"}).one("meta")
    if given is None:
        raise refused("meta", "'meta' is needed: a valueMeta with the labels.", "required")
    with context.store.transaction() as transaction:
        version = _change(transaction, context, request, (given, change))
    result = _answer(_content(version).get("meta", {}))
    result.version = version
    return result


def _change(
    transaction: Transaction,
    context: Context,
    request: InteractionRequest,
    wanted: tuple[Resource, LabelChange],
) -> StoredVersion:
    key = (request.resource_type, request.resource_id)
    previous = existing(transaction.read_for_update([key]).get(key), key)
    check_if_match(request.if_match, previous)
    resource = _content(previous)
    given, change = wanted
    labelled = dict(resource.get("meta", {}))
    for element in ("profile", *_CODINGS):
        labels = change(labelled.get(element, []), given.get(element, []))
        labelled.pop(element, None)
        if labels:
            labelled[element] = labels
    checked = check({**resource, "meta": labelled}, key[0], any_target=not context.refuse_dangling)
    return admit(transaction, [Change(*key, checked, previous, "POST")], context)[key]


def _union(present: LabelList, given: LabelList) -> LabelList:
    known = {_identity(each) for each in present}
    found = list(present)
    for each in given:
        if _identity(each) not in known:
            known.add(_identity(each))
            found.append(each)
    return found


def _difference(present: LabelList, given: LabelList) -> LabelList:
    gone = {_identity(each) for each in given}
    return [each for each in present if _identity(each) not in gone]


def _identity(label: Any) -> Any:
    if isinstance(label, dict):
        return label.get("system"), label.get("code")
    return label


def _content(version: StoredVersion) -> Resource:
    content = parse(version.content or b"{}")
    if not isinstance(content, dict):  # It cannot be: what is stored is a resource.
        raise TypeError
    return content


def _answer(found: Resource) -> InteractionResult:
    # A value that is an empty object is no FHIR; without labels there is no parameter.
    return answered([parameter("return", "Meta", found)] if found else [])

"""The value set or code system that a terminology operation is about.

https://hl7.org/fhir/R4/terminology-service.html
"""

from api.fhir.lexical import Resource
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.terminology.expansion import split_canonical
from api.interactions.context import InteractionRequest
from api.interactions.preconditions import existing
from api.interactions.terminology import HeldLibrary, content_of
from api.operations.arguments import Arguments, refused
from api.store.session import Snapshot


def read_instance(snapshot: Snapshot, request: InteractionRequest) -> Resource:
    """Give the resource on which an operation is invoked; raises Failure when there is none."""
    key = (request.resource_type, request.resource_id)
    return content_of(existing(snapshot.read(*key), key).content)


def named_value_set(
    library: HeldLibrary, snapshot: Snapshot, request: InteractionRequest, arguments: Arguments
) -> Resource:
    """Give the value set that a request is about: the instance, `valueSet`, or that of `url`.

    Raises Failure INVALID when it names none or several, UNKNOWN_ID when it is not held.
    """
    given: Resource | None = arguments.one("valueSet")
    url = arguments.text("url")
    if sum((bool(request.resource_id), given is not None, url is not None)) != 1:
        raise refused("url", "Name one value set: by `url`, as `valueSet`, or in the address.")
    if request.resource_id:
        return read_instance(snapshot, request)
    if given is not None:
        return given
    address, version = split_canonical(str(url))
    version = arguments.text("valueSetVersion") or version
    found = library.value_set(address, version)
    if found is None:
        raise not_held("value set", str(url), "url")
    return found


def not_held(what: str, url: str, name: str) -> Failure:
    """Build the failure of something that this server does not hold."""
    return Failure(
        FailureKind.UNKNOWN_ID,
        Issue("not-found", f"The {what} {url[:200]} is not held here.", (f"http.{name}",)),
    )

"""What every interaction is handed, and what it gives back.

HTTP ends at `InteractionRequest` and begins again at `InteractionResult`. The entries of a batch or
transaction make the same two values, so an entry and a request of its own cannot differ.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from api.clinic.gate import Clinic
from api.fhir.lexical import Resource
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.registry import ResourceType, registry
from api.fhir.search_query import SearchOptions, SearchQuery, parse_search
from api.interactions.page_token import PageTokens
from api.interactions.terminology import HeldLibrary
from api.store.session import Snapshot, Store
from api.store.version import StoredVersion

Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Context:
    """The wiring of one server."""

    store: Store
    clinic: Clinic
    tokens: PageTokens
    clock: Callable[[], int]  # microseconds since 1970-01-01T00:00:00Z
    new_id: Callable[[], str]
    base_url: str
    zone: ZoneInfo
    refuse_dangling: bool = True
    validate_profiles: bool = False  # whether a write must conform to the profiles that it claims
    software_version: str = "0"
    operations: "Mapping[str, Operation]" = field(default_factory=dict)  # by their codes

    def parse_search(
        self,
        resource_type: str,
        parameters: Parameters,
        *,
        lenient: bool = False,
        types: tuple[str, ...] = (),
        snapshot: Snapshot | None = None,
    ) -> SearchQuery:
        """Read search parameters in this server's zone, base and time.

        `types` are those of a search on no one type; without them, every type of R4. Value sets and
        code systems that clients have stored are found in the snapshot, if there is one.
        """
        options = replace(
            self._options(), lenient=lenient, types=types, terminology=self.library(snapshot)
        )
        return parse_search(resource_type, parameters, options)

    def library(self, snapshot: Snapshot | None) -> HeldLibrary:
        """Give the code systems and value sets that this server holds, as a snapshot sees them."""
        return HeldLibrary(
            self.clinic,
            snapshot,
            lambda resource_type, parameters: parse_search(
                resource_type, parameters, self._options()
            ),
        )

    def _options(self) -> SearchOptions:
        return SearchOptions(
            lenient=False, time_zone=self.zone, base_url=self.base_url, now=self.clock()
        )


@dataclass(frozen=True, slots=True)
class Prefer:
    """The `Prefer` header: https://hl7.org/fhir/R4/http.html#ops."""

    representation: str = ""  # minimal, representation, OperationOutcome; empty: the default
    lenient: bool = False
    strict: bool = False


@dataclass(frozen=True, slots=True)
class InteractionRequest:
    """One interaction, free of HTTP."""

    interaction: str
    resource_type: str = ""
    resource_id: str = ""
    version_id: str = ""
    parameters: Parameters = ()
    compartment: str = ""  # the type whose compartment is searched, resource_id being its centre
    body: bytes | None = None
    media_type: str = ""  # of the body
    resource: Resource | None = None  # the body, when it is parsed already (entries of a Bundle)
    if_match: str | None = None
    if_none_match: str | None = None
    if_none_exist: str | None = None
    if_modified_since: str | None = None
    prefer: Prefer = field(default_factory=Prefer)


@dataclass(slots=True)
class InteractionResult:
    """What an interaction answers: a stored version, or a body of its own."""

    status: int
    body: bytes | None = None
    version: StoredVersion | None = None
    location: bool = False  # whether the answer names the version in Location
    issues: tuple[Issue, ...] = ()  # what `Prefer: return=OperationOutcome` is told


Operation = Callable[[Context, InteractionRequest], InteractionResult]


def served_type(name: str) -> ResourceType:
    """Give the registry's row of a type, or refuse with the nearest name."""
    row = registry().get(name)
    if row is None:
        raise Failure(FailureKind.UNKNOWN_ID, Issue("not-supported", unknown_type(name)))
    return row


def unknown_type(name: str) -> str:
    """Say that a type is not served and which one may have been meant."""
    nearest = registry().nearest(name)
    hint = f" Did you mean {nearest}?" if nearest else ""
    return (
        f"{name[:64]!r} is not a resource type of this server.{hint} /fhir/metadata lists them all."
    )

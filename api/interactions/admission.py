"""The one way by which a write reaches the store.

Create, update, delete, every entry of a transaction and the clinic's operations bring `Change`s
here. They are judged together, on the state that they would leave behind: the clinic adds what
follows from them, references must lead somewhere, and nothing that is still referred to may go.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from api.fhir.lexical import parse
from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.references import LocalReference, parse_relative
from api.fhir.resource import equal_content, references
from api.fhir.validating import errors_of_claimed_profiles
from api.interactions.context import Context
from api.store.session import Transaction
from api.store.version import Change, StoredVersion

Key = tuple[str, str]

# A delete leaves these standing: they speak of what was (http.html#delete, and our design).
KEEPS_NO_HOLD = frozenset({"AuditEvent", "Provenance"})
MAX_NAMED = 10


def admit(
    transaction: Transaction,
    changes: Sequence[Change],
    context: Context,
    match_keys: Mapping[Key, str] | None = None,
) -> dict[Key, StoredVersion]:
    """Write the changes with all that follows from them; give the version of each identity.

    An update that changes nothing gets no new version: its current one is given.
    Raises Failure UNPROCESSABLE or CONFLICT, and then nothing is written.
    """
    if context.validate_profiles:
        _refuse_what_breaks_its_profiles(changes)
    expanded = context.clinic.expand(transaction, list(changes))
    if context.refuse_dangling:
        _refuse_dangling(transaction, expanded, context.base_url)
        _refuse_deletes_of_referenced(transaction, expanded, context)
    unchanged = {change.key: change.previous for change in expanded if _is_unchanged(change)}
    written = transaction.write(
        [change for change in expanded if change.key not in unchanged], match_keys or {}
    )
    versions = {(version.resource_type, version.resource_id): version for version in written}
    versions.update({key: version for key, version in unchanged.items() if version is not None})
    return versions


def _refuse_what_breaks_its_profiles(changes: Sequence[Change]) -> None:
    resources = (change.resource for change in changes if change.resource is not None)
    issues = [each for resource in resources for each in errors_of_claimed_profiles(resource)]
    if issues:
        raise Failure(FailureKind.UNPROCESSABLE, *issues)


def _is_unchanged(change: Change) -> bool:
    previous = change.previous
    if previous is None:
        return False
    if change.resource is None:
        return previous.is_deleted
    stored = parse(previous.content) if previous.content is not None else None
    return isinstance(stored, dict) and equal_content(stored, change.resource)


def _targets(change: Change, base_url: str) -> Iterable[tuple[str, LocalReference]]:
    if change.resource is None:
        return
    for path, reference in references(change.resource):
        text = reference.get("reference")
        target = parse_relative(text.removeprefix(f"{base_url}/")) if text else None
        if target is not None:
            yield path, target


def _refuse_dangling(transaction: Transaction, changes: Sequence[Change], base_url: str) -> None:
    wanted = [(path, target) for change in changes for path, target in _targets(change, base_url)]
    if not wanted:
        return
    kept = {change.key for change in changes if change.resource is not None}
    gone = {change.key for change in changes if change.resource is None}
    asked = {target[:2] for _, target in wanted} - kept - gone
    found = kept | (transaction.share_lock(sorted(asked)) if asked else set())
    issues = [
        Issue("not-found", _dangling(target), (path,))
        for path, target in wanted
        if target[:2] not in found or not _version_exists(transaction, target)
    ]
    if issues:
        raise Failure(FailureKind.UNPROCESSABLE, *issues)


def _version_exists(transaction: Transaction, target: LocalReference) -> bool:
    number = target.version
    if number is None:
        return True
    if not (number.isascii() and number.isdigit() and len(number) < 10):  # noqa: PLR2004 - versions are below 10^9
        return False
    return transaction.vread(target.resource_type, target.resource_id, int(number)) is not None


def _dangling(target: LocalReference) -> str:
    return (
        f"{target.resource_type}/{target.resource_id} does not exist here. Write it first, or in "
        "the same transaction; a server started with --references allow does not check."
    )


def _refuse_deletes_of_referenced(
    transaction: Transaction, changes: Sequence[Change], context: Context
) -> None:
    deleted = {change.key for change in changes if change.resource is None}
    if not deleted:
        return
    rewritten = {change.key for change in changes}
    held = {
        (target[:2], change.key)
        for change in changes
        for _, target in _targets(change, context.base_url)
        if target[:2] in deleted
    }
    for referrer in transaction.referrers(sorted(deleted)):
        if referrer[:2] not in rewritten:
            held.add((referrer[2:], referrer[:2]))
    issues = [
        Issue(
            "conflict",
            f"{'/'.join(target)} is referred to by {'/'.join(referrer)}; change or delete that "
            "first, or both in one transaction.",
            (target[0],),
        )
        for target, referrer in islice(_holding(transaction, sorted(held), context), MAX_NAMED)
    ]
    if issues:
        raise Failure(FailureKind.CONFLICT, *issues)


def _holding(
    transaction: Transaction, held: Sequence[tuple[Key, Key]], context: Context
) -> Iterator[tuple[Key, Key]]:
    """Give the pairs in which the referrer keeps the target: not AuditEvents, not own twins."""
    for target, referrer in held:
        if referrer[0] in KEEPS_NO_HOLD or referrer == target:
            continue
        version = transaction.read(*referrer)
        if version is None or not context.clinic.is_own_twin(version):
            yield target, referrer

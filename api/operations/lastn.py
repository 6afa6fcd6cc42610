"""`Observation/$lastn`: the newest observations of each code.

https://hl7.org/fhir/R4/observation-operation-lastn.html

Observations are of one group when they share a coding's system and code, or, without any coding,
their text. What has no date comes after everything that has one.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import orjson

from api.fhir.bundle import bundle, query_text, search_entry
from api.fhir.outcome import Failure, FailureKind
from api.fhir.registry import registry
from api.fhir.search_query import SearchQuery
from api.interactions.context import Context, InteractionRequest, InteractionResult, Parameters
from api.operations.arguments import Arguments, read_arguments, refused
from api.store.session import Snapshot
from api.store.version import StoredVersion

# A runner has far fewer; more would be read for nothing.
MAX_READ: Final = 10_000
_PAGE: Final = 1_000
_SUBJECTS: Final = ("patient", "subject")


def lastn(context: Context, request: InteractionRequest) -> InteractionResult:
    """Answer the `max` (1) newest of each group among the observations that a search finds."""
    parameters, most = _asked(request)
    asked = (*parameters, ("_sort", "-date"), ("_count", str(_PAGE)))
    query = context.parse_search("Observation", asked, lenient=request.prefer.lenient)
    with context.store.snapshot() as snapshot:
        chosen = list(_chosen(_newest_first(snapshot, query), most))
    entries = [
        search_entry(context.base_url, "/".join(version.key), version.content)
        for version in chosen
        if version.content is not None
    ]
    said = query_text((*parameters, ("max", str(most))))
    links = [("self", f"{context.base_url}/Observation/$lastn?{said}")]
    return InteractionResult(200, body=bundle("searchset", entries, links, len(entries)))


def _asked(request: InteractionRequest) -> tuple[Parameters, int]:
    """Take `max` out; raises Failure INVALID without a subject, or without category and code."""
    pairs = request.parameters
    if request.body or request.resource is not None:
        known = {"max": "positiveInt", **dict.fromkeys(_search_names(), "string")}
        of_body = read_arguments(replace(request, parameters=()), known)
        pairs += tuple((name, text) for name, texts in of_body.values.items() for text in texts)
    most = Arguments({"max": [value for name, value in pairs if name == "max"]})
    number = most.whole_number("max", least=1) if most.all("max") else 1
    parameters = tuple(pair for pair in pairs if pair[0] != "max")
    names = {name.partition(":")[0].partition(".")[0] for name, _ in parameters}
    if not names & set(_SUBJECTS):
        raise refused("patient", "$lastn needs `patient` or `subject`.", "required")
    if not any("code" in name or name == "category" for name in names):
        raise refused("category", "$lastn needs `category` or a parameter of codes.", "required")
    shaping = names & {"_sort", "_count", "_include", "_revinclude", "_summary", "_total"}
    if shaping:
        raise refused(min(shaping), "$lastn decides on order and number itself.", "not-supported")
    return parameters, number or 1


def _search_names() -> list[str]:
    return list(registry().types["Observation"].search_parameters)


def _newest_first(snapshot: Snapshot, query: SearchQuery) -> Iterator[StoredVersion]:
    page, read = snapshot.search(query), 0
    while True:
        yield from page.versions
        read += len(page.versions)
        if page.next is None:
            return
        if read >= MAX_READ:
            raise Failure(
                FailureKind.TOO_LARGE,
                f"More than {MAX_READ} observations match; ask for fewer codes.",
            )
        page = snapshot.search(query, page.next)


def _chosen(versions: Iterator[StoredVersion], most: int) -> Iterator[StoredVersion]:
    """Give the first `most` of each group, in the order in which they come."""
    group_of: dict[Any, int] = {}
    sizes: list[int] = []
    for version in versions:
        keys = list(_group_keys(orjson.loads(version.content or b"{}")))
        group = next((group_of[key] for key in keys if key in group_of), len(sizes))
        if group == len(sizes):
            sizes.append(0)
        group_of.update({key: group for key in keys if key not in group_of})
        if sizes[group] < most:
            sizes[group] += 1
            yield version


def _group_keys(observation: dict[str, Any]) -> Iterator[Any]:
    code = observation.get("code", {})
    codings = [each for each in code.get("coding", ()) if "code" in each]
    for coding in codings:
        yield coding.get("system"), coding["code"]
    if not codings:
        yield code.get("text")

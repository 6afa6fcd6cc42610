"""`CodeSystem/$subsumes`: how two codes stand to each other in the hierarchy of their system.

https://hl7.org/fhir/R4/codesystem-operation-subsumes.html
"""

from typing import Any, Final

from api.fhir.outcome import Failure, FailureKind, Issue
from api.fhir.terminology.code_system import CodeSystem
from api.interactions.context import Context, InteractionRequest, InteractionResult
from api.operations.answered import answered, parameter
from api.operations.arguments import Arguments, read_arguments, refused
from api.operations.named import not_held, read_instance

KNOWN: Final = {
    "codeA": "code",
    "codeB": "code",
    "system": "uri",
    "version": "string",
    "codingA": "Coding",
    "codingB": "Coding",
}


def subsumes(context: Context, request: InteractionRequest) -> InteractionResult:
    """Answer `outcome`: equivalent, subsumes, subsumed-by or not-subsumed.

    Raises Failure UNKNOWN_ID for a system that is not held, UNPROCESSABLE for a code that is not
    in it.
    """
    arguments = read_arguments(request, KNOWN)
    one, other = _code(arguments, "A"), _code(arguments, "B")
    named = {each for each in (arguments.text("system"), one[0], other[0]) if each is not None}
    with context.store.snapshot() as snapshot:
        if request.resource_id:
            system: CodeSystem | None = CodeSystem.of(read_instance(snapshot, request))
        else:
            url = _only(named)
            system = context.library(snapshot).code_system(url, arguments.text("version"))
            if system is None:
                raise not_held("code system", url, "system")
    if system is None or named - {system.url}:
        raise refused("system", "Both codes are of the code system in the address.")
    codes = [_known(system, code, name) for code, name in ((one[1], "A"), (other[1], "B"))]
    return answered([parameter("outcome", "code", system.subsumption(codes[0], codes[1]))])


def _code(arguments: Arguments, name: str) -> tuple[str | None, Any]:
    """Give system and code of one side; raises Failure INVALID unless there is exactly one."""
    code, coding = arguments.text(f"code{name}"), arguments.one(f"coding{name}")
    if (code is None) == (coding is None) or (coding is not None and "code" not in coding):
        raise refused(
            f"code{name}", f"Send one of `code{name}` and `coding{name}`, with a code.", "required"
        )
    return (None, code) if coding is None else (coding.get("system"), coding["code"])


def _only(named: set[str]) -> str:
    if len(named) != 1:
        raise refused("system", "Both codes need one and the same `system`.", "required")
    return next(iter(named))


def _known(system: CodeSystem, code: str, name: str) -> str:
    concept = system.find(code)
    if concept is None:
        raise Failure(
            FailureKind.UNPROCESSABLE,
            Issue("code-invalid", "The code is not in the code system.", (f"http.code{name}",)),
        )
    return concept.code

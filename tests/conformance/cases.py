"""Executable cases of the specification: how one is read, run and judged.

The format is described in `tests/data/conformance/README.md`. A case talks to a server through an
`httpx.Client` and raises `Mismatch` with a sentence when the server does otherwise than expected.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import httpx

from tests.conformance.json_path import holds, select

JSON: TypeAlias = Any
FHIR_JSON = "application/fhir+json"
CASES = Path(__file__).parents[1] / "data" / "conformance" / "cases.jsonl"
PAGES_FOLLOWED = 60
TEMPLATE = re.compile(r"\{\{\s*([^}]+?)\s*\}\}")
LOCATION = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9.\-]{1,64})(?:/_history/([^/]+))?/?$")


class Mismatch(AssertionError):  # noqa: N818 - it reads as a sentence where it is raised.
    """The server did otherwise than the case expects."""


@dataclass(frozen=True)
class Case:
    """One line of the file."""

    id: str
    area: str
    level: str
    setup: Sequence[Mapping[str, Any]]
    steps: Sequence[Mapping[str, Any]]


def load_cases() -> list[Case]:
    """Read every case."""
    lines = CASES.read_text(encoding="utf-8").splitlines()
    return [_case(json.loads(line)) for line in lines if line.strip()]


def _case(row: Mapping[str, Any]) -> Case:
    first = {"request": row["request"], "expect": row.get("expect", {})}
    steps = [first, *row.get("then", ())]
    return Case(row["id"], row["area"], row.get("level", "SHALL"), row.get("setup", ()), steps)


@dataclass
class CaseRun:
    """A case on its way: what has been created and captured so far."""

    client: httpx.Client
    base: str
    run: str
    labels: dict[str, JSON] = field(default_factory=dict)
    captured: dict[str, str] = field(default_factory=dict)

    def perform(self, case: Case) -> None:
        """Run the case from its set-up to its last step; raise Mismatch where it fails."""
        for number, item in enumerate(case.setup):
            self._prepare(f"setup[{number}]", item)
        for number, step in enumerate(case.steps):
            answer = self._send(step["request"])
            try:
                self._judge(answer, step.get("expect") or {})
            except Mismatch as mismatch:
                raise Mismatch(f"{case.id} step {number}: {mismatch}") from None

    def _prepare(self, where: str, item: Mapping[str, Any]) -> None:
        if "request" in item:
            answer = self._send(item["request"])
            self._judge(answer, item.get("expect") or {"status": [200, 201, 204]})
            if item.get("label"):
                self.labels[item["label"]] = answer.json()
            return
        resource = item["resource"]
        path = self._filled(resource["resourceType"])
        if item.get("put"):
            path += "/" + self._filled(resource["id"])
        method = "PUT" if item.get("put") else "POST"
        answer = self._send({"method": method, "path": path, "body": resource})
        if answer.status_code not in {200, 201}:
            raise Mismatch(f"{where}: {path} gave {answer.status_code}: {answer.text[:300]}")
        self.labels[item["label"]] = _created(answer)

    def _send(self, template: Mapping[str, Any]) -> httpx.Response:
        request = self._filled(template)
        headers = {"Accept": FHIR_JSON, **(request.get("headers") or {})}
        content, media_type = _content(request)
        if media_type is not None:
            headers.setdefault("Content-Type", media_type)
        sent = {name: text for name, text in headers.items() if text is not None}
        url = self._address(request["path"])
        return self.client.request(request["method"], url, headers=sent, content=content)

    def _address(self, path: str) -> str:
        if path.startswith("http"):
            return path
        return self.base + path if not path or path.startswith("?") else f"{self.base}/{path}"

    def _filled(self, value: JSON) -> JSON:
        if isinstance(value, str):
            return TEMPLATE.sub(lambda found: self._look_up(found[1]), value)
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, dict):
            return {self._filled(key): self._filled(item) for key, item in value.items()}
        return value

    def _look_up(self, name: str) -> str:
        known = {"run": self.run, "base": self.base, **self.captured}
        if name in known:
            return known[name]
        label, _, part = name.partition(".")
        if label not in self.labels:
            raise Mismatch(f"the case names {name}, which nothing has made")
        resource = self.labels[label]
        meta = resource.get("meta") or {}
        version = str(meta.get("versionId", ""))
        parts = {
            "id": resource["id"],
            "ref": f"{resource['resourceType']}/{resource['id']}",
            "vid": version,
            "etag": f'W/"{version}"',
            "lastUpdated": meta.get("lastUpdated", ""),
        }
        return str(parts[part])

    def _judge(self, answer: httpx.Response, expect: Mapping[str, Any]) -> None:
        _judge_status(answer, expect)
        document = _document(answer)
        self._judge_shape(answer, document, expect)
        if expect.keys() & {"ids", "ids_ordered", "includes", "not_ids"}:
            self._judge_matches(document, expect)
        for check in expect.get("json", ()):
            found, wanted = select(document, check["path"]), self._filled(check.get("value"))
            if not holds(check.get("op", "eq"), found, wanted):
                raise Mismatch(
                    f"{check['path']} {check.get('op', 'eq')} {wanted!r}: {found!r:.200}"
                )
        for name, source in expect.get("capture", {}).items():
            self.captured[name] = _captured(name, source, answer, document)

    def _judge_shape(
        self, answer: httpx.Response, document: JSON, expect: Mapping[str, Any]
    ) -> None:
        body = document if isinstance(document, dict) else {}
        if expect.get("outcome"):
            _require(
                body.get("resourceType") == "OperationOutcome" and bool(body.get("issue")),
                f"no OperationOutcome but {answer.text[:200]!r}",
            )
        if expect.get("no_body"):
            _require(not answer.content, "the body is not empty")
        for name, pattern in expect.get("headers", {}).items():
            got = answer.headers.get(name)
            _require(
                got is not None and re.search(self._filled(pattern), got) is not None,
                f"header {name} is {got!r}, not {pattern}",
            )
        for name, key in (("bundle_type", "type"), ("total", "total")):
            if name in expect:
                _require(
                    body.get(key) == expect[name],
                    f"{key} is {body.get(key)!r}, not {expect[name]!r}",
                )
        matches = sum(_mode(entry) == "match" for entry in body.get("entry", ()))
        if "page_max" in expect:
            _require(matches <= expect["page_max"], f"{matches} matches on a page")
        if "page_len" in expect:
            _require(matches == expect["page_len"], f"{matches} matches on a page")

    def _judge_matches(self, document: JSON, expect: Mapping[str, Any]) -> None:
        if not isinstance(document, dict) or document.get("resourceType") != "Bundle":
            raise Mismatch(f"no Bundle but {document!r:.200}")
        found: dict[str, list[str]] = {"match": [], "include": [], "outcome": []}
        for entry in self._all_entries(document):
            label = self._label(entry.get("resource") or {})
            if label is not None:
                found[_mode(entry)].append(label)
        matched, included = found["match"], found["include"]
        if "ids" in expect:
            _require(
                Counter(matched) == Counter(expect["ids"]),
                f"matched {sorted(matched)}, expected {sorted(expect['ids'])}",
            )
        if "ids_ordered" in expect:
            _require(matched == expect["ids_ordered"], f"order {matched}")
        if "not_ids" in expect:
            _require(not {*matched} & {*expect["not_ids"]}, f"matched {matched}")
        if "includes" in expect:
            _require(
                Counter(included) == Counter(expect["includes"]),
                f"included {sorted(included)}, expected {sorted(expect['includes'])}",
            )

    def _label(self, resource: Mapping[str, Any]) -> str | None:
        for label, made in self.labels.items():
            if (made["resourceType"], made["id"]) == (
                resource.get("resourceType"),
                resource.get("id"),
            ):
                return label
        return None

    def _all_entries(self, page: JSON) -> Iterator[Mapping[str, Any]]:
        for _ in range(PAGES_FOLLOWED):
            yield from page.get("entry", ())
            links = {link["relation"]: link["url"] for link in page.get("link", ())}
            if "next" not in links:
                return
            address = httpx.URL(self.base + "/").join(links["next"])
            answer = self.client.get(address, headers={"Accept": FHIR_JSON})
            _require(answer.status_code == 200, f"the next link gave {answer.status_code}")
            page = answer.json()


def _require(holds_true: bool, sentence: str) -> None:  # noqa: FBT001 - it reads as an assertion.
    if not holds_true:
        raise Mismatch(sentence)


def _content(request: Mapping[str, Any]) -> tuple[bytes | None, str | None]:
    if "body" in request:
        return json.dumps(request["body"]).encode(), FHIR_JSON
    if "text" in request:
        return request["text"].encode(), FHIR_JSON
    if "form" in request:
        form = httpx.QueryParams(request["form"])
        return str(form).encode(), "application/x-www-form-urlencoded"
    return None, None


def _document(answer: httpx.Response) -> JSON:
    try:
        return answer.json()
    except ValueError:
        return None


def _mode(entry: Mapping[str, Any]) -> str:
    return str((entry.get("search") or {}).get("mode", "match"))


def _judge_status(answer: httpx.Response, expect: Mapping[str, Any]) -> None:
    wanted = expect.get("status")
    allowed = [wanted] if isinstance(wanted, int) else wanted
    got = answer.status_code
    if allowed is not None and got not in allowed:
        raise Mismatch(f"status {got}, expected {wanted}: {answer.text[:400]}")
    if got >= 500 and not expect.get("allow_5xx") and got not in (allowed or ()):
        raise Mismatch(f"server error {got}: {answer.text[:400]}")


def _created(answer: httpx.Response) -> JSON:
    document = _document(answer)
    if isinstance(document, dict) and document.get("id"):
        return document
    found = LOCATION.search(answer.headers.get("location", ""))
    if found is None:
        raise Mismatch("neither a body nor a Location says what was created")
    meta = {"versionId": found[3] or ""}
    return {"resourceType": found[1], "id": found[2], "meta": meta}


def _captured(name: str, source: Mapping[str, str], answer: httpx.Response, document: JSON) -> str:
    if "header" in source:
        value = answer.headers.get(source["header"])
    else:
        value = next(iter(select(document, source["json"])), None)
    if value is None:
        raise Mismatch(f"nothing to capture as {name}")
    kind = source.get("as")
    if kind not in {"ref", "id"}:
        return str(value)
    found = LOCATION.search(value)
    if found is None:
        raise Mismatch(f"{value!r} is no reference to capture as {name}")
    return f"{found[1]}/{found[2]}" if kind == "ref" else found[2]

"""The oracle of every fault test: clients that write down what they ask and what they are told.

Each request is noted in a file that is flushed to the disk before the request is sent, and again
when its answer has come. After the fault `Ledger.problems` asks the server for everything in it: an
acknowledged write must be there as it was acknowledged, a transaction must be whole or absent, the
history of a record must have no gap. What was never answered may be there or not, but not by half.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from tests.factories import bundle, encoded, entry, patient, unique_name

FHIR_JSON = "application/fhir+json"
SYSTEM = "http://example.org/ledger"
ENTRIES = 6
ANSWER_SECONDS = 30.0


@dataclass
class Operation:
    """One request: what it was to do and, once answered, what was said."""

    kind: str
    mark: str
    value: int = 0
    status: int = 0
    location: str = ""
    version: int = 0

    @property
    def is_acknowledged(self) -> bool:
        """Whether the server said that it is done."""
        return self.status in {200, 201}


@dataclass
class Ledger:
    """The file, and the same in memory."""

    path: Path
    operations: list[Operation] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, operation: Operation) -> None:
        """Append the operation as it now stands; on the disk when this returns."""
        with self._lock, self.path.open("a") as file:
            if operation.status == 0:
                self.operations.append(operation)
            file.write(json.dumps(vars(operation)) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def acknowledged(self) -> list[Operation]:
        """What the server has said it did, at this moment."""
        with self._lock:
            return [each for each in self.operations if each.is_acknowledged]

    def everything(self) -> list[Operation]:
        """Every operation begun, at this moment."""
        with self._lock:
            return list(self.operations)


class Client:
    """A keep-alive connection that is opened again when it breaks; used in a `with` block."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection: HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def send(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """Send below /fhir; raises OSError or HTTPException where no answer came."""
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        if body is not None:
            sent.setdefault("Content-Type", FHIR_JSON)
        try:
            self._connection.request(method, f"/fhir/{path}", body, sent)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            self.close()
            raise
        named = {name.lower(): text for name, text in answer.getheaders()}
        return answer.status, named, json.loads(content) if content else None


def marked(mark: str, value: int) -> dict[str, Any]:
    """A Patient that carries the mark of its operation."""
    return patient(identifier=[{"system": SYSTEM, "value": mark}], multipleBirthInteger=value)


def by_mark(mark: str) -> str:
    """The search that finds what carries this mark."""
    return f"identifier={quote(f'{SYSTEM}|{mark}')}"


def total(client: Client, mark: str) -> int:
    """How many Patients carry this mark."""
    status, _, page = client.send("GET", f"Patient?{by_mark(mark)}&_count=0")
    assert status == 200, page
    return int(page["total"])


class Writer:
    """One client: creates, updates one record of its own, and posts transactions, in turn."""

    def __init__(self, ledger: Ledger, client: Client) -> None:
        self.ledger = ledger
        self.client = client
        self.record = unique_name("record")
        self.turn = 0

    def write(self) -> Operation:
        """Send the next operation; give it with its answer."""
        self.turn += 1
        send = (self.create, self.update, self.transact)[self.turn % 3]
        return send()

    def create(self) -> Operation:
        """POST one Patient."""
        operation = Operation("create", unique_name("mark"), self.turn)
        body = encoded(marked(operation.mark, operation.value))
        return self._send(operation, "POST", "Patient", body)

    def update(self) -> Operation:
        """PUT the next version of the client's own record."""
        operation = Operation("update", self.record, self.turn)
        resource = marked(operation.mark, operation.value) | {"id": self.record}
        return self._send(operation, "PUT", f"Patient/{self.record}", encoded(resource))

    def transact(self) -> Operation:
        """POST a transaction whose entries share a mark."""
        operation = Operation("transaction", unique_name("mark"), self.turn)
        one = entry("POST", "Patient", marked(operation.mark, operation.value))
        body = encoded(bundle("transaction", *[one] * ENTRIES))
        return self._send(operation, "POST", "", body)

    def _send(self, operation: Operation, method: str, path: str, body: bytes) -> Operation:
        self.ledger.note(operation)
        status, headers, _ = self.client.send(method, path, body)
        operation.status = status
        operation.location = headers.get("location", "").rpartition("/fhir/")[2]
        operation.version = int(headers.get("etag", 'W/"0"').strip('W/"'))
        self.ledger.note(operation)
        return operation


@contextmanager
def under_load(
    ledger: Ledger, port: int, clients: int = 4, *, patient_with: Sequence[int] = ()
) -> Iterator[Callable[[], None]]:
    """Writers at work for as long as the block lasts; a broken connection ends theirs.

    Gives a function that stops them. An answer that is neither a success nor one of
    `patient_with` is an error.
    """
    stopping = threading.Event()
    strange: list[Operation] = []

    def work() -> None:
        with Client(port) as client:
            writer = Writer(ledger, client)
            while not stopping.is_set():
                try:
                    operation = writer.write()
                except (OSError, HTTPException, ValueError):
                    if not patient_with:
                        return
                    continue
                if not operation.is_acknowledged and operation.status not in patient_with:
                    strange.append(operation)

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(work) for _ in range(clients)]
        try:
            yield stopping.set
        finally:
            stopping.set()
            for each in running:
                each.result(ANSWER_SECONDS * 2)
    assert not strange, strange[:5]


def problems(operations: Sequence[Operation], port: int) -> list[str]:
    """Everything that the server does not keep of what it acknowledged, and every half."""
    checks = {"create": _lost, "update": _lost, "transaction": _half}
    found = []
    with Client(port) as client:
        for operation in operations:
            found += checks[operation.kind](client, operation)
        for record in sorted({each.mark for each in operations if each.kind == "update"}):
            found += _gaps(client, record)
    return found


def _lost(client: Client, operation: Operation) -> list[str]:
    if not operation.is_acknowledged:
        return []
    path = operation.location or f"Patient/{operation.mark}/_history/{operation.version}"
    status, _, resource = client.send("GET", path)
    if status != 200:
        return [f"lost: {operation.kind} {path} was acknowledged and is {status}"]
    if resource["multipleBirthInteger"] != operation.value:
        return [f"changed: {operation.kind} {path}"]
    return []


def _half(client: Client, operation: Operation) -> list[str]:
    found = total(client, operation.mark)
    if found not in {0, ENTRIES}:
        return [f"half: {found} of {ENTRIES} entries of {operation.mark}"]
    if operation.is_acknowledged and found == 0:
        return [f"lost: the transaction {operation.mark} was acknowledged"]
    return []


def _gaps(client: Client, record: str) -> list[str]:
    status, _, page = client.send("GET", f"Patient/{record}/_history?_count=1000")
    if status == 404:
        return []
    assert status == 200, page
    versions = [int(each["resource"]["meta"]["versionId"]) for each in page["entry"]]
    if versions != list(range(len(versions), 0, -1)):
        return [f"gap: the history of {record} holds {versions}"]
    return []

"""The log: one JSON line an event on standard output.

A line holds ids, codes, counts and times; never a name, a value of a query, a body or a token. The
message of an exception may hold one of those, so a fault is noted by its type and its place.
"""

import sys
import time
import traceback
from datetime import UTC, datetime
from functools import lru_cache

import orjson


def note(event: str, **fields: object) -> None:
    """Write one line; a log that cannot be written never stops a request."""
    line = {"event": event, **fields, "timestamp": _timestamp(int(time.time()))}
    try:
        sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
        sys.stdout.buffer.flush()
    except (OSError, ValueError, AttributeError):
        return


def note_fault(error: BaseException, request_id: object) -> None:
    """Write where a bug came from."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    note("fault", id=request_id, type=type(error).__name__, where=where)


@lru_cache(maxsize=2)
def _timestamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()

"""What a clinic may edit, as data: thresholds, weights, dosages, texts, each with its source.

The files beside this module are the shipped knowledge (specification sections B to E). A clinic's
own directory may hold files of the same names with only what it changes; they are laid over the
shipped ones key by key, checked once, and their effect is part of `ruleset`.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

from domain.knowledge.checks import check
from domain.knowledge.overlay import overlaid, shipped
from domain.knowledge.reading import knowledge_from
from domain.knowledge.records import Data, Knowledge

__all__ = ["VERSION", "Knowledge", "load"]

VERSION = "1.0.0"


def _ruleset(files: dict[str, Data]) -> str:
    effective = json.dumps(files, sort_keys=True, ensure_ascii=False, default=str)
    return f"{VERSION}+{hashlib.sha256(effective.encode()).hexdigest()[:12]}"


@cache
def _default() -> Knowledge:
    files = shipped()
    check(files, files)
    return knowledge_from(files, _ruleset(files))


def load(directory: Path | None = None) -> Knowledge:
    """Return the shipped knowledge, overlaid with a clinic's own files where a directory is given.

    Raises:
        ValueError: a file or key that is not known, or a value that cannot be; the sentence names
            the file and the key.

    """
    if directory is None:
        return _default()
    files = overlaid(shipped(), directory)
    check(files, shipped())
    return knowledge_from(files, _ruleset(files))

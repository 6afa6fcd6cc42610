"""The real server, but its SQLite never flushes: `PRAGMA synchronous=OFF`.

Only to show that the power-cut test sees a loss when there is one.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from api.cli.main import run
from api.store import sqlite_file

if __name__ == "__main__":
    careful = sqlite_file.WRITER_PRAGMAS
    assert "synchronous=FULL" in careful
    careless = tuple(each.replace("synchronous=FULL", "synchronous=OFF") for each in careful)
    vars(sqlite_file)["WRITER_PRAGMAS"] = careless
    run()

"""`python -m tests.bench`: every benchmark on SQLite and PostgreSQL, as a table."""

import tempfile
from pathlib import Path

from api.store import migration
from tests.bench.workloads import run, start_seconds, table
from tests.postgresql import postgresql_server


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name, postgresql_server(durable=True) as cluster:
        directory = Path(name)
        urls = [f"sqlite:///{directory / 'bench.sqlite'}", cluster.create_database("bench")]
        for url in urls:
            migration.upgrade(url)
            print(f"\n{url.partition(':')[0]}\n{table(run(url, directory))}")  # noqa: T201
            print(f"start to first answer: {start_seconds(url, directory):.2f} s")  # noqa: T201


if __name__ == "__main__":
    main()

"""Walks through pages while others write: nothing that exists throughout is skipped or repeated."""

import random
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from api.store.session import Store
from tests.store.records import Records, patient
from tests.store.searching import parsed

if TYPE_CHECKING:
    from api.store.paging import Cursor

SORTS = [
    "birthdate",
    "-birthdate",
    "_lastUpdated",
    "-_lastUpdated",
    "family,-birthdate",
    "-gender,birthdate",
    "_id",
    "",
]
LASTING = [f"p{number:02}" for number in range(24)]
WALKS_OF_EACH_SORT = 13
WRITERS = 4


def changed(generator: random.Random, resource_id: str) -> dict[str, object]:
    """A patient whose every sort value is new, or gone."""
    elements: dict[str, object] = {"active": True}
    if generator.random() < 0.8:
        elements["birthDate"] = f"{generator.randint(1930, 2020)}-01-01"
    if generator.random() < 0.8:
        elements["gender"] = generator.choice(["male", "female", "other"])
    elements["name"] = [{"family": generator.choice("abcdefgh") * 3}]
    return patient(resource_id, **elements)


def write(store: Store, seed: int, stop: threading.Event) -> None:
    """Change, create and delete until told to stop."""
    generator = random.Random(seed)  # noqa: S311 - it draws test data
    records = Records(store)
    passing = 0
    while not stop.is_set():
        mine = LASTING[seed::WRITERS]
        records.put(changed(generator, generator.choice(mine)))
        passing += 1
        name = f"x{seed}-{passing % 5}"
        if generator.random() < 0.3:
            records.put(changed(generator, name))
        elif store_has(records, name):
            records.delete("Patient", name)


def store_has(records: Records, name: str) -> bool:
    found = records.read("Patient", name)
    return found is not None and not found.is_deleted


def walk(store: Store, sort: str, count: int) -> list[str]:
    """The ids of one walk, the last pages read backwards and forwards once more."""
    order = f"&_sort={sort}" if sort else ""
    query = parsed(f"Patient?active=true&_count={count}{order}")
    seen: list[str] = []
    cursor: Cursor | None = None
    while True:
        with store.snapshot() as snapshot:
            page = snapshot.search(query, cursor)
        seen += [each.resource_id for each in page.versions]
        if page.next is None:
            return seen
        cursor = page.next


def test_two_hundred_walks_under_four_writers_skip_and_repeat_nothing(store: Store) -> None:
    records = Records(store)
    generator = random.Random(1)  # noqa: S311 - it draws test data
    records.put(*(changed(generator, name) for name in LASTING))
    stop = threading.Event()
    writers = [
        threading.Thread(target=write, args=(store, seed, stop), daemon=True)
        for seed in range(WRITERS)
    ]
    for each in writers:
        each.start()
    wrong = []
    try:
        for sort in SORTS:
            for number in range(WALKS_OF_EACH_SORT):
                times = Counter(walk(store, sort, 3 + number % 4))
                amiss = {name: times[name] for name in LASTING if times[name] != 1}
                if amiss:
                    wrong.append((sort, amiss))
    finally:
        stop.set()
        for each in writers:
            each.join(timeout=60)
    assert len(SORTS) * WALKS_OF_EACH_SORT * 2 >= 200
    assert wrong == []


@pytest.mark.parametrize("sort", SORTS)
def test_the_way_back_shows_what_the_way_there_showed(store: Store, sort: str) -> None:
    records = Records(store)
    generator = random.Random(2)  # noqa: S311 - it draws test data
    records.put(*(changed(generator, name) for name in LASTING))
    order = f"&_sort={sort}" if sort else ""
    query = parsed(f"Patient?active=true&_count=5{order}")
    pages: list[list[str]] = []
    cursor: Cursor | None = None
    back: Cursor | None = None
    while True:
        with store.snapshot() as snapshot:
            page = snapshot.search(query, cursor)
        pages.append([each.resource_id for each in page.versions])
        records.put(*(changed(generator, name) for name in generator.sample(LASTING, 6)))
        back, cursor = page.previous, page.next
        if cursor is None:
            break
    again: list[list[str]] = []
    while back is not None:
        with store.snapshot() as snapshot:
            page = snapshot.search(query, back)
        again.insert(0, [each.resource_id for each in page.versions])
        records.put(*(changed(generator, name) for name in generator.sample(LASTING, 6)))
        back = page.previous
    assert again == pages[:-1]
    assert sorted(each for page in pages for each in page) == LASTING


def test_the_entries_are_the_newest_versions(store: Store) -> None:
    records = Records(store)
    records.put(*(patient(name, birthDate="1990", active=True) for name in LASTING))
    query = parsed("Patient?active=true&_sort=birthdate&_count=20")
    with store.snapshot() as snapshot:
        first = snapshot.search(query)
    records.put(patient("p23", birthDate="1930", active=True))
    with store.snapshot() as snapshot:
        second = snapshot.search(query, first.next)
    assert [(each.resource_id, each.version_id) for each in second.versions] == [
        ("p20", 1),
        ("p21", 1),
        ("p22", 1),
        ("p23", 2),
    ]

"""Index rows are made anew when the rules by which they are made have changed."""

from sqlalchemy import text

from api.store import migration
from api.store.session import Store
from tests.store.records import Clock, Records, patient
from tests.store.searching import BASE, Searches


def test_resources_of_an_older_program_are_found_by_newer_parameters(database_url: str) -> None:
    store = Store.open(database_url, clock=Clock(), base_url=BASE)
    Records(store).put(patient("a"), patient("b"), {"resourceType": "Location", "id": "l"})
    place = {"latitude": 1, "longitude": 2}
    Records(store).put({"resourceType": "Location", "id": "l", "position": place})
    Records(store).delete("Patient", "b")
    store.close()
    migration.downgrade(database_url, "0001")
    migration.upgrade(database_url)
    for _ in range(2):
        store = Store.open(database_url, clock=Clock(), base_url=BASE)
        searches = Searches(store)
        assert searches.found("Patient?_content=nurmi") == ["a"]
        assert searches.found("Patient?name=nurmi") == ["a"]
        assert searches.found("Location?near=1|2|1") == ["l"]
        store.close()


def test_what_is_up_to_date_is_left_alone(database_url: str) -> None:
    store = Store.open(database_url, clock=Clock(), base_url=BASE)
    Records(store).put(patient("a"))
    with store._database.writing() as connection:
        connection.core.execute(text("DELETE FROM index_string"))
    store.close()
    store = Store.open(database_url, clock=Clock(), base_url=BASE)
    assert Searches(store).found("Patient?name=nurmi") == []
    store.close()

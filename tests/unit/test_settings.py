"""Settings: flags over variables over defaults, and what cannot be served together."""

from pathlib import Path

import pytest

from api.settings import Settings, SettingsError


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_default() -> None:
    settings = Settings.from_environment({"RUNSPINE_PORT": "9000", "RUNSPINE_HOST": "::1"})
    assert (settings.port, settings.host) == (9000, "::1")
    assert settings.with_flags(port=9001, host=None).port == 9001
    assert Settings.from_environment({}).port == 8000


def test_every_variable_has_the_type_of_its_setting() -> None:
    settings = Settings.from_environment(
        {
            "RUNSPINE_DATA_DIR": "/tmp/x",  # noqa: S108 - a path that is only read back
            "RUNSPINE_KNOWLEDGE_DIR": "clinic",
            "RUNSPINE_ALLOW_OPEN": "1",
            "RUNSPINE_DEMO": "false",
        }
    )
    assert settings.data_dir == Path("/tmp/x")  # noqa: S108 - the same path
    assert settings.knowledge_dir == Path("clinic")
    assert (settings.allow_open, settings.demo) == (True, False)


def test_a_number_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="RUNSPINE_PORT takes a whole number"):
        Settings.from_environment({"RUNSPINE_PORT": "http"})


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"auth": "on"}, "Authorisation is not built yet"),
        ({"auth": "maybe"}, "--auth takes on or off"),
        ({"host": "0.0.0.0"}, "RUNSPINE_ALLOW_OPEN=1"),  # noqa: S104 - refused, not bound
        ({"host": "clinic.example"}, "RUNSPINE_ALLOW_OPEN=1"),
        ({"workers": 2}, "One process owns a SQLite file"),
        ({"workers": 0}, "--workers takes"),
        ({"references": "sometimes"}, "--references takes refuse or allow"),
        ({"port": 70000}, "--port takes"),
        ({"database_url": "mysql://x"}, "--database-url takes"),
        ({"time_zone": "Melbourne"}, "IANA"),
        ({"time_zone": "../etc/passwd"}, "IANA"),
    ],
)
def test_what_cannot_be_served_is_refused_with_a_sentence(
    setting: dict[str, object], sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        Settings().with_flags(**setting).check()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_may_be_open(host: str) -> None:
    Settings(host=host).check()


def test_an_open_address_is_served_when_the_operator_says_so() -> None:
    Settings(host="0.0.0.0", allow_open=True).check()  # noqa: S104 - not bound


@pytest.mark.parametrize("url", ["postgres://u@h/d", "postgresql://u@h/d"])
def test_postgresql_is_reached_through_psycopg(url: str) -> None:
    settings = Settings(database_url=url, workers=4)
    settings.check()
    assert settings.database == "postgresql+psycopg://u@h/d"


def test_addresses_come_from_the_configuration_or_the_bound_address() -> None:
    assert Settings().base_url == "http://127.0.0.1:8000/fhir"
    assert Settings(host="0.0.0.0").base_url == "http://localhost:8000/fhir"  # noqa: S104 - not bound
    assert Settings(host="::1", port=1).base_url == "http://[::1]:1/fhir"
    assert Settings(public_url="https://c.example/fhir/").base_url == "https://c.example/fhir"
    assert Settings(public_url="https://c.example").root_url == "https://c.example"

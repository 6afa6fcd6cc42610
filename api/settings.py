"""Every setting of the service, read once.

Each has a flag of `python -m api serve` and a variable with the prefix `RUNSPINE_`; a
flag wins over the variable. The rest of the program is handed a `Settings` and reads no variable.
"""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PREFIX = "RUNSPINE_"


class SettingsError(ValueError):
    """A setting that cannot be used; the message tells the operator what to change."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose."""

    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str = ""  # empty: a SQLite file in the data directory
    data_dir: Path = Path("data")
    workers: int = 1  # more than one needs PostgreSQL
    auth: str = "off"
    demo: bool = False
    public_url: str = ""  # empty: the bound address
    references: str = "refuse"
    time_zone: str = "Australia/Melbourne"
    knowledge_dir: Path | None = None
    allow_open: bool = False
    validate_profiles: bool = False  # refuse what breaks a profile that it claims in meta
    cors_origins: str = ""  # comma separated; loopback origins are always allowed on loopback

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the variables that are set; raise SettingsError for one that cannot be read."""
        values = os.environ if environment is None else environment
        chosen = {
            field.name: _read(field.name, field.type, values[PREFIX + field.name.upper()])
            for field in fields(cls)
            if values.get(PREFIX + field.name.upper(), "") != ""
        }
        return cls(**chosen)

    def with_flags(self, **flags: Any) -> "Settings":
        """Give a copy with the flags that were set on the command line."""
        return replace(self, **{name: value for name, value in flags.items() if value is not None})

    @property
    def database(self) -> str:
        """The SQLAlchemy address of the database."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / 'runspine.sqlite'}"
        scheme, separator, rest = self.database_url.partition("://")
        if scheme in {"postgres", "postgresql"}:
            return f"postgresql+psycopg{separator}{rest}"
        return self.database_url

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database.startswith("sqlite")

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def base_url(self) -> str:
        """The FHIR base that clients see: configured, or the bound address; never a header."""
        return f"{self.root_url}/fhir"

    @property
    def root_url(self) -> str:
        """The address of the server itself, without a slash at its end."""
        if self.public_url:
            return self.public_url.rstrip("/").removesuffix("/fhir")
        # Nobody can call "every address of this machine" by that name.
        host = {"0.0.0.0": "localhost", "::": "localhost"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def zone(self) -> ZoneInfo:
        """The zone of dates that carry none."""
        return ZoneInfo(self.time_zone)

    def check(self) -> None:
        """Raise SettingsError when the settings cannot be served together."""
        for refuse in (_refuse_auth, _refuse_open, _refuse_workers, _refuse_values):
            refuse(self)


def _refuse_auth(settings: Settings) -> None:
    if settings.auth == "on":
        raise SettingsError(
            "Authorisation is not built yet, so --auth on cannot be honoured. "
            "Serve on loopback with --auth off, or put an authorising proxy in front."
        )
    if settings.auth != "off":
        raise SettingsError(f"--auth takes on or off, not {settings.auth!r}.")


def _refuse_open(settings: Settings) -> None:
    if not settings.is_loopback and not settings.allow_open:
        raise SettingsError(
            f"{settings.host} can be reached from other machines and nothing asks who they are. "
            "Serve on 127.0.0.1, or set RUNSPINE_ALLOW_OPEN=1 if that is what you want."
        )


def _refuse_workers(settings: Settings) -> None:
    if settings.workers < 1:
        raise SettingsError("--workers takes a whole number of at least 1.")
    if settings.workers > 1 and settings.is_sqlite:
        raise SettingsError(
            "One process owns a SQLite file, so --workers must be 1 there. "
            "Give --database-url postgresql://… to serve with more."
        )


def _refuse_values(settings: Settings) -> None:
    if settings.references not in {"refuse", "allow"}:
        raise SettingsError(f"--references takes refuse or allow, not {settings.references!r}.")
    if not 0 <= settings.port <= 65535:  # noqa: PLR2004 - the range of TCP ports
        raise SettingsError(f"--port takes a number up to 65535, not {settings.port}.")
    if not settings.database.startswith(("sqlite:", "postgresql+psycopg:")):
        raise SettingsError(
            "--database-url takes sqlite:///FILE or postgresql://USER@HOST/DATABASE."
        )
    try:
        ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(
            f"--time-zone {settings.time_zone!r} is not a zone of the IANA database, "
            "such as Australia/Melbourne."
        ) from error


def _read(name: str, kind: Any, text: str) -> Any:
    if kind is bool:
        return text.lower() in {"1", "true", "yes", "on"}
    if kind is int:
        if not text.isascii() or not text.isdigit():
            raise SettingsError(f"{PREFIX}{name.upper()} takes a whole number, not {text!r}.")
        return int(text)
    if kind in {Path, Path | None}:
        return Path(text)
    return text

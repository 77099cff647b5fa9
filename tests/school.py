"""A small school with generated names, served in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from scim_server.app import create_app
from scim_server.database import Database
from scim_server.directory.consent import decide
from scim_server.directory.units import Unit, add_unit, unit_named
from scim_server.oauth import credentials
from scim_server.oauth.credentials import Credentials
from scim_server.register.importing import Choices, Outcome, import_feed
from scim_server.settings import Settings

KEY = "k3yOfTheTests-0123456789abcdefghijklmnopqrst"
PUBLIC_URL = "http://127.0.0.1:8000"
UNHINDERED = {"request_burst": 1_000_000, "proxies": 1}
"""Settings under which no test is slowed down for what it asks, or for how often it fails."""

AUDIT_KEYS = Settings(master_key=KEY).keys("audit")
"""What a database has to be opened with for anything to be recorded in it."""
SCHOOLS = ("SP 12", "LO 3")
DOMAIN = "sp12.example.pl"

PUPILS = """klucz;imie;nazwisko;login;telefon;email;szkola
U-1;Żaneta;Łęcka;zaneta.lecka;600 100 201;zaneta@dom.local;SP 12
U-2;Jan;Żółć;jan.zolc;;;SP 12
U-3;Ołena;Szewczenko;olena.szewczenko;+48 600 100 203;;SP 12
U-4;Anna;Kowalska;anna.kowalska;;anna.kowalska@example.com;LO 3
U-5;Piotr;Kowalski;piotr.kowalski;;;LO 3
"""
EMPLOYEES = """klucz;imie;nazwisko;login;szkola
P-1;Maria;Ćwikła;maria.cwikla;SP 12
P-1;Maria;Ćwikła;maria.cwikla;LO 3
P-2;Adam;Nowak;adam.nowak;LO 3
"""
GROUPS = """klucz;przedmiot;oddzialy;nazwa grupy;rok szkolny;szkola
G-1;Matematyka;2A;;2026/2027;SP 12
G-2;Język angielski;2A, 2B;JA_1;2026/2027;SP 12
G-3;Fizyka;1C;;2026/2027;LO 3
"""
ASSIGNMENTS = """grupa;osoba
G-1;U-1
G-1;U-2
G-1;U-3
G-1;P-1
G-2;U-1
G-2;P-1
G-3;U-4
G-3;U-5
G-3;P-1
G-3;P-2
"""


class MovedClock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class World:
    """One register unit ``sp12`` behind the application, on one database."""

    database: Database
    settings: Settings
    clock: MovedClock
    folder: Path
    unit: Unit
    app: Flask
    credentials: Credentials
    token: str = ""

    def request(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        """A request below ``/sp12/scim/v2`` with the live token."""
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        return self.app.test_client().open(
            f"/{self.unit.name}/scim/v2{path}", method=method, headers=headers, **kwargs
        )

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.request("GET", path, **kwargs)

    def list(self, path: str, **query: Any) -> dict[str, Any]:
        """A list that has to succeed, as JSON. ``query`` is encoded."""
        response = self.get(path, query_string=query)
        assert response.status_code == 200, response.get_data(as_text=True)
        return json.loads(response.data)  # type: ignore[no-any-return]

    def search(self, path: str = "", **body: Any) -> TestResponse:
        """A search by POST, in the members of a SearchRequest."""
        schema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
        return self.request("POST", f"{path}/.search", json={"schemas": [schema], **body})

    def import_files(self, *, choices: dict[str, Any] | None = None, **files: str) -> Outcome:
        """Write the four files (those not given stay as they are) and import them."""
        write_files(self.folder, **files)
        with self.database.read() as connection:
            self.unit = unit_named(connection, self.unit.name)
        return import_feed(
            self.database,
            self.unit,
            self.folder,
            Choices(actor="os:test", **(choices or {})),
            clock=self.clock,
        )

    def decide(self, school: str, synchronised: bool) -> None:
        with self.database.write() as connection:
            decide(
                connection,
                unit_named(connection, self.unit.name),
                school,
                synchronised,
                decided_by="dyrektor",
                actor="os:test",
                now=self.clock(),
            )

    def ask_token(self, **form: str) -> TestResponse:
        """A token request with the form given, or with the client's credentials."""
        given = form or {
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret,
        }
        return self.app.test_client().post(
            f"/{self.unit.name}/oauth2/token",
            data={"grant_type": "client_credentials", **given},
        )

    def id_of(self, external_id: str) -> str:
        kind = "Groups" if external_id.startswith("G") else "Users"
        found = self.list(f"/{kind}", filter=f'externalId eq "{external_id}"')
        return str(found["Resources"][0]["id"])


def write_files(
    folder: Path,
    *,
    pupils: str | None = None,
    employees: str | None = None,
    groups: str | None = None,
    assignments: str | None = None,
) -> None:
    folder.mkdir(exist_ok=True)
    for name, text, default in (
        ("uczniowie.csv", pupils, PUPILS),
        ("pracownicy.csv", employees, EMPLOYEES),
        ("grupy.csv", groups, GROUPS),
        ("przydzialy.csv", assignments, ASSIGNMENTS),
    ):
        path = folder / name
        if text is not None or not path.exists():
            path.write_text(default if text is None else text, encoding="utf-8")


def make_world(
    database: Database, database_url: str, clock: MovedClock, tmp_path: Path, **changes: Any
) -> World:
    """Add the unit, import the files, decide for both schools, issue credentials, get a token."""
    settings = Settings(
        database_url=database_url, master_key=KEY, public_url=PUBLIC_URL, log_level="WARNING",
        **{**UNHINDERED, **changes},
    )  # fmt: skip
    unit, issued = add_school(database, settings, clock)
    world = World(
        database=database,
        settings=settings,
        clock=clock,
        folder=tmp_path / "export",
        unit=unit,
        app=create_app(settings, clock=clock, database=database, between_requests=False),
        credentials=issued,
    )
    world.import_files()
    for school in SCHOOLS:
        world.decide(school, True)
    world.token = world.ask_token().json["access_token"]  # type: ignore[index]
    return world


def add_school(
    database: Database, settings: Settings, clock: MovedClock, name: str = "sp12"
) -> tuple[Unit, Credentials]:
    with database.write() as connection:
        unit = add_unit(
            connection, name=name, domain=DOMAIN, schools=SCHOOLS, now=clock(), actor="os:test"
        )
        issued = credentials.issue(
            connection,
            unit,
            key=settings.key("digest"),
            public_url=settings.public_url,
            now=clock(),
            actor="os:test",
        )
    return unit, issued

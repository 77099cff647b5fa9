"""Names, logins, numbers and addresses are answered to their reader and written nowhere else."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from scim_server.audit.tables import audit_entry
from scim_server.database.reading import Reader
from scim_server.errors import BadInput, BadRecords, Refused
from tests.isolation.neighbour import neighbour_of
from tests.sandbox import USER, Sandbox
from tests.school import World
from tests.security.addresses import METHODS, guarded

CANARIES = (
    "Żaneta", "Łęcka", "Żółć", "Kowalska", "Ćwikła", "zaneta", "lecka", "kowalska", "cwikla",
    "600100201", "600 100 201", "dom.local", "kanarek", "Kanarek", "Gilowski",
)  # fmt: skip
ESCAPED = tuple(json.dumps(each)[1:-1] for each in CANARIES)


@pytest.fixture
def logged(
    world: World, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[Any]:
    """Every log line from DEBUG up, and what went to the standard streams."""
    yield from _logged(caplog, capfd)


@pytest.fixture
def logged_sandbox(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[Any]:
    """The same of a sandbox."""
    yield from _logged(caplog, capfd)


def _logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[Any]:
    own = logging.getLogger("scim_server")
    before = own.level, own.propagate
    caplog.set_level(logging.DEBUG)
    own.setLevel(logging.DEBUG)
    own.propagate = True

    def text() -> str:
        streams = capfd.readouterr()
        return caplog.text + streams.out + streams.err

    yield text
    own.setLevel(before[0])
    own.propagate = before[1]


def no_canary(text: str) -> None:
    found = [each for each in (*CANARIES, *ESCAPED) if each in text]
    assert found == []


def test_no_read_is_logged_with_what_it_asked_or_found(world: World, logged: Any) -> None:
    """Red when ``Hallway._log`` writes the query string, the path or the answer."""
    for path in guarded(world):
        for method in METHODS:
            world.app.test_client().open(
                path,
                method=method,
                query_string={"filter": 'userName eq "kanarek@sp12.example.pl"'},
                headers={"Authorization": f"Bearer {world.token}", "X-Name": "Kanarek"},
            )
    for query in (
        {"filter": 'name.familyName co "Łęcka"'},
        {"filter": 'kanarek eq "Kanarek"'},
        {"filter": 'name.familyName eq "Kowalska'},
        {"filter": 'active eq "Kanarek"'},
        {"filter": 'meta.created gt "Kanarek"'},
        {"sortBy": "kanarek"},
        {"attributes": "kanarek,Kanarek"},
        {"count": "Kanarek"},
        {"cursor": "Kanarek"},
    ):
        for where in ("", "/Users", "/Groups", "/Users/kanarek", "/kanarek", "/Schemas/kanarek"):
            world.get(where, query_string=query)
        world.search("/Users", **query)
    world.request("POST", "/.search", data='{"Kanarek": "Kanarek"', content_type="application/json")
    world.app.test_client().get("/kanarek/scim/v2/Users?filter=Kanarek")
    text = logged()
    assert '"rule"' in text
    no_canary(text)


def test_no_write_is_logged_with_what_it_says(sandbox: Sandbox, logged_sandbox: Any) -> None:
    """Red when a refusal of ``Reception`` or ``patching`` holds the value that it refuses, or the
    log the body.
    """
    person = {"schemas": [USER], "userName": "kanarek", "displayName": "Kanarek"}
    user = sandbox.user("lecka", displayName="Łęcka", password="Kanarek Gilowski")
    group = sandbox.group("Kanarek", user["id"])
    answers = [
        sandbox.post("/Users", {**person, "userName": "LECKA"}),
        sandbox.post("/Users", {**person, "emails": "Kanarek"}),
        sandbox.post("/Users", {**person, "userName": "Kanarek" * 100}),
        sandbox.put(f"/Users/{user['id']}", {**person, "active": "Kanarek"}),
        sandbox.patch(f"/Users/{user['id']}",
                      {"op": "replace", "path": 'emails[value co "Kanarek"]', "value": {}}),
        sandbox.patch(f"/Users/{user['id']}", {"op": "replace", "value": "Kanarek"}),
        sandbox.patch(f"/Users/{user['id']}", {"op": "replace", "path": "Kanarek[", "value": 1}),
        sandbox.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members",
                                                "value": [{"value": "Kanarek" * 100}]}),
        sandbox.bulk({"method": "POST", "path": "/Users", "data": person}),
        sandbox.request("POST", "/Users", data='{"Kanarek', content_type="application/json"),
    ]  # fmt: skip
    for answer in answers:
        assert answer.status_code in (200, 400, 409), answer.get_data(as_text=True)
        no_canary(answer.get_data(as_text=True))
    text = logged_sandbox()
    assert '"rule"' in text
    no_canary(text)


def test_no_failure_is_logged_with_its_message(
    world: World, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``Hallway.enter`` logs the exception, or answers with it."""

    def broken(*_args: object) -> None:
        raise ValueError("Kanarek Gilowski")

    with monkeypatch.context() as patched:
        patched.setattr(Reader, "rows", broken)
        responses = [world.get("/Users"), world.ask_token()]
    for response in responses:
        assert response.status_code == 500
        no_canary(response.get_data(as_text=True))
    text = logged()
    assert "ValueError" in text
    no_canary(text)


def test_no_token_request_is_logged_with_its_form(world: World, logged: Any) -> None:
    """Red when the token door logs what it was sent."""
    client = world.app.test_client()
    for form in (
        {"grant_type": "password", "username": "kanarek", "password": "Kanarek"},
        {"grant_type": "client_credentials", "client_id": "kanarek", "client_secret": "Kanarek"},
        {"grant_type": "kanarek", "scope": "kanarek"},
    ):
        client.post("/sp12/oauth2/token", data=form)
        client.post("/sp12/oauth2/token?x=Kanarek", data=form)
        client.post("/kanarek/oauth2/token", json=form)
    no_canary(logged())


def test_no_refusal_repeats_what_it_was_sent_of_a_person(world: World) -> None:
    """Red when a sentence of ``errors`` is built from a literal."""
    for query in (
        {"filter": 'userName gg "Kanarek"'},
        {"filter": 'active eq "Kanarek"'},
        {"filter": 'meta.created gt "Kanarek"'},
        {"filter": 'name eq "Kanarek"'},
        {"filter": 'userName eq "Kanarek" and'},
        {"filter": 'title eq "Kanarek"'},
        {"filter": "title eq Kanarek"},
        {"count": "Kanarek"},
        {"sortOrder": "Kanarek"},
        {"cursor": "Kanarek"},
    ):
        response = world.get("/Users", query_string=query)
        assert response.status_code == 400
        no_canary(response.get_data(as_text=True))


def test_no_refused_import_tells_a_name(world: World, logged: Any) -> None:
    """Red when a problem, a guard or a conflict quotes the value that broke its rule."""
    header = "klucz;imie;nazwisko;login;telefon;email;szkola\n"
    wrong = (
        "K-1;Kanarek;Gilowski;kanarek;12;;SP 12\n",
        "K-1;Kanarek;Gilowski;kanarek;;kanarek-gilowski;SP 12\n",
        "K-1;Kanarek;Gilowski;kanarek gilowski@@;;;SP 12\n",
        "K-1;Kanarek;;kanarek;;;SP 12\n",
        ";Kanarek;Gilowski;kanarek;;;SP 12\n",
        "K-1;Kanarek;Gilowski;kanarek;;;Szkoła Kanarek\n",
        "44051401359;Kanarek;Gilowski;kanarek;;;SP 12\n",
        "K-1;Kanarek;Gilowski;kanarek;;;SP 12\nK-2;Żaneta;Kanarek;kanarek;;;SP 12\n",
        "K-1;Kanarek;Gilowski;kanarek;;;SP 12\nK-1;Żaneta;Kanarek;zaneta;;;SP 12\n",
        "K-1;Kanarek;Gilowski;" + "kanarek" * 200 + ";;;SP 12\n",
        'K-1;"Kanarek;Gilowski;kanarek;;;SP 12\n',
        "K-1;Kanarek;Gilowski;kanarek\n",
        "K-1;Kan\0arek;Gilowski;kanarek;;;SP 12\n",
    )
    told = []
    for rows in wrong:
        try:
            world.import_files(pupils=header + rows)
        except (BadInput, Refused) as failure:
            told.append(str(failure))
            if isinstance(failure, BadRecords):
                told += [str(problem) for problem in failure.problems]
    assert len(told) >= len(wrong)
    no_canary("\n".join(told).replace("Szkoła Kanarek", ""))
    no_canary(logged())


def test_the_audit_holds_no_personal_data(world: World) -> None:
    """Red when ``record`` is given a name for a fact."""
    neighbour_of(world)
    world.decide("LO 3", False)
    with world.database.read() as connection:
        rows = connection.execute(select(audit_entry)).mappings().all()
    assert {row["action"] for row in rows} >= {
        "unit.added", "credential.issued", "import.applied", "consent.decided",
    }  # fmt: skip
    no_canary("\n".join(repr(dict(row)) for row in rows))

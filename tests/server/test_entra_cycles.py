"""Entra's provisioning job against a sandbox on the real server program, cycle after cycle.

What the job has brought about is read back resource by resource, with a token that isn't the
job's.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import pytest

from scim_server.clock import system_clock
from scim_server.database import Database, open_database
from scim_server.oauth.credentials import issue, revoke
from scim_server.oauth.secrets import secret_id
from tests.dialects.entra_client import (
    BAD_CREDENTIALS,
    TOO_MANY_FAILURES,
    Job,
    Person,
    Team,
    Tenant,
)
from tests.sandbox import ENTERPRISE, USER, Sandbox, make_sandbox
from tests.school import AUDIT_KEYS, MovedClock
from tests.server.program import SECONDS, Program, serving
from tests.server.sandboxes import prepare_sandbox

DOMAIN = "sp12.example.pl"
TEACHERS = {
    "p-1": Person("p-1", f"maria.cwikla@{DOMAIN}", "Maria", "Ćwikła", "Dyrektor"),
    "p-2": Person("p-2", f"adam.nowak@{DOMAIN}", "Adam", "Nowak", "Nauczyciel", manager="p-1"),
    "p-3": Person("p-3", f"ewa.lis@{DOMAIN}", "Ewa", "Lis", "Nauczyciel", manager="p-1"),
}
PUPILS = {
    f"u-{number}": Person(
        f"u-{number}", f"uczen.{number}@{DOMAIN}", "Żaneta", f"Ząb {number}",
        mobile=f"+48 (600) 100-20{number}",
    )
    for number in range(8)
}  # fmt: skip
TEAMS = {
    "g-1": Team("g-1", "7a – matematyka", frozenset({"p-2", "u-0", "u-1", "u-2", "u-3"})),
    "g-2": Team("g-2", "7b – „WF” dz. & chł.", frozenset({"p-3", "u-4", "u-5", "u-6"})),
    "g-3": Team("g-3", "7a – fizyka", frozenset({"u-0"})),
    "g-4": Team("g-4", "koło szachowe"),
}
FIRST = Tenant({**TEACHERS, **PUPILS}, TEAMS)

_numbers = itertools.count()


@dataclass(frozen=True)
class Served:
    """A running program and the database behind it."""

    program: Program
    database: Database


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    prepared = prepare_sandbox(request, tmp_path_factory.mktemp("entra"))
    database = open_database(prepared.database_url, audit_keys=AUDIT_KEYS)
    with serving(prepared) as program:
        yield Served(program, database)
    database.close()


@dataclass(frozen=True)
class Application:
    """An empty unit, the job that an administrator has set up for it, and another client."""

    served: Served
    sandbox: Sandbox
    job: Job
    connection: HTTPConnection

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """A request of the other client, which has to succeed."""
        self.connection.request(
            method,
            f"/{self.sandbox.unit.name}/scim/v2{path}",
            None if body is None else json.dumps(body),
            {"Authorization": f"Bearer {self.sandbox.token}", "Content-Type": "application/json"},
        )
        response = self.connection.getresponse()
        content = response.read()
        assert response.status < 300, content
        return json.loads(content) if content else None

    def everything(self) -> dict[str, dict[str, Any]]:
        """What the unit has, by externalId."""
        found = [*self._all("/Users"), *self._all("/Groups")]
        return {each["externalId"]: each for each in found}

    def _all(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            query = urlencode({"startIndex": len(found) + 1, "count": 5})
            page = self.send("GET", f"{path}?{query}")
            found += page["Resources"]
            if len(found) >= page["totalResults"]:
                return found

    def holds(self, tenant: Tenant) -> bool:
        """The unit has exactly what ``tenant`` has, read in lists and one by one."""
        everything = self.everything()
        ids = {key: str(each["id"]) for key, each in everything.items()}
        assert everything.keys() == tenant.people.keys() | tenant.teams.keys()
        for key, person in tenant.people.items():
            assert self.send("GET", f"/Users/{ids[key]}") == everything[key]
            assert _user(everything[key]) == _expected_user(person, tenant, ids)
        for key, team in tenant.teams.items():
            assert self.send("GET", f"/Groups/{ids[key]}") == everything[key]
            assert everything[key]["displayName"] == team.name
            members = sorted(each["value"] for each in everything[key].get("members", ()))
            assert members == sorted(ids[member] for member in team.members)
        return True

    def revoke_secret(self) -> None:
        secret = secret_id(self.job.client_secret)
        assert secret
        with self.served.database.write() as connection:
            revoke(
                connection,
                self.sandbox.unit,
                secret,
                now=system_clock(),
                actor="os:test",
                force=True,
            )


@pytest.fixture(params=[False, True], ids=["without-flag", "with-flag"])
def application(request: pytest.FixtureRequest, served: Served) -> Iterator[Application]:
    clock = MovedClock()
    clock.now = system_clock()  # the program has no other clock
    url, port = served.program.school.database_url, served.program.port
    sandbox = make_sandbox(served.database, url, clock, name=f"entra-{next(_numbers)}")
    address = f"http://127.0.0.1:{port}/{sandbox.unit.name}"
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    with Job(
        f"{address}/scim/v2", f"{address}/oauth2/token", sandbox.credentials.client_id,
        _new_secret(served, sandbox), flag=request.param,
    ) as job:  # fmt: skip
        yield Application(served, sandbox, job, connection)
    connection.close()


def test_the_connection_test_passes_with_what_it_was_given_and_with_nothing_else(
    application: Application,
) -> None:
    job = application.job
    assert job.test_connection()
    job.run_cycle(FIRST)
    assert job.test_connection()
    right = job.client_secret
    job.client_secret = f"{right[:-1]}{'0' if right[-1] != '0' else '1'}"
    job.forget_token()
    assert not job.test_connection()
    job.client_secret = right
    assert job.test_connection()


def test_an_initial_cycle_brings_everything_and_a_second_one_changes_nothing(
    application: Application,
) -> None:
    job = application.job
    job.run_cycle(FIRST)
    assert (job.failures, job.quarantine) == ({}, "")
    assert application.holds(FIRST)
    before = application.everything()
    job.restart()
    job.run_cycle(FIRST)
    assert (job.failures, job.quarantine) == ({}, "")
    assert application.everything() == before


def test_an_initial_cycle_matches_whom_it_finds(application: Application) -> None:
    for login in (FIRST.people["p-1"].login.upper(), FIRST.people["u-0"].login):
        body = {"schemas": [USER], "userName": login, "externalId": "?", "title": "old"}
        application.send("POST", "/Users", body)
    application.job.run_cycle(FIRST)
    assert application.job.failures == {}
    assert application.holds(FIRST)


def test_incremental_cycles_follow_the_tenant(application: Application) -> None:
    job = application.job
    job.run_cycle(FIRST)
    for tenant in (_september(), _october(), _november()):
        job.run_cycle(tenant)
        assert (job.failures, job.quarantine) == ({}, "")
        assert application.holds(tenant)


def test_a_member_who_leaves_takes_nobody_along(application: Application) -> None:
    job = application.job
    job.run_cycle(FIRST)
    before = application.everything()
    job.run_cycle(_with_teams(FIRST, "g-1", members=TEAMS["g-1"].members - {"u-2"}))
    after = application.everything()
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"g-1", "u-2"}
    gone = [each["value"] for each in before["g-1"]["members"]]
    gone.remove(before["u-2"]["id"])
    assert [each["value"] for each in after["g-1"]["members"]] == gone


def test_a_revoked_secret_is_quarantine_until_there_is_another(application: Application) -> None:
    job = application.job
    job.run_cycle(FIRST)
    before = application.everything()
    application.revoke_secret()
    job.run_cycle(_september())
    assert (job.failures, job.quarantine) == ({}, BAD_CREDENTIALS)
    assert not job.test_connection()
    assert application.everything() == before

    job.client_secret = _new_secret(application.served, application.sandbox)
    assert job.test_connection()
    job.run_cycle(_september())
    assert (job.failures, job.quarantine) == ({}, "")
    assert application.holds(_september())


def test_a_storm_of_conflicts_is_quarantine_until_it_is_over(application: Application) -> None:
    job = application.job
    job.run_cycle(FIRST)
    before = application.everything()
    tenant = _with_people(
        FIRST, *(replace(each, login=f"nowy.{each.login}", family_name="Nowa")
                 for each in PUPILS.values()),
    )  # fmt: skip
    strangers = [
        application.send(
            "POST", "/Users", {"schemas": [USER], "userName": each.login, "externalId": each.login}
        )
        for each in tenant.people.values()
        if each.key in PUPILS
    ]
    job.run_cycle(tenant)
    assert job.failures == dict.fromkeys(PUPILS, 409)
    assert job.quarantine == TOO_MANY_FAILURES
    after = application.everything()
    assert {key: after[key] for key in before} == before

    for each in strangers:
        application.send("DELETE", f"/Users/{each['id']}")
    job.run_cycle(tenant)
    assert (job.failures, job.quarantine) == ({}, "")
    assert application.holds(tenant)


def test_people_who_vanished_are_quarantine_until_the_job_starts_again(
    application: Application,
) -> None:
    job = application.job
    job.run_cycle(FIRST)
    for key, each in application.everything().items():
        if key in PUPILS:
            application.send("DELETE", f"/Users/{each['id']}")
    tenant = _with_people(FIRST, *(replace(each, given_name="Hanna") for each in PUPILS.values()))
    job.run_cycle(tenant)
    assert job.failures == dict.fromkeys(PUPILS, 404)
    assert job.quarantine == TOO_MANY_FAILURES

    job.restart()
    job.run_cycle(tenant)
    assert (job.failures, job.quarantine) == ({}, "")
    assert application.holds(tenant)


def _september() -> Tenant:
    """A marriage, a change of name, two leavers, a new principal, groups of the next year."""
    people = _with_people(
        FIRST,
        replace(TEACHERS["p-1"], title=None),
        replace(TEACHERS["p-2"], title="Dyrektor", manager=None),
        replace(TEACHERS["p-3"], family_name="Lis-Żak", login=f"ewa.lis-zak@{DOMAIN}",
                manager="p-2"),
        replace(PUPILS["u-1"], given_name="Ołena"),
        replace(PUPILS["u-2"], is_soft_deleted=True),
        replace(PUPILS["u-3"], is_soft_deleted=True),
        Person("u-8", f"uczen.8@{DOMAIN}", "Piotr", "Nowy"),
    )  # fmt: skip
    renamed = _with_teams(people, "g-1", name="8a – matematyka",
                          members=frozenset({"p-2", "u-0", "u-1", "u-8"}))  # fmt: skip
    return _with_teams(renamed, "g-4", members=frozenset({"u-5", "u-6", "p-3"}))


def _october() -> Tenant:
    """One leaver comes back, the other is deleted, and a group with him."""
    people = _with_people(_september(), replace(PUPILS["u-2"], mobile="600100299", title="uczeń"))
    rest = {key: each for key, each in people.people.items() if key != "u-3"}
    teams = {key: each for key, each in people.teams.items() if key != "g-3"}
    return _with_teams(Tenant(rest, teams), "g-2", members=frozenset({"p-3", "u-4", "u-6", "u-2"}))


def _november() -> Tenant:
    """A group is emptied, and one of its members is deleted at once."""
    emptied = _with_teams(_october(), "g-4", members=frozenset[str]())
    rest = {key: each for key, each in emptied.people.items() if key not in {"u-5", "u-8"}}
    return _with_teams(Tenant(rest, emptied.teams), "g-1", members=frozenset({"p-2", "u-0"}))


def _with_people(tenant: Tenant, *people: Person) -> Tenant:
    return replace(tenant, people={**tenant.people, **{each.key: each for each in people}})


def _with_teams(tenant: Tenant, key: str, **changes: Any) -> Tenant:
    return replace(tenant, teams={**tenant.teams, key: replace(tenant.teams[key], **changes)})


def _new_secret(served: Served, sandbox: Sandbox) -> str:
    with served.database.write() as connection:
        return issue(
            connection, sandbox.unit, key=sandbox.settings.key("digest"),
            public_url=sandbox.settings.public_url, now=system_clock(), actor="os:test",
        ).client_secret  # fmt: skip


def _user(found: Mapping[str, Any]) -> dict[str, Any]:
    """What of a user is the tenant's to say, and its groups and manager by their ids."""
    kept = {name: value for name, value in found.items() if name not in {"schemas", "id", "meta"}}
    extension = dict(kept[ENTERPRISE])
    extension["manager"] = extension.get("manager", {}).get("value")
    groups = sorted(each["value"] for each in kept.get("groups", ()))
    return kept | {ENTERPRISE: extension, "groups": groups}


def _expected_user(person: Person, tenant: Tenant, ids: Mapping[str, str]) -> dict[str, Any]:
    expected = {
        "externalId": person.key,
        "userName": person.login,
        "active": not person.is_soft_deleted,
        "displayName": f"{person.given_name} {person.family_name}",
        "name": {"givenName": person.given_name, "familyName": person.family_name},
        "emails": [{"type": "work", "value": person.login}],
        ENTERPRISE: {
            "employeeNumber": person.key,
            "manager": ids[person.manager] if person.manager else None,
        },
        "groups": sorted(
            ids[key] for key, team in tenant.teams.items() if person.key in team.members
        ),
    }
    if person.mobile:
        expected["phoneNumbers"] = [{"type": "mobile", "value": person.mobile}]
    if person.title:
        expected["title"] = person.title
    return expected

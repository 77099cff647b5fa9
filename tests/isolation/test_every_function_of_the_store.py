"""Whatever touches the store for one unit leaves every other as it is, and tells nothing of it.

Two schools hold the same people, and two sandboxes the same resources; one of each has some more,
and these two are never acted for. Each public function of the store has a case here that calls it
for one of the others, where it can with what the unit beside it has. After every case each row of
the two must be what it was, and nothing of theirs may be in what the case returns.

A function without a case fails :func:`test_every_function_has_a_case`.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import typing
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from sqlalchemy import Connection, MetaData, Table, select, update

import scim_server.audit
import scim_server.directory
import scim_server.inbound
import scim_server.inbound.groups
import scim_server.oauth
from scim_server.audit.disclosures import Disclosures, disclosed, recorded_since
from scim_server.audit.record import entries, record
from scim_server.audit.refusals import Refusals
from scim_server.audit.tables import audit_entry
from scim_server.clock import stamp
from scim_server.database import Database, Transaction
from scim_server.database.reading import Reader
from scim_server.database.schema import main, tokens
from scim_server.directory import consent, sandboxes, serving, units
from scim_server.directory.changes import Change, Changes
from scim_server.directory.members import Members
from scim_server.directory.models import ResourceType, contract
from scim_server.directory.resources import Address, Resources, person_with_key
from scim_server.directory.roster_conditions import Comparison
from scim_server.directory.roster_records import Ask
from scim_server.directory.rosters import Rosters
from scim_server.directory.searches import Search
from scim_server.directory.staging import Staging
from scim_server.directory.tables import resource, school
from scim_server.directory.units import Unit, unit_named
from scim_server.errors import BadInput, Conflict, Failure, Refused
from scim_server.inbound import people, reporting
from scim_server.inbound.budget import budget_of, count_call, lock_tenant
from scim_server.inbound.configuration import (
    Configuration,
    configuration_of,
    configure,
    find,
    remove,
)
from scim_server.inbound.groups import accounts, figures, made, members, planning
from scim_server.inbound.groups.figures import Places
from scim_server.inbound.groups.planning import GroupPlan
from scim_server.inbound.groups.pushing import GroupPush
from scim_server.inbound.pushing import Choices, Push, push_of
from scim_server.inbound.results import read_log
from scim_server.inbound.running import CLIENT, Running, Surroundings, check_consent
from scim_server.inbound.session import Session
from scim_server.inbound.transport import Answer
from scim_server.inbound.watching import Watch
from scim_server.keys import keys_for
from scim_server.oauth import clients, credentials, notices, removal, renewals, trusts
from scim_server.oauth.credentials import Credentials
from scim_server.oauth.renewals import Renewals
from scim_server.oauth.secrets import digest, secret_id
from scim_server.oauth.tables import client, credential
from scim_server.oauth.tokens import Tokens, last_uses
from scim_server.scim.filter_text import take_apart_selection
from tests.isolation.neighbour import neighbour_of
from tests.sandbox import Sandbox, make_sandbox
from tests.school import ASSIGNMENTS, GROUPS, PUPILS, MovedClock, World
from tests.security.addresses import Served

ROOMS = (
    scim_server.audit, scim_server.directory, scim_server.inbound, scim_server.inbound.groups,
    scim_server.oauth,
)  # fmt: skip
HANDLES = (Connection, Database, Transaction, Reader, Address)
"""Whoever is given one of these can touch the store."""

ONE_RECORD = "the record is one chain, whatever units its entries are about"
EXEMPT = {
    "directory.units.units": "for operators, who see every unit",
    "oauth.notices.due": "for operators, who are told of every unit",
    "oauth.sending.Sender.run": "for operators, who are told of every unit",
    "oauth.sending.Sender.send": "for operators, who are told of every unit",
    "oauth.renewals.resting": "for operators, who replace the master key of all units at once",
    "audit.record.anchor": ONE_RECORD,
    "audit.record.checkpoint": ONE_RECORD,
    "audit.record.whole": ONE_RECORD,
    "audit.anchoring.Anchoring.run": ONE_RECORD,
    "audit.settings.record_settings": "the settings are the server's, not a unit's",
    "oauth.server.TokenEndpoint": "views: test_matrix asks each by its address",
    "oauth.assertions.Assertions": "of the views: test_assertions sends it others' trusts",
    "oauth.replays.UsedAssertions.claim": "an issuer names its assertions for all units at once",
    "oauth.server.Client": "what the views know of a client during one request",
    "directory.changes.Change.rows": "runs the statements of others, bound to the change's unit",
    "directory.changes.Change.row": "runs the statements of others, bound to the change's unit",
    "directory.changes.Change.run": "runs the statements of others, bound to the change's unit",
}
"""Functions, and classes whole, that need no case, and why. Whatever acts for one unit isn't
among these.
"""

NOBODYS = {"used_assertion", "sent_notice"}
"""Tables whose rows are no unit's."""

TRUSTED: dict[str, Any] = {
    "issuer": "https://issuer.example.pl",
    "subject": "s",
    "audience": "api://a",
}
_numbers = count(1)


@dataclass
class Pair:
    """``a`` and ``c`` are acted for; ``b`` and ``d`` must not notice. ``b`` and ``d`` have all
    that ``a`` and ``c`` have, and a person and a group more. ``given`` is when something was
    first given to a client of ``a``; to one of ``b`` it was before.
    """

    a: World
    b: World
    c: Sandbox
    d: Sandbox
    marks: list[str] = field(default_factory=list)
    given: datetime | None = None

    @property
    def database(self) -> Database:
        return self.a.database

    @property
    def clock(self) -> MovedClock:
        return self.a.clock

    @property
    def by(self) -> dict[str, Any]:
        """What most functions that write are told besides."""
        return {"now": self.clock(), "actor": "os:test"}

    @property
    def terms(self) -> dict[str, Any]:
        settings = self.a.settings
        return {**self.by, "key": settings.key("digest"), "public_url": settings.public_url}

    @property
    def tokens(self) -> Tokens:
        keys = self.a.settings.keys("digest")
        return Tokens(
            self.database, keys, self.clock, 3_600, renewals=Renewals(self.database, keys),
            long_lived=True,
        )  # fmt: skip

    def spare(self) -> Unit:
        """A sandbox with a user and a group, to be emptied or removed."""
        made = make_sandbox(
            self.database, self.a.settings.database_url, self.clock, f"spare-{next(_numbers)}"
        )
        made.group("7a", made.user("user.0", externalId="U-0")["id"])
        return made.unit

    def now(self, served: Served) -> Unit:
        return self.now_of(served.unit)

    def now_of(self, unit: Unit) -> Unit:
        with self.database.read() as connection:
            return unit_named(connection, unit.name)

    def id(self, served: Served, key: str) -> str:
        """The id of the unit's resource with this ``externalId``."""
        return str(self._own(served, key, resource.c.id))

    def seq(self, served: Served, key: str) -> int:
        return int(self._own(served, key, resource.c.seq))

    def _own(self, served: Served, key: str, column: Any) -> Any:
        # Not by a request: it would be a use of the unit's token.
        mine = (resource.c.unit_id == served.unit.id, resource.c.external_id == key)
        with self.database.read() as connection:
            return connection.scalars(select(column).where(*mine)).one()

    def owner(self, seq: int) -> int:
        """The unit that the row with this number belongs to."""
        with self.database.read() as connection:
            query = select(resource.c.unit_id).where(resource.c.seq == seq)
            return int(connection.scalars(query).one())


Case = Callable[[Pair], Any]
CASES: dict[str, Case] = {}


def case(*names: str) -> Callable[[Case], Case]:
    """Register a case under each function that it calls, named below ``scim_server``."""

    def register(function: Case) -> Case:
        CASES.update(dict.fromkeys(names, function))
        return function

    return register


# Reflection


def functions_of_the_store() -> set[str]:
    """Public functions that take a handle of the store, and public methods of what is made with
    one.
    """
    found = [
        importlib.import_module(each.name)
        for room in ROOMS
        for each in pkgutil.iter_modules(room.__path__, f"{room.__name__}.")
    ]
    own = [
        each
        for module in found
        for name, each in vars(module).items()
        if not name.startswith("_") and getattr(each, "__module__", "") == module.__name__
    ]
    holders: set[type] = set(HANDLES)
    made_of = [each for each in own if inspect.isclass(each)]
    while more := {each for each in made_of if _takes(each, holders)} - holders:
        holders |= more
    functions = [each for each in own if inspect.isfunction(each) and _takes(each, holders)]
    functions += [
        method
        for holder in holders - set(HANDLES)
        for name, method in vars(holder).items()
        if not name.startswith("_") and inspect.isfunction(method)
    ]
    return {f"{each.__module__}.{each.__qualname__}".partition(".")[2] for each in functions}


def _takes(made: Any, holders: Iterable[type]) -> bool:
    start = vars(made).get("__init__") if inspect.isclass(made) else made
    if start is None or made in HANDLES:
        return False
    parameters = inspect.signature(start, eval_str=True).parameters.values()
    return any(set(_types(each.annotation)) & set(holders) for each in parameters)


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation if isinstance(annotation, type) else None
    for part in typing.get_args(annotation):
        yield from _types(part)


def test_every_function_has_a_case() -> None:
    """Red when a function that touches the store is added, renamed or taken away."""
    known = functions_of_the_store()
    classes = {name.rpartition(".")[0] for name in known}
    told = CASES.keys() | EXEMPT.keys()
    told |= {name for name in known if name.rpartition(".")[0] in EXEMPT}
    missing = "\n".join(
        f"{name} touches the store, and nothing shows that it keeps to one unit. Write here a "
        f"function under @case({name!r}) that calls it for pair.a or pair.c, with what pair.b or "
        "pair.d has where it takes a name or an id, and returns what it got."
        for name in sorted(known - told)
    )
    assert not missing, missing
    assert told - known - classes == set(), (
        "there are no such functions any longer: take their cases away"
    )
    assert CASES.keys() & EXEMPT.keys() == set()


# What is true after every case


@pytest.fixture
def pair(database: Database, world: World, database_url: str, clock: MovedClock) -> Pair:
    other = neighbour_of(world, "beside")
    other.import_files(
        pupils=f"{PUPILS}U-9;Nowa;Obca;nowa.obca;;;SP 12\n",
        groups=f"{GROUPS}G-9;Chemia;3C;;2026/2027;SP 12\n",
        assignments=f"{ASSIGNMENTS}G-9;U-9\nG-9;U-1\n",
    )
    other.import_files(assignments=f"{ASSIGNMENTS}G-9;U-9\n")  # one ended
    c, d = (make_sandbox(database, database_url, clock, name) for name in ("tried", "unseen"))
    for each in (c, d):
        each.user("early", externalId="U-8")
        for name in ("expected-1", "expected-2"):
            each.group(f"with {name}", name)
        users = [each.user(f"user.{n}", externalId=f"U-{n}")["id"] for n in range(3)]
        each.group("7a", *users, externalId="G-0")
    d.group("only there", d.user("only.there", externalId="U-9")["id"], externalId="G-9")
    found = Pair(world, other, c, d)
    with database.write() as connection:
        for of in (other.unit, d.unit):
            clients.add(connection, of, "only-there", **found.by)
    for served in (other, d):
        _give_everything(found, served)
    _push_everybody(found, other)
    clock.move(minutes=1)
    for served in (world, c):
        _give_everything(found, served)
    _push_everybody(found, world)
    found.given = clock().replace(microsecond=0)
    found.marks = [*_marks(found, other), *_marks(found, d)]
    return found


def _give_everything(pair: Pair, served: Served) -> None:
    """Tokens, uses, a trust and disclosures, so that there is a row in every table."""
    served.get("/Users")
    with pair.database.write() as connection:
        trusts.add_issuer(connection, served.unit, "main", **TRUSTED, **pair.by)
    noted = Disclosures(pair.database, pair.clock, Resources(pair.database).listed_in)
    with pair.database.read() as connection:
        query = select(resource.c.seq).where(resource.c.unit_id == served.unit.id)
        noted.note(served.unit.id, served.credentials.client_id, list(connection.scalars(query)))
    noted.write()


def _push_everybody(pair: Pair, of: World) -> None:
    """Each to a tenant of its own, where one of them fails."""
    file = of.folder / "secret"
    file.write_text("secret", "utf-8")
    file.chmod(0o600)
    with pair.database.write() as connection:
        configure(connection, of.unit, _target(of), **pair.by)
    push_of(pair.database, of.unit.name, _around(pair)).run(_PUSH, lambda _: None)
    with pair.database.write() as connection:
        failed = {"result": "failed", "code": "EntryConflict"}
        people.tell(connection, of.unit.id, "U-1", at=pair.clock(), **failed)


_PUSH = Choices(actor="os:test", max_deactivated_percent=100)


def _target(of: World) -> Configuration:
    number = "11111111-1111-4111-8111-111111111111"
    return Configuration(
        tenant=f"{of.unit.name}.example.pl", client_id=number, service_principal=number,
        job="API2AAD.1", credential_kind="secret", credential_file=str(of.folder / "secret"),
        groups="security",
    )  # fmt: skip


def _around(pair: Pair, stopped: Callable[[], bool] = lambda: False) -> Surroundings:
    """A Graph that takes everything, and whose log tells of somebody whom the other alone has."""
    told = {
        "activityDateTime": stamp(pair.clock()), "sourceIdentity": {"id": "U-9"},
        "provisioningStatusInfo": {"status": "failure"},
    }  # fmt: skip

    def transport(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if url.endswith("/$batch") and body:
            steps = orjson.loads(body)["requests"]
            return Answer(200, orjson.dumps({"responses": [_done(each) for each in steps]}))
        if "oauth2" in url:
            return Answer(200, b'{"access_token": "t", "expires_in": 3600}')
        return Answer(202) if body else Answer(200, orjson.dumps({"value": [told]}))

    return Surroundings(pair.clock, transport, lambda _: None, lambda: 0.5, stopped)


def _done(step: dict[str, Any]) -> dict[str, Any]:
    """An account for each key that is asked for, and a group for each that is to be."""
    keys = re.findall("'([^']+)'", unquote(step["url"]))
    found = [{"id": str(uuid.uuid5(uuid.NAMESPACE_URL, key)), "employeeId": key} for key in keys]
    if step["method"] == "GET":
        return {"id": step["id"], "status": 200, "body": {"value": found}}
    if found:
        return {"id": step["id"], "status": 201, "body": found[0]}
    return {"id": step["id"], "status": 204}


def _marks(pair: Pair, served: Served) -> list[str]:
    """The texts that nothing but this unit's own could tell."""
    with pair.database.read() as connection:
        own = select(resource.c.id).where(resource.c.unit_id == served.unit.id)
        # Sandboxes list the same unknown ids as members.
        ids = [each for each in connection.scalars(own) if not each.startswith("expected-")]
        secrets = [each.id for each in credentials.secrets_of(connection, served.unit.id)]
        names = [each.id for each in clients.clients_of(connection, served.unit)]
    return [
        served.unit.name, served.unit.namespace, served.token, served.credentials.client_secret,
        *ids, *secrets, *names,
    ]  # fmt: skip


def rows_of(pair: Pair, served: Served) -> dict[str, list[str]]:
    """Every row of the unit, by table."""
    with pair.database.main.connect() as of_main, pair.database.tokens.connect() as of_tokens:
        found = {}
        for metadata, connection in ((main, of_main), (tokens, of_tokens)):
            for table in _tables(metadata):
                query = select(table).where(_owned(table, served.unit, of_main))
                found[table.name] = sorted(map(repr, connection.execute(query).all()))
        return found


def _tables(metadata: MetaData) -> list[Table]:
    return [each for each in metadata.sorted_tables if each.name not in NOBODYS]


def _owned(table: Table, unit: Unit, main: Connection) -> Any:
    """Which rows are the unit's. A table whose rows nobody can tell apart fails here."""
    if "unit_id" in table.c:
        return table.c.unit_id == unit.id
    if table.name == "unit":
        return table.c.id == unit.id
    if table.name == "audit_entry":
        return table.c.unit == unit.name
    if table.name == "credential":
        return table.c.client_id.in_(_clients(main, unit))
    assert table.name == "secret_use", f"say here whose the rows of {table.name} are, or in NOBODYS"
    return table.c.secret_id.in_(_secrets(main, unit))


def _clients(connection: Connection, unit: Unit) -> list[str]:
    return list(connection.scalars(select(client.c.id).where(client.c.unit_id == unit.id)))


def _secrets(connection: Connection, unit: Unit) -> list[str]:
    own = credential.c.client_id.in_(_clients(connection, unit))
    return list(connection.scalars(select(credential.c.id).where(own)))


def test_every_table_has_rows_of_the_units_beside(pair: Pair) -> None:
    """What has no row can't be changed by mistake. Red when the pair is set up with less."""
    empty = [
        {name for name, rows in rows_of(pair, each).items() if not rows}
        for each in (pair.b, pair.d)
    ]
    registers = {"school", "decision", "resource_school", "former_membership"}
    pushes = {
        "inbound", "inbound_person", "inbound_call", "inbound_account", "inbound_group",
        "inbound_member",
    }  # fmt: skip
    assert empty == [set(), registers | pushes]


def test_every_function_keeps_to_the_unit_it_is_called_for(
    pair: Pair, subtests: pytest.Subtests
) -> None:
    """Red when any of them reads or writes a row by less than its unit."""
    before = [rows_of(pair, each) for each in (pair.b, pair.d)]
    for run in dict.fromkeys(CASES.values()):
        names = [name for name, each in CASES.items() if each is run]
        with subtests.test(", ".join(names)):
            told = repr(run(pair))
            after = [rows_of(pair, each) for each in (pair.b, pair.d)]
            earlier, before = before, after
            assert after == earlier, "what the units beside have was changed"
            assert [each for each in pair.marks if each in told] == [], "it told of another unit"


# Cases: units and their schools


@case("directory.units.add_unit", "directory.units.add_sandbox")
def _(pair: Pair) -> Any:
    school_terms = {"domain": "x.example", "schools": ["SP 12"], **pair.by}
    with pair.database.write() as connection:
        made = [
            units.add_unit(connection, name="new-school", **school_terms),
            units.add_sandbox(connection, name="new-sandbox", **pair.by),
        ]
    with pytest.raises(BadInput), pair.database.write() as connection:
        units.add_unit(connection, name=pair.b.unit.name, **school_terms)
    with pytest.raises(BadInput), pair.database.write() as connection:
        units.add_sandbox(connection, name=pair.d.unit.name, **pair.by)
    return made


@case("directory.units.add_school", "directory.units.schools")
def _(pair: Pair) -> Any:
    name = f"SP {next(_numbers)}"
    with pair.database.write() as connection:
        units.add_school(connection, pair.a.unit, name, **pair.by)
        known = units.schools(connection, pair.a.unit.id)
    assert [each.name for each in known] == ["SP 12", "LO 3", name]
    return known


@case("directory.units.unit_named")
def _(pair: Pair) -> Any:
    with pair.database.read() as connection:
        return [unit_named(connection, each.unit.name) for each in (pair.a, pair.c)]


@case("directory.units.next_change")
def _(pair: Pair) -> Any:
    with pair.database.write() as connection:
        return units.next_change(connection, pair.a.unit.id, pair.clock() + timedelta(days=9))


@case("directory.units.set_numeric_keys")
def _(pair: Pair) -> Any:
    with pair.database.write() as connection:
        units.set_numeric_keys(connection, pair.a.unit.name, True, **pair.by)


@case("directory.units.count_population")
def _(pair: Pair) -> Any:
    with pair.database.read() as connection:
        found = units.count_population(connection, pair.a.unit.id)
    assert (found.users, found.groups, found.pupils, found.employees) == (7, 3, 5, 2)
    return found


# Sandboxes


@case("directory.sandboxes.set_options")
def _(pair: Pair) -> Any:
    name = pair.c.unit.name
    with pytest.raises(BadInput), pair.database.write() as connection:
        sandboxes.set_options(connection, name, {"me": "only.there"}, **pair.by)
    with pair.database.write() as connection:
        sandboxes.set_options(connection, name, {"me": "user.1"}, **pair.by)
        return sandboxes.set_options(connection, name, {"me": ""}, **pair.by)


@case(
    "directory.sandboxes.reset", "directory.erasing.erase_resources", "directory.erasing.erase",
    "oauth.removal.remove",
)  # fmt: skip
def _(pair: Pair) -> Any:
    spare = pair.spare()
    with pair.database.write() as connection:
        removed = sandboxes.reset(connection, spare.name, **pair.by)
    assert removed == 2
    return removed, removal.remove(pair.database, pair.now_of(spare), **pair.by)


# Reading resources


def _type(name: str, kind: str = "sandbox") -> ResourceType:
    return contract(kind).types[name]


def _address(served: Served) -> Address:
    return Address(served.unit.id, f"http://127.0.0.1:8000/{served.unit.name}/scim/v2")


@case("directory.resources.Resources.get")
def _(pair: Pair) -> Any:
    resources = Resources(pair.database)
    for kind, name in (("User", "U-1"), ("Group", "G-1"), ("User", "U-9")):
        theirs = pair.id(pair.b, name)
        assert resources.get(_address(pair.a), _type(kind, "register"), theirs) is None
    return resources.get(_address(pair.a), _type("User", "register"), pair.id(pair.a, "U-1"))


@case("directory.resources.Resources.search")
def _(pair: Pair) -> Any:
    resources, types = Resources(pair.database), tuple(contract("register").types.values())
    shape = 'userName sw "\ue0000+"'
    asked = [
        Search(types=types[:1], limit=100), Search(types=types, limit=100),
        Search(types=types[:1], limit=100, by_cursor=True),
        Search(types=types[:1], limit=100, shape=shape, literals=("nowa",)),
        Search(types=types, limit=0),
    ]  # fmt: skip
    found = [resources.search(_address(pair.a), each) for each in asked]
    assert [each.total for each in found] == [7, 10, 7, 0, 10]
    return found


@case("directory.resources.Resources.listed_in")
def _(pair: Pair) -> Any:
    resources = Resources(pair.database)
    theirs, own = pair.seq(pair.b, "G-1"), pair.seq(pair.a, "G-1")
    assert resources.listed_in(pair.a.unit.id, [theirs]) == []
    listed = resources.listed_in(pair.a.unit.id, [own, theirs])
    assert {pair.owner(each) for each in listed} == {pair.a.unit.id}


@case("directory.resources.person_with_key")
def _(pair: Pair) -> Any:
    with pair.database.read() as connection:
        own = person_with_key(connection, pair.c.unit.id, "U-0")
        with pytest.raises(BadInput):
            person_with_key(connection, pair.c.unit.id, "U-9")
    assert pair.owner(own) == pair.c.unit.id


# Rosters


def _asked(**fields: str) -> Ask:
    return Ask((tuple(Comparison(name, "=", value) for name, value in fields.items()),), 100)


def _known_of(pair: Pair) -> dict[str, str]:
    """What the unit beside it has, under the names of the fields that it could be asked by."""
    whole = Rosters(pair.database).whole(pair.b.unit.id)
    return {
        "person": pair.id(pair.b, "U-1"), "class": pair.id(pair.b, "G-1"),
        "school": whole.schools[0].id, "term": whole.term_id("2026/27"),
        "course": whole.subject_id("matematyka"),
    }  # fmt: skip


@case("directory.rosters.Rosters.whole", "directory.rosters.Rosters.taught")
def _(pair: Pair) -> Any:
    rosters = Rosters(pair.database)
    whole, taught = rosters.whole(pair.a.unit.id), rosters.taught(pair.a.unit.id)
    assert {each.name for each in whole.schools} == {"SP 12", "LO 3"}
    assert {each.school for each in taught} == {each.key for each in whole.schools}
    assert {each.key for each in taught} == {"matematyka", "język angielski", "fizyka"}
    return whole, taught


@case("directory.rosters.Rosters.people")
def _(pair: Pair) -> Any:
    rosters, theirs = Rosters(pair.database), _known_of(pair)
    whole = rosters.whole(pair.a.unit.id)
    for fields in (
        {"sourcedId": theirs["person"]}, {"username": "nowa.obca@sp12.example.pl"},
        {"class": theirs["class"]}, {"school": theirs["school"]},
    ):  # fmt: skip
        asked = _asked(**fields)
        assert rosters.people(whole, asked) == ([], 0)
    found, total = rosters.people(whole, _asked())
    assert total == 7
    return found


@case("directory.rosters.Rosters.classes")
def _(pair: Pair) -> Any:
    rosters, theirs = Rosters(pair.database), _known_of(pair)
    whole = rosters.whole(pair.a.unit.id)
    for fields in (
        {"sourcedId": theirs["class"]}, {"person": theirs["person"]},
        {"course": theirs["course"]}, {"term": theirs["term"]},
    ):  # fmt: skip
        asked = _asked(**fields)
        assert rosters.classes(whole, asked) == ([], 0)
    found, total = rosters.classes(whole, _asked())
    assert total == 3
    return found


@case("directory.rosters.Rosters.enrolments")
def _(pair: Pair) -> Any:
    rosters, theirs = Rosters(pair.database), _known_of(pair)
    whole = rosters.whole(pair.a.unit.id)
    both = f"{theirs['class']}.{theirs['person']}"
    for fields in (
        {"sourcedId": both}, {"user": theirs["person"]}, {"class": theirs["class"]},
        {"school": theirs["school"]},
    ):  # fmt: skip
        asked = _asked(**fields)
        assert rosters.enrolments(whole, asked) == ([], 0)
    found, total = rosters.enrolments(whole, _asked())
    assert total == 10
    later = Comparison("dateLastModified", ">", "2026-01-01T00:00:00.000000Z")
    assert rosters.enrolments(whole, Ask(((later,),), 100)) == (found, total)
    return found


# Changing resources


def _changes(pair: Pair) -> Changes:
    return Changes(pair.database, pair.clock)


def _theirs(pair: Pair) -> list[str]:
    return [pair.id(pair.d, name) for name in ("U-0", "G-0", "U-9", "G-9")]


@case("directory.changes.Changes.begin", "directory.changes.Change.step")
def _(pair: Pair) -> Any:
    with _changes(pair).begin(_address(pair.c)) as change:

        def undone() -> None:
            with change.step():
                change.create(_type("User"), {"userName": "undone"})
                raise KeyError

        with pytest.raises(KeyError):
            undone()
        change.create(_type("User"), {"userName": f"made.{next(_numbers)}"})
        return change.address


@case(
    "directory.changes.Change.find", "directory.changes.Change.read",
    "directory.changes.Change.version",
)  # fmt: skip
def _(pair: Pair) -> Any:
    with _changes(pair).begin(_address(pair.c)) as change:
        for id in _theirs(pair):
            for kind in ("User", "Group"):
                assert change.find(_type(kind), id) is None
                with pytest.raises(AssertionError):
                    change.read(_type(kind), id, collections=True)
                with pytest.raises(AssertionError):
                    change.version(_type(kind), id)
        own = pair.id(pair.c, "U-0")
        return change.find(_type("User"), own), change.read(_type("User"), own, collections=True)


@case("directory.changes.Change.create")
def _(pair: Pair) -> Any:
    """With a login, a key and a name of the other's, and with an id that it expects too."""
    with _changes(pair).begin(_address(pair.c)) as change:
        return [
            change.create(_type("User"), {"userName": "only.there", "externalId": "U-9"}),
            change.create(_type("User"), {"userName": "expected"}, id="expected-1"),
            change.create(_type("Group"), {"displayName": "only there", "externalId": "G-9"}),
        ]


@case("directory.changes.Change.update")
def _(pair: Pair) -> Any:
    with _changes(pair).begin(_address(pair.c)) as change:
        kind, id = _type("User"), pair.id(pair.c, "U-1")
        held = change.find(kind, id)
        assert held is not None
        with pytest.raises(Conflict):
            change.update(kind, held, {**held.document, "userName": "user.2"})
        document = {**held.document, "displayName": "x", "emails": [{"value": "x@y.example"}]}
        assert change.update(kind, held, document)
        return change.read(kind, id, collections=True)


@case("directory.changes.Change.delete", "directory.changes.Change.forget")
def _(pair: Pair) -> Any:
    """A user whom every row of the other's comes after, and a group that listed ids of the
    other's, and one that the other lists too.
    """
    early = pair.id(pair.c, "U-8")
    with _changes(pair).begin(_address(pair.c)) as change:
        user = change.find(_type("User"), early)
        assert user is not None
        change.delete(_type("User"), user)
        group = change.create(_type("Group"), {"displayName": "gone"})
        members = Members(change, group.seq, takes_unknown=True)
        members.add([{"value": "expected-2"}, *({"value": id} for id in _theirs(pair))])
        members.finish()
        change.delete(_type("Group"), group)
        change.forget([])


def _members(pair: Pair, change: Change) -> Members:
    held = change.find(_type("Group"), pair.id(pair.c, "G-0"))
    assert held is not None
    return Members(change, held.seq, takes_unknown=True)


@case(
    "directory.members.Members.add", "directory.members.Members.remove",
    "directory.members.Members.finish", "directory.members.Members.exceed",
)  # fmt: skip
def _(pair: Pair) -> Any:
    """The other's ids are ids that nobody has; listed, they are in no group of the other's."""
    theirs = _theirs(pair)
    with _changes(pair).begin(_address(pair.c)) as change:
        members = _members(pair, change)
        members.add([{"value": id} for id in theirs])
        assert not members.exceed(7)
        assert members.exceed(6)
        members.remove([*theirs, pair.id(pair.c, "U-0")])
        assert members.finish()
        members = _members(pair, change)
        members.add([{"value": pair.id(pair.c, "U-0")}])
        members.finish()
        return change.read(_type("Group"), pair.id(pair.c, "G-0"), collections=True)


@case("directory.members.Members.remove_selected")
def _(pair: Pair) -> Any:
    with _changes(pair).begin(_address(pair.c)) as change:
        members = _members(pair, change)
        for id in _theirs(pair):
            selection = take_apart_selection(f'value eq "{id}"', _type("Group"), "members")
            assert not members.remove_selected(*selection)
        selection = take_apart_selection('type eq "User"', _type("Group"), "members")
        assert members.remove_selected(*selection)
        members.finish()
    _fill_again(pair)


@case("directory.members.Members.clear", "directory.members.Members.replace")
def _(pair: Pair) -> Any:
    with _changes(pair).begin(_address(pair.c)) as change:
        members = _members(pair, change)
        members.replace([{"value": id} for id in _theirs(pair)])
        members.clear()
        members.finish()
    _fill_again(pair)


def _fill_again(pair: Pair) -> None:
    with _changes(pair).begin(_address(pair.c)) as change:
        members = _members(pair, change)
        members.add([{"value": pair.id(pair.c, f"U-{n}")} for n in range(3)])
        members.finish()


# Clients and their secrets


def _own_secret(made: Credentials) -> str:
    name = secret_id(made.client_secret)
    assert name is not None
    return name


@case(
    "oauth.clients.add", "oauth.clients.clients_of", "oauth.clients.client_named",
    "oauth.clients.set_disabled", "oauth.clients.remove", "oauth.clients.credentials_of",
)  # fmt: skip
def _(pair: Pair) -> Any:
    """A name that both have, and one that the other alone has until it is made here too."""
    of, name, found = pair.a.unit, "only-there", []
    with pytest.raises(BadInput), pair.database.write() as connection:
        clients.client_named(connection, of, name)
    with pytest.raises(BadInput), pair.database.write() as connection:
        clients.set_disabled(connection, of, name, True, **pair.by)
    with pytest.raises(BadInput), pair.database.write() as connection:
        clients.remove(connection, of, name, **pair.by)
    with pair.database.write() as connection:
        found.append(clients.add(connection, of, name, **pair.by))
        found.append(clients.client_named(connection, of, name))
        found.append(clients.set_disabled(connection, of, name, True, **pair.by))
        known = clients.clients_of(connection, of)
        held = clients.credentials_of(connection, of)
        found.append(clients.remove(connection, of, name, **pair.by))
    assert [each.name for each in known] == ["main", name]
    assert sorted(map(len, held.values())) == [0, 2]
    return found, known, held


@case(
    "oauth.trusts.add_issuer", "oauth.trusts.add_keys", "oauth.trusts.add_address",
    "oauth.trusts.trusts_of", "oauth.trusts.remove",
)  # fmt: skip
def _(pair: Pair) -> Any:
    """Both units trust the same issuer, subject and audience."""
    of = pair.a.unit
    with pair.database.write() as connection:
        (foreign,) = trusts.trusts_of(connection, pair.b.unit)
        (own,) = trusts.trusts_of(connection, of)
        with pytest.raises(BadInput):
            trusts.remove(connection, of, foreign.id, **pair.by)
        with pytest.raises(BadInput):
            trusts.add_issuer(
                connection, of, "only-there", **{**TRUSTED, "subject": "x"}, **pair.by
            )
        trusts.remove(connection, of, own.id, **pair.by)
        return [
            own,
            trusts.add_issuer(connection, of, "main", **TRUSTED, **pair.by),
            trusts.add_keys(connection, of, "main", {"keys": []}, **pair.by),
            trusts.add_address(connection, of, "main", "https://keys.example.pl/", **pair.by),
            trusts.trusts_of(connection, of),
        ]


@case(
    "oauth.credentials.issue", "oauth.credentials.rotate", "oauth.credentials.revoke",
    "oauth.credentials.supersede", "oauth.credentials.secrets_of",
    "oauth.credentials.live_secrets",
)  # fmt: skip
def _(pair: Pair) -> Any:
    of, now = pair.a.unit, pair.clock()
    with pair.database.write() as connection:
        clients.add(connection, of, "third", **pair.by)
        made = credentials.issue(connection, of, client_name="third", **pair.terms)
        new = credentials.rotate(connection, of, client_name="third", **pair.terms)
        credentials.supersede(connection, of, _own_secret(made), **pair.by)
        credentials.revoke(connection, of, _own_secret(made), **pair.by)
    for theirs in (pair.b.credentials, pair.d.credentials):
        with pytest.raises(BadInput), pair.database.write() as connection:
            credentials.revoke(connection, of, _own_secret(theirs), force=True, **pair.by)
        with pytest.raises(BadInput), pair.database.write() as connection:
            credentials.supersede(connection, of, _own_secret(theirs), **pair.by)
    with pair.database.read() as connection:
        known = credentials.secrets_of(connection, of.id)
        live = credentials.live_secrets(connection, of.id, now)
    assert len(known) > len(live) == 2
    with pair.database.write() as connection:
        clients.remove(connection, of, "third", **pair.by)
    return made.client_id, new.client_id, known, live


@case("oauth.credentials.issue_bearer", "oauth.credentials.end_bearer")
def _(pair: Pair) -> Any:
    of, found = pair.a.unit, []
    with pair.database.write() as connection:
        receiver = clients.add(connection, of, "portal", **pair.by)
        terms = {**pair.terms, "client_name": "portal", "accepted": True}
        found.append(credentials.issue_bearer(connection, of, **terms))
        live = credentials.live_secrets(connection, of.id, pair.clock())
        (made,) = [each.id for each in live if each.client_id == receiver.id]
        credentials.end_bearer(
            connection, of.name, bearer=made, client_id=receiver.id, now=pair.clock()
        )
        clients.remove(connection, of, "portal", **pair.by)
    return found


@case("oauth.notices.notices_of")
def _(pair: Pair) -> Any:
    late = pair.clock() + timedelta(days=364)
    with pair.database.read() as connection:
        found = notices.notices_of(pair.database, connection, pair.a.unit, late)
    assert {each.unit for each in found} == {pair.a.unit.name}
    return found


@case("oauth.credentials.recognise")
def _(pair: Pair) -> Any:
    keys, of = pair.a.settings.keys("digest"), pair.a.unit
    with pair.database.read() as connection:
        for theirs in (pair.b.credentials, pair.d.credentials):
            with pytest.raises(Refused) as refused:
                credentials.recognise(connection, of, theirs.client_secret, keys=keys)
            assert str(refused.value) == f"A whole secret, but none that {of.name!r} was given."
        return credentials.recognise(connection, of, pair.a.credentials.client_secret, keys=keys)


@case("oauth.renewals.Renewals.note", "oauth.renewals.Renewals.write")
def _(pair: Pair) -> Any:
    """Digests under a key before, renewed at the next use."""
    keys, (before,) = pair.a.settings.keys("digest"), keys_for("digest", (b"b" * 32,))
    own = pair.a.credentials
    renewed = Renewals(pair.database, (*keys, before))
    renewed.note(_own_secret(own), digest(before, own.client_secret), own.client_secret)
    renewed.write()
    with pair.database.read() as connection:
        return credentials.recognise(connection, pair.a.unit, own.client_secret, keys=keys)


@case("oauth.renewals.end")
def _(pair: Pair) -> Any:
    with pair.database.write() as connection:
        clients.add(connection, pair.a.unit, "lost", **pair.by)
        credentials.issue(connection, pair.a.unit, client_name="lost", **pair.terms)
        resting = renewals.resting(connection, apart_from=(), now=pair.clock())
        lost = [each for each in resting if (each.unit, each.client) == ("sp12", "lost")]
        renewals.end(connection, lost, **pair.by)
        clients.remove(connection, pair.a.unit, "lost", **pair.by)
    return lost


# Tokens


@case("oauth.tokens.Tokens.issue", "oauth.tokens.Tokens.check", "oauth.tokens.Tokens.describe")
def _(pair: Pair) -> Any:
    own = pair.a.credentials
    token = pair.tokens.issue(
        unit_id=pair.a.unit.id, client_id=own.client_id, secret_id=_own_secret(own), scope="x"
    )
    grant = pair.tokens.check(token)
    assert grant is not None
    assert (grant.unit_id, grant.client_id) == (pair.a.unit.id, own.client_id)
    return grant, pair.tokens.describe(token)


@case("oauth.tokens.Tokens.belongs")
def _(pair: Pair) -> Any:
    own = pair.a.credentials.client_id
    assert pair.tokens.belongs(pair.a.token, own)
    assert not pair.tokens.belongs(pair.b.token, own)
    assert not pair.tokens.belongs(pair.d.token, own)


@case("oauth.tokens.Tokens.forget")
def _(pair: Pair) -> Any:
    token = pair.a.ask_token().get_json()["access_token"]
    pair.tokens.forget(token)
    assert pair.tokens.check(token) is None


@case("oauth.tokens.Tokens.note_use", "oauth.tokens.last_uses")
def _(pair: Pair) -> Any:
    own = _own_secret(pair.a.credentials)
    pair.clock.move(minutes=2)
    for what in ("last_read", "last_token"):
        pair.tokens.note_use(own, what)
    found = last_uses(pair.database, [own])
    assert found[own].at == pair.clock().replace(microsecond=0)
    return found


# The record, and what was given


@case("audit.record.record", "audit.record.entries")
def _(pair: Pair) -> Any:
    with pair.database.write() as connection:
        record(
            connection, at=pair.clock(), action="unit.added", actor="os:test",
            unit=pair.a.unit.name, facts={},
        )  # fmt: skip
        found = entries(connection, unit=pair.a.unit.name, action="unit.added")
    assert {each["unit"] for each in found} == {pair.a.unit.name}
    return found


@case("audit.refusals.Refusals.note", "audit.refusals.Refusals.write")
def _(pair: Pair) -> Any:
    refusals = Refusals(pair.database, pair.clock)
    refusals.note(pair.a.unit.name, pair.a.credentials.client_id, "wrong secret")
    refusals.note(None, None, "unknown client")
    refusals.write()
    with pair.database.read() as connection:
        query = select(audit_entry).where(audit_entry.c.action == "token.refused")
        return connection.execute(query).all()


@case(
    "audit.disclosures.Disclosures.note", "audit.disclosures.Disclosures.write",
    "audit.disclosures.disclosed", "audit.disclosures.recorded_since",
)  # fmt: skip
def _(pair: Pair) -> Any:
    """A group of the other's, whose number some fault might give, has nobody here."""
    own, name = pair.a.unit.id, pair.a.credentials.client_id
    theirs = pair.seq(pair.b, "U-9")
    group = pair.seq(pair.b, "G-9")
    noted = Disclosures(pair.database, pair.clock, Resources(pair.database).listed_in)
    noted.note(own, name, [pair.seq(pair.a, "U-1"), group], with_members=True)
    noted.write()
    assert list(disclosed(pair.database, own, theirs)) == []
    mine = list(disclosed(pair.database, own, pair.seq(pair.a, "U-1")))
    assert {each.client_id for each in mine} == {name, CLIENT}
    assert recorded_since(pair.database, own) == pair.given
    return mine


@case("oauth.removal.contents", "oauth.removal.gather", "oauth.removal.sweep")
def _(pair: Pair) -> Any:
    of = pair.now(pair.a)
    with pair.database.read() as connection:
        held = removal.contents(connection, of)
    assert (held["people"], held["groups"], held["clients"]) == (7, 3, 1)
    removal.sweep(pair.database)
    traces = removal.gather(pair.database, of)
    return held, traces, traces.texts


# Imports


@case(
    "directory.staging.Staging.add", "directory.staging.Staging.assign",
    "directory.staging.Staging.compare", "directory.staging.Staging.conflicts",
    "directory.staging.Staging.apply",
)  # fmt: skip
def _(pair: Pair) -> Any:
    """An exchange of logins, a newcomer with a key and login of the other's, and a leaver."""
    pupils = PUPILS.replace("jan.zolc", "x").replace("zaneta.lecka", "jan.zolc").replace(
        ";x;", ";zaneta.lecka;"
    )  # fmt: skip
    pupils = re.sub("U-5.*\n", "U-9;Nowa;Obca;nowa.obca;;;SP 12\n", pupils)
    assignments = ASSIGNMENTS.replace("G-3;U-5", "G-1;U-9")
    choices = {"allow_deactivations": True}
    outcome = pair.a.import_files(pupils=pupils, assignments=assignments, choices=choices)
    pair.a.import_files(pupils=PUPILS, assignments=ASSIGNMENTS, choices=choices)
    return outcome.plan


@case("directory.staging.Staging.leave")
def _(pair: Pair) -> Any:
    with Staging(pair.database, pair.now(pair.a)) as staging:
        staging.leave("User", ["U-1", "U-9"])
        staging.leave("Group", ["G-1", "G-9"])
        found = staging.compare()
    assert found.counts["pupil", "deactivated"] < 6
    return found


# Pushes


@case(
    "inbound.configuration.configure", "inbound.configuration.find",
    "inbound.configuration.configuration_of", "inbound.configuration.remove",
)  # fmt: skip
def _(pair: Pair) -> Any:
    """To another job, so that everybody counts as new again."""
    with pair.database.write() as connection:
        configure(connection, pair.a.unit, replace(_target(pair.a), job="API2AAD.2"), **pair.by)
        with pytest.raises(BadInput):
            configure(connection, pair.c.unit, _target(pair.a), **pair.by)
        found = find(connection, pair.a.unit)
        assert found == configuration_of(connection, pair.a.unit)
        with connection.begin_nested() as undone:
            remove(connection, pair.a.unit, **pair.by)
            assert find(connection, pair.a.unit) is None
            assert find(connection, pair.b.unit) is not None
            undone.rollback()
    return found


@case("inbound.budget.budget_of", "inbound.budget.count_call", "inbound.budget.lock_tenant")
def _(pair: Pair) -> Any:
    with pair.database.write() as connection:
        before = budget_of(connection, pair.a.unit.id, pair.clock()).left
        lock_tenant(connection, pair.a.unit.id)
        count_call(connection, pair.a.unit.id, pair.clock())
        found = budget_of(connection, pair.a.unit.id, pair.clock())
    assert found.left == before - 1
    return found


@case(
    "inbound.people.people", "inbound.people.given_of", "inbound.people.offer",
    "inbound.people.accept", "inbound.people.refuse", "inbound.people.tell",
    "inbound.people.free_login", "inbound.people.doubt", "inbound.people.results",
)  # fmt: skip
def _(pair: Pair) -> Any:
    """Asked for people of the other by their numbers, it has nobody."""
    own, now = pair.a.unit.id, pair.clock()
    theirs = pair.seq(pair.b, "U-9")
    with pair.database.write() as connection:
        of = configuration_of(connection, pair.a.unit)
        assert list(people.people(connection, own, of, [theirs])) == []
        assert people.given_of(connection, own, theirs) is None
        found = [each for each in people.people(connection, own, of) if each.is_active]
        assert {pair.owner(each.seq) for each in found} == {own}
        people.offer(connection, own, found, now)
        people.accept(connection, own, found[1:], now)
        people.refuse(connection, own, found[0], now)
        for key in ("U-1", "U-2"):
            people.tell(connection, own, key, at=now, result="failed", code="EntryConflict")
        for each in found:
            people.free_login(connection, own, each.record["userName"], now)
        people.doubt(connection, own)
        told = people.results(connection, own)
    return [each.key for each in found], told


@case("inbound.groups.accounts.sought", "inbound.groups.accounts.know",
      "inbound.groups.accounts.forget")  # fmt: skip
def _(pair: Pair) -> Any:
    """Asked to forget an account of the other's, it forgets none."""
    own, account = pair.a.unit.id, str(uuid.uuid4())
    known, theirs = pair.seq(pair.a, "U-4"), pair.seq(pair.b, "U-9")
    with pair.database.write() as connection:
        everybody = list(people.people(connection, own, _target(pair.a)))
        people.offer(connection, own, everybody, pair.clock())
        people.accept(connection, own, everybody, pair.clock())
        accounts.forget(connection, own, [known, theirs])
        found = accounts.sought(connection, own, 0, 100)
        assert "U-4" in {key for _, key in found}
        assert {pair.owner(seq) for seq, _ in found} == {own}
        accounts.know(connection, own, dict.fromkeys([seq for seq, _ in found], account))
        assert accounts.sought(connection, own, 0, 100) == []
    return found


@case(
    "inbound.groups.made.groups", "inbound.groups.made.offer", "inbound.groups.made.accept",
    "inbound.groups.made.refuse", "inbound.groups.made.lose", "inbound.groups.made.forgive",
)  # fmt: skip
def _(pair: Pair) -> Any:
    """Asked for groups of the other by their numbers, it has none, and none is lost."""
    own, now = pair.a.unit.id, pair.clock()
    theirs = pair.seq(pair.b, "G-1")
    with pair.database.write() as connection:
        assert list(made.groups(connection, own, [theirs])) == []
        found = list(made.groups(connection, own))
        assert {pair.owner(each.seq) for each in found} == {own}
        made.offer(connection, own, found, "security", now)
        made.refuse(connection, own, found[0])
        made.lose(connection, own, theirs, now)
        made.lose(connection, own, found[1].seq, now)
        made.forgive(connection, own)
        for each in found:
            made.accept(connection, own, each, str(uuid.uuid4()), now)
    return [(each.key, each.name) for each in found]


@case(
    "inbound.groups.members.groups_lacking", "inbound.groups.members.lacking",
    "inbound.groups.members.ended", "inbound.groups.members.endings",
    "inbound.groups.members.offer",
    "inbound.groups.members.settle", "inbound.groups.members.drop",
    "inbound.groups.members.doubt", "inbound.groups.figures.figures",
    "inbound.groups.figures.places", "inbound.groups.planning.plan",
)  # fmt: skip
def _(pair: Pair) -> Any:
    """Numbers of the other's groups and people stand for nothing."""
    own = pair.a.unit.id
    group, person = pair.seq(pair.b, "G-1"), pair.seq(pair.b, "U-1")
    with pair.database.write() as connection:
        for each in ({"group": group}, {"member": person}):
            members.doubt(connection, own, **each)
        assert members.lacking(connection, own, [group], 20) == []
        assert figures.places(connection, own, person) == Places(0, 0, False)
        members.doubt(connection, own, group=pair.seq(pair.a, "G-1"))
        lacking = members.groups_lacking(connection, own, 0, 100)
        found = members.lacking(connection, own, lacking, 20)
        assert {pair.owner(each.member_seq) for each in found} == {own}
        members.offer(connection, own, found)
        members.settle(connection, own, found, "accepted")
        members.drop(connection, own, [replace(found[0], group_seq=group, member_seq=person)])
        members.drop(connection, own, found[:1])
        assert members.ended(connection, own, [(group, person)]) == []
        ended = members.ended(connection, own, members.endings(connection, own, (0, 0), 20))
        told = figures.figures(connection, own), planning.plan(connection, own)
        one = figures.places(connection, own, pair.seq(pair.a, "U-1"))
    return len(found), ended, told, one


@case(
    "inbound.running.Running.take", "inbound.running.Running.offering",
    "inbound.running.Running.stepping", "inbound.running.Running.wait",
    "inbound.running.Running.stop_if_told", "inbound.running.Running.disclose",
    "inbound.running.check_consent",
)  # fmt: skip
def _(pair: Pair) -> Any:
    with _running(pair) as running:
        running.wait(1)
        running.stop_if_told()
        running.disclose([pair.seq(pair.a, "U-1")])
        with running.offering() as (connection, _), pytest.raises(BadInput):
            check_consent(connection, pair.c.unit)
    return None


@contextmanager
def _running(pair: Pair) -> Iterator[Running]:
    running = Running(pair.database, pair.now(pair.a), _around(pair))
    running.take()
    yield running
    with running.stepping() as (connection, _):
        running.lease.release(connection)


@case(
    "inbound.groups.pushing.GroupPush.run", "inbound.groups.delivering.deliver",
    *[
        f"inbound.groups.{name.lower()}.{name}.{method}"
        for name in ("Looking", "Making", "Adding", "Removing")
        for method in ("offer", "note")
    ],
)  # fmt: skip
def _(pair: Pair) -> Any:
    """Handed numbers of the other's groups, a push makes none of them."""
    theirs = tuple(pair.seq(pair.b, key) for key in ("G-1", "G-9"))
    with pair.database.read() as connection:
        of = configuration_of(connection, pair.a.unit)
    with _running(pair) as running:
        session = Session(of, _around(pair).transport, pair.clock)
        push = GroupPush(running, session, "security")
        push.run(GroupPlan(create=theirs, rename=theirs), retry_failed=True)
    assert (push.outcome.created, push.outcome.renamed) == (0, 0)
    return push.outcome


@case("inbound.reporting.standing", "inbound.reporting.person_standing")
def _(pair: Pair) -> Any:
    with pair.database.read() as connection:
        unit = unit_named(connection, pair.a.unit.name)
        found = reporting.standing(connection, unit, pair.clock())
        one = reporting.person_standing(connection, unit, "U-1")
    return found, one


@case("inbound.pushing.push_of", "inbound.pushing.Push.run", "inbound.results.read_log")
def _(pair: Pair) -> Any:
    push = push_of(pair.database, pair.a.unit.name, _around(pair))
    outcome = push.run(replace(_PUSH, retry_failed=True), lambda _: None)
    return outcome, read_log(pair.database, push.unit, push.graph, pair.clock)


@case("inbound.pushing.Push.send")
def _(pair: Pair) -> Any:
    """Handed numbers of the other's people, a push sends nobody."""
    sent: list[Any] = []
    push = push_of(pair.database, pair.a.unit.name, _around(pair))
    theirs = [pair.seq(pair.b, key) for key in ("U-1", "U-9")]

    class Sending(Push):
        def run_within(self) -> None:
            self._running.take()
            sent.extend(self.send(theirs))

    with pair.database.read() as connection:
        of = configuration_of(connection, pair.a.unit)
    one = Sending(pair.database, push.unit, of, _around(pair))
    one.run_within()
    pair.clock.move(minutes=30)
    assert sent == [[], True]
    return sent


@case("inbound.watching.Watch.run")
def _(pair: Pair) -> Any:
    turns: list[Any] = []
    watch = Watch(
        pair.database, pair.a.unit.name, _around(pair, lambda: bool(turns)),
        announce=lambda _: None, told=turns.append, failed=turns.append,
    )  # fmt: skip
    watch.run(_PUSH, 300)
    assert not isinstance(turns[0], Failure)
    return turns


# Decisions: the last, for nothing of the school is served afterwards


@case("directory.consent.history", "directory.consent.foresee_withdrawal")
def _(pair: Pair) -> Any:
    with pair.database.read() as connection:
        found = consent.history(connection, pair.now(pair.a))
        gone = consent.foresee_withdrawal(connection, pair.now(pair.a), "SP 12")
    assert len(found) == 2
    assert 0 < gone.people + gone.shared < 7
    return found, gone


@case("directory.consent.decide")
def _(pair: Pair) -> Any:
    of = pair.now(pair.a)
    with pair.database.write() as connection:
        return consent.decide(connection, of, "LO 3", False, decided_by="dyrektor", **pair.by)


@case("directory.serving.refresh", "directory.serving.count_served")
def _(pair: Pair) -> Any:
    own = pair.a.unit.id
    with pair.database.write() as connection:
        closed = update(school).where(school.c.unit_id == own).values(synchronised=False)
        connection.execute(closed)
        moved = serving.refresh(connection, own, now=stamp(pair.clock()), change=99)
        serving.count_served(connection, own, "register")
    assert moved > 0

"""The write side of the store: what one request changes of one unit, in one transaction.

A change takes the unit's lock with its number, so that what is compared, counted and looked up
within it can't be changed by another before it ends. What is stored is what a GET answers with:
the document is rendered here, once, and its keys folded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    bindparam,
    case,
    delete,
    exists,
    insert,
    literal,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.sql import ClauseElement

from scim_server.clock import Clock, stamp
from scim_server.database import Database, Statements, Transaction
from scim_server.directory.attributes import UNIT
from scim_server.directory.expressions import Among, AsJson
from scim_server.directory.ids import may_be_id, new_id
from scim_server.directory.models import ResourceType
from scim_server.directory.policies import SANDBOX, Policy
from scim_server.directory.rendering import SEARCHED, Rendered, render
from scim_server.directory.resources import Address, Found, get_statement
from scim_server.directory.serving import WAYPOINT_EVERY
from scim_server.directory.tables import (
    PLACEHOLDER,
    element,
    membership,
    population,
    reference,
    resource,
    unit,
    waypoint,
)
from scim_server.errors import Conflict, Unauthenticated

Document = dict[str, Any]

_ELEMENT = ("attribute", "position", "value", "type", "display", "primary", "others")
_KEYS = ("active", "external_id", "user_name", "display_name", "family_name", "given_name",
         "user_type")  # fmt: skip


_UNIQUE = {"user_name": "userName", "display_name": "displayName"}


@dataclass(frozen=True, slots=True)
class Held:
    """A resource as it is stored: ``document`` without ``schemas``, ``id``, ``meta`` and
    memberships, with ``password`` (a hash) where it has one. ``keys`` are its key columns.
    """

    seq: int
    id: str
    version: int
    document: Document
    keys: Mapping[str, Any]


class Changes:
    """Opens changes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._writer = database.writer
        self.is_sqlite = database.is_sqlite
        self._clock = clock
        self.statements = Statements(database.main)

    @contextmanager
    def begin(self, address: Address, policy: Policy = SANDBOX) -> Iterator[Change]:
        """One change of the unit at ``address``: committed at the end, undone where it raises,
        and without a trace where nothing was changed. Raises
        :class:`~scim_server.errors.Unauthenticated` where the unit is gone.
        """
        with self._writer.transaction() as transaction:
            now = stamp(self._clock())
            row = transaction.row(
                self.statements.get("begin", _take_number), {"unit": address.unit_id, "now": now}
            )
            if row is None:
                raise Unauthenticated("The unit was removed while this request was on its way.")
            change = Change(self, transaction, address, policy, *row)
            yield change
            if not change.is_real:
                transaction.undo()


class Change:
    """One change under way. ``is_real`` tells whether anything was changed by it."""

    def __init__(
        self,
        changes: Changes,
        transaction: Transaction,
        address: Address,
        policy: Policy,
        number: int,
        now: str,
    ) -> None:
        self._changes = changes
        self._transaction = transaction
        self.address = address
        self.policy = policy
        self._always = {"unit": address.unit_id, "now": now, "change": number}
        self.is_real = False

    @contextmanager
    def step(self) -> Iterator[None]:
        """A part of the change that is undone alone where it raises."""
        before = self.is_real
        try:
            with self._transaction.savepoint():
                yield
        except BaseException:
            self.is_real = before
            raise

    def find(self, resource_type: ResourceType, id: str) -> Held | None:
        """The resource as it is now, or none."""
        found = None
        if may_be_id(id):
            found = self.row("find", _find, id=id, type=resource_type.name)
        if found is None:
            return None
        seq, version, head, password, *keys = found
        document = orjson.loads(head + "}")
        del document["schemas"], document["id"]
        if password is not None:
            document["password"] = password
        return Held(seq, id, version, document, dict(zip(_KEYS, keys, strict=True)))

    def read(self, resource_type: ResourceType, id: str, *, collections: bool) -> Found:
        """The resource's finished JSON, this change included."""
        row = self.row(
            ("read", resource_type, collections),
            partial(get_statement, resource_type, collections),
            id=id, base=self.address.base,
        )  # fmt: skip
        assert row is not None
        return Found(row[1], row[0], row[2])

    def version(self, resource_type: ResourceType, id: str) -> int:
        """The number of the version that the resource has now."""
        row = self.row("find", _find, id=id, type=resource_type.name)
        assert row is not None
        return int(row[1])

    def create(
        self, resource_type: ResourceType, document: Document, id: str | None = None
    ) -> Held:
        """A new resource at the end of its list, with an id that nobody could guess.

        ``id`` is one from :func:`.ids.new_id` that groups may list already. Raises
        :class:`~scim_server.errors.Conflict` as :meth:`update`.
        """
        expected = self._expected(id) if id else None
        id = id or new_id()
        made, password = self._rendered(resource_type, document, id)
        self._check_unique(made, made.columns, seq=0)
        row = self.row(
            "insert", _insert, type=resource_type.name, id=id, password=password, text=made.text,
            folded=made.folded, head=made.head, **made.columns,
        )  # fmt: skip
        assert row is not None
        seq = row[0]
        self.run(
            "insert reference", _insert_reference,
            seq=seq, fragment=made.fragment, as_group=made.as_group,
        )  # fmt: skip
        self._insert_elements(seq, made)
        self._count_one_more(resource_type, seq)
        if expected is not None:
            self.run("move memberships", _move_memberships, seq=expected, to=seq)
            self.forget([expected])
        self.is_real = True
        return Held(seq, id, 1, document, made.columns)

    def _expected(self, id: str) -> int | None:
        """The placeholder that stands for ``id`` until now; it gives the id up."""
        row = self.row("give up id", _give_up_id, given=id)
        return None if row is None else int(row[0])

    def update(
        self, resource_type: ResourceType, held: Held, document: Document, *, touched: bool = False
    ) -> bool:
        """Store ``document`` in place of what is held, or nothing where both are the same.

        ``touched`` tells that its memberships changed. Returns whether there is a new version.
        Raises :class:`~scim_server.errors.Conflict` where its ``userName`` is taken, or its name
        where the unit's groups have names of their own.
        """
        if document == held.document and not touched:
            return False
        made, password = self._rendered(resource_type, document, held.id)
        changed = {
            name: made.columns[name] for name in _KEYS if made.columns[name] != held.keys[name]
        }
        self._check_unique(made, changed, seq=held.seq)
        if changed.keys() & set(SEARCHED):  # its index is written anew whenever it is set
            changed["text"] = made.text
        names = tuple(changed)
        self.run(
            ("update", names), partial(_update, names), seq=held.seq, password=password,
            folded=made.folded, head=made.head, **changed,
        )  # fmt: skip
        if document.get("displayName") != held.document.get("displayName"):
            self.run(
                "update reference", _update_reference,
                seq=held.seq, fragment=made.fragment, as_group=made.as_group,
            )  # fmt: skip
        if _lists(document) != _lists(held.document):
            self.run(("delete", element.name), partial(_delete_of, element), seq=held.seq)
            self._insert_elements(held.seq, made)
        self.is_real = True
        return True

    def delete(self, resource_type: ResourceType, held: Held) -> None:
        """The resource is gone, and from every group; whoever listed it has a new version."""
        self.run("touch others", _touch_others, seq=held.seq)
        self.run("delete memberships", _delete_memberships, seq=held.seq)
        for table in (element, reference, resource):
            self.run(("delete", table.name), partial(_delete_of, table), seq=held.seq)
        if resource_type.name == "Group":
            self.forget([seq for (seq,) in self.rows("idle placeholders", _idle_placeholders)])
        self.run("one less", _one_less, type=resource_type.name)
        self.run("move waypoints", _move_waypoints, type=resource_type.name, seq=held.seq)
        self.is_real = True

    def forget(self, placeholders: list[int]) -> None:
        """Rows of ids that no resource has, and that no group lists any longer."""
        seqs = orjson.dumps(placeholders).decode()
        for table in (reference, resource) if placeholders else ():
            self.run(("forget", table.name), partial(_delete_all_of, table), seqs=seqs)

    # What the parts of a change share

    @property
    def is_sqlite(self) -> bool:
        return self._changes.is_sqlite

    def rows(self, key: Any, build: Callable[[], ClauseElement], **values: Any) -> list[Any]:
        statement = self._changes.statements.get(key, build)
        return self._transaction.rows(statement, {**self._always, **values})

    def row(self, key: Any, build: Callable[[], ClauseElement], **values: Any) -> Any | None:
        rows = self.rows(key, build, **values)
        return rows[0] if rows else None

    def run(self, key: Any, build: Callable[[], ClauseElement], **values: Any) -> None:
        statement = self._changes.statements.get(key, build)
        self._transaction.run(statement, {**self._always, **values})

    def _rendered(
        self, resource_type: ResourceType, document: Document, id: str
    ) -> tuple[Rendered, str | None]:
        core, *extensions = resource_type.schemas
        schemas = [core, *[urn for urn in extensions if urn in document]]
        shown = {name: value for name, value in document.items() if name != "password"}
        made = render(resource_type, {"schemas": schemas, **shown}, id)
        return made, document.get("password")

    def _check_unique(self, made: Rendered, given: Mapping[str, Any], *, seq: int) -> None:
        """Of the columns in ``given``, those that nobody else in the unit may have."""
        columns = ["user_name"]
        if made.resource_type == "Group" and self.policy.has_unique_groups:
            columns.append("display_name")
        for name in columns:
            if given.get(name) is None:
                continue
            statement = partial(_same_value, name)
            others = self.rows(
                ("same", name), statement, taken=given[name], seq=seq, type=made.resource_type
            )
            if others:
                raise Conflict(f"Another {made.resource_type} has this {_UNIQUE[name]}.")

    def _insert_elements(self, seq: int, made: Rendered) -> None:
        statement = self._changes.statements.get("insert elements", _insert_element)
        own = {"unit": self.address.unit_id, "seq": seq}
        rows = [{**own, **dict(zip(_ELEMENT, each, strict=True))} for each in made.elements]
        self._transaction.run_all(statement, rows)

    def _count_one_more(self, resource_type: ResourceType, seq: int) -> None:
        row = self.row("one more", _one_more, type=resource_type.name)
        assert row is not None
        ordinal = row[0] - 1
        self.run(
            "new waypoint", _new_waypoint, type=resource_type.name, seq=seq,
            ordinal=ordinal, behind=ordinal - WAYPOINT_EVERY,
        )  # fmt: skip


def _lists(document: Mapping[str, Any]) -> list[Any]:
    """What the values of multi-valued attributes are made of, and the schemas beside them."""
    found: list[Any] = [name for name in document if name.startswith("urn:")]
    for name, value in document.items():
        if isinstance(value, list):
            found.append((name, value))
        elif isinstance(value, dict):
            found.append((name, _lists(value)))
    return found


# Statements. Parameters: unit, now, change of every one; seq of the resource.

_SEQ = bindparam("seq", type_=Integer())
_TYPE = bindparam("type", type_=Text())
_NOW = bindparam("now", type_=Text())
_CHANGE = bindparam("change", type_=Integer())
TOUCHED: dict[str, ColumnElement[Any]] = {
    "version": resource.c.version + 1, "modified": _NOW, "change": _CHANGE,
}  # fmt: skip
"""What becomes of a resource of which anything changes; parameters now and change."""


def _take_number() -> ClauseElement:
    """Locks the unit. Time never goes back: whoever polls by it misses nothing."""
    later = case((unit.c.latest > _NOW, unit.c.latest), else_=_NOW)
    taken = update(unit).where(unit.c.id == UNIT).values(change=unit.c.change + 1, latest=later)
    return taken.returning(unit.c.change, unit.c.latest)


def _find() -> ClauseElement:
    columns = (resource.c.seq, resource.c.version, resource.c.head, resource.c.password)
    return select(*columns, *[resource.c[name] for name in _KEYS]).where(
        resource.c.unit_id == UNIT,
        resource.c.id == bindparam("id", type_=Text()),
        resource.c.resource_type == _TYPE,
        resource.c.served,
    )


def _same_value(name: str) -> ClauseElement:
    return select(resource.c.seq).where(
        resource.c.unit_id == UNIT,
        resource.c.resource_type == _TYPE,
        resource.c.served,
        resource.c[name] == bindparam("taken", type_=Text()),
        resource.c.seq != _SEQ,
    )


def _insert() -> ClauseElement:
    given = {name: bindparam(name, type_=resource.c[name].type)
             for name in ("id", "password", "text", "head", *_KEYS)}  # fmt: skip
    return (
        insert(resource)
        .values(
            unit_id=UNIT, resource_type=_TYPE, served=True, created=_NOW, modified=_NOW,
            edited=_NOW, version=literal(1), change=_CHANGE, folded=_json("folded"), **given,
        )
        .returning(resource.c.seq)
    )  # fmt: skip


def _update(names: tuple[str, ...]) -> ClauseElement:
    given = {name: bindparam(name, type_=resource.c[name].type)
             for name in (*names, "password", "head")}  # fmt: skip
    values = {**given, "folded": _json("folded"), "edited": _NOW, **TOUCHED}
    return update(resource).where(resource.c.seq == _SEQ).values(values)


def _json(name: str) -> ColumnElement[Any]:
    return AsJson(bindparam(name, type_=Text()))


def _insert_reference() -> ClauseElement:
    return insert(reference).values(
        seq=_SEQ, unit_id=UNIT, served=True, **_fragments(),
    )  # fmt: skip


def _update_reference() -> ClauseElement:
    return update(reference).where(reference.c.seq == _SEQ).values(**_fragments())


def _fragments() -> dict[str, ColumnElement[Any]]:
    return {name: bindparam(name, type_=Text()) for name in ("fragment", "as_group")}


def _insert_element() -> ClauseElement:
    given = {
        name: _json(name) if name == "others" else bindparam(name, type_=element.c[name].type)
        for name in _ELEMENT
    }
    return insert(element).values(unit_id=UNIT, seq=_SEQ, **given)


def _delete_of(table: Any) -> ClauseElement:
    return delete(table).where(table.c.seq == _SEQ)


def _delete_all_of(table: Any) -> ClauseElement:
    return delete(table).where(Among(table.c.seq, bindparam("seqs", type_=Text()), numbers=True))


def _touch_others() -> ClauseElement:
    """Whoever lists the resource, or whom it lists: groups it is in, and users in it."""
    groups = select(membership.c.group_seq).where(membership.c.member_seq == _SEQ)
    users = (
        select(membership.c.member_seq)
        .join(resource, resource.c.seq == membership.c.member_seq)
        .where(membership.c.group_seq == _SEQ, resource.c.resource_type == "User")
    )
    others = select(union(groups, users).subquery().c[0])
    return update(resource).where(resource.c.seq.in_(others)).values(**TOUCHED)


def _delete_memberships() -> ClauseElement:
    return delete(membership).where(
        or_(membership.c.group_seq == _SEQ, membership.c.member_seq == _SEQ)
    )


def _give_up_id() -> ClauseElement:
    placeholder = (
        resource.c.unit_id == UNIT,
        resource.c.id == bindparam("given", type_=Text()),
        resource.c.resource_type == PLACEHOLDER,
    )
    return update(resource).where(*placeholder).values(id="").returning(resource.c.seq)


def _move_memberships() -> ClauseElement:
    to = bindparam("to", type_=Integer())
    return update(membership).where(membership.c.member_seq == _SEQ).values(member_seq=to)


def _idle_placeholders() -> ClauseElement:
    return select(resource.c.seq).where(
        resource.c.unit_id == UNIT,
        resource.c.resource_type == PLACEHOLDER,
        ~resource.c.served,
        ~exists().where(membership.c.member_seq == resource.c.seq),
    )


def _one_more() -> ClauseElement:
    counted = update(population).where(*_population()).values(total=population.c.total + 1)
    return counted.returning(population.c.total)


def _one_less() -> ClauseElement:
    return update(population).where(*_population()).values(total=population.c.total - 1)


def _population() -> tuple[ColumnElement[bool], ...]:
    return population.c.unit_id == UNIT, population.c.resource_type == _TYPE


def _new_waypoint() -> ClauseElement:
    near = exists().where(
        waypoint.c.unit_id == UNIT,
        waypoint.c.resource_type == _TYPE,
        waypoint.c.ordinal > bindparam("behind", type_=Integer()),
    )
    row = select(UNIT, _TYPE, bindparam("ordinal", type_=Integer()), _SEQ).where(~near)
    return insert(waypoint).from_select(["unit_id", "resource_type", "ordinal", "seq"], row)


def _move_waypoints() -> ClauseElement:
    return (
        update(waypoint)
        .where(waypoint.c.unit_id == UNIT, waypoint.c.resource_type == _TYPE, waypoint.c.seq > _SEQ)
        .values(ordinal=waypoint.c.ordinal - 1)
    )

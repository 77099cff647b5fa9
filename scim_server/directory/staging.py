"""What a register holds now, laid beside what is stored, compared, and applied in one transaction.

Everything is prepared in temporary tables, outside the write lock: rendered, matched to what is
stored, compared. Applying is then a handful of statements over whole sets. Memory stays bounded,
since rows live in the database's temporary storage; only the places of keys are kept here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, Literal, Self

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Select,
    Subquery,
    Table,
    Text,
    and_,
    case,
    delete,
    except_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    union,
    update,
)

from scim_server.audit import record
from scim_server.clock import Clock, moment, stamp
from scim_server.database import Database
from scim_server.database.bulk import load, measure
from scim_server.database.schema import big_key, key_text
from scim_server.directory.drafts import Assignment, Draft
from scim_server.directory.ids import resource_id
from scim_server.directory.models import contract
from scim_server.directory.rendering import Element, render
from scim_server.directory.serving import refresh
from scim_server.directory.tables import (
    element,
    former_membership,
    membership,
    reference,
    resource,
    resource_school,
    unit,
)
from scim_server.directory.units import Unit, next_change, schools
from scim_server.errors import Refused

Kind = Literal["pupil", "employee", "group"]
Change = Literal["created", "changed", "deactivated", "reactivated", "unchanged"]

TOLD_FOR = timedelta(days=400)
"""How long a membership that ended is told of: a school year, and the holidays around it."""

_EXAMPLES = 5
_CONTENT = (
    "active",
    "external_id",
    "user_name",
    "display_name",
    "family_name",
    "given_name",
    "user_type",
    "text",
    "folded",
    "head",
)
_KEY_COLUMNS = _CONTENT[:7]

_temporary = MetaData()


def _table(name: str, *columns: Any) -> Table:
    return Table(name, _temporary, *columns, prefixes=["TEMPORARY"])


_staged = _table(
    "staged",
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text),
    Column("resource_type", Text),
    Column("id", key_text()),
    Column("active", Boolean),
    *[Column(name, key_text()) for name in _CONTENT[1:7]],
    Column("text", key_text()),
    Column("folded", resource.c.folded.type),
    Column("head", Text),
    Column("fragment", Text),
    Column("as_group", Text),
    Column("seq", big_key(), index=True),
    Column("change", Text),
)
_staged_element = _table(
    "staged_element",
    Column("position", Integer, index=True),
    Column("attribute", Text),
    Column("ordinal", Integer),
    Column("value", key_text()),
    Column("type", key_text()),
    Column("display", key_text()),
    Column("primary", Boolean),
    Column("others", element.c.others.type),
)
_staged_school = _table(
    "staged_school", Column("position", Integer, index=True), Column("school_id", Integer)
)
_staged_membership = _table(
    "staged_membership", Column("group_position", Integer), Column("member_position", Integer)
)
_wanted = _table(
    "wanted",
    Column("group_seq", big_key()),
    Column("member_seq", big_key()),
    PrimaryKeyConstraint("group_seq", "member_seq"),
)
_removed = _table(
    "removed",
    Column("group_seq", big_key()),
    Column("member_seq", big_key()),
    PrimaryKeyConstraint("group_seq", "member_seq"),
)
_kept = _table("kept", Column("seq", big_key(), primary_key=True, autoincrement=False))
_touched = _table("touched", Column("seq", big_key(), primary_key=True, autoincrement=False))


@dataclass(frozen=True, slots=True)
class Conflict:
    """A login or group name in use by a resource that left; both sides by their register keys."""

    attribute: Literal["userName", "displayName"]
    external_id: str
    held_by: str


@dataclass(slots=True)
class Differences:
    """What applying would do. ``counts`` has every kind and change that occurs, ``examples`` up
    to five register keys for each change that isn't ``unchanged``.
    """

    counts: dict[tuple[Kind, Change], int] = field(default_factory=dict)
    examples: dict[tuple[Kind, Change], list[str]] = field(default_factory=dict)
    memberships_added: int = 0
    memberships_removed: int = 0
    memberships_unchanged: int = 0
    moved_between_schools: int = 0

    @property
    def any(self) -> bool:
        changed = any(count for (_, change), count in self.counts.items() if change != "unchanged")
        return changed or bool(
            self.memberships_added or self.memberships_removed or self.moved_between_schools
        )


class Staging:
    """One import of one unit. Use as a context manager; call in the order of the methods."""

    def __init__(self, database: Database, of: Unit) -> None:
        self._unit = of
        self._connection = database.main.connect()
        self._connection.detach()  # temporary tables end with the connection
        self._types = contract(of.kind).types
        self._places: dict[str, dict[str, int]] = {name: {} for name in self._types}
        self._next = 0
        self._has_moves = False

    def __enter__(self) -> Self:
        _temporary.create_all(self._connection, checkfirst=False)
        self._schools = {each.name: each.id for each in schools(self._connection, self._unit.id)}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def add(self, drafts: Iterable[Draft]) -> None:
        """Stage resources that the register holds."""
        self._stage((self._row(draft) for draft in drafts), active=True)

    def assign(self, assignments: Iterable[Assignment]) -> None:
        """Stage memberships between resources added before; twice is the same as once."""
        groups, people = self._places["Group"], self._places["User"]
        rows = ((groups[each.group], people[each.person]) for each in assignments)
        load(self._connection, _staged_membership, ("group_position", "member_position"), rows)

    def leave(self, resource_type: str, external_ids: Iterable[str]) -> None:
        """Keep stored resources as they are, memberships included: the register holds them, but
        what it says of them can't be used.
        """
        ids = [
            resource_id(self._unit.namespace, resource_type, external_id)
            for external_id in external_ids
        ]
        for id in ids:
            self._connection.execute(
                insert(_kept).from_select(
                    ["seq"],
                    select(resource.c.seq).where(
                        resource.c.unit_id == self._unit.id, resource.c.id == id
                    ),
                )
            )

    def compare(self) -> Differences:
        """Match everything staged to what is stored; whoever is missing is staged as inactive."""
        measure(self._connection, _staged, _staged_element, _staged_school, _staged_membership)
        self._match()
        self._stage(self._missing(), active=False)
        self._match()
        self._mark()
        measure(self._connection, _staged)
        self._gather_memberships()
        found = Differences()
        rows = self._connection.execute(
            select(_staged.c.kind, _staged.c.change, func.count()).group_by(
                _staged.c.kind, _staged.c.change
            )
        )
        for kind, change, count in rows.all():
            found.counts[kind, change] = count
            if change != "unchanged":
                found.examples[kind, change] = self._examples(kind, change)
        found.memberships_added = self._count(self._memberships_added())
        found.memberships_removed = self._count(self._memberships_removed())
        stored = select(membership.c.member_seq).where(membership.c.unit_id == self._unit.id)
        found.memberships_unchanged = self._count(stored) - found.memberships_removed
        found.moved_between_schools = self._count(self._moved())
        self._has_moves = found.moved_between_schools > 0
        return found

    def conflicts(self) -> list[Conflict]:
        """Logins and group names that someone who left still holds. Call after :meth:`compare`."""
        found: list[Conflict] = []
        attributes: tuple[tuple[Literal["userName", "displayName"], str, str], ...] = (
            ("userName", "user_name", "User"),
            ("displayName", "display_name", "Group"),
        )
        for attribute, column, kind in attributes:
            names = self._names_afterwards(column, kind)
            twice = select(names.c.name).group_by(names.c.name).having(func.count() > 1)
            query = select(names).where(names.c.name.in_(twice))
            holders: dict[str, str] = {}
            for name, external_id, is_new in self._connection.execute(
                query.order_by(names.c.name, names.c.is_new)
            ):
                if not is_new or name not in holders:
                    holders[name] = external_id
                else:
                    found.append(Conflict(attribute, external_id, holders[name]))
        return found

    def _names_afterwards(self, column: str, kind: str) -> Subquery:
        """The names that resources will have, with their register keys; ``is_new`` tells those
        that the register gives now from those that others keep.
        """
        given = select(
            _staged.c[column].label("name"),
            _staged.c.external_id,
            _staged.c.active.label("is_new"),
        ).where(_staged.c.resource_type == kind)
        kept = select(resource.c[column], resource.c.external_id, literal(False, Boolean())).where(
            resource.c.unit_id == self._unit.id,
            resource.c.resource_type == kind,
            ~exists().where(_staged.c.seq == resource.c.seq),
        )
        return given.union_all(kept).subquery()

    def apply(self, clock: Clock, *, actor: str, facts: dict[str, Any], changed: bool) -> int:
        """Make it so, in one transaction; returns the unit's change number.

        With ``changed`` false nothing but the time of the import is written. Raises
        :class:`~scim_server.errors.Refused` where another import came between.
        """
        connection = self._connection
        connection.commit()
        connection.execution_options(writes=True)
        with connection.begin():
            stored = connection.scalar(
                select(unit.c.change).where(unit.c.id == self._unit.id).with_for_update()
            )
            if stored != self._unit.change:
                raise Refused(
                    "The unit was changed while this import was prepared; nothing was changed. "
                    "Run the import again."
                )
            now, change = clock(), self._unit.change
            if changed:
                change, latest = next_change(connection, self._unit.id, now)
                self._write(latest, change)
            connection.execute(
                update(unit).where(unit.c.id == self._unit.id).values(imported=stamp(now))
            )
            record(
                connection,
                at=now,
                action="import.applied",
                actor=actor,
                unit=self._unit.name,
                facts={**facts, "change": change},
            )
        return change

    # Staging

    def _row(self, draft: Draft) -> tuple[Draft, Kind, str]:
        id = resource_id(self._unit.namespace, draft.resource_type, draft.external_id)
        return draft, _kind(draft.resource_type, draft.document), id

    def _missing(self) -> Iterator[tuple[Draft, Kind, str]]:
        """Active resources that the register no longer holds, as inactive drafts."""
        staged = exists().where(_staged.c.seq == resource.c.seq)
        query = select(resource.c.id, resource.c.resource_type, resource.c.head).where(
            resource.c.unit_id == self._unit.id,
            resource.c.active,
            ~staged,
            ~exists().where(_kept.c.seq == resource.c.seq),
        )
        rows = self._connection.execute(query.order_by(resource.c.seq)).all()
        for id, name, head in rows:
            document = orjson.loads(head + "}")
            del document["id"]
            if name == "User":
                document["active"] = False
            else:
                document[self._types[name].schemas[1]]["active"] = False
            draft = Draft(name, document["externalId"], document, ())
            yield draft, _kind(name, document), id

    def _stage(self, rows: Iterable[tuple[Draft, Kind, str]], *, active: bool) -> None:
        """Render and load; elements and schools follow in the same order."""
        elements: list[tuple[int, Element]] = []
        places: list[tuple[int, int]] = []

        def rendered() -> Iterator[tuple[Any, ...]]:
            for draft, kind, id in rows:
                position = self._next
                self._next += 1
                if active:
                    self._places[draft.resource_type][draft.external_id] = position
                made = render(self._types[draft.resource_type], draft.document, id)
                elements.extend((position, each) for each in made.elements)
                places.extend((position, self._schools[name]) for name in draft.schools)
                columns = [made.columns[name] for name in _KEY_COLUMNS]
                yield (position, kind, draft.resource_type, id, *columns, made.text, made.folded,
                       made.head, made.fragment, made.as_group)  # fmt: skip

        names = ("position", "kind", "resource_type", "id", *_CONTENT, "fragment", "as_group")
        for batch in _slices(rendered(), 20_000):
            load(self._connection, _staged, names, batch)
            load(self._connection, _staged_element, _staged_element.c.keys(),
                 [(position, *each) for position, each in elements])  # fmt: skip
            load(self._connection, _staged_school, ("position", "school_id"), places)
            elements.clear()
            places.clear()

    # Comparing

    def _match(self) -> None:
        same = and_(resource.c.unit_id == self._unit.id, resource.c.id == _staged.c.id)
        self._connection.execute(
            update(_staged).values(seq=resource.c.seq).where(_staged.c.seq.is_(None), same)
        )

    def _mark(self) -> None:
        change = case(
            (and_(_staged.c.active, ~func.coalesce(resource.c.active, False)), "reactivated"),
            (and_(~_staged.c.active, func.coalesce(resource.c.active, False)), "deactivated"),
            (_staged.c.head != resource.c.head, "changed"),
            else_="unchanged",
        )
        self._connection.execute(
            update(_staged).values(change=change).where(_staged.c.seq == resource.c.seq)
        )
        self._connection.execute(
            update(_staged).values(change="created").where(_staged.c.seq.is_(None))
        )

    def _gather_memberships(self) -> None:
        """Memberships wanted between resources that exist; those of new ones come at the end."""
        self._connection.execute(insert(_wanted).from_select(_wanted.c.keys(), self._pairs()))
        measure(self._connection, _wanted)

    def _pairs(self) -> Select[Any]:
        groups, members = _staged.alias(), _staged.alias()
        return (
            select(groups.c.seq, members.c.seq)
            .select_from(_staged_membership)
            .join(groups, groups.c.position == _staged_membership.c.group_position)
            .join(members, members.c.position == _staged_membership.c.member_position)
            .where(groups.c.seq.is_not(None), members.c.seq.is_not(None))
            .distinct()
        )

    def _memberships_added(self) -> Select[Any]:
        """Pairs of positions that aren't stored, those of new resources included."""
        pair = select(
            _staged_membership.c.group_position, _staged_membership.c.member_position
        ).distinct()
        staged = pair.subquery()
        groups, members = _staged.alias(), _staged.alias()
        stored = exists().where(
            membership.c.group_seq == groups.c.seq, membership.c.member_seq == members.c.seq
        )
        return (
            select(staged.c.group_position)
            .join(groups, groups.c.position == staged.c.group_position)
            .join(members, members.c.position == staged.c.member_position)
            .where(~stored)
        )

    def _memberships_removed(self) -> Select[Any]:
        wanted = exists().where(
            _wanted.c.group_seq == membership.c.group_seq,
            _wanted.c.member_seq == membership.c.member_seq,
        )
        return select(membership.c.group_seq, membership.c.member_seq).where(
            membership.c.unit_id == self._unit.id, ~wanted, *self._not_kept()
        )

    def _not_kept(self) -> list[ColumnElement[bool]]:
        ends = (membership.c.group_seq, membership.c.member_seq)
        return [~exists().where(_kept.c.seq == end) for end in ends]

    def _moved(self) -> Select[Any]:
        """Resources of the register whose schools are no longer those stored."""
        stored = exists().where(
            resource_school.c.seq == _staged.c.seq,
            resource_school.c.school_id == _staged_school.c.school_id,
        )
        gained = (
            select(_staged.c.seq)
            .join(_staged_school, _staged_school.c.position == _staged.c.position)
            .where(_staged.c.seq.is_not(None), ~stored)
        )
        kept = exists().where(
            _staged_school.c.position == _staged.c.position,
            _staged_school.c.school_id == resource_school.c.school_id,
        )
        lost = (
            select(_staged.c.seq)
            .join(resource_school, resource_school.c.seq == _staged.c.seq)
            .where(_staged.c.active, ~kept)
        )
        return select(gained.union(lost).subquery().c.seq)

    def _count(self, query: Select[Any]) -> int:
        return self._connection.scalar(select(func.count()).select_from(query.subquery())) or 0

    def _examples(self, kind: Kind, change: Change) -> list[str]:
        query = select(_staged.c.external_id).where(
            _staged.c.kind == kind, _staged.c.change == change
        )
        return list(self._connection.scalars(query.order_by(_staged.c.position).limit(_EXAMPLES)))

    # Applying

    def _write(self, now: str, change: int) -> None:
        self._free_logins()
        self._insert_created(now, change)
        self._gather_touched()
        self._update_changed(now)
        self._date_moves(now)
        self._replace_details()
        self._replace_memberships(now)
        touched = select(_touched.c.seq)
        self._connection.execute(
            update(resource)
            .where(resource.c.seq.in_(touched))
            .values(version=resource.c.version + 1, modified=now, change=change)
        )
        refresh(self._connection, self._unit.id, now=now, change=change)

    def _insert_created(self, now: str, change: int) -> None:
        fixed: dict[str, ColumnElement[Any]] = {
            "unit_id": literal(self._unit.id),
            "served": literal(False, Boolean()),
            "created": literal(now),
            "modified": literal(now),
            "edited": literal(now),
            "version": literal(1),
            "change": literal(change),
        }
        copied = ("resource_type", "id", *_CONTENT)
        rows = (
            select(*fixed.values(), *[_staged.c[name] for name in copied])
            .where(_staged.c.change == "created")
            .order_by(_staged.c.position)
        )
        self._connection.execute(insert(resource).from_select([*fixed, *copied], rows))
        measure(self._connection, resource)
        self._match()

    def _gather_touched(self) -> None:
        """Existing resources whose own content or memberships change."""
        measure(self._connection, _staged)
        self._connection.execute(delete(_wanted))
        self._connection.execute(insert(_wanted).from_select(_wanted.c.keys(), self._pairs()))
        measure(self._connection, _wanted)
        stored = exists().where(
            membership.c.group_seq == _wanted.c.group_seq,
            membership.c.member_seq == _wanted.c.member_seq,
        )
        added = select(_wanted.c.group_seq, _wanted.c.member_seq).where(~stored).subquery()
        self._connection.execute(
            insert(_removed).from_select(_removed.c.keys(), self._memberships_removed())
        )
        measure(self._connection, _removed)
        removed = select(_removed).subquery()
        ends = [
            select(each.c[name])
            for each in (added, removed)
            for name in ("group_seq", "member_seq")
        ]
        content = select(_staged.c.seq).where(_is_changed())
        created = select(_staged.c.seq).where(_staged.c.change == "created")
        # Sets, not conditions joined by OR: PostgreSQL would ask those row by row.
        touched = except_(select(union(content, *ends).subquery().c[0]), created)
        self._connection.execute(insert(_touched).from_select(["seq"], touched))

    def _free_logins(self) -> None:
        """Two people may exchange their logins, and a newcomer may get one that someone gives up:
        logins that change are freed before any is taken.
        """
        freed = exists().where(
            resource.c.seq == _staged.c.seq,
            _is_changed(),
            _staged.c.user_name != resource.c.user_name,
        )
        self._connection.execute(
            update(resource)
            .where(resource.c.unit_id == self._unit.id, freed)
            .values(user_name=None)
        )

    def _update_changed(self, now: str) -> None:
        here = and_(resource.c.seq == _staged.c.seq, _is_changed())
        values = {name: _staged.c[name] for name in _CONTENT}
        self._connection.execute(update(resource).where(here).values({**values, "edited": now}))

    def _date_moves(self, now: str) -> None:
        """Whoever moved between schools says something else of itself in a roster, and so does a
        membership of a group that moved.
        """
        if not self._has_moves:
            return
        self._connection.execute(
            update(resource).where(resource.c.seq.in_(self._moved())).values(edited=now)
        )
        self._connection.execute(
            update(membership)
            .where(membership.c.unit_id == self._unit.id, membership.c.group_seq.in_(self._moved()))
            .values(since=now)
        )

    def _replace_details(self) -> None:
        """Elements, references and schools of everything that is new or changed."""
        changed = select(_staged.c.seq).where(_staged.c.change != "unchanged")
        self._connection.execute(delete(element).where(element.c.seq.in_(changed)))
        names = ("attribute", "value", "type", "display", "primary", "others")
        own = literal(self._unit.id)
        elements = (
            select(own, _staged.c.seq, _staged_element.c.ordinal,
                   *[_staged_element.c[name] for name in names])
            .join(_staged, _staged.c.position == _staged_element.c.position)
            .where(_staged.c.change != "unchanged")
        )  # fmt: skip
        self._connection.execute(
            insert(element).from_select(["unit_id", "seq", "position", *names], elements)
        )
        self._connection.execute(
            update(reference)
            .where(reference.c.seq == _staged.c.seq, _is_changed())
            .values(fragment=_staged.c.fragment, as_group=_staged.c.as_group)
        )
        fragments = (_staged.c.fragment, _staged.c.as_group)
        references = select(own, _staged.c.seq, literal(False, Boolean()), *fragments)
        self._connection.execute(
            insert(reference).from_select(
                ["unit_id", "seq", "served", "fragment", "as_group"],
                references.where(_staged.c.change == "created"),
            )
        )
        held = select(_staged.c.seq).where(_staged.c.active)
        self._connection.execute(
            delete(resource_school).where(
                resource_school.c.unit_id == self._unit.id, resource_school.c.seq.in_(held)
            )
        )
        placed = select(own, _staged.c.seq, _staged_school.c.school_id).join(
            _staged_school, _staged_school.c.position == _staged.c.position
        )
        self._connection.execute(
            insert(resource_school).from_select(["unit_id", "seq", "school_id"], placed)
        )

    def _replace_memberships(self, now: str) -> None:
        own = literal(self._unit.id)
        self._connection.execute(
            insert(former_membership).from_select(
                ["unit_id", "group_seq", "member_seq", "ended"],
                select(own, _removed.c.group_seq, _removed.c.member_seq, literal(now)),
            )
        )
        ends = tuple_(membership.c.group_seq, membership.c.member_seq)
        self._connection.execute(
            delete(membership).where(ends.in_(select(_removed.c.group_seq, _removed.c.member_seq)))
        )
        stored = exists().where(
            membership.c.group_seq == _wanted.c.group_seq,
            membership.c.member_seq == _wanted.c.member_seq,
        )
        rows = select(own, _wanted.c.group_seq, _wanted.c.member_seq, literal(now))
        self._connection.execute(
            insert(membership).from_select(
                ["unit_id", "group_seq", "member_seq", "since"],
                rows.where(~stored).order_by(_wanted.c.group_seq, _wanted.c.member_seq),
            )
        )
        begun_again = exists().where(
            _wanted.c.group_seq == former_membership.c.group_seq,
            _wanted.c.member_seq == former_membership.c.member_seq,
        )
        is_old = former_membership.c.ended < stamp(moment(now) - TOLD_FOR)
        self._connection.execute(
            delete(former_membership).where(
                former_membership.c.unit_id == self._unit.id, or_(begun_again, is_old)
            )
        )
        measure(self._connection, membership, former_membership, reference)


def _is_changed() -> ColumnElement[bool]:
    return _staged.c.change.in_(("changed", "deactivated", "reactivated"))


def _kind(resource_type: str, document: dict[str, Any]) -> Kind:
    if resource_type == "Group":
        return "group"
    return "pupil" if document["userType"] == "Student" else "employee"


def _slices(rows: Iterator[tuple[Any, ...]], size: int) -> Iterator[Sequence[tuple[Any, ...]]]:
    batch: list[tuple[Any, ...]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch

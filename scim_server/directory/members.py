"""The members of one group, changed by set operations in SQL.

Nothing here reads the members that stay: adding or removing one costs the same in a group of five
and in one of fifty thousand, in time and in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement

from scim_server.directory.attributes import UNIT
from scim_server.directory.changes import TOUCHED, Change
from scim_server.directory.expressions import Among, AsJson
from scim_server.directory.filters import Selection
from scim_server.directory.tables import PLACEHOLDER, membership, reference, resource
from scim_server.errors import InvalidValue

Member = Mapping[str, Any]
"""One value of ``members``: its ``value``, and what the client said of it besides."""


class Members:
    """Edits the members of a group within a change. Call :meth:`finish` after the last edit.

    ``takes_unknown`` tells whether an id that the unit has no resource of may be listed; such a
    member is kept as it was sent. Otherwise it raises :class:`~scim_server.errors.InvalidValue`,
    but for ids that are ``expected``: the same change will create them.
    """

    def __init__(
        self,
        change: Change,
        group_seq: int,
        *,
        takes_unknown: bool,
        expected: frozenset[str] = frozenset(),
    ) -> None:
        self._change = change
        self._group = group_seq
        self._takes_unknown = takes_unknown
        self._expected = expected
        self._added: set[int] = set()
        self._removed: set[int] = set()

    def add(self, members: Sequence[Member]) -> None:
        """List each; one that is listed already stays."""
        if not members:
            return
        found = self._found(each["value"] for each in members)
        unknown = {
            each["value"]: each
            for each in members
            if found.get(each["value"], _NOWHERE)[1] == PLACEHOLDER
        }
        seqs = [seq for seq, kind in found.values() if kind != PLACEHOLDER]
        if unknown:
            seqs += self._make_placeholders(unknown, found)
        self._note_added(self._rows("add members", self._add, seqs=_json(seqs)))

    def remove(self, ids: Sequence[str]) -> None:
        """List these no longer; one that isn't listed is no failure."""
        seqs = [seq for seq, _ in self._found(ids).values()]
        if seqs:
            self._note_removed(self._rows("remove members", _remove, seqs=_json(seqs)))

    def remove_selected(self, selection: Selection, literals: Sequence[str]) -> bool:
        """List no longer whom the filter selects; returns whether there was any."""
        base = self._change.address.base
        removed = self._rows(
            ("remove selected", selection.shape),
            lambda: _remove_selected(selection),
            base=base,
            base_key=base.lower(),
            **selection.parameters(literals),
        )
        self._note_removed(removed)
        return bool(removed)

    def clear(self) -> None:
        """List nobody."""
        self._note_removed(self._rows("clear members", _clear))

    def replace(self, members: Sequence[Member]) -> None:
        """List these and nobody else."""
        kept = [seq for seq, _ in self._found(each["value"] for each in members).values()]
        self._note_removed(self._rows("keep members", _keep, seqs=_json(kept)))
        self.add(members)

    def finish(self) -> bool:
        """Give whoever came or went a new version; returns whether the list is another one."""
        moved = sorted(self._added | self._removed)
        if moved:
            self._change.run("touch members", _touch, seqs=_json(moved))
            self._change.is_real = True
        if self._removed:
            gone = _json(sorted(self._removed))
            idle = self._change.rows("idle members", _idle, seqs=gone)
            self._change.forget([seq for (seq,) in idle])
        return bool(moved)

    def exceed(self, number: int) -> bool:
        """Whether the group lists more than ``number``; counts no further than that."""
        row = self._change.row("count members", _count, group=self._group, limit=number + 1)
        return row is not None and row[0] > number

    def _found(self, ids: Iterable[str]) -> dict[str, tuple[int, str]]:
        """The number and the type of each resource or placeholder that has one of ``ids``."""
        rows = self._change.rows("find members", _find, ids=_json(list(ids)))
        return {id: (seq, kind) for id, seq, kind in rows}

    def _make_placeholders(
        self, unknown: Mapping[str, Member], found: Mapping[str, tuple[int, str]]
    ) -> list[int]:
        """The numbers of placeholders for ``unknown`` ids, made where there are none."""
        strange = unknown.keys() - self._expected
        if strange and not self._takes_unknown:
            raise InvalidValue(
                f"members: the unit has no user or group with {len(strange)} of these ids."
            )
        seqs = []
        for id, member in unknown.items():
            seq = found[id][0] if id in found else self._new_placeholder(id)
            fragment = orjson.dumps(dict(member)).decode()
            self._change.run(
                "placeholder reference", self._placeholder_reference, seq=seq, fragment=fragment
            )
            seqs.append(seq)
        return seqs

    def _new_placeholder(self, id: str) -> int:
        row = self._change.row("make placeholder", _make_placeholder, id=id)
        assert row is not None
        return int(row[0])

    def _add(self) -> ClauseElement:
        rows = select(UNIT, _GROUP, resource.c.seq, _NOW).where(_HAS_SEQ)
        made: Any = self._dialect.insert(membership)
        added: ClauseElement = (
            made.from_select(["unit_id", "group_seq", "member_seq", "since"], rows)
            .on_conflict_do_nothing()
            .returning(membership.c.member_seq)
        )
        return added

    @property
    def _dialect(self) -> Any:
        return sqlite if self._change.is_sqlite else postgresql

    def _placeholder_reference(self) -> ClauseElement:
        fragment = bindparam("fragment", type_=Text())
        made: Any = self._dialect.insert(reference).values(
            seq=_SEQ, unit_id=UNIT, served=True, fragment=fragment
        )
        statement: ClauseElement = made.on_conflict_do_update(
            index_elements=["seq"], set_={"fragment": made.excluded.fragment}
        )
        return statement

    def _rows(self, key: Any, build: Any, **values: Any) -> set[int]:
        rows = self._change.rows(key, build, group=self._group, **values)
        return {seq for (seq,) in rows}

    def _note_added(self, seqs: set[int]) -> None:
        self._added |= seqs - self._removed
        self._removed -= seqs

    def _note_removed(self, seqs: set[int]) -> None:
        self._removed |= seqs - self._added
        self._added -= seqs


def _json(values: list[Any]) -> str:
    return orjson.dumps(values).decode()


_GROUP = bindparam("group", type_=Integer())
_NOW = bindparam("now", type_=Text())
_SEQ = bindparam("seq", type_=Integer())
_SEQS = bindparam("seqs", type_=Text())
_HAS_SEQ = Among(resource.c.seq, _SEQS, numbers=True)
_IS_MEMBER = Among(membership.c.member_seq, _SEQS, numbers=True)
_NOWHERE = (0, PLACEHOLDER)


def _find() -> ClauseElement:
    """Keys first, members by key afterwards: joined, PostgreSQL would read the whole group."""
    has_id = Among(resource.c.id, bindparam("ids", type_=Text()))
    columns = (resource.c.id, resource.c.seq, resource.c.resource_type)
    return select(*columns).where(resource.c.unit_id == UNIT, has_id)


def _remove() -> ClauseElement:
    return _delete(_IS_MEMBER)


def _keep() -> ClauseElement:
    return _delete(not_(_IS_MEMBER))


def _clear() -> ClauseElement:
    return delete(membership).where(membership.c.group_seq == _GROUP).returning(
        membership.c.member_seq
    )  # fmt: skip


def _remove_selected(selection: Selection) -> ClauseElement:
    rows = selection.rows
    chosen = (
        select(selection.listed)
        .select_from(rows.rows)
        .where(rows.holder == _GROUP, rows.belongs, selection.condition)
    )
    return _delete(membership.c.member_seq.in_(chosen))


def _delete(condition: ColumnElement[bool]) -> ClauseElement:
    gone = delete(membership).where(membership.c.group_seq == _GROUP, condition)
    return gone.returning(membership.c.member_seq)


def _make_placeholder() -> ClauseElement:
    made = insert(resource).values(
        unit_id=UNIT, resource_type=PLACEHOLDER, served=False, id=bindparam("id", type_=Text()),
        created=_NOW, modified=_NOW, edited=_NOW, version=literal(0),
        change=bindparam("change", type_=Integer()), text=literal(""),
        folded=AsJson(literal("{}", Text())), head=literal(""),
    )  # fmt: skip
    return made.returning(resource.c.seq)


def _touch() -> ClauseElement:
    return update(resource).where(_HAS_SEQ, resource.c.resource_type == "User").values(**TOUCHED)


def _idle() -> ClauseElement:
    return select(resource.c.seq).where(
        _HAS_SEQ,
        resource.c.resource_type == PLACEHOLDER,
        ~exists().where(membership.c.member_seq == resource.c.seq),
    )


def _count() -> ClauseElement:
    some = select(membership.c.member_seq).where(membership.c.group_seq == _GROUP)
    limited = some.limit(bindparam("limit", type_=Integer())).subquery()
    return select(func.count()).select_from(limited)

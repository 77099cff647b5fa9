"""The members of one group, changed by set operations in SQL.

Nothing here reads the members that stay: adding or removing one costs the same in a group of five
and in one of fifty thousand, in time and in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        ids = _ids(each["value"] for each in members)
        known = {id for (id,) in self._change.rows("known members", _known, ids=ids)}
        unknown = {each["value"]: each for each in members if each["value"] not in known}
        if unknown:
            self._make_placeholders(unknown)
        self._note_added(self._rows("add members", _add, ids=ids))

    def remove(self, ids: Sequence[str]) -> None:
        """List these no longer; one that isn't listed is no failure."""
        self._note_removed(self._rows("remove members", _remove, ids=_ids(ids)))

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
        ids = _ids(each["value"] for each in members)
        self._note_removed(self._rows("keep members", _keep, ids=ids))
        self.add(members)

    def finish(self) -> bool:
        """Give whoever came or went a new version; returns whether the list is another one."""
        moved = sorted(self._added | self._removed)
        if moved:
            self._change.run("touch members", _touch, seqs=orjson.dumps(moved).decode())
            self._change.is_real = True
        if self._removed:
            gone = orjson.dumps(sorted(self._removed)).decode()
            idle = self._change.rows("idle members", _idle, seqs=gone)
            self._change.forget([seq for (seq,) in idle])
        return bool(moved)

    def exceed(self, number: int) -> bool:
        """Whether the group lists more than ``number``; counts no further than that."""
        row = self._change.row("count members", _count, group=self._group, limit=number + 1)
        return row is not None and row[0] > number

    def _make_placeholders(self, unknown: Mapping[str, Member]) -> None:
        strange = unknown.keys() - self._expected
        if strange and not self._takes_unknown:
            raise InvalidValue(
                f"members: the unit has no user or group with {len(strange)} of these ids."
            )
        for id, member in unknown.items():
            fragment = orjson.dumps(dict(member)).decode()
            row = self._change.row("find placeholder", _placeholder, id=id) or self._change.row(
                "make placeholder", _make_placeholder, id=id
            )
            assert row is not None
            self._change.run(
                "placeholder reference", self._placeholder_reference, seq=row[0], fragment=fragment
            )

    def _placeholder_reference(self) -> ClauseElement:
        dialect: Any = sqlite if self._change.is_sqlite else postgresql
        fragment = bindparam("fragment", type_=Text())
        made: Any = dialect.insert(reference).values(
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


def _ids(values: Any) -> str:
    return orjson.dumps(list(values)).decode()


_GROUP = bindparam("group", type_=Integer())
_SEQ = bindparam("seq", type_=Integer())
_HAS_ID = Among(resource.c.id, bindparam("ids", type_=Text()))
_HAS_SEQ = Among(resource.c.seq, bindparam("seqs", type_=Text()), numbers=True)


def _with_id() -> Any:
    """The seqs of the unit's resources, placeholders included, that have one of ``ids``."""
    return select(resource.c.seq).where(resource.c.unit_id == UNIT, _HAS_ID)


def _known() -> ClauseElement:
    return select(resource.c.id).where(
        resource.c.unit_id == UNIT, _HAS_ID, resource.c.resource_type != PLACEHOLDER
    )


def _add() -> ClauseElement:
    listed = exists().where(
        membership.c.group_seq == _GROUP, membership.c.member_seq == resource.c.seq
    )
    rows = select(UNIT, _GROUP, resource.c.seq).where(resource.c.unit_id == UNIT, _HAS_ID, ~listed)
    added = insert(membership).from_select(["unit_id", "group_seq", "member_seq"], rows)
    return added.returning(membership.c.member_seq)


def _remove() -> ClauseElement:
    return _delete(membership.c.member_seq.in_(_with_id()))


def _keep() -> ClauseElement:
    return _delete(membership.c.member_seq.not_in(_with_id()))


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


def _placeholder() -> ClauseElement:
    return select(resource.c.seq).where(
        resource.c.unit_id == UNIT, resource.c.id == bindparam("id", type_=Text())
    )


def _make_placeholder() -> ClauseElement:
    made = insert(resource).values(
        unit_id=UNIT, resource_type=PLACEHOLDER, served=False, id=bindparam("id", type_=Text()),
        created=bindparam("now", type_=Text()), modified=bindparam("now", type_=Text()),
        version=literal(0), change=bindparam("change", type_=Integer()), text=literal(""),
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

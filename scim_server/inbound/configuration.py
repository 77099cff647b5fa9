"""Where a unit is pushed to: its tenant, its job there, and what of the closed list goes along."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from scim_server.audit import record
from scim_server.directory.units import Unit
from scim_server.errors import BadInput
from scim_server.inbound.application import Application, check_id
from scim_server.inbound.groups.records import KINDS, Kind
from scim_server.inbound.tables import (
    inbound,
    inbound_account,
    inbound_call,
    inbound_group,
    inbound_member,
    inbound_person,
)

MATCHING = "externalId -> employeeId"
"""How Entra's job finds the account of a record unless its mapping was changed there."""

_LONGEST_EMPLOYEE_ID = 16
"""Characters (Microsoft Graph, ``user.employeeId``)."""

QUOTAS = (2_000, 6_000)
"""Calls that a tenant may make in 24 hours: with P1 or P2, and with ID Governance."""

_JOB = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,199}")
_COLUMNS = [
    column
    for column in inbound.c
    if column.name not in ("unit_id", "holder", "held_until", "log_read")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration(Application):
    """Of one unit. Raises :class:`~scim_server.errors.BadInput` as an :class:`Application` does."""

    service_principal: str
    job: str
    calls_a_day: int = QUOTAS[0]
    phones: bool = False
    emails: bool = False
    matching: str = field(default=MATCHING)
    groups: Kind = "none"

    def __post_init__(self) -> None:
        Application.__post_init__(self)
        check_id(self.service_principal, "object id of the service principal")
        if not _JOB.fullmatch(self.job):
            raise BadInput("The job's id is letters, digits, dots and hyphens: API2AAD.… as shown.")
        if not self.matching.isprintable() or len(self.matching) > 200:
            raise BadInput("The note about matching is one line of at most 200 characters.")
        if self.groups not in KINDS:
            raise BadInput(f"Groups go along as one of {', '.join(KINDS)}.")
        if self.groups != "none" and not self._matches_by_employee_id:
            raise BadInput(
                "Groups find their members' accounts by employeeId, which --matching doesn't name."
            )

    @property
    def longest_key(self) -> int | None:
        """How many characters of a person's key the job can match, or none where it isn't known."""
        return _LONGEST_EMPLOYEE_ID if self._matches_by_employee_id else None

    @property
    def _matches_by_employee_id(self) -> bool:
        return "employeeid" in self.matching.lower()


def configure(
    connection: Connection, of: Unit, chosen: Configuration, *, now: datetime, actor: str
) -> None:
    """Store where the unit is pushed to, in place of what was stored before.

    Another job knows nobody of those whom the one before was given; so then everybody counts as
    new again. Another tenant has none of the groups either. Raises
    :class:`~scim_server.errors.BadInput` for a unit that isn't a register's, and for groups of
    another kind than those that were made.
    """
    if of.kind != "register":
        raise BadInput(f"The unit {of.name!r} is a sandbox: only registers are pushed.")
    before = find(connection, of)
    values: dict[str, Any] = asdict(chosen)
    if before is None:
        connection.execute(insert(inbound).values(unit_id=of.id, **values))
    else:
        connection.execute(update(inbound).where(inbound.c.unit_id == of.id).values(values))
        if _target(before) != _target(chosen):
            _begin_anew(connection, of)
        if before.tenant.lower() != chosen.tenant.lower():
            _forget_groups(connection, of)
    _check_kind(connection, of, chosen.groups)
    record(
        connection, at=now, action="inbound.configured", actor=actor, unit=of.name,
        facts={
            "tenant": chosen.tenant, "client": chosen.client_id, "job": chosen.job,
            "credential": chosen.credential_kind, "calls_a_day": chosen.calls_a_day,
            "phones": chosen.phones, "emails": chosen.emails, "groups": chosen.groups,
        },
    )  # fmt: skip


def remove(connection: Connection, of: Unit, *, now: datetime, actor: str) -> None:
    """Push the unit no longer, and forget what was given of whom. In Entra everything stays.

    A push under way stops before its next request. Raises
    :class:`~scim_server.errors.BadInput` where the unit isn't pushed.
    """
    before = configuration_of(connection, of)
    _forget_groups(connection, of)
    for table in (inbound_person, inbound_call, inbound):
        connection.execute(delete(table).where(table.c.unit_id == of.id))
    facts = {"tenant": before.tenant, "client": before.client_id, "job": before.job}
    record(
        connection, at=now, action="inbound.removed", actor=actor, unit=of.name, facts=facts
    )  # fmt: skip


def _target(chosen: Configuration) -> tuple[str, str, str]:
    return chosen.tenant.lower(), chosen.service_principal.lower(), chosen.job


def _begin_anew(connection: Connection, of: Unit) -> None:
    connection.execute(delete(inbound_person).where(inbound_person.c.unit_id == of.id))
    connection.execute(update(inbound).where(inbound.c.unit_id == of.id).values(log_read=None))


def _forget_groups(connection: Connection, of: Unit) -> None:
    for table in (inbound_member, inbound_group, inbound_account):
        connection.execute(delete(table).where(table.c.unit_id == of.id))


def _check_kind(connection: Connection, of: Unit, kind: Kind) -> None:
    """Entra never changes the kind of a group that there is, or may be."""
    other = select(inbound_group.c.kind).where(
        inbound_group.c.unit_id == of.id,
        inbound_group.c.kind != kind,
        or_(inbound_group.c.group_id.is_not(None), inbound_group.c.refused.is_(None)),
    )
    made = connection.scalar(other.limit(1))
    if kind != "none" and made is not None:
        raise BadInput(
            f"Groups of the unit {of.name!r} were made as {made}, and Entra can't change that. "
            f"Configure it with --groups {made}, or with --groups none to leave them as they are."
        )


def find(connection: Connection, of: Unit) -> Configuration | None:
    """Where the unit is pushed to, or none."""
    row = connection.execute(select(*_COLUMNS).where(inbound.c.unit_id == of.id)).mappings().first()
    return None if row is None else Configuration(**row)


def configuration_of(connection: Connection, of: Unit) -> Configuration:
    """The same; raises :class:`~scim_server.errors.BadInput` where the unit isn't pushed."""
    found = find(connection, of)
    if found is None:
        raise BadInput(
            f"The unit {of.name!r} isn't pushed to Entra ID. "
            f"Say where to with: scim-server inbound configure {of.name}"
        )
    return found

"""What is to be done about groups: found out, and guarded, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection

from scim_server.directory.guards import breaches
from scim_server.errors import Refused
from scim_server.inbound.groups import made
from scim_server.inbound.groups.figures import Figures, figures


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """``create`` and ``rename`` name groups by ``seq``, ``gone`` and ``refused`` by key: those that
    somebody deleted in Entra, and those that Entra wouldn't have as they are. ``created`` counts
    the groups that Entra has.
    """

    create: tuple[int, ...] = ()
    rename: tuple[int, ...] = ()
    gone: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    created: int = 0
    members: Figures = field(default_factory=Figures)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that could be done now."""
        to_add = self.members.adding - self.members.unknown
        return not (self.create or self.rename or to_add or self.members.ending)


def plan(connection: Connection, unit_id: int, *, retry_failed: bool = False) -> GroupPlan:
    """Compare the register's groups with those that were made.

    With ``retry_failed``, groups that were deleted in Entra or refused count as to be made.
    """
    create: list[int] = []
    rename: list[int] = []
    gone: list[str] = []
    refused: list[str] = []
    created = 0
    for each in made.groups(connection, unit_id):
        created += each.group_id is not None and not each.is_gone
        if not each.is_open:
            continue  # a group that the register closed stays as it is, and none is made of it
        if each.is_gone and not retry_failed:
            gone.append(each.key)
        elif each.is_refused and not retry_failed:
            refused.append(each.key)
        elif each.group_id is None or each.is_gone:
            create.append(each.seq)
        elif not each.is_as_named:
            rename.append(each.seq)
    return GroupPlan(
        tuple(create), tuple(rename), tuple(gone), tuple(refused), created,
        figures(connection, unit_id),
    )  # fmt: skip


def guard(plan: GroupPlan, max_percent: float, *, allow_deactivations: bool) -> None:
    """Raises :class:`~scim_server.errors.Refused` where more than ``max_percent`` of the
    memberships that were given would be taken away, or of the groups that have some be emptied,
    unless that is allowed.
    """
    found = [] if allow_deactivations else list(_found(plan.members, max_percent))
    if found:
        raise Refused(
            f"The push would end in Entra {' and '.join(found)}; the limit is {max_percent:g} %. "
            "Nothing was sent. Check that the last import was complete; if it was, push again "
            "with --allow-deactivations."
        )


def _found(members: Figures, max_percent: float) -> Iterator[str]:
    ending = {"memberships of groups": members.ending, "groups": members.closing}
    return breaches(
        ending, {"memberships of groups": members.given, "groups": members.filled}, max_percent
    )

"""What is to be pushed, in which order, and what can't be: found out before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from scim_server.directory.guards import breaches
from scim_server.directory.principal_names import broken_rule
from scim_server.errors import Problem, Refused
from scim_server.inbound.people import Person

Kind = Literal["leavers", "new", "changed"]
ORDER: tuple[Kind, ...] = ("leavers", "new", "changed")
"""When calls are few, an account that should be closed comes before one that should be opened."""

_FAILED = ("failed", "refused")


@dataclass(frozen=True, slots=True)
class Plan:
    """``queue`` names people by ``seq``, those of each kind in the order in which they came.

    ``deactivated`` and ``live`` count pupils and employees: those whose account would be closed,
    and those whose account was open by what was handed over last. ``withheld`` are the people who
    were refused as they are and didn't change.
    """

    queue: Mapping[Kind, list[int]] = field(default_factory=dict)
    deactivated: Mapping[str, int] = field(default_factory=dict)
    live: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    unchanged: int = 0
    withheld: int = 0

    @property
    def total(self) -> int:
        return sum(map(len, self.queue.values()))

    @property
    def in_order(self) -> list[int]:
        return [seq for kind in ORDER for seq in self.queue.get(kind, ())]


def plan(
    persons: Iterable[Person],
    domain: str,
    *,
    longest_key: int | None = None,
    retry_failed: bool = False,
    everybody: bool = False,
) -> Plan:
    """Compare what is to be with what was accepted.

    ``domain`` is the unit's, ``longest_key`` what the job can match a key of, in characters. With
    ``retry_failed`` the records that were refused, or that the provisioning log tells of as failed,
    are pushed again as they are; with ``everybody`` all that were ever handed over are.
    """
    queue: dict[Kind, list[int]] = {kind: [] for kind in ORDER}
    deactivated: Counter[str] = Counter()
    live: Counter[str] = Counter()
    rules = _Rules(domain, longest_key)
    unchanged = withheld = 0
    for each in persons:
        if each.given is None and not each.is_active:
            continue  # nobody who left before the first push is made known to Entra
        live[each.kind] += each.given is not None and each.given.active
        sound = rules.take(each)
        failed = each.given is not None and each.given.result in _FAILED
        again = everybody or (retry_failed and failed)
        if each.given is not None and each.digest == each.given.digest and not again:
            unchanged += 1
        elif each.given is not None and each.digest == each.given.refused and not again:
            withheld += 1
        elif sound:
            queue[_kind(each)].append(each.seq)
            is_closed = not each.is_active and each.given is not None and each.given.active
            deactivated[each.kind] += is_closed
    return Plan(queue, deactivated, live, tuple(rules.problems), unchanged, withheld)


def _kind(person: Person) -> Kind:
    if not person.is_active:
        return "leavers"
    is_new = person.given is None or person.given.accepted is None
    return "new" if is_new else "changed"


class _Rules:
    """Finds what Entra would refuse, since it resolves no conflict of logins itself."""

    def __init__(self, domain: str, longest_key: int | None) -> None:
        self._domain, self._longest_key = domain.casefold(), longest_key
        self._owners: dict[str, str] = {}
        self.problems: list[Problem] = []

    def take(self, person: Person) -> bool:
        """Whether the person can be pushed."""
        rule = self._of_login(person) or self._of_key(person)
        if rule is not None:
            self.problems.append(Problem("register", 0, f"key {person.key}", rule))
        return rule is None

    def _of_key(self, person: Person) -> str | None:
        if self._longest_key is None or len(person.key) <= self._longest_key:
            return None
        return (
            f"its key is longer than the {self._longest_key} characters of an employee id: let the "
            "job match by another attribute, and configure the push with --matching"
        )

    def _of_login(self, person: Person) -> str | None:
        local, at, domain = str(person.record["userName"]).rpartition("@")
        owner = self._owners.setdefault(f"{local}@{domain}".casefold(), person.key)
        rule = broken_rule(local, domain)
        if not at or domain.casefold() != self._domain:
            rule = "is not of the unit's domain, so its domain can't be expected to be verified"
        elif owner != person.key:
            rule = f"is the login of the key {owner} too"
        return None if rule is None else f"its login {rule}"


def guard(plan: Plan, max_percent: float, *, allow_deactivations: bool) -> None:
    """Raises :class:`~scim_server.errors.Refused` where more than ``max_percent`` of the open
    accounts of pupils or employees would be closed, unless that is allowed.
    """
    found = [] if allow_deactivations else list(breaches(plan.deactivated, plan.live, max_percent))
    if found:
        raise Refused(
            f"The push would disable the accounts of {' and '.join(found)}; the limit is "
            f"{max_percent:g} %. Nothing was sent. Check that the last import was complete; if it "
            "was, push again with --allow-deactivations."
        )

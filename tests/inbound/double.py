"""Microsoft's side of a push, in this process: the simulator on a free port, by a moved clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scim_server.inbound.simulator.groups import Group
from scim_server.inbound.simulator.service import Call, Simulator
from scim_server.inbound.simulator.serving import serving
from scim_server.inbound.simulator.tenant import Tenant
from tests.school import DOMAIN, MovedClock


class Double:
    """What a test sees of the tenant, and what it may do to it."""

    def __init__(self, simulator: Simulator, clock: MovedClock, address: str) -> None:
        self.simulator, self.clock, self.address = simulator, clock, address
        self.tenant = simulator.tenant
        self.login = address
        self.graph = f"{address}/v1.0"
        self.token_endpoint = f"{address}/{self.tenant.tenant_id}/oauth2/v2.0/token"
        self.upload_url = (
            f"{self.graph}/servicePrincipals/{self.tenant.service_principal_id}"
            f"/synchronization/jobs/{self.tenant.job_id}/bulkUpload"
        )

    @property
    def accounts(self) -> dict[str, dict[str, Any]]:
        """The accounts as far as the work has come by the clock, by ``employeeId``, or by user
        principal name where an account has none.
        """
        self.simulator.work()
        return {
            each["employeeId"] or each["userPrincipalName"]: dict(each)
            for each in self.simulator.accounts
        }

    @property
    def log(self) -> list[dict[str, Any]]:
        """The entries of the log, those that it doesn't show yet, too."""
        self.simulator.work()
        return [each.body for each in self.simulator.log.entries]

    @property
    def calls(self) -> list[Call]:
        return self.simulator.calls

    @property
    def uploads(self) -> list[Call]:
        """The calls of bulkUpload, refused ones, too."""
        return [each for each in self.calls if each.path.endswith("/bulkUpload")]

    @property
    def groups(self) -> dict[str, Group]:
        """Every group by its id, those that were there before, too."""
        return self.simulator.groups.all

    @property
    def foreign_writes(self) -> list[tuple[str, str]]:
        """Attempts to write to groups that were there before: method and id. Never any."""
        return self.simulator.groups.foreign_writes

    @property
    def connectors(self) -> list[dict[str, Any]]:
        """The connectors of School Data Sync."""
        return list(self.simulator.connectors.all.values())

    def seed_group(self, **properties: Any) -> Group:
        """A group that was there before any push."""
        return self.simulator.groups.seed(**properties)

    def seed_account(self, **properties: Any) -> dict[str, Any]:
        """An account that was there before any push."""
        return self.simulator.accounts.add(properties)

    def rename_account(self, employee_id: str, name: str) -> None:
        """Give an account another user principal name, as an administrator of the tenant does."""
        accounts = self.simulator.accounts
        account = accounts.of_employee(employee_id)
        assert account is not None
        del accounts._by_name[account["userPrincipalName"].lower()]
        account["userPrincipalName"] = name
        accounts._index(account)

    def delete_group(self, group_id: str) -> None:
        """Delete a group and all that hangs on it, as an administrator does it by hand."""
        self.simulator.groups.delete(group_id)

    def delete_account(self, key: str) -> None:
        """Delete an account by its employee id, and its memberships, likewise."""
        user_id = self.accounts[key]["id"]
        self.simulator.accounts.delete(user_id)
        for each in self.groups.values():
            each.members = [member for member in each.members if member != user_id]

    def fail_next(self, what: int | str = 503, **how: Any) -> None:
        """Let the next call fail; see :meth:`~scim_server.inbound.simulator.faults.Faults.add`."""
        self.simulator.faults.add(what, **how)

    def expire_tokens(self) -> None:
        self.simulator.tokens.expire()

    def settle(self) -> None:
        """Move the clock until all that was pushed is done and told in the log."""
        self.clock.move(seconds=self.tenant.delay + self.tenant.log_delay)
        self.simulator.work()


@contextmanager
def doubled(clock: MovedClock | None = None, **terms: Any) -> Iterator[Double]:
    """A tenant of its own; ``terms`` are fields of
    :class:`~scim_server.inbound.simulator.tenant.Tenant`. Give ``world.clock`` to move both.
    """
    clock = clock or MovedClock()
    simulator = Simulator(Tenant(**{"domains": (DOMAIN,), **terms}), clock)
    with serving(simulator) as server:
        yield Double(simulator, clock, server.address)

"""What each kind of unit is served by: its contract, and its discovery documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scim_server.directory.models import Contract, ResourceType, contract
from scim_server.directory.policies import Policy, policy_of
from scim_server.directory.resources import Address
from scim_server.http.exchange import Call
from scim_server.oauth.addresses import access_url
from scim_server.scim import discovery
from scim_server.scim.discovery import Document
from scim_server.scim.queries import Bounds

KINDS = ("register", "sandbox")


@dataclass(frozen=True, eq=False, slots=True)
class Kind:
    """One kind of unit. ``documents`` are by endpoint, as :func:`.discovery.documents` has them."""

    contract: Contract
    documents: Mapping[str, tuple[Document, ...]]

    def types(self, *names: str) -> tuple[ResourceType, ...]:
        """The resource types of these names, or all of them."""
        return tuple(self.contract.types[name] for name in names or self.contract.types)


class Kinds:
    """Which kind the unit of a request is of, and where that unit is."""

    def __init__(self, bounds: Bounds, *, cursor_lifetime: int, public_url: str) -> None:
        self._public_url = public_url
        self._kinds = {
            name: Kind(
                contract(name),
                discovery.documents(
                    contract(name), bounds=bounds, cursor_lifetime=cursor_lifetime
                ),
            )
            for name in KINDS
        }  # fmt: skip

    def of(self, call: Call) -> Kind:
        return self._kinds[call.unit_grant.kind]

    def address(self, call: Call) -> Address:
        grant = call.unit_grant
        return Address(grant.unit_id, access_url(self._public_url, grant.unit))


def policy(call: Call) -> Policy:
    """What may be done with the unit of a request."""
    grant = call.unit_grant
    return policy_of(grant.kind, grant.settings)

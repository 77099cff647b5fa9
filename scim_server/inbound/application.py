"""Who speaks to Microsoft for a unit: an app registration of its tenant, and what proves it.

The credential is in the file that is named, never here.
"""

# No postponed annotations: whoever extends the class below has them in its own signature.

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scim_server.errors import BadInput
from scim_server.settings import is_loopback, split_address

LOGIN_URL = "https://login.microsoftonline.com"
GRAPH_URL = "https://graph.microsoft.com"

CredentialKind = Literal["secret", "certificate"]

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DOMAIN = re.compile(r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An app registration, what it proves itself with, and the two addresses that it speaks to.

    Raises :class:`~scim_server.errors.BadInput` for what Microsoft can't have given out, and for
    addresses without TLS that lead to another machine.
    """

    tenant: str
    client_id: str
    credential_kind: CredentialKind
    credential_file: str
    login_url: str = LOGIN_URL
    graph_url: str = GRAPH_URL

    def __post_init__(self) -> None:
        if not _UUID.fullmatch(self.tenant) and not _DOMAIN.fullmatch(self.tenant):
            raise BadInput("The tenant is its id (a UUID) or one of its domain names.")
        check_id(self.client_id, "client id")
        for address in (self.login_url, self.graph_url):
            _check_address(address)

    @property
    def credential_path(self) -> Path:
        return Path(self.credential_file)


def is_id(value: object) -> bool:
    """Whether it is the id of an object of Entra's, and so may stand in an address."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def check_id(value: str, what: str) -> None:
    """Raises :class:`~scim_server.errors.BadInput` for what is no id of an object of Entra's."""
    if not is_id(value):
        raise BadInput(f"The {what} is a UUID, as Entra's pages show it.")


def _check_address(address: str) -> None:
    parts = split_address(address)
    ours = parts is not None and is_loopback(parts.hostname or "")
    if (
        parts is None
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
        or parts.scheme not in ("https", "http")
        or (parts.scheme == "http" and not ours)
    ):
        raise BadInput(
            f"{address!r} is no base address: it begins with https:// (http:// only on this "
            "machine) and has no account, query or fragment."
        )

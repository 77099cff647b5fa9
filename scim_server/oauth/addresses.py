"""The addresses of a unit that its clients are told, below the server's public one."""

from __future__ import annotations

CONSUMERS = {
    "scim": "scim/v2", "sds": "ims/oneroster/v1p1", "google": "ims/oneroster/v1p2",
}  # fmt: skip
"""Who is given the values, and the address below the unit that they read: School Data Sync reads
OneRoster 1.1, and Google Classroom 1.2.
"""


def issuer(public_url: str, unit: str) -> str:
    """The unit's authorization server (RFC 8414 §2)."""
    return f"{public_url}/{unit}"


def access_url(public_url: str, unit: str, consumer: str = "scim") -> str:
    """The Web Access Url for one of :data:`CONSUMERS`."""
    return f"{issuer(public_url, unit)}/{CONSUMERS[consumer]}"


def token_url(public_url: str, unit: str) -> str:
    """The Token endpoint Url."""
    return f"{issuer(public_url, unit)}/oauth2/token"

"""How the job maps a SCIM user to an Entra account: the default mapping, as far as it is told.

``externalId`` is the matching attribute and becomes ``employeeId``. What an operation leaves out
stays as it is, with one exception that met the field (AzureAD/entra-id-inbound-provisioning#16):
without ``active`` the account is disabled.
"""

from __future__ import annotations

from typing import Any

from scim_server.inbound.simulator.uploads import ENTERPRISE

_DIRECT = {
    "userName": "userPrincipalName", "displayName": "displayName", "title": "jobTitle",
    "userType": "employeeType", "preferredLanguage": "preferredLanguage",
}  # fmt: skip
_NAMES = {"givenName": "givenName", "familyName": "surname"}
_ENTERPRISE = {"department": "department", "organization": "companyName"}


def wanted(data: dict[str, Any]) -> dict[str, Any]:
    """The properties that ``data`` speaks of. Null speaks of nothing: clearing is a preview."""
    extension, name = data.get(ENTERPRISE) or {}, data.get("name") or {}
    found = {
        **{to: data.get(own) for own, to in _DIRECT.items()},
        **{to: name.get(own) for own, to in _NAMES.items()},
        **{to: extension.get(own) for own, to in _ENTERPRISE.items()},
        "mail": _typed(data.get("emails"), "work"),
        "mobilePhone": _typed(data.get("phoneNumbers"), "mobile"),
    }
    given = {name: value for name, value in found.items() if value is not None}
    return {
        "employeeId": data["externalId"], "accountEnabled": bool(data.get("active")), **given,
    }  # fmt: skip


def manager(data: dict[str, Any]) -> str | None:
    """The ``externalId`` of the manager, where one is named."""
    named = (data.get(ENTERPRISE) or {}).get("manager")
    value = named.get("value") if isinstance(named, dict) else None
    return value if isinstance(value, str) else None


def _typed(values: Any, kind: str) -> str | None:
    """The value of this type in a list of SCIM's many-valued attributes."""
    return next((each.get("value") for each in values or [] if each.get("type") == kind), None)

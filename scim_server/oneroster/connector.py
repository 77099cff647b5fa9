"""The request by which Microsoft Graph (beta) is told of a OneRoster server that isn't listed."""

from __future__ import annotations

from typing import Any

ADDRESS = "https://graph.microsoft.com/beta/external/industryData/dataConnectors"
SECRET = "CLIENT_SECRET"  # noqa: S105 (stands for one)
"""Stands where the secret has to be written: it is kept as a digest, and can't be told again."""

_SYSTEMS = "https://graph.microsoft.com/beta/external/industryData/sourceSystems"


def registration(
    *,
    name: str,
    source_system: str,
    base_url: str,
    client_id: str,
    token_url: str,
    secret: str = SECRET,
) -> dict[str, Any]:
    """The body of a POST to :data:`ADDRESS`: a ``oneRosterApiDataConnector`` without
    demographics, flags and contacts, of which nothing is published.
    """
    return {
        "@odata.type": "#microsoft.graph.industryData.oneRosterApiDataConnector",
        "displayName": f"{name} – UONET+",
        "sourceSystem@odata.bind": f"{_SYSTEMS}('{source_system}')",
        "apiFormat": "oneRoster",
        "baseUrl": base_url,
        "apiVersion": "1.1",
        "credential": {
            "@odata.type": "#microsoft.graph.industryData.oAuth2ClientCredential",
            "displayName": name,
            "clientId": client_id,
            "clientSecret": secret,
            "tokenUrl": token_url,
            "scope": None,
        },
        "isDemographicsEnabled": False,
        "isFlagsEnabled": False,
        "isContactsEnabled": False,
    }

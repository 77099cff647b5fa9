"""What to do about a code of Microsoft's provisioning log: read from the published data."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

_UNKNOWN = "Look this code up in Entra's provisioning logs, where the entry tells more."


@cache
def _codes() -> dict[str, Any]:
    text = files("scim_server.schemas").joinpath("inbound", "provisioning-codes.json").read_text()
    return dict(json.loads(text)["codes"])


def advice(code: str) -> str:
    """A sentence for an administrator of the tenant."""
    return str(_codes().get(code, _UNKNOWN))

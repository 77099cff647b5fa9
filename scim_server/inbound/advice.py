"""What to do about a code of Microsoft's provisioning log: read from the data beside this file."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

_UNKNOWN = "Look this code up in Entra's provisioning logs, where the entry tells more."


@cache
def _codes() -> dict[str, Any]:
    text = files(__package__).joinpath("provisioning-codes.json").read_text("utf-8")
    return dict(json.loads(text)["codes"])


def advice(code: str) -> str:
    """A sentence for an administrator of the tenant."""
    return str(_codes().get(code, _UNKNOWN))

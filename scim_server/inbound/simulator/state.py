"""A rehearsal in a JSON file, so that it can be continued. Tokens aren't kept: a client asks anew.

The file is for made-up or rehearsed data and holds what was pushed; its owner alone may read it.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from scim_server.clock import moment, stamp
from scim_server.errors import BadEnvironment, BadInput
from scim_server.inbound.simulator.accounts import Pending
from scim_server.inbound.simulator.groups import Group
from scim_server.inbound.simulator.log import Entry
from scim_server.inbound.simulator.service import Simulator

_VERSION = 1
_PARTS = {"version", "tenant", "accounts", "pending", "log", "groups", "calls", "connectors"}


def kept_ids(path: Path) -> dict[str, Any]:
    """The ids and the secret of the tenant in the file; nothing where there is no file yet."""
    return dict(_read(path)["tenant"]) if path.exists() else {}


def load(simulator: Simulator, path: Path) -> None:
    """Go on with the rehearsal that the file holds; nothing where there is no file yet."""
    if not path.exists():
        return
    found = _read(path)
    for each in found["accounts"]:
        simulator.accounts.add(each)
    for each in found["pending"]:
        simulator.accounts.pending.append(Pending(moment(each["due"]), each["cycle"], each["data"]))
    simulator.log.entries += [
        Entry(number, moment(each["shown"]), each["body"])
        for number, each in enumerate(found["log"])
    ]
    simulator.groups.all |= {each["properties"]["id"]: Group(**each) for each in found["groups"]}
    simulator.connectors.all |= {each["id"]: each for each in found["connectors"]}
    simulator.day.calls.extend(map(moment, found["calls"]))


def save(simulator: Simulator, path: Path) -> None:
    """Write the rehearsal; the file is whole or the old one at any moment."""
    with simulator.lock:
        content = orjson.dumps(
            {
                "version": _VERSION,
                "tenant": simulator.tenant.kept(),
                "accounts": list(simulator.accounts),
                "pending": [_plain(asdict(each)) for each in simulator.accounts.pending],
                "log": [_plain(asdict(each)) for each in simulator.log.entries],
                "groups": [asdict(each) for each in simulator.groups.all.values()],
                "connectors": list(simulator.connectors.all.values()),
                "calls": [stamp(each) for each in simulator.day.calls],
            }
        )
    new = path.with_name(f"{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        new.replace(path)
    except OSError as error:
        raise BadEnvironment(
            f"{path} can't be written ({error.strerror}). Name another file with --state."
        ) from error


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: stamp(value) if isinstance(value, datetime) else value for name, value in row.items()
    }


def _read(path: Path) -> dict[str, Any]:
    try:
        found = orjson.loads(path.read_bytes())
        if found["version"] == _VERSION and found.keys() == _PARTS:
            return dict(found)
    except OSError as error:
        raise BadEnvironment(
            f"{path} can't be read ({error.strerror}). Name another file with --state."
        ) from error
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        pass
    raise BadInput(f"{path} is no rehearsal of this version. Name another file with --state.")

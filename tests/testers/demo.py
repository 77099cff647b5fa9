"""The demo, as ``make run`` starts it, and what a client needs to know of its units."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from scim_server.clock import system_clock
from scim_server.oauth.credentials import Credentials
from tests.server.program import PROGRAM, SECONDS, Program, School, free_port

_UNITS = ("sp12", "sandbox")


@dataclass(frozen=True)
class Target:
    """A unit's base address and a live token for it."""

    url: str
    token: str


@dataclass(frozen=True)
class Demo:
    """A running one: the four values of each unit as it prints them, its folder, and an environment
    for commands beside it.
    """

    units: Mapping[str, Mapping[str, str]]
    data: Path
    environ: Mapping[str, str]


@contextmanager
def demo(folder: Path) -> Iterator[Target]:
    """Run the demo with its data in ``folder``, and be a client of its sandbox."""
    with making_up(folder) as made:
        values = made.units["sandbox"]
        yield Target(values["Web Access Url"], token_for(values))


@contextmanager
def making_up(folder: Path) -> Iterator[Demo]:
    """Run the demo with its data in ``folder``."""
    port, log, data = free_port(), folder / "demo.log", folder / "data"
    own = {"PATH": os.environ["PATH"]}
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [PROGRAM, "demo", "--data", data, "--port", str(port)],
            env=own,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            units = dict(_printed(line.decode() for line in process.stdout))
            assert units.keys() == set(_UNITS), log.read_text()
            url, client_id, secret, endpoint = units["sandbox"].values()
            issued = Credentials(url, client_id, secret, endpoint, expires=system_clock())
            Program(process, port, School(folder, issued, "", {}), log).wait_until_up()
            settings = {
                "SCIM_PUBLIC_URL": f"http://127.0.0.1:{port}",
                "SCIM_DATABASE_URL": f"sqlite:///{data}/school.db",
                "SCIM_MASTER_KEY_FILE": f"{data}/master.key",
            }
            yield Demo(units, data, own | settings)
        finally:
            process.terminate()
            process.wait(timeout=SECONDS)


def _printed(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The four values of each unit, until the last one's are printed."""
    values: dict[str, str] = {}
    for line in lines:
        label, _, value = line.strip().partition(": ")
        if label == "Web Access Url":
            values = {}
        values[label] = value
        if label == "Token endpoint Url":
            unit = value.split("/")[3]
            yield unit, dict(values)
            if unit == _UNITS[-1]:
                return


def token_for(values: Mapping[str, str]) -> str:
    """A token for the four values."""
    _, client_id, secret, endpoint = values.values()
    client = f"{client_id}:{secret}".encode()
    request = Request(
        endpoint,
        data=b"grant_type=client_credentials",
        headers={"Authorization": f"Basic {b64encode(client).decode()}"},
    )
    with urlopen(request, timeout=SECONDS) as answer:
        return str(json.load(answer)["access_token"])

"""The demo, as ``make run`` starts it, and what a tester needs to know of its sandbox."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from scim_server.clock import system_clock
from scim_server.oauth.credentials import Credentials
from tests.server.program import PROGRAM, SECONDS, Program, School, free_port
from tests.server.sandboxes import BASE


@dataclass(frozen=True)
class Target:
    """A unit's base address and a live token for it."""

    url: str
    token: str


@contextmanager
def demo(folder: Path) -> Iterator[Target]:
    """Run the demo with its data in ``folder``, and be a client of its sandbox."""
    port, log = free_port(), folder / "demo.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [PROGRAM, "demo", "--data", folder / "data", "--port", str(port)],
            env={"PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            issued = _credentials_of_the_sandbox(line.decode() for line in process.stdout)
            assert issued, log.read_text()
            Program(process, port, School(folder, issued, "", {}), log).wait_until_up()
            yield Target(issued.web_access_url, _token(issued))
        finally:
            process.terminate()
            process.wait(timeout=SECONDS)


def _credentials_of_the_sandbox(lines: Iterable[str]) -> Credentials | None:
    """The four values that begin with the sandbox's address, once they are printed."""
    values: dict[str, str] = {}
    for line in lines:
        label, _, value = line.strip().partition(": ")
        if label == "Web Access Url":
            values = {}
        values[label] = value
        if label == "Token endpoint Url" and values["Web Access Url"].endswith(BASE):
            url, client_id, secret, endpoint = values.values()
            return Credentials(url, client_id, secret, endpoint, expires=system_clock())
    return None


def _token(issued: Credentials) -> str:
    client = f"{issued.client_id}:{issued.client_secret}".encode()
    request = Request(
        issued.token_endpoint_url,
        data=b"grant_type=client_credentials",
        headers={"Authorization": f"Basic {b64encode(client).decode()}"},
    )
    with urlopen(request, timeout=SECONDS) as answer:
        return str(json.load(answer)["access_token"])

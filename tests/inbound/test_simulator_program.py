"""``inbound simulate`` as an administrator runs it, and a rehearsal that goes on."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from socket import socket
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from scim_server.cli import cli
from scim_server.inbound.simulator import state
from scim_server.inbound.simulator.service import Simulator
from scim_server.inbound.simulator.tenant import Tenant
from scim_server.inbound.simulator.tokens import SCOPE
from scim_server.inbound.simulator.uploads import MEDIA_TYPE
from tests.inbound.asking import bulk, call, http, operation, push, user
from tests.inbound.double import Double, doubled
from tests.school import DOMAIN

LABELS = (
    "Login address", "Graph address", "Token endpoint", "Tenant id", "Client id", "Client secret",
    "Service principal object id", "Job id", "Source system id",
)  # fmt: skip
_MAIN = "from scim_server.cli import main; main()"


def free_port() -> int:
    with closing(socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Program:
    """The command in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout
        lines = [process.stdout.readline() for _ in LABELS]
        self.values = dict(line.rstrip().split(": ", 1) for line in lines)

    def upload(self, *users: dict[str, Any]) -> httpx2.Response:
        """A push with nothing but the values that it printed."""
        form = {
            "grant_type": "client_credentials", "client_id": self.values["Client id"],
            "client_secret": self.values["Client secret"], "scope": SCOPE,
        }  # fmt: skip
        given = http.post(self.values["Token endpoint"], data=form).json()
        url = (
            f"{self.values['Graph address']}/v1.0/servicePrincipals/"
            f"{self.values['Service principal object id']}/synchronization/jobs/"
            f"{self.values['Job id']}/bulkUpload"
        )
        headers = {"Authorization": f"Bearer {given['access_token']}", "Content-Type": MEDIA_TYPE}
        return http.post(url, json=bulk(*map(operation, users)), headers=headers)

    def stop(self, how: int = signal.SIGINT) -> tuple[str, str]:
        """The summary, and what was told beside it."""
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, err
        return out, err


@contextmanager
def running(*options: str) -> Iterator[Program]:
    command = [sys.executable, "-c", _MAIN, "inbound", "simulate", "--domain", DOMAIN,
               "--port", str(free_port()), *options]  # fmt: skip
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    ) as process:
        try:
            yield Program(process)
        finally:
            with suppress(ProcessLookupError):
                process.kill()


def test_it_prints_what_a_push_needs_and_sums_up_in_the_end() -> None:
    with running("--delay", "0", "--quota", "6000") as program:
        assert tuple(program.values) == LABELS
        assert program.upload(user(1), user(2, userName="a@unverified.example")).is_success
        out, err = program.stop()

    assert "Accounts: 1 (1 enabled, 0 disabled)\n" in out
    assert "  create failure: 1\n  create success: 1\n" in out
    assert "Failures: 1\n  AzureActiveDirectoryInvalidUserPrincipalName: 1\n" in out
    assert program.values["Job id"] in err
    assert "scim-server inbound configure" in err
    assert DOMAIN not in out, "numbers and codes alone"


def test_faults_come_by_option() -> None:
    with running("--fault", "503", "--fault-every", "2") as program:
        assert [program.upload(user(1)).status_code for _ in range(4)] == [202, 503, 202, 503]
        out, _ = program.stop(signal.SIGTERM)
    assert "Calls that got 503: 2\n" in out


def test_a_rehearsal_goes_on_with_the_same_file(tmp_path: Path) -> None:
    file = tmp_path / "rehearsal.json"
    with running("--delay", "0", "--state", str(file)) as program:
        first = program.values
        program.upload(user(1))
        program.stop()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with running("--delay", "0", "--state", str(file)) as program:
        same = LABELS[3:]
        assert {name: program.values[name] for name in same} == {name: first[name] for name in same}
        program.upload(user(1))
        out, _ = program.stop()
    assert "  create success: 1\n  other skipped: 1\n" in out


def refused(*arguments: str, code: int) -> str:
    result = CliRunner().invoke(cli, ["inbound", "simulate", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_a_file_of_something_else_is_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"version": 9}')
    output = refused("--domain", DOMAIN, "--state", str(file), code=2)
    assert "no rehearsal of this version" in output
    assert file.read_text() == '{"version": 9}'


def test_a_file_of_another_tenant_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rehearsal.json"
    with doubled() as double:
        state.save(double.simulator, file)
    other = "00000000-0000-4000-8000-000000000000"
    output = refused("--domain", DOMAIN, "--state", str(file), "--tenant", other, code=2)
    assert "another tenant" in output


def test_what_is_no_certificate_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "certificate.pem"
    file.write_text("nothing")
    output = refused("--domain", DOMAIN, "--certificate", str(file), code=2)
    assert "no certificate" in output


@pytest.mark.parametrize("quota", ["100", "2001"])
def test_there_are_two_quotas(quota: str) -> None:
    refused("--domain", DOMAIN, "--quota", quota, code=2)


def test_all_of_a_rehearsal_is_kept(tmp_path: Path) -> None:
    """Red when a part of it isn't saved, or isn't loaded."""
    file = tmp_path / "rehearsal.json"
    with doubled() as double:
        _fill(double)
        state.save(double.simulator, file)
        again = Simulator(Tenant((DOMAIN,), **state.kept_ids(file)), double.clock)
        state.load(again, file)
        copy = Double(again, double.clock, double.address)

        assert again.tenant.kept() == double.tenant.kept()
        assert copy.accounts == double.accounts
        assert copy.groups == double.groups
        assert again.day.calls == double.simulator.day.calls
        assert again.accounts.pending == double.simulator.accounts.pending
        assert again.log.entries == double.simulator.log.entries
        copy.settle()
        assert copy.accounts.keys() == {"P-1", "P-2"}


def _fill(double: Double) -> None:
    """An account, a group with it, an entry of the log, and an operation that isn't done."""
    push(double, user(1))
    double.settle()
    group = double.seed_group(displayName="Teachers")
    body = {"members@odata.bind": [f"{double.graph}/users/{double.accounts['P-1']['id']}"]}
    assert call(double, "PATCH", f"/groups/{group.id}", json=body).is_success
    push(double, user(2))


def test_nothing_of_a_request_is_written_to_the_terminal() -> None:
    """Red when the server logs addresses, as Python's does by itself."""
    with running() as program:
        http.get(f"{program.values['Graph address']}/v1.0/users/somebody@{DOMAIN}")
        _, err = program.stop()
    assert not re.search("somebody|GET", err)

"""``inbound``: what is configured, pushed and told, and what a person does next."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.inbound.double import Double, doubled
from tests.inbound.pushed import secret_file
from tests.school import MovedClock, write_files

ROOT = Path(__file__).parent.parent.parent


@dataclass
class School:
    shell: Shell
    double: Double

    def __call__(self, *arguments: str, code: int = 0) -> str:
        return self.shell("inbound", *arguments, code=code).output

    def configure(self, *more: str, code: int = 0) -> str:
        return self("configure", "sp12", *self.values(), *more, code=code)

    def values(self) -> list[str]:
        tenant = self.double.tenant
        return [
            "--tenant", tenant.tenant_id, "--client-id", tenant.client_id,
            "--service-principal", tenant.service_principal_id, "--job", tenant.job_id,
            "--secret-file", str(self.shell.folder / "secret"),
            "--login-url", self.double.login, "--graph-url", self.double.login,
        ]  # fmt: skip


@contextmanager
def published(folder: Path, *schools: str) -> Iterator[tuple[Shell, Double]]:
    """The unit ``sp12`` of which these schools publish, and a tenant whose app's secret is in a
    file.
    """
    shell, clock = Shell(folder), MovedClock()
    clock.now = datetime.now(UTC)
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl", "--school", "SP 12",
          "--school", "LO 3")  # fmt: skip
    write_files(shell.folder / "export")
    shell("import", "sp12", str(shell.folder / "export"))
    for each in schools:
        shell("consent", "sp12", "on", "--school", each, "--by", "dyrektor")
    with doubled(clock) as double:
        secret_file(double, folder)
        yield shell, double


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with published(tmp_path, "SP 12", "LO 3") as made:
        yield School(*made)


def test_configure_push_status_and_person_in_turn(school: School) -> None:
    printed = school.configure()
    assert "externalId -> employeeId" in printed
    assert school.double.tenant.secret not in printed
    assert "To send: 0 leavers, 7 new, 0 changed; 1 calls" in school("status", "sp12")

    printed = school("push", "sp12")
    assert "To send: 0 leavers, 7 new, 0 changed; 1 calls of 2,000 left now." in printed
    assert "Accepted: 0 leavers, 7 new, 0 changed; 1 calls." in printed
    school.double.settle()
    printed = school("status", "sp12")
    assert "Up to date: 7" in printed
    assert "Last result created: 7" in printed
    printed = school("person", "sp12", "U-1")
    assert "Up to date: Entra accepted the record as it is now." in printed
    assert "Last result: created" in printed
    for text in (printed, school("status", "sp12")):
        assert "lecka" not in text.lower()


def test_nothing_works_before_it_is_configured(school: School) -> None:
    for command in (["push"], ["status"], ["watch"]):
        assert "inbound configure sp12" in school(*command, "sp12", code=2)
    assert "inbound configure sp12" in school("person", "sp12", "U-1", code=2)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--certificate-file", "x"], "exactly one of"),
        (["--secret-file", "/nowhere/at/all"], "can't be read"),
        (["--graph-url", "http://graph.microsoft.com"], "is no base address"),
        (["--client-id", "x"], "is a UUID"),
    ],
)
def test_a_configuration_that_can_t_work_isn_t_stored(
    school: School, more: list[str], sentence: str
) -> None:
    assert sentence in school.configure(*more, code=2)
    assert "inbound configure sp12" in school("status", "sp12", code=2)


def test_a_failure_is_told_with_what_to_do_about_it(school: School) -> None:
    school.double.tenant.domains = ("other.example.pl",)
    school.configure()
    school("push", "sp12")
    school.double.settle()
    printed = school("status", "sp12")
    assert "Last result failed: 7 (AzureActiveDirectoryInvalidUserPrincipalName: " in printed
    told = school("person", "sp12", "U-1")
    assert "verify the unit's domain" in told
    assert "Not done: Entra accepted the record" in told
    assert re.search(r"Last result: failed, \d{4}-\d\d-\d\d \d\d:\d\d UTC\.", told)
    assert "0 calls" in school("push", "sp12")
    assert "Accepted: 0 leavers, 0 new, 7 changed" in school("push", "sp12", "--retry-failed")


def test_a_unit_that_is_pushed_no_longer_is_forgotten(school: School) -> None:
    """Red when ``remove`` leaves what was given of people."""
    school.configure()
    school("push", "sp12")
    school.double.settle()
    printed = school("remove", "sp12")
    assert "Accounts and groups in Entra stay" in printed
    assert "inbound configure sp12" in school("push", "sp12", code=2)
    assert "inbound configure sp12" in school("remove", "sp12", code=2)
    assert len(school.double.accounts) == 7
    school.configure()
    assert "7 new" in school("push", "sp12")
    assert "inbound.removed" in school.shell("audit", "show", "sp12").stdout


def test_status_tells_what_is_known_where_the_log_can_t_be_read(school: School) -> None:
    school.configure()
    school("push", "sp12")
    school.double.fail_next(503, on="log")
    printed = school("status", "sp12")
    assert "Not newer than the last reading" in printed
    assert "Last result accepted: 7" in printed


def test_a_mass_departure_ends_with_exit_code_1(school: School) -> None:
    school.configure()
    school("push", "sp12")
    pupils = "klucz;imie;nazwisko;login;szkola\nU-1;Anna;Nowak;uczen.1;SP 12\n"
    write_files(school.shell.folder / "export", pupils=pupils, assignments="grupa;osoba\n")
    school.shell("import", "sp12", str(school.shell.folder / "export"), "--allow-deactivations")
    assert "--allow-deactivations" in school("push", "sp12", code=1)
    assert "Accepted: 4 leavers" in school("push", "sp12", "--allow-deactivations")
    assert "inbound.refused" in school.shell("audit", "show", "sp12").output


def test_who_was_given_a_person_names_the_push(school: School) -> None:
    school.configure()
    school("push", "sp12")
    printed = school.shell("disclosures", "sp12", "--person", "U-1").output
    assert "entra-inbound (pushed to Microsoft Entra ID)" in printed


def test_watch_pushes_and_ends_cleanly_when_told_to(school: School) -> None:
    """Red when SIGTERM ends the process instead of its wait."""
    school.configure()
    command = [sys.executable, "-c", "from scim_server.cli import main; main()",
               "inbound", "watch", "sp12"]  # fmt: skip
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **school.shell.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        rest, complaints = process.communicate(timeout=60)
    assert lines[1].startswith("Accepted: 0 leavers, 7 new"), complaints
    assert (process.returncode, rest, complaints) == (0, "", "")
    assert "0 calls" in school("push", "sp12"), "the lease was given back"


def test_groups_are_announced_pushed_and_told(school: School) -> None:
    school.configure("--groups", "security")
    assert "Groups: 3 to create" in school("status", "sp12")
    printed = school("push", "sp12")
    assert "Groups: 3 to create, 0 to rename; 10 members to add, 0 to remove" in printed
    assert "Groups: 3 created, 0 renamed; 0 members added, 0 removed." in printed
    assert "10 memberships are left, 10 of them of people whose account isn't in" in printed
    school.double.settle()
    printed = school("push", "sp12")
    assert "Groups: 0 created, 0 renamed; 10 members added, 0 removed." in printed
    printed = school("status", "sp12")
    assert "Groups, as security: 3 in Entra with 10 members" in printed
    assert "Groups: in 3, 0 to come." in school("person", "sp12", "P-1")
    assert "matematyka" not in printed.lower()
    told = school.configure("--groups", "microsoft365", code=2)
    assert "--groups security" in told

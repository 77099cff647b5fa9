"""Where a unit is pushed to, and the credential that stays in its file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from scim_server.audit import entries
from scim_server.database.schema import main, tokens
from scim_server.directory.units import unit_named
from scim_server.errors import BadEnvironment, BadInput, Refused
from scim_server.inbound import people
from scim_server.inbound.configuration import Configuration, configure, find, remove
from scim_server.inbound.proofs import proof
from tests.inbound.certificates import certified
from tests.inbound.double import doubled
from tests.inbound.pushed import Pushed, pupils
from tests.school import World

NOW = datetime(2026, 11, 24, tzinfo=UTC)
UUID = "11111111-1111-4111-8111-111111111111"
GOOD = Configuration(
    tenant=UUID, client_id=UUID, service_principal=UUID, job="API2AAD.x.y-1",
    credential_kind="secret", credential_file="/nowhere",
)  # fmt: skip


@pytest.fixture
def pushed(world: World) -> Iterator[Pushed]:
    with doubled(world.clock) as double:
        made = Pushed(world, double)
        made.configure()
        yield made
        made.close()


@pytest.mark.parametrize(
    "change",
    [
        {"tenant": "x"}, {"tenant": "../.."}, {"client_id": "app"}, {"service_principal": ""},
        {"job": "a/../b"}, {"job": ""}, {"matching": "a\nb"},
        {"matching": "externalId -> extensionAttribute1", "groups": "security"},
        {"graph_url": "http://graph.microsoft.com"}, {"login_url": "ftp://127.0.0.1"},
        {"graph_url": "https://a:b@graph.microsoft.com"}, {"graph_url": "https://x/?q=1"},
        {"login_url": "login.microsoftonline.com"},
    ],
)  # fmt: skip
def test_what_microsoft_can_t_have_given_out_is_refused(change: dict[str, Any]) -> None:
    """Red when ``_check_address`` lets http lead to another machine."""
    with pytest.raises(BadInput):
        replace(GOOD, **change)


def test_without_tls_only_this_machine() -> None:
    replace(GOOD, graph_url="http://127.0.0.1:8100", login_url="http://localhost:8100")
    replace(GOOD, graph_url="https://microsoftgraph.chinacloudapi.cn", tenant="sp12.example.pl")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_credential_that_others_may_read_isn_t_used(tmp_path: Path, mode: int) -> None:
    """Red when ``_text`` doesn't look at the file's mode."""
    file = tmp_path / "secret"
    file.write_text("s3cret", "utf-8")
    file.chmod(mode)
    with pytest.raises(BadEnvironment, match="chmod 600"):
        proof(replace(GOOD, credential_file=str(file)), "https://x", NOW)


@pytest.mark.parametrize("text", ["", " \n", "two words", "a\nb", "-----BEGIN CERTIFICATE-----"])
def test_a_secret_s_file_holds_one_secret(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secret"
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    with pytest.raises(BadEnvironment):
        proof(replace(GOOD, credential_file=str(file)), "https://x", NOW)
    with pytest.raises(BadEnvironment, match="can't be read"):
        proof(replace(GOOD, credential_file=str(tmp_path / "none")), "https://x", NOW)


def test_a_certificate_signs_instead_of_a_secret(pushed: Pushed, tmp_path: Path) -> None:
    """Red when the assertion names another thumbprint, audience or client."""
    file = tmp_path / "app.pem"
    pushed.double.tenant.certificate = certified(file)
    pushed.configure(credential_kind="certificate", credential_file=str(file))
    assert pushed.push().taken == {"new": 7}
    (call,) = [each for each in pushed.double.calls if each.path.endswith("/token")]
    assert call.status == 200


def test_a_certificate_that_is_over_or_another_key_s_is_told_of(tmp_path: Path) -> None:
    file, other = tmp_path / "app.pem", tmp_path / "other.pem"
    certified(file, days=30)
    of = replace(GOOD, credential_kind="certificate", credential_file=str(file))
    with pytest.raises(BadEnvironment, match="expired on 2026-01-31"):
        proof(of, "https://x", NOW)
    certified(file)
    certified(other)
    key = file.read_text("utf-8").partition("-----BEGIN CERT")[0]
    mixed = key + "-----BEGIN CERT" + other.read_text("utf-8").partition("-----BEGIN CERT")[2]
    for text in (mixed, key, "nonsense"):
        file.write_text(text, "utf-8")
        with pytest.raises(BadEnvironment, match="RSA private key"):
            proof(of, "https://x", NOW)


def test_no_secret_is_in_the_database(pushed: Pushed) -> None:
    """Red when ``configure`` stores what is in the file."""
    pushed.push()
    for engine, metadata in ((pushed.database.main, main), (pushed.database.tokens, tokens)):
        with engine.connect() as connection:
            for table in metadata.sorted_tables:
                text = repr(connection.execute(select(table)).all())
                assert pushed.double.tenant.secret not in text, table.name


def test_configuring_is_recorded_and_another_job_begins_anew(pushed: Pushed) -> None:
    """Red when ``configure`` keeps what another job was given."""
    pushed.push()
    pushed.configure(calls_a_day=6_000)
    assert pushed.push().calls == 0
    pushed.double.tenant.job_id = "API2AAD.other"
    pushed.configure(job="API2AAD.other")
    assert pushed.push().taken == {"new": 7}
    with pushed.database.read() as connection:
        found = entries(connection, unit="sp12", action="inbound.configured")
    assert [each["facts"]["calls_a_day"] for each in found] == [2_000, 6_000, 2_000]
    assert "secret" not in {key for each in found for key in each["facts"]}


def test_a_push_under_way_stops_where_its_unit_is_pushed_no_longer(pushed: Pushed) -> None:
    """Red when ``remove`` leaves the row that the lease is in."""
    pushed.fill(pupils(*range(1, 120)), allow_deactivations=True)

    def end(number: int) -> None:
        if number == 2:
            with pushed.database.write() as connection:
                remove(connection, unit_named(connection, "sp12"), now=NOW, actor="os:test")

    pushed.before_call = end
    with pytest.raises(Refused):
        pushed.push()
    assert len(pushed.double.uploads) == 2
    with pushed.database.read() as connection:
        unit = unit_named(connection, "sp12")
        assert find(connection, unit) is None
        assert list(people.results(connection, unit.id)) == []


def test_a_sandbox_is_never_pushed(pushed: Pushed) -> None:
    with pushed.database.write() as connection:
        unit = replace(unit_named(connection, "sp12"), kind="sandbox")
        with pytest.raises(BadInput, match="only registers"):
            configure(connection, unit, GOOD, now=NOW, actor="os:test")
        assert find(connection, unit) is not None

"""A connector that a command registers, and gives a new secret, gets tokens of the server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from scim_server.cli import cli
from tests.cli.test_registering import app_of
from tests.inbound.double import doubled
from tests.inbound.pushed import secret_file
from tests.school import MovedClock
from tests.server.program import School, serving


def test_the_connector_of_the_double_signs_in_with_the_secret_that_it_was_given(
    school: School, tmp_path: Path
) -> None:
    """Red when another secret than the client's, or another address than the server's, is sent.

    A connector that changed its credential signs in again; the old secret works beside it.
    """
    clock = MovedClock()
    clock.now = datetime.now(UTC)
    with serving(school) as program, doubled(clock) as double:
        app = app_of(double, secret_file(double, tmp_path))
        system = double.tenant.source_system_id
        connectors = double.simulator.connectors
        held: list[str] = []
        for command in (
            ["client", "add", "sp12", "sds"],
            ["sds", "register", "sp12", "--send", "--client", "sds",
             "--source-system", system, *app],
            ["sds", "rotate", "sp12", *app],
        ):  # fmt: skip
            result = CliRunner().invoke(cli, command, env=school.environ(program.port))
            assert result.exit_code == 0, result.output
            held += connectors.secrets.values()
        (made,) = double.connectors
        assert made["baseUrl"] == f"http://127.0.0.1:{program.port}/sp12/ims/oneroster/v1p1"
        assert made["credential"]["isValid"] is True
        assert len(set(held)) == 2
        for secret in held:
            assert connectors.sign_in({**made["credential"], "clientSecret": secret})

"""A connector that is registered by a command gets tokens of the running server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from scim_server.cli import cli
from tests.inbound.double import doubled
from tests.school import MovedClock
from tests.server.program import School, serving


def test_the_connector_of_the_double_signs_in_with_the_secret_that_it_was_given(
    school: School, tmp_path: Path
) -> None:
    """Red when another secret than the client's, or another address than the server's, is sent."""
    clock = MovedClock()
    clock.now = datetime.now(UTC)
    with serving(school) as program, doubled(clock) as double:
        file = tmp_path / "secret"
        file.write_text(double.tenant.secret, "utf-8")
        file.chmod(0o600)
        result = CliRunner().invoke(
            cli,
            [
                "sds", "register", "sp12", "--source-system", double.tenant.source_system_id,
                "--send", "--tenant", double.tenant.tenant_id,
                "--graph-client-id", double.tenant.client_id, "--secret-file", str(file),
                "--login-url", double.login, "--graph-url", double.login,
            ],
            env=school.environ(program.port),
        )  # fmt: skip
        assert result.exit_code == 0, result.output
        (made,) = double.connectors
        assert made["baseUrl"] == f"http://127.0.0.1:{program.port}/sp12/ims/oneroster/v1p1"
        assert made["credential"]["isValid"] is True

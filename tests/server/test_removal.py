"""A unit is removed by a command while the server runs."""

from __future__ import annotations

import subprocess

from tests.server.program import PROGRAM, SECONDS, School, serving


def test_a_running_server_refuses_the_tokens_of_a_removed_unit_at_once(school: School) -> None:
    """Red when a worker keeps a snapshot open between requests: the files couldn't be tidied."""
    with serving(school, SCIM_WORKERS="2") as program:
        for _ in range(8):
            assert program.get("/Users").status == 200
        done = subprocess.run(
            [PROGRAM, "unit", "remove", "sp12", "--yes"],
            env=school.environ(program.port), cwd=school.folder, timeout=SECONDS,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "nothing of the unit is left" in done.stdout
        for _ in range(8):
            answer = program.get("/Users")
            assert answer.status == 401
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]

"""The testers' own commands find nothing to complain of in the sandbox of ``make run``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.server.program import SECONDS
from tests.testers.demo import Target

COMMANDS = Path(sys.executable).parent


def test_the_command_of_scim2_tester_ends_well(demo_target: Target) -> None:
    answer = _run(
        "scim2", "-u", demo_target.url, "-h", f"Authorization: Bearer {demo_target.token}", "test"
    )

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "SUCCESS" in answer.stdout


def test_the_command_of_scim_sanity_ends_well_in_strict_mode(demo_target: Target) -> None:
    answer = _run(
        "scim-sanity", "probe", demo_target.url, "--token", demo_target.token,
        "--strict", "--i-accept-side-effects",
    )  # fmt: skip

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "passed" in answer.stdout
    assert "WARN" not in answer.stdout


def _run(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMANDS / command, *arguments],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=4 * SECONDS,
    )

"""The house rules that a program can hold: floors, homes, names and what may lie at the top."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
VAGUE = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}


def test_imports_go_down_only_and_libraries_stay_at_home() -> None:
    """On failure, the output names each import that breaks a contract of setup.cfg."""
    lint_imports = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run(
        [lint_imports, "--no-cache", "--no-logo"],
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_room_is_a_package() -> None:
    """A folder without ``__init__.py`` would escape the contracts and the wheel's list."""
    folders = {
        path.parent
        for path in (ROOT / "scim_server").rglob("*.py")
        # Alembic loads migrations by their path, not by import.
        if "migrations" not in path.parts
    }

    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_no_module_has_a_vague_name() -> None:
    named = [*(ROOT / "scim_server").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]

    assert [path for path in named if VAGUE & {path.stem, path.parent.name}] == []


def test_pyproject_tells_how_to_build_and_nothing_else() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

    assert list(table) == ["build-system"]


def test_wsgi_makes_the_app_and_nothing_else() -> None:
    docstring, *imports, app = ast.parse((ROOT / "wsgi.py").read_text("utf-8")).body

    assert isinstance(docstring, ast.Expr)
    assert all(isinstance(line, ast.ImportFrom) for line in imports)
    assert ast.unparse(app) == "app = create_app(Settings.from_env())"

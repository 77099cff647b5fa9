"""The wheel holds the whole product, and the product works from it alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READ_CONTRACT = """
import importlib.resources, json, scim_server
contract = importlib.resources.files("scim_server.schemas")
documents = [p for d in contract.iterdir() if d.is_dir() for p in d.rglob("*.json")]
for document in documents:
    json.loads(document.read_text("utf-8"))
print(scim_server.__file__, len(documents))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel, built without the network from a copy of the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    source, target = folder / "source", folder / "unpacked"
    source.mkdir()
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("scim_server", "schemas"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = "from setuptools.build_meta import build_wheel; build_wheel('.')"
    run(sys.executable, "-c", build, folder=source)
    (wheel,) = source.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(target)
    return target


def run(*command: str, folder: Path, **environ: str) -> str:
    answer = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def shipped(folder: Path) -> set[str]:
    """Every file of ``folder`` that belongs into the wheel, as a path within it."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_every_file_of_the_package_is_in_the_wheel(unpacked: Path) -> None:
    assert shipped(unpacked / "scim_server") - {
        f"schemas/{name}" for name in shipped(ROOT / "schemas")
    } == shipped(ROOT / "scim_server")


def test_the_published_contract_is_in_the_wheel(unpacked: Path) -> None:
    assert shipped(unpacked / "scim_server" / "schemas") == shipped(ROOT / "schemas")


def test_nothing_else_is_installed(unpacked: Path) -> None:
    assert {path.name.split("-")[0] for path in unpacked.iterdir()} == {"scim_server"}


def test_the_contract_is_read_from_the_wheel_in_any_folder(unpacked: Path, tmp_path: Path) -> None:
    # -S hides what else is installed, so neither this checkout nor a dependency helps.
    out = run(sys.executable, "-S", "-c", READ_CONTRACT, folder=tmp_path, PYTHONPATH=str(unpacked))

    place, count = out.split()
    assert Path(place).is_relative_to(unpacked)
    assert int(count) == len(list((ROOT / "schemas").rglob("*.json"))) > 0


def test_the_contract_is_read_in_place_from_any_folder(tmp_path: Path) -> None:
    place, count = run(sys.executable, "-c", READ_CONTRACT, folder=tmp_path).split()

    assert Path(place).is_relative_to(ROOT)
    assert int(count) > 0


def test_the_command_is_named_after_the_product(unpacked: Path) -> None:
    (entry_points,) = unpacked.glob("*.dist-info/entry_points.txt")

    assert entry_points.read_text("utf-8").split() == [
        "[console_scripts]",
        "scim-server",
        "=",
        "scim_server.cli:main",
    ]

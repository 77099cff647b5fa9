"""The access log tells which list was asked for, and of whom never."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.oneroster.rosters import BASES, WRAPPERS, Roster
from tests.oneroster.test_errors import NOBODY
from tests.oneroster.test_specification import NESTED, ids
from tests.school import World


@pytest.fixture
def lines(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    monkeypatch.setattr("scim_server.http.hallway.write_access", found.append)
    caplog.set_level(logging.INFO, logger="scim_server.access")
    return found


@pytest.mark.parametrize("base", BASES)
def test_a_line_names_the_list_or_the_kind_of_object_and_no_id(
    world: World, lines: list[dict[str, Any]], base: str
) -> None:
    """Red when ``answer`` doesn't set the rule of the call, or takes it from the path."""
    known = ids(world)
    lines.clear()
    paths = {path: path for path in WRAPPERS}
    paths |= {f"{path}/{NOBODY}": f"{path}/<id>" for path in WRAPPERS}
    for path in (*NESTED, "users/{pupil}", "enrollments/{class}{pupil}", "demographics/{pupil}"):
        named = "/".join("<id>" if "{" in part else part for part in path.split("/"))
        paths[path.format(**known)] = named
    for path, named in paths.items():
        Roster(world, base).get(path, filter="givenName='Kanarek'")
        assert lines.pop()["rule"] == f"/<unit>/{base}/{named}"
    for path in ("kanarek", f"users/{known['pupil']}/kanarek", "users/kanarek/x/y/z", "users/ł"):
        Roster(world, base).get(path)
        assert lines.pop()["rule"] == f"/<unit>/{base}/<path:rest>"
    assert lines == []

"""``sds``: the files hold what the SCIM door tells, and the request has the unit's values."""

from __future__ import annotations

import csv
import json
import os
import re
import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from scim_server.audit import entries
from scim_server.audit.disclosures import disclosed
from scim_server.directory.tables import resource
from scim_server.directory.units import unit_named
from scim_server.errors import BadInput, Refused
from scim_server.oneroster.csv_files import COLUMNS, write_files
from tests.cli.test_commands import Shell
from tests.doors import plain
from tests.oneroster.test_sds_cycle import GROUP, listed
from tests.school import KEY, PUPILS, SCHOOLS, World
from tests.school import write_files as write_export

Rows = list[dict[str, str]]


def read(folder: Path) -> dict[str, Rows]:
    """The files, each held against its header."""
    found: dict[str, Rows] = {}
    for name, header in COLUMNS.items():
        with (folder / name).open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            found[name] = list(reader)
            assert tuple(reader.fieldnames or ()) == header
    assert {each.name for each in folder.iterdir()} == COLUMNS.keys()
    return found


def written(world: World, name: str = "sds") -> dict[str, Rows]:
    with world.database.read() as connection:
        unit = unit_named(connection, world.unit.name)
    folder = world.folder.with_name(name)
    write_files(world.database, unit, folder, now=world.clock(), actor="os:test")
    return read(folder)


def test_the_files_hold_what_the_scim_door_tells(world: World) -> None:
    """Red when a file tells of whoever left, or leaves out the last page."""
    world.import_files(
        pupils=PUPILS.replace("U-5;Piotr;Kowalski;piotr.kowalski;;;LO 3\n", ""),
        choices={"skip_invalid": True, "max_deactivated_percent": 50},
    )
    files = written(world)
    users, groups = listed(world, "/Users"), listed(world, "/Groups")
    assert len(users) == 6
    assert {
        (each["sourcedId"], each["username"], each["email"], each["givenName"], each["familyName"],
         each["phone"])
        for each in files["users.csv"]
    } == {
        (plain(each["id"]), each["userName"], each["userName"], each["name"]["givenName"],
         each["name"]["familyName"],
         next((one["value"] for one in each.get("phoneNumbers", [])), ""))
        for each in users
    }  # fmt: skip
    orgs = {each["sourcedId"]: each["name"] for each in files["orgs.csv"]}
    assert set(orgs.values()) == {"sp12", *SCHOOLS}
    assert {
        (each["sourcedId"], each["title"], orgs[each["orgSourcedId"]])
        for each in files["classes.csv"]
    } == {(plain(each["id"]), each["displayName"], each[GROUP]["school"]) for each in groups}
    assert {
        (each["classSourcedId"], each["userSourcedId"]) for each in files["enrollments.csv"]
    } == {
        (plain(group["id"]), plain(one["value"]))
        for group in groups
        for one in group.get("members", [])
    }
    roles = {plain(each["id"]): each["userType"] for each in users}
    for each in (*files["roles.csv"], *files["enrollments.csv"]):
        expected = "student" if roles[each["userSourcedId"]] == "Student" else "teacher"
        assert each["role"] == expected
    primary = [each["userSourcedId"] for each in files["roles.csv"] if each["isPrimary"] == "true"]
    assert sorted(primary) == sorted(roles)
    assert len(files["roles.csv"]) == 7


def test_the_ids_in_the_files_have_nothing_but_letters_and_digits(world: World) -> None:
    """They become nick names, as those of OneRoster. Red when ``csv_files`` asks for SCIM's ids."""
    for rows in written(world).values():
        for row in rows:
            ids = [value for name, value in row.items() if name.lower().endswith("sourcedid")]
            assert all(re.fullmatch("[0-9a-f]{32}|", each) for each in ids)
            assert any(ids)


def test_only_schools_that_publish_are_in_the_files(world: World) -> None:
    """Red when ``Rosters.whole`` tells of every school."""
    world.decide("SP 12", False)
    files = written(world)
    assert [each["name"] for each in files["orgs.csv"]] == ["sp12", "LO 3"]
    assert len(files["users.csv"]) == 4
    world.decide("LO 3", False)
    with pytest.raises(Refused, match="No school"):
        written(world, "again")
    assert not world.folder.with_name("again").exists()


def test_the_files_are_their_owners_and_the_record_tells_figures(world: World) -> None:
    """Red when a file or the folder is made with the usual mode, or ``record`` isn't called."""
    old = os.umask(0)
    try:
        written(world)
    finally:
        os.umask(old)
    folder = world.folder.with_name("sds")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}
    with world.database.read() as connection:
        (entry,) = entries(connection, unit="sp12", action="sds.csv")
    assert entry["facts"] == {
        "orgs": 3, "users": 7, "roles": 8, "classes": 3, "enrollments": 10,
    }  # fmt: skip
    with pytest.raises(BadInput, match="Name a new folder"):
        written(world)
    assert len(list(folder.iterdir())) == 5


def test_whoever_stands_in_the_files_was_given_to_them(world: World) -> None:
    """Red when ``_noted`` adds nobody, or the notes aren't written."""
    world.decide("SP 12", False)
    files = written(world)
    with world.database.read() as connection:
        unit = unit_named(connection, "sp12")
        rows = connection.execute(select(resource.c.seq, resource.c.id)).all()
    stand = {row["sourcedId"] for name in ("users.csv", "classes.csv") for row in files[name]}
    assert len(stand) == 5
    for seq, id in rows:
        told = [each.client_id for each in disclosed(world.database, unit.id, seq)]
        assert told == (["sds-csv"] if plain(id) in stand else [])


def test_files_of_a_unit_that_changed_meanwhile_are_thrown_away(world: World) -> None:
    """Red when ``change`` isn't compared: pages of two states would stand in one file."""
    with world.database.read() as connection:
        stale = unit_named(connection, "sp12")
    world.decide("SP 12", False)
    folder = world.folder.with_name("sds")
    with pytest.raises(Refused, match="changed meanwhile"):
        write_files(world.database, stale, folder, now=world.clock(), actor="os:test")
    assert not folder.exists()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl", "--school", "SP 12",
          "--school", "LO 3")  # fmt: skip
    write_export(tmp_path / "export")
    shell("import", "sp12", str(tmp_path / "export"))
    return shell


def test_the_commands_write_the_files_and_print_the_request(shell: Shell) -> None:
    to = shell.folder / "files"
    assert "No school" in shell("sds", "csv", "sp12", str(to), code=1).stderr
    shell("consent", "sp12", "on", "--school", "LO 3", "--by", "dyrektor")
    told = shell("sds", "csv", "sp12", str(to)).stdout
    assert "users.csv: 4" in told
    assert len(read(to)["users.csv"]) == 4
    shell("sds", "csv", "sp12", str(to), code=2)

    refused = shell("sds", "register", "sp12", "--source-system", "S-1", code=1)
    assert "no client yet" in refused.stderr
    issued = json.loads(shell("credentials", "issue", "sp12", "--for", "sds", "--json").stdout)
    result = shell("sds", "register", "sp12", "--source-system", "S-1")
    body = json.loads(result.stdout)
    assert body["baseUrl"] == issued["Web Access Url"]
    assert body["credential"]["clientId"] == issued["Client Id"]
    assert body["credential"]["tokenUrl"] == issued["Token endpoint Url"]
    assert body["credential"]["clientSecret"] == "CLIENT_SECRET"
    assert body["sourceSystem@odata.bind"].endswith("sourceSystems('S-1')")
    assert issued["Client Secret"] not in result.output
    shell("sds", "register", "sp12", "--source-system", "x')/y", code=2)


def test_each_consumer_is_told_its_own_address(shell: Shell) -> None:
    for consumer, end, step in (
        ("scim", "/sp12/scim/v2", "in Entra"),
        ("sds", "/sp12/ims/oneroster/v1p1", "scim-server sds register"),
        ("google", "/sp12/ims/oneroster/v1p2", "Google Admin console"),
    ):
        shell("client", "add", "sp12", consumer)
        told = shell("credentials", "issue", "sp12", "--client", consumer, "--for", consumer)
        assert told.stdout.splitlines()[0].endswith(end)
        assert step in told.stderr
        assert re.search(r"uonet_cs_\w+", told.stdout)
    shell("sandbox", "create", "tried")
    refused = shell("credentials", "issue", "tried", "--for", "sds", code=2)
    assert "no rosters" in refused.stderr
    assert KEY not in refused.output

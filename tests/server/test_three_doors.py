"""SCIM, OneRoster and School Data Sync's files hold the same people, groups and memberships."""

from __future__ import annotations

import csv
import json
import random
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from scim_server.directory.units import unit_named
from scim_server.oneroster.csv_files import write_files
from scim_server.register.sample import write_sample
from tests import doors
from tests.doors import CSV, ONEROSTER, SCIM, Object, Picture, Register, Tables, check_same
from tests.school import World
from tests.server.program import PROGRAM, SECONDS
from tests.testers.demo import Demo, making_up, token_for


def test_the_school_of_make_run_is_the_same_through_every_door(tmp_path: Path) -> None:
    """Red when a door leaves somebody out, says something else of somebody, or more than its list:
    as when ``csv_files._phone`` forgets the phones, or ``Objects.person`` adds ``identifier``.
    """
    with making_up(tmp_path) as demo:
        entered = demo.units["sp12"]
        token = token_for(entered)
        issued = json.loads(_run(demo, "credentials", "issue", "sp12", "--for", "sds", "--json"))
        rosters = issued["Web Access Url"]

        def get(url: str, **query: Any) -> Object:
            return _get(url, own if url.startswith(rosters) else token, query)

        own = token_for({name: value for name, value in issued.items() if name != "Expires"})
        told = doors.scim(get, entered["Web Access Url"])
        by_sds = doors.oneroster(get, rosters)
        by_google = doors.oneroster(get, rosters.replace("v1p1", "v1p2"))
        _run(demo, "sds", "csv", "sp12", str(tmp_path / "sds"))

    files = doors.tables(demo.data / "export", "windows-1250")
    whole = Register.of(files, "sp12").whole(told, ["sp12"])
    _check_is_a_school(whole, pupils=500, teachers=50, groups=200, memberships=5_000)
    check_same(whole, SCIM, told)
    check_same(whole, ONEROSTER, by_sds)
    check_same(whole, ONEROSTER, by_google)
    check_same(whole, CSV, doors.csv_files(tmp_path / "sds"))


def test_two_schools_with_leavers_and_closed_groups_are_the_same_through_every_door(
    world: World, tmp_path: Path
) -> None:
    """Red when a door forgets that one of two schools doesn't publish, or who left: as when
    ``rosters._whole`` doesn't ask whether a school is synchronised.
    """
    whatever = {"allow_deactivations": True, "max_deactivated_percent": 100}
    register = Register.of(doors.tables(world.folder, "utf-8"))
    # Of another year, since a group that closes keeps its name.
    write_sample(tmp_path / "city", 300, 5, ("SP 12", "LO 3"), school_year="2025/2026")
    files = doors.tables(tmp_path / "city", "windows-1250")
    for step in (lambda _: None, _live_a_year):
        step(files)
        _write(files, world.folder)
        world.clock.move(minutes=5)
        world.import_files(choices=whatever)
        register = Register.of(files, earlier=register)

    for publishing in (["SP 12", "LO 3"], ["SP 12"], ["LO 3"]):
        for school in ("SP 12", "LO 3"):
            world.decide(school, school in publishing)
        world.token = world.ask_token().json["access_token"]  # type: ignore[index]
        whole = _check_doors(world, register, publishing, tmp_path / "-".join(publishing))
        _check_is_a_school(whole, pupils=130, teachers=15, groups=60, memberships=1_200)
        left = [each for each in whole.people.values() if not each["active"]]
        closed = [each for each in whole.groups.values() if not each["active"]]
        assert len(left) >= 8
        assert len(closed) >= 4
        shared = [each for each in whole.people.values() if len(each["schools"]) == 2]
        assert len(shared) >= 4 or len(publishing) == 1


def _check_doors(
    world: World, register: Register, publishing: Iterable[str], folder: Path
) -> Picture:
    base = f"{world.settings.public_url}/{world.unit.name}"

    def get(url: str, **query: Any) -> Object:
        answer = world.app.test_client().get(
            urlsplit(url).path, query_string=query,
            headers={"Authorization": f"Bearer {world.token}"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return json.loads(answer.data)  # type: ignore[no-any-return]

    told = doors.scim(get, f"{base}/scim/v2")
    whole = register.whole(told, publishing)
    check_same(whole, SCIM, told)
    for version in ("v1p1", "v1p2"):
        check_same(whole, ONEROSTER, doors.oneroster(get, f"{base}/ims/oneroster/{version}"))
    with world.database.read() as connection:
        unit = unit_named(connection, world.unit.name)
    write_files(world.database, unit, folder, now=world.clock(), actor="os:test")
    check_same(whole, CSV, doors.csv_files(folder))
    return whole


def _check_is_a_school(
    whole: Picture, *, pupils: int, teachers: int, groups: int, memberships: int
) -> None:
    """At least so many, and a pupil or more for whatever may be told of one."""
    people = [each for each in whole.people.values() if each["active"]]
    of_pupils = [each for each in people if each["role"] == "student"]
    assert len(of_pupils) >= pupils
    assert len(people) - len(of_pupils) >= teachers
    assert sum(each["active"] for each in whole.groups.values()) >= groups
    assert len(whole.memberships) >= memberships
    for name in ("phone", "own_email"):
        given = [each for each in people if each[name]]
        assert 0 < len(given) < len(of_pupils)
        assert {each["role"] for each in given} == {"student"}


def _live_a_year(files: Tables) -> None:
    """Some leave, some change, groups close, and teachers begin at the other school too."""
    draw = random.Random(3)
    gone = {each["klucz"] for each in draw.sample(files["uczniowie"], 20)}
    gone |= {each["klucz"] for each in draw.sample(files["pracownicy"], 4)}
    gone |= {each["klucz"] for each in draw.sample(files["grupy"], 12)}
    for name in ("uczniowie", "pracownicy", "grupy"):
        files[name] = [each for each in files[name] if each["klucz"] not in gone]
    files["przydzialy"] = [
        each for each in files["przydzialy"]
        if not gone & {each["grupa"], each["osoba"]} and draw.random() < 0.95
    ]  # fmt: skip
    for each in draw.sample(files["uczniowie"], 15):
        each["nazwisko"] = "Łąka-Żółć"
        each["telefon"] = ""
        each["login"] = each["login"].title()
    for each in draw.sample(files["pracownicy"], 6):
        other = "LO 3" if each["szkola"] == "SP 12" else "SP 12"
        files["pracownicy"].append({**each, "szkola": other})
        taught = draw.choice([one for one in files["grupy"] if one["szkola"] == other])
        files["przydzialy"].append({"grupa": taught["klucz"], "osoba": each["klucz"]})


def _write(files: Tables, folder: Path) -> None:
    for name, rows in files.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
            writer.writeheader()
            writer.writerows(rows)


def _run(demo: Demo, *command: str) -> str:
    """A command beside the running demo, with its settings."""
    done = subprocess.run(
        [PROGRAM, *command], env=demo.environ, timeout=SECONDS, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _get(url: str, token: str, query: Object) -> Object:
    request = Request(f"{url}?{urlencode(query)}", headers={"Authorization": f"Bearer {token}"})
    with urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)  # type: ignore[no-any-return]

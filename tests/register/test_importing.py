"""Importing: all of it or nothing, and nothing moves that the register didn't move."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from scim_server.app import create_app
from scim_server.audit import entries
from scim_server.directory.staging import Staging
from scim_server.directory.tables import resource
from scim_server.errors import BadRecords, Refused
from tests.school import ASSIGNMENTS, EMPLOYEES, GROUPS, PUPILS, World

ALLOWED = {"allow_deactivations": True}
UONET = "urn:scim-server:schemas:uonet:1.0:Group"


def everything(world: World) -> dict[str, dict[str, Any]]:
    """All resources by their register keys."""
    return {each["externalId"]: each for each in world.list("/", count=1000)["Resources"]}


def versions(world: World) -> dict[str, str]:
    return {key: each["meta"]["version"] for key, each in everything(world).items()}


def moved(world: World, before: dict[str, str]) -> set[str]:
    """The keys whose version changed."""
    return {key for key, version in versions(world).items() if before.get(key) != version}


def without(text: str, key: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(key))


def test_a_second_run_of_the_same_files_changes_nothing(world: World) -> None:
    before = everything(world)
    world.clock.move(minutes=5)
    outcome = world.import_files()
    assert outcome.plan.pupils.unchanged == 5
    assert outcome.plan.memberships.unchanged == 10
    assert everything(world) == before


def test_a_dry_run_tells_the_plan_and_changes_nothing(world: World) -> None:
    before = everything(world)
    text = PUPILS.replace("Kowalska", "Nowicka")
    outcome = world.import_files(pupils=text, choices={"dry_run": True})
    assert outcome.plan.pupils.changed == 1
    assert [(each.key, each.happening) for each in outcome.plan.examples] == [("U-4", "changed")]
    assert not outcome.applied
    assert everything(world) == before


def test_someone_missing_becomes_inactive_and_leaves_the_groups(world: World) -> None:
    world.import_files(
        pupils=without(PUPILS, "U-2"), assignments=without(ASSIGNMENTS, "G-1;U-2"), choices=ALLOWED
    )
    leaver = everything(world)["U-2"]
    assert leaver["active"] is False
    assert "groups" not in leaver
    members = [each["display"] for each in everything(world)["G-1"]["members"]]
    assert "Jan Żółć" not in members


def test_someone_who_returns_is_reactivated_under_the_same_id(world: World) -> None:
    id = world.id_of("U-2")
    world.import_files(
        pupils=without(PUPILS, "U-2"), assignments=without(ASSIGNMENTS, "G-1;U-2"), choices=ALLOWED
    )
    outcome = world.import_files(pupils=PUPILS, assignments=ASSIGNMENTS)
    assert outcome.plan.pupils.reactivated == 1
    assert everything(world)["U-2"]["active"] is True
    assert world.id_of("U-2") == id


def test_more_than_a_tenth_leaving_is_refused_with_the_flag_that_allows_it(world: World) -> None:
    """Red when ``_check_guards`` isn't called."""
    before = everything(world)
    with pytest.raises(Refused, match=r"1 of 5 pupils; the limit is 10 %.*--allow-deactivations"):
        world.import_files(
            pupils=without(PUPILS, "U-2"), assignments=without(ASSIGNMENTS, "G-1;U-2")
        )
    assert everything(world) == before


def test_files_without_people_are_refused(world: World) -> None:
    with pytest.raises(Refused, match="--allow-empty"):
        world.import_files(
            pupils=PUPILS.splitlines()[0],
            employees=EMPLOYEES.splitlines()[0],
            assignments=ASSIGNMENTS.splitlines()[0],
        )


def test_a_new_surname_moves_the_person_alone_and_shows_everywhere(world: World) -> None:
    before = versions(world)
    world.clock.move(minutes=5)
    world.import_files(pupils=PUPILS.replace("Kowalska", "Nowicka"))
    assert moved(world, before) == {"U-4"}
    shown = [each["display"] for each in everything(world)["G-3"]["members"]]
    assert "Anna Nowicka" in shown


def test_a_renamed_group_moves_itself_alone_and_shows_everywhere(world: World) -> None:
    before = versions(world)
    world.import_files(groups=GROUPS.replace("Fizyka", "Astronomia"))
    assert moved(world, before) == {"G-3"}
    shown = [each["display"] for each in everything(world)["U-4"]["groups"]]
    assert shown == ["Astronomia – 1C – 2026/27 – LO 3"]


def test_a_membership_moves_the_group_and_the_member_and_nobody_else(world: World) -> None:
    before = versions(world)
    world.clock.move(minutes=5)
    world.import_files(assignments=ASSIGNMENTS + "G-2;U-2\n")
    assert moved(world, before) == {"G-2", "U-2"}
    changed = [each["meta"]["lastModified"] for each in everything(world).values()]
    assert changed.count("2026-11-24T12:05:00.250000Z") == 2


def test_two_people_may_exchange_their_logins(world: World) -> None:
    text = PUPILS.replace("anna.kowalska;", "@;").replace("piotr.kowalski", "anna.kowalska")
    world.import_files(pupils=text.replace("@;", "piotr.kowalski;"))
    after = everything(world)
    assert after["U-4"]["userName"] == "piotr.kowalski@sp12.example.pl"
    assert after["U-5"]["userName"] == "anna.kowalska@sp12.example.pl"


def test_a_login_that_a_leaver_holds_is_refused_by_keys_alone(world: World) -> None:
    """Red when ``_check_conflicts`` isn't called."""
    text = PUPILS.replace("U-2;Jan;Żółć", "U-9;Jana;Żółć")
    with pytest.raises(BadRecords) as refused:
        world.import_files(
            pupils=text, assignments=ASSIGNMENTS.replace("U-2", "U-9"), choices=ALLOWED
        )
    (problem,) = refused.value.problems
    assert "U-9" in str(problem)
    assert "U-2" in str(problem)
    assert "zolc" not in str(problem) + str(refused.value)
    assert "U-9" not in everything(world)


def test_a_group_missing_from_the_files_is_closed_and_its_memberships_end(world: World) -> None:
    world.import_files(
        groups=without(GROUPS, "G-3"),
        assignments="".join(
            line for line in ASSIGNMENTS.splitlines(keepends=True) if not line.startswith("G-3")
        ),
        choices=ALLOWED,
    )
    closed = everything(world)["G-3"]
    assert closed[UONET]["active"] is False
    assert "members" not in closed


def test_a_broken_record_that_is_left_out_stays_as_it_was_stored(world: World) -> None:
    """Red when ``leave`` isn't called: the person would look like a leaver."""
    before = everything(world)
    text = PUPILS.replace("jan.zolc;", "jan żółć;")
    outcome = world.import_files(pupils=text, choices={"skip_invalid": True})
    assert len(outcome.problems) == 2  # the record, and the assignment that names it
    assert everything(world)["U-2"] == before["U-2"]
    assert everything(world)["G-1"] == before["G-1"]


def test_nobody_is_deactivated_while_rows_have_no_key(world: World) -> None:
    """Red when ``check_unkeyed`` isn't called."""
    text = PUPILS.replace("U-2;Jan", ";Jan")
    with pytest.raises(Refused, match="1 rows have no key"):
        world.import_files(
            pupils=text,
            assignments=without(ASSIGNMENTS, "G-1;U-2"),
            choices={"skip_invalid": True, "max_deactivated_percent": 100},
        )


def test_an_import_that_another_overtook_is_refused(world: World) -> None:
    original = Staging.compare

    def overtaken(staging: Staging) -> Any:
        result = original(staging)
        world.decide("LO 3", False)
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Staging, "compare", overtaken)
        with pytest.raises(Refused, match="was changed while"):
            world.import_files(pupils=PUPILS.replace("Kowalska", "Nowicka"))


def test_a_failure_in_the_middle_leaves_everything_as_it_was(world: World) -> None:
    before = everything(world)

    def fail(staging: Staging, now: str) -> None:
        raise RuntimeError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Staging, "_replace_memberships", fail)
        with pytest.raises(RuntimeError):
            world.import_files(
                pupils=PUPILS.replace("Kowalska", "Nowicka"), assignments="grupa;osoba\n"
            )
    assert everything(world) == before


def test_last_modified_never_goes_back_with_the_clock(world: World) -> None:
    world.clock.move(minutes=-30)
    world.import_files(pupils=PUPILS.replace("Kowalska", "Nowicka"))
    assert everything(world)["U-4"]["meta"]["lastModified"] == "2026-11-24T12:00:00.250000Z"


def test_another_public_url_needs_no_import(world: World) -> None:
    settings = replace(world.settings, public_url="https://scim.example.pl")
    world.app = create_app(
        settings, clock=world.clock, database=world.database, between_requests=False
    )
    shown = world.list("/Users", count=1)["Resources"][0]
    assert shown["meta"]["location"].startswith("https://scim.example.pl/sp12/scim/v2/Users/")
    assert shown["groups"][0]["$ref"].startswith("https://scim.example.pl/sp12/scim/v2/Groups/")


def test_an_import_leaves_an_audit_entry_of_figures_alone(world: World) -> None:
    with world.database.read() as connection:
        (entry,) = entries(connection, unit="sp12", action="import.applied")
    assert entry["actor"] == "os:test"
    assert entry["facts"]["pupils"] == {"created": 5}


def test_reads_and_tokens_go_on_while_the_register_is_written(world: World) -> None:
    """Red when tokens are kept in the main SQLite file."""
    world.app = create_app(
        world.settings, clock=world.clock, database=world.database, between_requests=False
    )
    with world.database.write() as connection:
        _lock(connection)
        world.clock.move(minutes=10)  # so that uses are due to be recorded, too
        assert world.list("/Users")["totalResults"] == 7
        answer = world.ask_token()
        assert answer.status_code == 200
        assert answer.json is not None
        world.token = answer.json["access_token"]
        assert world.list("/Groups")["totalResults"] == 3


def _lock(connection: Connection) -> None:
    """Hold what an import holds: on SQLite the write lock, on PostgreSQL the rows."""
    connection.execute(select(resource.c.seq).with_for_update()).all()


def test_a_school_that_stops_is_absent_at_once_and_the_others_stay(world: World) -> None:
    before = versions(world)
    world.decide("LO 3", False)
    after = everything(world)
    assert after.keys() == {"U-1", "U-2", "U-3", "P-1", "G-1", "G-2"}
    assert moved(world, before) == {"P-1"}
    assert [each["display"] for each in after["P-1"]["groups"]] == [
        "Matematyka – 2A – 2026/27 – SP 12",
        "Język angielski – 2A/2B JA_1 – 2026/27 – SP 12",
    ]
    world.decide("LO 3", True)
    assert everything(world).keys() == before.keys()


def test_pages_are_found_again_after_every_change(world: World) -> None:
    """Red when ``count_served`` isn't called after a change of what is served."""
    many = "".join(
        f"X-{n};Jan;Nowak;jan.nowak{n};;;{'SP 12' if n % 3 else 'LO 3'}\n" for n in range(350)
    )
    world.import_files(pupils=PUPILS + many)
    for synchronised in (True, False):
        world.decide("LO 3", synchronised)
        total = world.list("/Users", count=0)["totalResults"]
        for size in (7, 100, 1000):
            seen: list[str] = []
            while len(seen) < total:
                page = world.list("/Users", startIndex=len(seen) + 1, count=size)
                assert page["totalResults"] == total
                seen += [each["id"] for each in page["Resources"]]
            assert len(set(seen)) == total

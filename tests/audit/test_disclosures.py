"""Who was given whose record, and when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pyroaring import BitMap64
from sqlalchemy import select

from scim_server.audit.disclosures import Disclosures, disclosed, recorded_since
from scim_server.audit.tables import disclosure
from scim_server.directory.ids import resource_id
from scim_server.directory.resources import person_with_key
from scim_server.errors import BadInput
from tests.isolation.neighbour import neighbour_of
from tests.school import World

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def written(world: World) -> None:
    world.app.extensions["rounds"].run_all()


def hours(world: World, key: str) -> list[datetime]:
    """The hours in which the record of a person was given; written first."""
    written(world)
    with world.database.read() as connection:
        seq = person_with_key(connection, world.unit.id, key)
    given = list(disclosed(world.database, world.unit.id, seq))
    assert {each.client_id for each in given} <= {world.credentials.client_id}
    return [each.window for each in given]


def test_a_person_who_is_read_by_id_was_given(world: World) -> None:
    """Red when ``Reads.one`` notes nothing."""
    assert hours(world, "U-1") == []
    world.get(f"/Users/{world.id_of('U-1')}?attributes=userName")
    assert hours(world, "U-1") == [NOON]


def test_a_person_who_stands_on_a_page_was_given_and_nobody_else(world: World) -> None:
    """Red when ``Reads._search`` notes nothing, or a page notes more than it holds."""
    world.list("/Users", filter='externalId eq "U-2"')
    assert hours(world, "U-2") == [NOON]
    assert [hours(world, each) for each in ("U-1", "U-3", "U-4", "U-5", "P-1", "P-2")] == [[]] * 6


@pytest.mark.parametrize("query", [{}, {"cursor": ""}, {"startIndex": 1}, {"sortBy": "userName"}])
def test_every_way_of_paging_notes_what_it_gives(world: World, query: dict[str, str]) -> None:
    """Red when a ``Page`` is made without its ``seqs``."""
    world.list("/Users", count=100, **query)
    assert [hours(world, f"U-{each}") for each in range(1, 6)] == [[NOON]] * 5


def test_members_of_a_group_that_was_given_with_its_members_were_given(world: World) -> None:
    """Red when ``note`` isn't told ``with_members``."""
    world.get(f"/Groups/{world.id_of('G-3')}")
    assert [hours(world, each) for each in ("U-4", "U-5", "P-1", "P-2")] == [[NOON]] * 4
    assert [hours(world, each) for each in ("U-1", "U-2", "U-3")] == [[]] * 3


def test_a_group_without_its_members_gives_nobody(world: World) -> None:
    """Red when the members are noted whatever was asked for."""
    world.list("/Groups", excludedAttributes="members")
    world.list("/Groups", attributes="displayName")
    assert hours(world, "U-4") == []


def test_a_member_whose_school_does_not_publish_was_not_given(world: World) -> None:
    """Red when ``listed_in`` loses ``reference.c.served``."""
    world.decide("LO 3", False)
    world.list("/Groups")
    world.decide("LO 3", True)
    assert hours(world, "U-4") == []
    assert hours(world, "U-1") == [NOON]


def test_what_gives_nothing_notes_nothing(world: World) -> None:
    """Red when a HEAD, a 304, a count of 0 or a refusal is noted."""
    path = f"/Users/{resource_id(world.unit.namespace, 'User', 'U-1')}"
    tag = world.request("HEAD", path).headers["ETag"]
    assert world.get(path, headers={"If-None-Match": tag}).status_code == 304
    world.list("/Users", count=0)
    world.request("HEAD", "/Users")
    world.get("/Users?filter=nothing")
    world.get("/Users/no-such")
    world.request("PATCH", path, json={})
    assert hours(world, "U-1") == []


def test_hours_are_told_apart_and_an_hour_is_one_row(world: World) -> None:
    """Red when a window isn't cut to whole hours, or a second write replaces the first."""
    world.list("/Users", filter='externalId eq "U-1"')
    assert hours(world, "U-1") == [NOON]
    world.clock.move(minutes=59)
    world.list("/Users", filter='externalId eq "U-2"')
    assert hours(world, "U-2") == [NOON]
    assert hours(world, "U-1") == [NOON]
    world.clock.move(minutes=1)
    world.token = world.ask_token().json["access_token"]  # type: ignore[index]
    world.list("/Users", filter='externalId eq "U-1"')
    assert hours(world, "U-1") == [NOON, NOON.replace(hour=13)]
    with world.database.tokens.connect() as connection:
        assert len(connection.execute(select(disclosure)).all()) == 2
    assert recorded_since(world.database, world.unit.id) == NOON


def test_two_processes_add_to_one_row(world: World) -> None:
    """Red when ``_add`` writes its own set over what stands there."""
    parts = [Disclosures(world.database, world.clock, lambda _unit, _groups: ()) for _ in range(2)]
    for part, seqs in zip(parts, ([1, 2], [2, 7]), strict=True):
        part.note(world.unit.id, "someone", seqs)
    for part in parts:
        part.write()
    with world.database.tokens.connect() as connection:
        (row,) = connection.execute(
            select(disclosure).where(disclosure.c.client_id == "someone")
        ).all()
    assert list(BitMap64.deserialize(row.resources)) == [1, 2, 7]


def test_each_group_is_expanded_once_an_hour(world: World) -> None:
    """Red when ``_add_members`` asks again for groups that it knows."""
    asked: list[list[int]] = []

    def expand(_unit: int, groups: object) -> list[int]:
        asked.append(list(groups))  # type: ignore[call-overload]
        return []

    part = Disclosures(world.database, world.clock, expand)
    for groups in ([1, 2], [2, 3], [1]):
        part.note(world.unit.id, "someone", groups, with_members=True)
    part.write()
    part.note(world.unit.id, "someone", [3, 4], with_members=True)
    part.write()
    world.clock.move(hours=1)
    part.note(world.unit.id, "someone", [1], with_members=True)
    part.write()
    assert asked == [[1, 2, 3], [4], [1]]


def test_notes_that_could_not_be_written_are_written_later(world: World) -> None:
    """Red when ``write`` forgets a set before it is written."""
    part = Disclosures(world.database, world.clock, lambda _unit, _groups: ())
    part.note(world.unit.id, "someone", [5])
    with world.database.tokens.execution_options(writes=True).begin() as connection:
        disclosure.drop(connection)
    with pytest.raises(Exception, match="disclosure"):
        part.write()
    with world.database.tokens.execution_options(writes=True).begin() as connection:
        disclosure.create(connection)
    part.write()
    assert len(list(disclosed(world.database, world.unit.id, 5))) == 1


def test_a_database_that_cannot_be_written_refuses_no_read(world: World) -> None:
    """Red when a request writes its own disclosures."""
    with world.database.tokens.execution_options(writes=True).begin() as connection:
        disclosure.drop(connection)
    assert world.get("/Users").status_code == 200
    written(world)
    assert world.get("/Users").status_code == 200


def test_the_record_of_one_unit_tells_nothing_of_another(world: World) -> None:
    """Red when ``disclosed`` or ``person_with_key`` loses ``unit_id``."""
    other = neighbour_of(world)
    other.list("/Users")
    assert hours(world, "U-1") == []
    assert hours(other, "U-1") == [NOON]
    with other.database.read() as connection:
        seq = person_with_key(connection, other.unit.id, "U-1")
        with pytest.raises(BadInput, match="no person"):
            person_with_key(connection, world.unit.id, "U-9")
    assert list(disclosed(world.database, world.unit.id, seq)) == []


def test_a_group_is_no_person(world: World) -> None:
    with world.database.read() as connection, pytest.raises(BadInput):
        person_with_key(connection, world.unit.id, "G-1")

"""What belongs to another unit looks, to the byte, like what nobody has."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from scim_server.directory.tables import membership, resource
from tests.isolation.neighbour import neighbour_of
from tests.school import World
from tests.scim.answers import keys, stable

ENDPOINTS = {"/Users": "U-1", "/Groups": "G-1"}


def unknown() -> str:
    return str(uuid.uuid4())


def test_both_units_serve_the_same_people_under_ids_of_their_own(world: World) -> None:
    """Red when ``resource_id`` is keyed by anything but the unit's own namespace."""
    other = neighbour_of(world)
    for endpoint in ENDPOINTS:
        mine, theirs = world.list(endpoint)["Resources"], other.list(endpoint)["Resources"]
        assert [each["externalId"] for each in mine] == [each["externalId"] for each in theirs]
        assert {each["id"] for each in mine} & {each["id"] for each in theirs} == set()
        assert all(
            each["meta"]["location"].startswith("http://127.0.0.1:8000/lo3/") for each in theirs
        )


def test_an_id_of_another_unit_is_an_unknown_id(world: World) -> None:
    """Red when ``_get`` in ``directory/resources`` loses ``resource.c.unit_id == UNIT``."""
    other = neighbour_of(world)
    for endpoint, key in ENDPOINTS.items():
        foreign = other.id_of(key)
        assert other.get(f"{endpoint}/{foreign}").status_code == 200
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            for query in ("", "?attributes=userName", "?excludedAttributes=members,groups"):
                for tag in ("", 'W/"1"', "*"):
                    headers = {"If-None-Match": tag} if tag else {}
                    answers = [
                        stable(world.request(method, f"{endpoint}/{id}{query}", headers=headers))
                        for id in (foreign, unknown())
                    ]
                    assert answers[0] == answers[1]


def test_an_id_of_the_other_type_is_an_unknown_id(world: World) -> None:
    """Red when ``_get`` loses ``resource.c.resource_type == resource_type.name``."""
    for endpoint, key in (("/Groups", "U-1"), ("/Users", "G-1")):
        answers = [stable(world.get(f"{endpoint}/{id}")) for id in (world.id_of(key), unknown())]
        assert answers[0] == answers[1]
        assert answers[0][0] == 404


def test_a_filter_on_what_another_unit_has_finds_nothing(world: World) -> None:
    """Red when ``matching`` in ``directory/searches`` loses ``resource.c.unit_id == UNIT``."""
    other = neighbour_of(world)
    filters = {
        "/Users": (
            'id eq "{user}"', "id eq {user}", 'groups eq "{group}"', 'groups.value eq "{group}"',
            'groups[value eq "{group}"]', 'groups.$ref co "{group}"', 'meta.location co "{user}"',
            'id sw "{user}" or id eq "x"', 'id co "{user}"',
        ),
        "/Groups": (
            'id eq "{group}"', 'members eq "{user}"', 'members[value eq "{user}"]',
            'members.$ref ew "{user}"', 'id pr and members.value eq "{user}"',
        ),
        "": ('id eq "{user}"', 'id eq "{group}" or id eq "{user}"', 'members eq "{user}"'),
    }  # fmt: skip
    foreign = {"user": other.id_of("U-1"), "group": other.id_of("G-1")}
    nobody = {"user": unknown(), "group": unknown()}
    own = {"user": world.id_of("U-1"), "group": world.id_of("G-1")}
    for endpoint, texts in filters.items():
        for text in texts:
            ask = [
                stable(world.get(endpoint, query_string={"filter": text.format(**ids)}))
                for ids in (foreign, nobody)
            ]
            assert ask[0] == ask[1], text
            assert world.list(endpoint, filter=text.format(**foreign))["totalResults"] == 0
            assert world.list(endpoint, filter=text.format(**own))["totalResults"] > 0, text


def test_a_reference_to_both_ends_holds_in_one_unit_only(world: World) -> None:
    """Red when ``_memberships`` loses either ``unit_id == UNIT``."""
    other = neighbour_of(world)
    own_group = world.id_of("G-1")
    for user, found in ((world.id_of("U-1"), ["G-1"]), (other.id_of("U-1"), [])):
        text = f'id eq "{own_group}" and members eq "{user}"'
        assert keys(world.list("/Groups", filter=text)) == found


def test_a_cursor_of_another_unit_is_no_cursor(world: World) -> None:
    """Red when ``_about`` in ``scim/cursors`` loses ``unit_id``."""
    other = neighbour_of(world)
    foreign = other.list("/Users", cursor="", count=2)["nextCursor"]
    made_up = "A" * len(foreign)
    answers = [
        stable(world.get("/Users", query_string={"cursor": each, "count": 2}))
        for each in (foreign, made_up)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 400


def test_a_change_in_one_unit_moves_nothing_in_another(world: World) -> None:
    """Red when an import, a decision or a counter isn't kept to ``unit_id``."""
    other = neighbour_of(world)
    paths = ("", "/Users", "/Groups", "/Users?count=2&startIndex=3", f"/Users/{world.id_of('U-1')}")
    before = [stable(world.get(path)) for path in paths]
    other.clock.move(minutes=1)
    pupils = "klucz;imie;nazwisko;login;telefon;email;szkola\nU-1;Ola;Inna;ola.inna;;;SP 12\n"
    other.import_files(
        pupils=pupils,
        assignments="grupa;osoba\nG-1;U-1\nG-2;P-1\nG-3;P-2\n",
        choices={"allow_deactivations": True},
    )
    other.decide("LO 3", False)
    assert [stable(world.get(path)) for path in paths] == before
    assert other.list("/Users")["totalResults"] != world.list("/Users")["totalResults"]


def test_counting_from_the_start_counts_the_own_unit_only(world: World) -> None:
    """Red when ``_nearest_waypoint`` or ``count_statement`` counts beyond the unit."""
    neighbour_of(world)
    for start in range(1, 9):
        page = world.list("/Users", startIndex=start, count=3)
        assert page["totalResults"] == 7
        assert len(page["Resources"]) == max(0, min(3, 8 - start))
    assert world.list("/Users", count=0)["totalResults"] == 7
    assert world.list("/Users", filter="id pr", count=0)["totalResults"] == 7
    assert world.list("", count=0)["totalResults"] == 10


def test_the_database_refuses_a_membership_across_units(world: World) -> None:
    """Red when ``membership`` loses ``unit_id`` in one of its foreign keys."""
    other = neighbour_of(world)
    with world.database.read() as connection:
        rows = connection.execute(select(resource.c.id, resource.c.seq)).all()
    seq = {row.id: row.seq for row in rows}
    group, member = seq[world.id_of("G-3")], seq[other.id_of("U-1")]
    for unit in (world.unit.id, other.unit.id):
        row = {"unit_id": unit, "group_seq": group, "member_seq": member, "since": ""}
        with pytest.raises(IntegrityError), world.database.write() as connection:
            connection.execute(insert(membership).values(row))


def test_a_client_of_one_unit_is_unknown_at_the_token_endpoint_of_another(world: World) -> None:
    """Red when ``TokenEndpoint`` loses ``unit.c.name == bindparam("unit_name")``."""
    neighbour_of(world)
    form = {
        "grant_type": "client_credentials",
        "client_id": world.credentials.client_id,
        "client_secret": world.credentials.client_secret,
    }
    client = world.app.test_client()
    foreign = [stable(client.post(f"/{unit}/oauth2/token", data=form)) for unit in ("lo3", "none")]
    nobody = client.post("/lo3/oauth2/token", data={**form, "client_id": "lo3-00000000"})
    assert foreign == [stable(nobody)] * 2
    assert foreign[0][0] == 401

"""Weak versions and conditional reads (RFC 7644 §3.14, RFC 9110 §13.1.2)."""

from __future__ import annotations

import pytest

from tests.school import World

PATHS = {"/Users": "U-1", "/Groups": "G-1"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_client_that_has_the_version_gets_no_body(world: World, method: str) -> None:
    for endpoint, key in PATHS.items():
        path = f"{endpoint}/{world.id_of(key)}"
        tag = world.get(path).headers["ETag"]
        assert tag.startswith('W/"')
        same = (
            tag, tag.removeprefix("W/"), f'"x", {tag}', f'{tag}, "y"', f'W/"a",W/"b" , {tag}',
            "*", f" {tag} ",
        )  # fmt: skip
        for given in same:
            response = world.request(method, path, headers={"If-None-Match": given})
            assert response.status_code == 304, given
            assert response.data == b""
            assert response.headers["ETag"] == tag
        others = ("", '"x"', 'W/"0"', 'W/"x", "y"', tag[:-1] + '0"', 'w"', '"*"', "garbage, ,")
        for given in others:
            response = world.request(method, path, headers={"If-None-Match": given})
            assert response.status_code == 200, given
            assert response.headers["ETag"] == tag


def test_a_version_is_not_a_key_to_what_is_not_there(world: World) -> None:
    for given in ("*", 'W/"1"'):
        response = world.get("/Users/none", headers={"If-None-Match": given})
        assert response.status_code == 404


def test_a_projection_has_the_version_of_its_resource(world: World) -> None:
    path = f"/Users/{world.id_of('U-1')}"
    tag = world.get(path).headers["ETag"]
    for query in ("attributes=userName", "excludedAttributes=groups"):
        response = world.get(f"{path}?{query}")
        assert response.headers["ETag"] == tag
        response = world.get(f"{path}?{query}", headers={"If-None-Match": tag})
        assert response.status_code == 304


def test_a_membership_moves_the_group_and_the_user_and_a_copied_name_neither(world: World) -> None:
    def versions() -> dict[str, str]:
        listed = world.list("")["Resources"]
        return {each["externalId"]: each["meta"]["version"] for each in listed}

    before = versions()
    world.clock.move(minutes=1)
    world.import_files()
    assert versions() == before

    assignments = "grupa;osoba\nG-1;U-1\nG-1;U-3\nG-1;P-1\nG-2;U-1\nG-2;P-1\nG-2;U-4\n"
    assignments += "G-3;U-4\nG-3;U-5\nG-3;P-1\nG-3;P-2\n"
    world.import_files(assignments=assignments)
    moved = {key for key, version in versions().items() if version != before[key]}
    assert moved == {"U-2", "G-1", "U-4", "G-2"}

    before = versions()
    pupils = (world.folder / "uczniowie.csv").read_text(encoding="utf-8")
    world.import_files(pupils=pupils.replace("Szewczenko", "Melnyk"))
    moved = {key for key, version in versions().items() if version != before[key]}
    assert moved == {"U-3"}
    members = world.list("/Groups", filter='externalId eq "G-1"')["Resources"][0]["members"]
    assert "Ołena Melnyk" in [each["display"] for each in members]


def test_a_membership_moves_the_last_change_of_both_ends(world: World) -> None:
    world.clock.move(minutes=5)
    at = "2026-11-24T12:05:00.250000Z"
    world.import_files(assignments="grupa;osoba\nG-1;U-2\n")
    for path, key in (("/Users", "U-2"), ("/Groups", "G-2")):
        found = world.list(path, filter=f'externalId eq "{key}"')["Resources"][0]["meta"]
        expected = at if key == "G-2" else "2026-11-24T12:00:00.250000Z"
        assert found["lastModified"] == expected
        assert found["created"] == "2026-11-24T12:00:00.250000Z"

"""What isn't published can't be told from what isn't there, at any address and by any filter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scim_server.oauth.credentials import live_secrets, revoke
from tests.isolation.neighbour import neighbour_of
from tests.oneroster.rosters import BASES, GOOGLE, SDS, Roster
from tests.oneroster.test_errors import NOBODY
from tests.oneroster.test_specification import NESTED, ids
from tests.school import World

SINGLE = (
    "orgs/{school}", "schools/{school}", "courses/{course}", "classes/{class}", "users/{pupil}",
    "students/{pupil}", "users/{teacher}", "teachers/{teacher}", "terms/{term}",
    "academicSessions/{term}", "enrollments/{class}{pupil}",
)  # fmt: skip
FILTERS = (
    ("users", "sourcedId='{pupil}'"), ("users", "{orgs}='{school}'"),
    ("users", "sourcedId~'{pupil}'"), ("classes", "sourcedId='{class}'"),
    ("classes", "school.sourcedId='{school}'"), ("classes", "course.sourcedId='{course}'"),
    ("enrollments", "sourcedId='{class}{pupil}'"), ("enrollments", "class.sourcedId='{class}'"),
    ("enrollments", "user.sourcedId='{pupil}'"), ("enrollments", "school.sourcedId='{school}'"),
    ("orgs", "sourcedId='{school}'"), ("orgs", "children.sourcedId='{school}'"),
    ("courses", "sourcedId='{course}'"),
)  # fmt: skip


def answers(world: World, base: str, known: dict[str, str]) -> Iterator[tuple[str, int, str]]:
    """What is answered about each object, without the ids that were asked for."""
    roster = Roster(world, base)
    own = {**known, "orgs": "orgs.sourcedId" if base == SDS else "roles.org.sourcedId"}
    asked: list[tuple[str, dict[str, str]]] = [(path, {}) for path in (*SINGLE, *NESTED)]
    asked += [(path, {"filter": text.format(**own)}) for path, text in FILTERS]
    for path, query in asked:
        answer = roster.get(path.format(**known), **query)
        body = answer.get_data(as_text=True)
        yield path, answer.status_code, body + str(answer.headers.get("X-Total-Count"))


def nobody(known: dict[str, str]) -> dict[str, str]:
    return dict.fromkeys(known, NOBODY)


@pytest.mark.parametrize("base", [SDS, GOOGLE])
def test_a_school_that_is_withheld_is_answered_like_one_that_never_was(
    world: World, base: str
) -> None:
    """Red when a lookup of a part of an address forgets ``served``, or the schools that publish:
    as the one that is asked for, or as the one that it is asked for within.
    """
    known = ids(world)
    world.decide("SP 12", False)
    # The teacher and the term are of LO 3 as well.
    own = {**known, "teacher": NOBODY, "term": NOBODY}
    assert list(answers(world, base, own)) == list(answers(world, base, nobody(own)))


@pytest.mark.parametrize("base", [SDS, GOOGLE])
def test_a_part_of_an_address_that_is_hidden_hides_the_whole(world: World, base: str) -> None:
    """Red when the objects within which something is asked for aren't looked for."""
    known = ids(world)
    (lo3,) = Roster(world).page("schools", filter="name='LO 3'")
    shown = {**known, "class": Roster(world).id_of("G-3"), "school": lo3["sourcedId"]}
    world.decide("SP 12", False)
    roster = Roster(world, base)
    for path in NESTED:
        if "{school}" in path and "{class}" in path:
            assert roster.get(path.format(**shown)).status_code == 200
            for name in ("school", "class"):
                mixed = {**shown, name: known[name]}
                unknown = {**shown, name: NOBODY}
                assert (
                    roster.get(path.format(**mixed)).data == roster.get(path.format(**unknown)).data
                ), path
                assert roster.get(path.format(**mixed)).status_code == 404
    for path in NESTED:
        if "{teacher}" not in path and "{term}" not in path:
            assert roster.get(path.format(**known)).status_code == 404, path
    teacher = roster.one(f"users/{known['teacher']}")
    assert known["school"] not in str(teacher)
    listed = roster.page(f"users/{known['teacher']}/classes")
    assert [each["sourcedId"] for each in listed] == [shown["class"]]


@pytest.mark.parametrize("base", [SDS, GOOGLE])
def test_what_another_unit_has_is_answered_like_what_nobody_has(world: World, base: str) -> None:
    """Red when an id is looked for without its unit."""
    theirs = ids(neighbour_of(world))
    assert not set(theirs.values()) & set(ids(world).values())
    assert list(answers(world, base, theirs)) == list(answers(world, base, nobody(theirs)))


@pytest.mark.parametrize("base", BASES)
def test_a_token_for_another_unit_or_that_was_revoked_reads_nothing(
    world: World, base: str
) -> None:
    """Red when the unit in the address, or the secret of the token, isn't looked at."""
    other = neighbour_of(world)
    own, world.token = world.token, other.token
    assert Roster(world, base).get("users").status_code == 401
    world.token = own
    assert Roster(world, base).get("users").status_code == 200
    with world.database.write() as connection:
        now = world.clock()
        (secret,) = live_secrets(connection, world.unit.id, now)
        revoke(connection, world.unit, secret.id, now=now, actor="os:test", force=True)
    for path in ("users", "orgs", f"users/{NOBODY}", "demographics", "nothing"):
        assert Roster(world, base).get(path).status_code == 401, path

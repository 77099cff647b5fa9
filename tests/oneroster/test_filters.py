"""A filter in SQL chooses what a small evaluator chooses from the objects themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzing.budget import examples
from tests.oneroster.rosters import GOOGLE, SDS, Object, Roster
from tests.school import PUPILS, World

COMMON = ("sourcedId", "status", "dateLastModified")
FIELDS = {
    (SDS, "users"): (*COMMON, "username", "enabledUser", "givenName", "familyName", "role",
                     "email", "phone", "orgs.sourcedId"),
    (GOOGLE, "users"): (*COMMON, "username", "enabledUser", "givenName", "familyName", "phone",
                        "email", "roles.role", "roles.org.sourcedId"),
    (SDS, "classes"): (*COMMON, "title", "classType", "course.sourcedId", "school.sourcedId",
                       "terms.sourcedId", "subjects"),
    (SDS, "enrollments"): (*COMMON, "role", "primary", "user.sourcedId", "class.sourcedId",
                           "school.sourcedId"),
    (SDS, "orgs"): (*COMMON, "name", "type", "identifier", "parent.sourcedId",
                    "children.sourcedId"),
    (SDS, "academicSessions"): (*COMMON, "title", "startDate", "endDate", "type", "schoolYear",
                                "parent.sourcedId"),
    (SDS, "courses"): (*COMMON, "title", "courseCode", "org.sourcedId", "subjects"),
}  # fmt: skip
SEVERAL = {"orgs.sourcedId", "roles.org.sourcedId", "school.sourcedId"}
"""Fields that the store compares with ``=`` and ``!=`` alone."""

TESTS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda one, other: one == other, ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other, "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other, "~": lambda one, other: other in one,
}  # fmt: skip

Predicate = tuple[str, str, str]
Alternatives = list[list[Predicate]]


def values(one: Any, path: str) -> list[str]:
    """Everything that stands at a path, through lists."""
    if isinstance(one, list):
        return [value for each in one for value in values(each, path)]
    if not path:
        return [str(one)]
    name, _, rest = path.partition(".")
    return values(one[name], rest) if name in one else []


def holds(one: Object, predicate: Predicate) -> bool:
    field, operator, value = predicate
    there = [each.lower() for each in values(one, field)]
    if field == "dateLastModified":
        at = datetime.fromisoformat(value)
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        value = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
    if operator == "!=":
        return value.lower() not in there
    return any(TESTS[operator](each, value.lower()) for each in there)


def expected(objects: list[Object], alternatives: Alternatives) -> list[Object]:
    return [
        one for one in objects if any(all(holds(one, each) for each in all_of) for all_of in
                                      alternatives)
    ]  # fmt: skip


def written(alternatives: Alternatives) -> str:
    return " OR ".join(
        " AND ".join(
            f"{field}{operator}'{value.replace(chr(39), chr(39) * 2)}'"
            for field, operator, value in all_of
        )
        for all_of in alternatives
    )


def predicates(objects: list[Object], fields: tuple[str, ...]) -> st.SearchStrategy[Predicate]:
    """Comparisons with values that are there, parts of them, and others."""

    def of(field: str) -> st.SearchStrategy[Predicate]:
        known = sorted({each for one in objects for each in values(one, field)}) or ["x"]
        if field == "dateLastModified":
            times = [*known, "2026-11-24", "2026-11-24T12:00:00Z", "2026-11-24T13:05:00.251+01:00"]
            return st.tuples(st.just(field), st.sampled_from(sorted({*TESTS, "!="} - {"~"})),
                             st.sampled_from(times))  # fmt: skip
        near = [each[: len(each) // 2] for each in known] + [each.upper() for each in known]
        found = st.sampled_from([*known, *near, "", "a", "'", "żółć", "%", "_", "\\", "zzz"])
        operators = ["=", "!="] if field in SEVERAL else [*TESTS, "!="]
        return st.tuples(st.just(field), st.sampled_from(operators), found)

    return st.sampled_from(fields).flatmap(of)


def test_every_filter_chooses_what_it_says(world: World) -> None:
    """Red when a field is read from another column, a comparison with what is absent holds, or
    ``AND`` and ``OR`` are taken for one another.
    """
    world.clock.move(minutes=5)
    world.import_files(
        pupils=PUPILS.replace("U-5;Piotr;Kowalski;piotr.kowalski;;;LO 3\n", "").replace(
            "Jan;Żółć", "Jan;O'Żółć"
        ),
        assignments="grupa;osoba\nG-1;U-1\nG-1;U-2\nG-2;U-1\nG-2;U-3\nG-2;P-1\nG-3;P-2\n",
        choices={"allow_deactivations": True, "max_deactivated_percent": 90},
    )
    for (base, path), fields in FIELDS.items():
        roster = Roster(world, base)
        objects = roster.page(path)
        assert objects
        check_filters(roster, path, objects, fields)


def check_filters(
    roster: Roster, path: str, objects: list[Object], fields: tuple[str, ...]
) -> None:
    several = st.lists(st.lists(predicates(objects, fields), min_size=1, max_size=3),
                       min_size=1, max_size=3)  # fmt: skip

    @examples(60)
    @given(several)
    def check(alternatives: Alternatives) -> None:
        found = roster.page(path, filter=written(alternatives), limit=10_000)
        assert found == expected(objects, alternatives)
        answer = roster.get(path, filter=written(alternatives), limit=1)
        assert answer.headers["X-Total-Count"] == str(len(found))

    check()


def test_a_filter_narrows_a_nested_list(world: World) -> None:
    """Red when the filter stands in the place of what the address says."""
    path = f"classes/{Roster(world).id_of('G-1')}/students"
    found = Roster(world).page(path, filter="givenName='jan' OR role='student' OR role='teacher'")
    assert len(found) == 3
    one = Roster(world).page(path, filter="givenName='jan' OR givenName='anna'")
    assert [each["familyName"] for each in one] == ["Żółć"]


def test_a_plus_sign_that_was_not_encoded_is_one_still(world: World) -> None:
    address = "/sp12/ims/oneroster/v1p1/users?filter=dateLastModified>'2026-11-24T00:00:00+01:00'"
    answer = world.app.test_client().get(
        address, headers={"Authorization": f"Bearer {world.token}"}
    )
    assert answer.headers["X-Total-Count"] == "7"

"""Whatever is asked: an answer or a refusal in the words of the version, never a fault."""

from __future__ import annotations

from itertools import cycle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests.fuzzing.budget import examples
from tests.oneroster.rosters import GOOGLE, SDS, WRAPPERS, Roster
from tests.oneroster.test_errors import minor_of
from tests.oneroster.test_specification import NESTED, ids
from tests.school import World

TIMES = (
    "2026-11-24", "0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31", "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59-14:00",
    "0000-01-01", "2026-02-30", "2026-11-24T24:00:00Z", "2026-11-24T12:00:60Z", "2026-W10-1",
    "2026-11-24T12:00:00+00:60", "2026-11-24T12:00:00+2360", "2026-11-24t12:00:00z", "٢٠٢٦-11-24",
)  # fmt: skip
TEXTS = (
    "", " ", "'", "''", "%", "_", "\\", "\x00", "\x01", "\t\r\n", "ſ", "İ", "K", "e\u0301",
    "\U0001f600", "\ud83d", "99999999999999999999", "-1", "1e400", "NaN", "true", "null", '{"a":1}',
    "x' OR 'a'='a", "'; drop table resource; --", "x" * 3_000, "(" * 500, "a.b", ".", "..",
)  # fmt: skip
NAMES = (
    "sourcedId", "status", "dateLastModified", "username", "email", "phone", "role", "roles.role",
    "orgs.sourcedId", "roles.org.sourcedId", "enabledUser", "givenName", "title", "name", "type",
    "course.sourcedId", "school.sourcedId", "terms.sourcedId", "subjects", "user.sourcedId",
    "class.sourcedId", "primary", "parent.sourcedId", "children.sourcedId", "startDate",
    "schoolYear", "org.sourcedId", "courseCode", "identifier",
)  # fmt: skip
UNPUBLISHED = (
    "birthDate", "sex", "grades", "sms", "userIds", "userIds.identifier", "middleName", "password",
    "agents.sourcedId", "metadata", "metadata.pesel", "pesel", "externalId", "classCode",
    "beginDate", "orgs.href", "orgs.name", "user.username", "user.givenName", "class.title",
    "school.name", "parent", "course", "roles", "USERNAME", "user.sourcedId.x", "within",
)  # fmt: skip
PREDICATES = ("=", "!=", ">", ">=", "<", "<=", "~", "==", "<>", " LIKE ", "")

texts = st.sampled_from(TEXTS) | st.sampled_from(TIMES) | st.text(max_size=8)
comparisons = st.tuples(
    st.sampled_from((*NAMES, *NAMES, *UNPUBLISHED)), st.sampled_from(PREDICATES), texts,
    st.sampled_from(("'", "'", "'", "'", "", '"')),
).map(lambda parts: f"{parts[0]}{parts[1]}{parts[3]}{parts[2]}{parts[3]}")  # fmt: skip
filters = st.lists(comparisons, min_size=1, max_size=4).flatmap(
    lambda found: st.sampled_from((" AND ", " OR ", " and ", "AND", " XOR ")).map(
        lambda link: link.join(found)
    )
)
numbers = st.sampled_from(
    ("0", "1", "2", "10000", "10001", "2147483647", "2147483648", "9" * 30, "-1", "1.0", "٣", "")
)
queries = st.fixed_dictionaries(
    {},
    optional={
        "filter": filters,
        "sort": st.sampled_from((*NAMES, *UNPUBLISHED)) | texts,
        "orderBy": st.sampled_from(("asc", "desc", "DESC", "up", "")),
        "fields": st.lists(st.sampled_from((*NAMES, *UNPUBLISHED)) | texts).map(",".join),
        "limit": numbers,
        "offset": numbers,
    },
)


def ask(world: World, base: str, path: str, query: dict[str, str]) -> TestResponse:
    """As :meth:`Roster.get`, with texts that aren't UTF-8 too."""
    text = "&".join(
        f"{name}={quote(value, errors='surrogatepass')}" for name, value in query.items()
    )
    return world.app.test_client().get(
        f"/sp12/{base}/{path}",
        query_string=text,
        headers={"Authorization": f"Bearer {world.token}"},
    )


@pytest.mark.parametrize("base", [SDS, GOOGLE])
def test_no_odd_request_fails_the_server(world: World, base: str) -> None:
    """Red when a time has a successor that no calendar has, a year is written in one digit, or a
    NUL reaches PostgreSQL.
    """
    roster, known = Roster(world, base), ids(world)
    single = ("users/{pupil}", "orgs/{school}", "enrollments/{class}{pupil}")
    paths = [*WRAPPERS, *(each.format(**known) for each in (*NESTED, *single))]

    @examples(200)
    @given(st.sampled_from(paths), queries)
    def check(path: str, query: dict[str, str]) -> None:
        answer = ask(world, base, path, query)
        assert answer.headers["Content-Type"] == "application/json"
        if answer.status_code != 200:
            assert answer.status_code == 400, (path, query)
            minor_of(answer.get_json(), base)

    check()
    for time in TIMES:
        for operator in PREDICATES[:6]:
            for path in ("users", "enrollments", "courses"):
                answer = roster.get(path, filter=f"dateLastModified{operator}'{time}'")
                assert answer.status_code in (200, 400), (path, operator, time)


@pytest.mark.parametrize("name", ["filter", "sort", "fields", "orderBy", "limit", "offset", "x"])
def test_no_odd_text_fails_the_server(world: World, name: str) -> None:
    """Red when a NUL reaches PostgreSQL."""
    for base in (SDS, GOOGLE):
        for text in TEXTS:
            value = f"username='{text}'" if name == "filter" else text
            for path in ("users", "orgs", "enrollments"):
                answer = ask(world, base, path, {name: value})
                assert answer.status_code in (200, 400), (path, name, text)


def test_the_end_of_time_is_later_than_everything(world: World) -> None:
    """Red when the last millisecond of the calendar is refused or fails: some send it for ever."""
    for base in (SDS, GOOGLE):
        roster = Roster(world, base)
        for path in ("users", "classes", "enrollments", "orgs", "courses"):
            every = roster.page(path)
            for operator, found in (("<", every), ("<=", every), (">", []), (">=", []), ("=", [])):
                asked = f"dateLastModified{operator}'9999-12-31T23:59:59.999Z'"
                assert roster.page(path, filter=asked) == found


@pytest.mark.parametrize("base", [SDS, GOOGLE])
def test_nothing_that_is_not_published_can_be_asked_about(world: World, base: str) -> None:
    """Red when a field is looked up by its path instead of in the list: a filter that chooses, or
    an order, tells what a member says without showing it.
    """
    roster = Roster(world, base)
    for path in WRAPPERS:
        whole = roster.page(path)
        for name, operator in zip(UNPUBLISHED, cycle(PREDICATES[:7]), strict=False):
            answer = roster.get(path, filter=f"status='active' OR {name}{operator}'a'")
            assert minor_of(answer.get_json(), base) == "invalid_filter_field", (path, name)
            answer = roster.get(path, sort=name)
            assert answer.status_code == 400, (path, name)
            shown = roster.get(path, fields=name)
            if shown.status_code == 200:
                listed = next(iter(shown.get_json().values()))
                assert listed == [
                    {own: value for own, value in each.items() if own == name} for each in whole
                ]


def test_a_phone_of_an_employee_is_found_by_no_filter(world: World) -> None:
    """Red when ``phone`` is looked for in what isn't published."""
    roster = Roster(world)
    for asked in ("phone~''", "phone>''", "phone!=''", "phone~'6'"):
        listed = roster.page("users", filter=f"role='teacher' AND {asked}")
        assert all("phone" not in each for each in listed)
        assert bool(listed) is (asked == "phone!=''")  # what is absent differs from everything

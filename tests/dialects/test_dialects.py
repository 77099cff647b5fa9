"""Clients are answered as they expect: the requests that they send, kept as data.

What a case says is told in ``cases.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scim_server.database import open_database
from scim_server.scim.tolerances import TOLERANCES
from tests.dialects.cases import Case, Run, read_cases
from tests.sandbox import Sandbox, make_sandbox
from tests.school import AUDIT_KEYS, MovedClock
from tests.server.sandboxes import prepare_sandbox

CASES = read_cases()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """One sandbox on each kind of database for all cases."""
    url = prepare_sandbox(request, tmp_path_factory.mktemp("dialects")).database_url
    database = open_database(url, audit_keys=AUDIT_KEYS)
    yield make_sandbox(database, url, MovedClock(), name="dialects")
    database.close()


@pytest.fixture
def emptied(shared: Sandbox) -> Sandbox:
    """The sandbox without what the case before has left in it."""
    for path in ("/Users", "/Groups"):
        for each in shared.read(path, attributes="id")["Resources"]:
            assert shared.delete(f"{path}/{each['id']}").status_code == 204
    return shared


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_client_is_answered_as_it_expects(case: Case, emptied: Sandbox) -> None:
    Run(case, emptied)()


def test_a_case_has_a_name_of_its_own_and_a_source() -> None:
    assert len({case.id for case in CASES}) == len(CASES)
    assert [case.id for case in CASES if not (case.source and case.steps)] == []


def test_each_tolerance_has_a_name_and_a_case() -> None:
    used = {name for case in CASES for name in case.tolerances}
    assert used == set(TOLERANCES)

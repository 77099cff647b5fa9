"""A connector is made once, whatever becomes of the answers, and a refusal says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scim_server.errors import NotPushed, Unsettled
from scim_server.inbound.connectors import Connector, Connectors
from scim_server.inbound.session import Session
from scim_server.inbound.transport import Answer, Network, Unreachable
from tests.inbound.double import Double
from tests.inbound.pushed import configuration
from tests.inbound.test_simulator_connectors import body as wanted

SECRET = "uonet_cs_x"


class Asking:
    """Connectors over the double, with waits that move its clock. ``meddle`` sees every request
    first and may answer it, or nothing.
    """

    def __init__(self, double: Double, folder: Path) -> None:
        self.double = double
        self.slept: list[float] = []
        self.meddle: Callable[[str, str], Answer | None] = lambda _method, _url: None
        self.network = Network()
        of = configuration(double, folder)
        session = Session(of, self._transport, double.clock)
        self.connectors = Connectors(session, self._sleep, lambda: 0.5)

    def _transport(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        answer = self.meddle(method, url)
        return self.network(method, url, headers, body) if answer is None else answer

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.double.clock.move(seconds=seconds)

    def make(self) -> Connector:
        return self.connectors.make(wanted(self.double))

    def find(self) -> Connector | None:
        return self.connectors.find(wanted(self.double))

    @property
    def posts(self) -> int:
        calls = [each for each in self.double.calls if each.method == "POST"]
        return sum(each.path.endswith("/dataConnectors") for each in calls)


@pytest.fixture
def asking(double: Double, tmp_path: Path) -> Iterator[Asking]:
    made = Asking(double, tmp_path)
    yield made
    made.network.close()


def patching(status: int, told: Any = None) -> Callable[[str, str], Answer | None]:
    return lambda method, _: (
        Answer(status, json.dumps(told).encode()) if method == "PATCH" else None
    )


def answering(status: int, told: Any = None, *, after: int = 0) -> Callable[[str, str], Any]:
    """Meddles with posted connectors, but for the first ``after`` of them."""
    passed = 0

    def meddle(method: str, url: str) -> Answer | None:
        nonlocal passed
        if method != "POST" or not url.endswith("/dataConnectors"):
            return None
        passed += 1
        return None if passed <= after else Answer(status, json.dumps(told).encode())

    return meddle


def test_a_connector_is_made_and_found_by_its_address(asking: Asking) -> None:
    assert asking.find() is None
    made = asking.make()
    assert (made.client_id, made.is_valid, made.was_tried) == ("sp12-x", False, False)
    assert asking.find() == made
    assert asking.slept == []


@pytest.mark.parametrize("fault", ["lost", "cut", 500, 502, 503, 504, 429, "expired"])
def test_whatever_becomes_of_an_answer_one_connector_is_made(
    asking: Asking, fault: int | str
) -> None:
    """Red when ``make`` posts again without looking first."""
    asking.double.fail_next(fault, on="connectors")
    made = asking.make()
    assert [each["id"] for each in asking.double.connectors] == [made.id]
    assert asking.posts == (1 if fault == "lost" else 2)
    assert len(asking.slept) == 1


def test_the_wait_is_as_long_as_microsoft_asks(asking: Asking) -> None:
    asking.double.fail_next(429, on="connectors", retry_after=70)
    asking.make()
    assert asking.slept == [70]


def test_the_last_answer_that_is_lost_is_looked_after_too(asking: Asking) -> None:
    """Red when ``make`` gives up after the last try without a last look."""

    def only_the_last(method: str, url: str) -> Answer | None:
        posted = method == "POST" and url.endswith("/dataConnectors")
        if posted and len(asking.slept) < 7:
            return Answer(503)
        if posted:
            asking.double.fail_next("lost", on="connectors")
        return None

    asking.meddle = only_the_last
    made = asking.make()
    assert [each["id"] for each in asking.double.connectors] == [made.id]
    assert len(asking.slept) == 8


def test_a_service_that_stays_down_made_nothing_where_the_list_says_so(asking: Asking) -> None:
    asking.meddle = answering(503)
    with pytest.raises(NotPushed, match="Nothing was done") as failure:
        asking.make()
    assert not isinstance(failure.value, Unsettled)
    assert len(asking.slept) == 8


def test_a_lost_answer_and_a_silent_list_leave_it_open(asking: Asking) -> None:
    """Red when ``_last_look`` takes a list that can't be read for an empty one: the secret of a
    connector that was made would be ended.
    """

    def silent(method: str, url: str) -> Answer | None:
        if asking.posts:
            raise Unreachable("ReadTimeout")
        return None

    asking.double.fail_next("lost", on="connectors")
    asking.meddle = silent
    with pytest.raises(Unsettled, match="may have been done"):
        asking.make()
    assert asking.posts == len(asking.double.connectors) == 1


def test_a_refusal_after_a_lost_answer_leaves_it_open(asking: Asking) -> None:
    """Red when ``make`` lets a refusal stand for the whole of its tries."""
    asking.double.fail_next("cut", on="connectors")
    asking.meddle = answering(409, {"error": {"code": "Conflict"}}, after=1)
    with pytest.raises(Unsettled, match=r"409 \(Conflict\)"):
        asking.make()


def test_a_token_that_nobody_gives_makes_nothing(asking: Asking) -> None:
    asking.double.tenant.secret = "another"
    with pytest.raises(NotPushed, match="AADSTS7000215"):
        asking.make()
    asking.double.fail_next(503, on="token", times=20)
    with pytest.raises(NotPushed, match="Nothing was done") as failure:
        asking.make()
    assert not isinstance(failure.value, Unsettled)
    assert asking.posts == 0


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "source system"), (403, "IndustryData-DataConnector.ReadWrite.All"),
        (404, "source system"), (409, "same name"), (418, "Nobody here knows"), (302, "302"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_to_check_and_nothing_that_was_sent(
    asking: Asking, status: int, advice: str
) -> None:
    """Red when the message of Microsoft's error is told: it may quote the request."""
    asking.meddle = answering(
        status, {"error": {"code": "Request_BadRequest", "message": f"no {SECRET}"}}
    )
    with pytest.raises(NotPushed, match=advice) as failure:
        asking.make()
    assert "(Request_BadRequest)" in str(failure.value)
    assert SECRET not in str(failure.value)
    assert not isinstance(failure.value, Unsettled)
    assert asking.slept == []


def test_a_token_that_isn_t_taken_is_replaced_once_and_then_told(asking: Asking) -> None:
    asking.meddle = lambda _, url: Answer(401) if url.endswith("/dataConnectors") else None
    with pytest.raises(NotPushed, match="The token isn't taken"):
        asking.find()
    assert len(asking.slept) == 1


def test_missing_permission_is_told_before_anything_is_made(asking: Asking) -> None:
    asking.double.tenant.permissions = ()
    for ask in (asking.find, asking.make):
        with pytest.raises(NotPushed, match=r"ReadWrite\.All as an application permission"):
            ask()
    assert not asking.double.connectors


NEW = "uonet_cs_new"


def replaced(asking: Asking, made: Connector) -> Connector:
    new = wanted(asking.double)
    return asking.connectors.replace_credential(
        made, {**new, "displayName": "x", "credential": {**new["credential"], "clientSecret": NEW}}
    )


@pytest.mark.parametrize("fault", [None, "lost", "cut", 503, 429, "expired"])
def test_a_credential_is_replaced_and_nothing_else(asking: Asking, fault: int | str | None) -> None:
    """Red when the whole registration is sent: a name that an operator gave would be lost."""
    made = asking.make()
    before = dict(asking.double.connectors[0])
    if fault is not None:
        asking.double.fail_next(fault, on="connectors")
    assert replaced(asking, made) == made
    assert asking.double.simulator.connectors.secrets == {made.id: NEW}
    assert asking.double.connectors == [before]
    assert len(asking.slept) == (fault is not None)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_new_credential_that_is_refused_leaves_the_old_one(asking: Asking, status: int) -> None:
    made = asking.make()
    asking.meddle = patching(status, {"error": {"code": "Request_BadRequest", "message": NEW}})
    with pytest.raises(NotPushed, match=str(status)) as failure:
        replaced(asking, made)
    assert not isinstance(failure.value, Unsettled)
    assert NEW not in str(failure.value)


def test_a_new_credential_may_be_held_where_an_answer_was_lost(asking: Asking) -> None:
    """Red when a service that stays down, or a refusal after a lost answer, counts as one: the
    secret that Microsoft holds would be ended.
    """
    made = asking.make()
    asking.meddle = patching(503)
    with pytest.raises(Unsettled, match="may have been done"):
        replaced(asking, made)
    lost = iter([Answer(503), Answer(404)])
    asking.meddle = lambda method, _: next(lost) if method == "PATCH" else None
    with pytest.raises(Unsettled, match="404"):
        replaced(asking, made)


@pytest.mark.parametrize("valid", [True, False, None])
def test_what_microsoft_says_of_the_credential_is_told(asking: Asking, valid: bool | None) -> None:
    told = {"id": "c-1", "credential": {"isValid": valid, "lastValidDateTime": None}}
    asking.meddle = answering(201, told)
    made = asking.make()
    assert (made.id, made.is_valid, made.was_tried) == ("c-1", valid, False)


@pytest.mark.parametrize("told", [None, {}, {"id": "../x"}, {"id": 7}, [1]])
def test_an_answer_without_an_id_leaves_it_open(asking: Asking, told: Any) -> None:
    """Red when an id isn't held against its form: it becomes part of an address."""
    asking.meddle = answering(201, told)
    with pytest.raises(Unsettled, match="no connector's id"):
        asking.make()


def test_a_connector_is_found_on_a_later_page_and_with_a_slash(asking: Asking) -> None:
    """Red when only the first page is read, or addresses are compared as they are."""
    made = asking.make()
    ours = asking.double.simulator.connectors.all.pop(made.id)
    for number in range(5):
        other = {**ours, "id": f"o-{number}", "baseUrl": f"https://x.example.pl/{number}"}
        asking.double.simulator.connectors.all[other["id"]] = other
    asking.double.simulator.connectors.all[made.id] = {**ours, "baseUrl": ours["baseUrl"] + "/"}
    asking.double.simulator.connectors.page_size = 2
    assert asking.find() == made


def test_a_connector_that_tells_no_address_is_found_by_its_name(asking: Asking) -> None:
    """The reference's own example of the list shows type, id and name alone."""
    made = asking.make()
    known = asking.double.simulator.connectors.all[made.id]
    del known["baseUrl"]
    assert asking.find() == made
    known["@odata.type"] = "#microsoft.graph.industryData.azureDataLakeConnector"
    assert asking.find() is None


def test_a_next_page_elsewhere_is_not_followed(asking: Asking) -> None:
    """Red when the address of the next page isn't compared with Graph's: the token would go
    along.
    """
    page = {"value": [], "@odata.nextLink": "https://elsewhere.example.pl/beta"}
    asking.meddle = lambda method, url: (
        Answer(200, json.dumps(page).encode()) if url.endswith("/dataConnectors") else None
    )
    with pytest.raises(NotPushed, match="not followed"):
        asking.find()


def test_microsoft_is_asked_to_try_and_then_says_whether_it_could(asking: Asking) -> None:
    made = asking.make()
    asking.double.simulator.connectors.sign_in = lambda _: True
    asking.double.fail_next(503, on="connectors")
    asking.connectors.ask_to_try(made)
    found = asking.find()
    assert found is not None
    assert found.was_tried
    assert found.last_valid == "2026-11-24T12:00:10Z"
    with pytest.raises(NotPushed, match="404"):
        asking.connectors.ask_to_try(Connector("c-1", None, None, None))

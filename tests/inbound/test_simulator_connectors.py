"""Connectors of School Data Sync: what Graph's beta takes of them, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from scim_server.inbound.simulator.tenant import UPLOAD
from scim_server.oneroster.connector import registration
from tests.inbound.asking import call
from tests.inbound.double import Double, doubled

BASE = "https://school.example.pl/sp12"


def body(double: Double) -> dict[str, Any]:
    """The request that ``sds register`` prints, with a secret."""
    return registration(
        name="sp12", source_system=double.tenant.source_system_id,
        base_url=f"{BASE}/ims/oneroster/v1p1", client_id="sp12-x", secret="uonet_cs_x",
        token_url=f"{BASE}/oauth2/token",
    )  # fmt: skip


def url(double: Double, rest: str = "") -> str:
    return f"{double.address}/beta/external/industryData/dataConnectors{rest}"


def post(double: Double, made: dict[str, Any]) -> httpx2.Response:
    return call(double, "POST", url(double), json=made)


def test_what_we_print_is_taken_and_told_again_without_the_secret(double: Double) -> None:
    answer = post(double, body(double))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["baseUrl"] == f"{BASE}/ims/oneroster/v1p1"
    assert made["credential"]["clientId"] == "sp12-x"
    assert "sourceSystem@odata.bind" not in made
    assert call(double, "GET", url(double, f"/{made['id']}")).json() == made
    (listed,) = call(double, "GET", url(double)).json()["value"]
    assert listed == made
    assert "uonet_cs_x" not in answer.text


def test_a_connector_is_valid_once_it_was_tried_and_signs_in(double: Double) -> None:
    """Red when a credential counts as valid before anybody tried it."""
    made = post(double, body(double)).json()
    assert (made["credential"]["isValid"], made["credential"]["lastValidDateTime"]) == (False, None)
    for signs_in in (False, True, False):
        tried: list[str] = []

        def sign_in(credential: Any, tried: list[str] = tried, yes: bool = signs_in) -> bool:
            tried.append(credential["clientSecret"])
            return yes

        double.simulator.connectors.sign_in = sign_in
        assert call(double, "POST", url(double, f"/{made['id']}/validate")).status_code == 202
        assert tried == ["uonet_cs_x"]
        assert double.connectors[0]["credential"]["isValid"] is signs_in
    assert double.connectors[0]["credential"]["lastValidDateTime"] == "2026-11-24T12:00:00Z"


Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.pop("apiVersion"),
        lambda made: made.pop("isFlagsEnabled"),
        lambda made: made.pop("sourceSystem@odata.bind"),
        lambda made: made.update(vendor="UONET+"),
        lambda made: made.update(displayName="x" * 101),
        lambda made: made.update(displayName=""),
        lambda made: made.update(apiFormat="oneroster"),
        lambda made: made.update(apiVersion="2.0"),
        lambda made: made.update(isFlagsEnabled="false"),
        lambda made: made.update(baseUrl="http://school.example.pl/ims"),
        lambda made: made.update(baseUrl="school.example.pl/ims"),
        lambda made: made.update({"@odata.type": "#microsoft.graph.industryData.x"}),
        lambda made: made.update({"sourceSystem@odata.bind": "sourceSystems('x')"}),
        lambda made: made.update(credential=None),
        lambda made: made["credential"].pop("clientSecret"),
        lambda made: made["credential"].pop("@odata.type"),
        lambda made: made["credential"].update(isValid=True),
        lambda made: made["credential"].update(scope=7),
        lambda made: made["credential"].update(clientSecret=""),
        lambda made: made["credential"].update(tokenUrl="http://school.example.pl/token"),
    ],
)
def test_what_the_reference_doesn_t_allow_is_refused(double: Double, change: Change) -> None:
    wrong = body(double)
    change(wrong)
    answer = post(double, wrong)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "Request_BadRequest"
    assert not double.connectors


def patch(double: Double, id: str, changed: dict[str, Any]) -> httpx2.Response:
    return call(double, "PATCH", url(double, f"/{id}"), json=changed)


def test_a_credential_is_changed_whole_and_has_to_be_tried_anew(double: Double) -> None:
    """Red when the secret that it had is kept beside the new one's client."""
    double.simulator.connectors.sign_in = lambda _: True
    made = post(double, body(double)).json()
    call(double, "POST", url(double, f"/{made['id']}/validate"))
    new = {**body(double)["credential"], "clientId": "sp12-y", "clientSecret": "uonet_cs_y"}
    answer = patch(double, made["id"], {"@odata.type": made["@odata.type"], "credential": new})
    assert (answer.status_code, answer.content) == (204, b"")
    (known,) = double.connectors
    assert double.simulator.connectors.secrets == {made["id"]: "uonet_cs_y"}
    assert known["credential"]["clientId"] == "sp12-y"
    assert (known["credential"]["isValid"], known["credential"]["lastValidDateTime"]) == (
        False, None,
    )  # fmt: skip
    assert {**known, "credential": made["credential"]} == made
    named = {"@odata.type": made["@odata.type"], "displayName": "LO 3"}
    assert patch(double, made["id"], named).status_code == 204
    assert double.connectors[0]["displayName"] == "LO 3"


@pytest.mark.parametrize(
    "changed",
    [
        {"@odata.type": None}, {"displayName": ""}, {"apiFormat": "x"}, {"apiVersion": "2.0"},
        {"isFlagsEnabled": 0}, {"baseUrl": "x"}, {"id": "x"}, {"credential": None},
        {"credential": {"clientSecret": "x"}}, {"sourceSystem@odata.bind": "x"},
    ],
)  # fmt: skip
def test_a_change_that_the_reference_doesn_t_allow_changes_nothing(
    double: Double, changed: dict[str, Any]
) -> None:
    made = post(double, body(double)).json()
    answer = patch(double, made["id"], {"@odata.type": made["@odata.type"], **changed})
    assert answer.status_code == 400, answer.text
    assert double.connectors == [made]
    assert patch(double, "x", {"@odata.type": made["@odata.type"]}).status_code == 404


def test_a_source_system_that_isn_t_there_is_404(double: Double) -> None:
    system = double.tenant.source_system_id
    for link, status in (
        (f"{double.address}/beta/external/industryData/sourceSystems/{system}", 201),
        ("https://graph.microsoft.com/beta/external/industryData/sourceSystems('other')", 404),
    ):
        made = {**body(double), "sourceSystem@odata.bind": link}
        assert post(double, made).status_code == status


@pytest.mark.parametrize(
    ("permission", "statuses"),
    [
        (UPLOAD, (403, 403, 403, 403)),
        ("IndustryData-DataConnector.Read.All", (200, 403, 403, 403)),
        ("IndustryData-DataConnector.Upload", (403, 403, 202, 403)),
        ("IndustryData-DataConnector.ReadWrite.All", (200, 201, 202, 204)),
    ],
)
def test_each_call_needs_its_permission(permission: str, statuses: tuple[int, ...]) -> None:
    with doubled() as double:
        made = post(double, body(double)).json()["id"]
        double.tenant.permissions = (permission,)
        double.simulator.connectors.sign_in = lambda _: True
        answers = (
            call(double, "GET", url(double)),
            post(double, body(double)),
            call(double, "POST", url(double, f"/{made}/validate")),
            patch(double, made, {"@odata.type": body(double)["@odata.type"]}),
        )
        assert tuple(each.status_code for each in answers) == statuses


def test_only_the_beta_has_connectors_and_unknown_ones_are_404(double: Double) -> None:
    wrong = url(double).replace("/beta/", "/v1.0/")
    for method in ("GET", "POST"):
        assert call(double, method, wrong, json=body(double)).status_code == 400
    assert call(double, "GET", url(double, "/x")).status_code == 404
    assert call(double, "POST", url(double, "/x/validate")).status_code == 404
    assert call(double, "GET", url(double), params={"$filter": "a eq 'b'"}).status_code == 400
    assert call(double, "DELETE", url(double, "/x")).status_code == 405


def test_a_connector_is_tried_only_on_this_machine(double: Double) -> None:
    """Red when ``_gets_a_token`` doesn't ask whether the address is this machine's."""
    made = post(double, body(double)).json()["id"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scim_server.inbound.simulator.connectors.Network", None)
        assert call(double, "POST", url(double, f"/{made}/validate")).status_code == 202
    assert double.connectors[0]["credential"]["isValid"] is False

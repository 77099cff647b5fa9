"""A client ends its own token, and asks about it; another's is one that doesn't exist."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from scim_server.directory.consent import decide
from tests.isolation.neighbour import neighbour_of
from tests.oauth.asking import basic, error, in_body, own
from tests.school import SCHOOLS, World


def ask(world: World, what: str, form: dict[str, str], unit: str = "sp12") -> TestResponse:
    return world.app.test_client().post(f"/{unit}/oauth2/{what}", data=form)


def about(world: World, token: str) -> dict[str, object]:
    answer = ask(world, "introspect", in_body(*own(world)) | {"token": token})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.get_json()  # type: ignore[no-any-return]


def test_7009_2_a_token_that_its_client_ends_is_refused_at_once(world: World) -> None:
    """Red when ``revoke_token`` does nothing."""
    answer = ask(world, "revoke", in_body(*own(world)) | {"token": world.token})
    assert answer.status_code == 200
    assert world.get("/Users").status_code == 401
    assert about(world, world.token) == {"active": False}
    again = ask(world, "revoke", in_body(*own(world)) | {"token": world.token})
    assert (again.status_code, again.data) == (answer.status_code, answer.data)


def test_7009_2_1_a_token_of_another_client_is_not_ended(world: World) -> None:
    """Red when ``belongs`` doesn't compare the client; and told apart from no token by nothing."""
    other = neighbour_of(world)
    answers = {
        (each.status_code, each.data)
        for token in (other.token, "uonet_at_none", world.token[:-1])
        for each in [ask(world, "revoke", in_body(*own(world)) | {"token": token})]
    }
    assert len(answers) == 1
    assert other.get("/Users").status_code == 200


def test_7662_2_2_a_live_token_is_described(world: World) -> None:
    told = about(world, world.token)
    issued = int(world.clock().timestamp())
    assert told == {
        "active": True, "token_type": "Bearer", "client_id": world.credentials.client_id,
        "scope": "scim.read", "iat": issued, "exp": issued + 3600,
    }  # fmt: skip


def test_7662_4_nothing_is_told_of_another_s_token(world: World) -> None:
    """Red when ``Introspection`` doesn't ask ``belongs``."""
    other = neighbour_of(world)
    for token in (other.token, "uonet_at_none", world.token[:-1]):
        assert about(world, token) == {"active": False}


def test_a_token_is_active_while_a_request_with_it_is_answered(world: World) -> None:
    """Red when ``describe`` doesn't ask ``check``, or not whether the unit publishes."""
    for name in SCHOOLS:
        with world.database.write() as connection:
            decide(
                connection, world.unit, name, False, decided_by="dyrektor", actor="os:test",
                now=world.clock(),
            )  # fmt: skip
    assert world.get("/Users").status_code == 401
    assert about(world, world.token) == {"active": False}


def test_an_expired_token_is_not_active(world: World) -> None:
    world.clock.move(hours=1)
    assert about(world, world.token) == {"active": False}


@pytest.mark.parametrize("what", ["revoke", "introspect"])
def test_nobody_asks_without_proving_who_it_is(world: World, what: str) -> None:
    """Red when an endpoint doesn't authenticate its client."""
    client_id, secret = own(world)
    for form in ({}, in_body(client_id, secret[:-1]), in_body("sp12-00000000", secret)):
        error(ask(world, what, form | {"token": world.token}), 401, "invalid_client")
    elsewhere = ask(world, what, in_body(client_id, secret) | {"token": world.token}, "lo3")
    error(elsewhere, 401, "invalid_client")
    assert world.get("/Users").status_code == 200


@pytest.mark.parametrize("what", ["revoke", "introspect"])
def test_the_token_is_needed_and_a_hint_is_not(world: World, what: str) -> None:
    error(ask(world, what, in_body(*own(world))), 400, "invalid_request")
    form = in_body(*own(world)) | {"token": world.token, "token_type_hint": "of-any-kind"}
    assert ask(world, what, form).status_code == 200


def test_the_header_proves_it_as_well(world: World) -> None:
    answer = world.app.test_client().post(
        "/sp12/oauth2/introspect",
        data={"token": world.token},
        headers={"Authorization": basic(*own(world))},
    )
    assert answer.get_json()["active"] is True

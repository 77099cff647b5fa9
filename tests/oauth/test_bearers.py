"""A long-lived bearer: off until it is allowed, reads and no more, and ends when it should."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from werkzeug.test import TestResponse

from scim_server.app import create_app
from scim_server.audit import entries
from scim_server.errors import BadInput, Refused
from scim_server.oauth import clients, credentials
from scim_server.oauth.credentials import Bearer, Secret, live_secrets
from scim_server.oauth.notices import due
from scim_server.oauth.secrets import (
    bearer_id,
    is_token,
    new_bearer,
    new_secret,
    new_token,
    secret_id,
)
from scim_server.oauth.tables import credential
from scim_server.oauth.tokens import last_uses
from tests.isolation.neighbour import neighbour_of
from tests.oauth.asking import GRANT, ask, basic, error, in_body, own
from tests.sandbox import USER, Sandbox
from tests.school import World

OTHER_KEY = "an0therKeyOfTheTests-9876543210zyxwvutsrqponml"


@pytest.fixture
def open_world(world: World) -> World:
    """The school of a server whose operator lets long-lived bearers in."""
    return restarted(world, long_lived_tokens=True)


def restarted(world: World, **changes: Any) -> World:
    settings = dataclasses.replace(world.settings, **changes)
    app = create_app(settings, clock=world.clock, database=world.database, between_requests=False)
    return dataclasses.replace(world, settings=settings, app=app)


def issue(world: World | Sandbox, **terms: Any) -> Bearer:
    terms = {"accepted": True, **terms}
    with world.database.write() as connection:
        return credentials.issue_bearer(
            connection, world.unit, key=world.settings.key("digest"),
            public_url=world.settings.public_url, now=world.clock(), actor="os:test", **terms,
        )  # fmt: skip


def named(made: Bearer) -> str:
    name = bearer_id(made.secret_token)
    assert name is not None
    return name


def revoke(world: World, secret: str, **terms: Any) -> None:
    with world.database.write() as connection:
        credentials.revoke(
            connection, world.unit, secret, now=world.clock(), actor="os:test", **terms
        )


def live(world: World) -> list[Secret]:
    with world.database.read() as connection:
        return live_secrets(connection, world.unit.id, world.clock())


def read(world: World, token: str, path: str = "/sp12/scim/v2/Users") -> TestResponse:
    return world.app.test_client().get(path, headers={"Authorization": f"Bearer {token}"})


def about(world: World, token: str) -> dict[str, Any]:
    form = in_body(*own(world)) | {"token": token}
    answer = world.app.test_client().post("/sp12/oauth2/introspect", data=form)
    assert answer.status_code == 200
    return answer.get_json()  # type: ignore[no-any-return]


def test_a_bearer_reads_its_unit_and_its_use_is_remembered(open_world: World) -> None:
    made = issue(open_world)
    answer = read(open_world, made.secret_token)
    assert answer.status_code == 200
    assert answer.get_json()["totalResults"] == 7
    use = last_uses(open_world.database, [named(made)])[named(made)]
    assert use.read == open_world.clock().replace(microsecond=0)
    assert use.token is None


def test_no_bearer_is_accepted_while_the_setting_is_off(world: World) -> None:
    """Red when ``_look_up_bearer`` doesn't ask ``_long_lived``: not even one that was issued while
    it was on.
    """
    made = issue(world)
    assert read(world, made.secret_token).status_code == 401
    assert about(world, made.secret_token) == {"active": False}
    on = restarted(world, long_lived_tokens=True)
    assert read(on, made.secret_token).status_code == 200
    off = restarted(on, long_lived_tokens=False)
    assert read(off, made.secret_token).status_code == 401
    assert read(off, world.token).status_code == 200


def test_none_is_issued_while_the_setting_is_off(world: World) -> None:
    """Red when ``issue_bearer`` doesn't ask ``accepted``."""
    with pytest.raises(Refused, match="SCIM_LONG_LIVED_TOKENS=on"):
        issue(world, accepted=False)
    assert [each.kind for each in live(world)] == ["secret"]


def test_a_bearer_may_read_and_no_more(sandbox: Sandbox) -> None:
    """Red when a bearer is given its client's scopes."""
    settings = dataclasses.replace(sandbox.settings, long_lived_tokens=True)
    app = create_app(
        settings, clock=sandbox.clock, database=sandbox.database, between_requests=False
    )
    headers = {"Authorization": f"Bearer {issue(sandbox).secret_token}"}
    users = f"/{sandbox.unit.name}/scim/v2/Users"
    body = {"schemas": [USER], "userName": "ola"}
    refused = app.test_client().post(users, json=body, headers=headers)
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert app.test_client().get(users, headers=headers).get_json()["totalResults"] == 0


def test_a_client_that_may_not_read_gets_none(sandbox: Sandbox) -> None:
    """Red when ``issue_bearer`` doesn't look at the client's scopes."""
    with sandbox.database.write() as connection:
        clients.add(
            connection, sandbox.unit, "writer", scopes=["scim.write"], now=sandbox.clock(),
            actor="os:test",
        )  # fmt: skip
    with pytest.raises(Refused, match=r"lacks scim\.read"):
        issue(sandbox, client_name="writer")


def test_a_bearer_of_another_unit_is_refused(open_world: World) -> None:
    other = neighbour_of(open_world)
    made = issue(other)
    assert read(open_world, made.secret_token).status_code == 401
    assert read(open_world, made.secret_token, "/lo3/scim/v2/Users").status_code == 200


def test_a_name_without_its_random_part_opens_nothing(open_world: World) -> None:
    """Red when ``_kept_bearer`` doesn't compare the digest."""
    made, other = issue(open_world), issue(open_world)
    with open_world.database.write() as connection:  # the name of one before the other's digest
        connection.execute(delete(credential).where(credential.c.id == named(made)))
        this = update(credential).where(credential.c.id == named(other))
        connection.execute(this.values(id=named(made)))
    assert read(open_world, made.secret_token).status_code == 401


def test_every_altered_end_of_a_bearer_is_refused(open_world: World) -> None:
    """Red when ``check`` cuts what it is given to the length of a bearer."""
    text = issue(open_world).secret_token
    for other in (text[:-1], text + "a", text[1:], text + "=", f"{text},{text}", text.upper()):
        assert read(open_world, other).status_code == 401


def test_a_revoked_bearer_is_refused_at_the_next_request(open_world: World) -> None:
    """Red when ``check`` loses ``revoked is not None``."""
    made = issue(open_world)
    assert read(open_world, made.secret_token).status_code == 200
    revoke(open_world, named(made))
    assert read(open_world, made.secret_token).status_code == 401
    assert read(open_world, open_world.token).status_code == 200


def test_a_bearer_ends_with_its_life(open_world: World) -> None:
    """Red when ``_look_up_bearer`` doesn't hand on when it expires."""
    made = issue(open_world, life=timedelta(days=1))
    open_world.clock.move(days=1, seconds=-1)
    assert read(open_world, made.secret_token).status_code == 200
    open_world.clock.move(seconds=1)
    assert read(open_world, made.secret_token).status_code == 401


def test_a_disabled_client_s_bearer_is_refused(open_world: World) -> None:
    """Red when ``check`` loses ``disabled``."""
    made = issue(open_world)
    with open_world.database.write() as connection:
        clients.set_disabled(
            connection, open_world.unit, "main", True, now=open_world.clock(), actor="os:test"
        )
    assert read(open_world, made.secret_token).status_code == 401


def test_a_bearer_reads_nothing_that_no_director_publishes(open_world: World) -> None:
    made = issue(open_world)
    for name in ("SP 12", "LO 3"):
        open_world.decide(name, False)
    assert read(open_world, made.secret_token).status_code == 401
    assert about(open_world, made.secret_token) == {"active": False}


def test_a_bearer_is_no_client_secret(open_world: World) -> None:
    """Red when ``TokenEndpoint`` doesn't ask for the kind ``secret``."""
    made = issue(open_world)
    name, _ = own(open_world)
    error(ask(open_world, GRANT | in_body(name, made.secret_token)), 401, "invalid_client")
    header = basic(name, made.secret_token)
    error(ask(open_world, GRANT, authorization=header), 401, "invalid_client")


def test_a_client_secret_is_no_bearer(open_world: World) -> None:
    """Red when ``_bearer`` doesn't ask for the kind ``bearer``."""
    assert read(open_world, own(open_world)[1]).status_code == 401
    made = issue(open_world)
    with open_world.database.write() as connection:
        this = update(credential).where(credential.c.id == named(made))
        connection.execute(this.values(kind="secret"))
    assert read(open_world, made.secret_token).status_code == 401


def test_a_bearer_is_kept_as_a_digest_under_a_named_key(open_world: World) -> None:
    made = issue(open_world)
    with open_world.database.read() as connection:
        row = connection.execute(select(credential).where(credential.c.id == named(made))).one()
    assert row.kind == "bearer"
    assert row.key == open_world.settings.key("digest").id
    assert made.secret_token[-49:] not in repr(row)


def test_a_bearer_outlives_a_master_key_that_is_replaced(open_world: World) -> None:
    """Red when ``_look_up_bearer`` has nothing renewed."""
    made = issue(open_world)
    changing = restarted(
        open_world, master_key=OTHER_KEY, previous_master_key=open_world.settings.master_key
    )
    assert read(changing, made.secret_token).status_code == 200
    changing.app.extensions["rounds"].run_all()
    changed = restarted(open_world, master_key=OTHER_KEY)
    assert read(changed, made.secret_token).status_code == 200
    assert read(open_world, made.secret_token).status_code == 401


def test_two_live_bearers_beside_two_live_secrets(open_world: World) -> None:
    """Red when ``_give`` counts both kinds together."""
    for _ in range(2):
        issue(open_world)
    with pytest.raises(Refused, match="two live bearers"):
        issue(open_world)
    with open_world.database.write() as connection:
        credentials.rotate(
            connection, open_world.unit, key=open_world.settings.key("digest"),
            public_url=open_world.settings.public_url, now=open_world.clock(), actor="os:test",
        )  # fmt: skip
    assert sorted(each.kind for each in live(open_world)) == ["bearer"] * 2 + ["secret"] * 2


@pytest.mark.parametrize("life", [timedelta(hours=23), timedelta(days=365, seconds=1)])
def test_a_bearer_lives_a_day_to_a_year(world: World, life: timedelta) -> None:
    with pytest.raises(BadInput, match="1 to 365 days"):
        issue(world, life=life)


def test_a_live_bearer_doesn_t_let_the_last_secret_be_revoked(world: World) -> None:
    """Red when ``revoke`` counts a bearer where a secret is needed."""
    made = issue(world)
    first = secret_id(own(world)[1])
    assert first is not None
    with pytest.raises(Refused, match="last live secret"):
        revoke(world, first)
    revoke(world, first, force=True)
    with pytest.raises(Refused, match="last live bearer"):
        revoke(world, named(made))
    revoke(world, named(made), force=True)
    assert live(world) == []


def test_7662_a_bearer_is_described_to_its_own_client_alone(open_world: World) -> None:
    """Red when ``belongs`` doesn't compare the client of a bearer."""
    made, other = issue(open_world), neighbour_of(open_world)
    issued = int(open_world.clock().timestamp())
    assert about(open_world, made.secret_token) == {
        "active": True, "token_type": "Bearer", "client_id": own(open_world)[0],
        "scope": "scim.read", "iat": issued, "exp": issued + 180 * 86_400,
    }  # fmt: skip
    assert about(open_world, issue(other).secret_token) == {"active": False}


def test_7009_a_client_ends_its_bearer_for_good_and_it_is_recorded(open_world: World) -> None:
    """Red when ``forget`` looks at access tokens alone."""
    made, other = issue(open_world), neighbour_of(open_world)
    foreign = issue(other)
    for token in (made.secret_token, made.secret_token, foreign.secret_token):
        form = in_body(*own(open_world)) | {"token": token}
        answer = open_world.app.test_client().post("/sp12/oauth2/revoke", data=form)
        assert answer.status_code == 200
    assert read(open_world, made.secret_token).status_code == 401
    assert read(open_world, foreign.secret_token, "/lo3/scim/v2/Users").status_code == 200
    with open_world.database.read() as connection:
        (ended,) = entries(connection, unit="sp12", action="credential.revoked")
    assert ended["actor"] == own(open_world)[0]
    assert ended["facts"]["secret"] == named(made)


def test_a_bearer_is_warned_of_by_its_kind(world: World) -> None:
    """Red when ``_of_client`` looks at the last credential to end, whichever kind it is."""
    made = issue(world, life=timedelta(days=20))
    (notice,) = due(world.database, world.clock())
    assert (notice.code, notice.secret, notice.stage) == ("credential.expiring", named(made), 30)
    assert f"The bearer {named(made)} of main ends" in notice.text
    assert "scim-server credentials bearer sp12 --client main" in notice.text
    world.clock.move(days=20)
    assert due(world.database, world.clock()) == []


def test_a_client_that_had_bearers_alone_is_told_how_to_get_another(world: World) -> None:
    issue(world, life=timedelta(days=300))
    revoke(world, str(secret_id(own(world)[1])), force=True)
    world.clock.move(days=300)
    codes = {each.code: each.text for each in due(world.database, world.clock())}
    assert "credentials bearer sp12 --client main" in codes["credential.none"]


def test_a_bearer_is_told_from_what_looks_like_it() -> None:
    text = new_bearer().text
    assert bearer_id(text)
    assert secret_id(text) is None
    assert not is_token(text)


def test_a_scanner_finds_whatever_leaks_by_the_expression_that_the_page_tells() -> None:
    page = (Path(__file__).parents[2] / "SECURITY.md").read_text("utf-8")
    (told,) = re.findall(r"^uonet_.*$", page, re.MULTILINE)
    for text in (new_bearer().text, new_secret().text, new_token()):
        assert re.fullmatch(told, text)

"""What Authlib leaves open when it is used as it comes, and what holds each of it shut.

=========================================== ====================================================
what Authlib does by itself                 what would turn red
=========================================== ====================================================
a secret that ended still gets a token      test_a_secret_ends_with_its_year
a token lives for 864,000 s                 test_credentials_come_by_header_by_body_or_both
0 s of life mean for ever                   here
an unknown client isn't a wrong secret      test_an_unknown_client_and_a_wrong_secret_look_alike
of two credentials the first decides        test_credentials_by_both_ways_must_agree, and here
a repeated parameter is taken               test_a_repeated_parameter_is_refused, and here
any scope is granted, an unknown one empty  test_an_unknown_scope_is_refused, and here
a guard without a scope takes any token     here: none of its guards is used
secrets and tokens are kept in clear        test_what_is_stored_is_neither_secret_nor_token
an error code where there was no token      test_no_address_answers_without_a_token
any client asks about any token             test_7662_4_nothing_is_told_of_another_s_token
another's token is told from none           test_7009_2_1_a_token_of_another_client_is_not_ended
a variable lets secrets travel in clear     tests/test_settings
plain http behind a proxy is an exception   here
Basic that is no UTF-8 is an exception      test_malformed_basic_is_an_unknown_client, and here
a secret that isn't there is an exception   here; one beyond ASCII: …_look_alike
the grant's name is taken from the address  test_parameters_in_the_address_are_refused, and here
its log tells the token                     test_no_database_file_and_no_log_holds_a_secret…
a client proves itself by its name alone    here
=========================================== ====================================================

The others lie in test_token_endpoint, test_own_tokens, test_secrets_and_tokens, and in
``tests/security``.
"""

from __future__ import annotations

import ast
import base64
import configparser
import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from werkzeug.test import TestResponse

from scim_server.app import create_app
from scim_server.clock import stamp
from scim_server.oauth.server import Client
from scim_server.oauth.tables import access_token, credential
from tests.isolation.neighbour import neighbour_of
from tests.oauth.asking import FORM, GRANT, ask, basic, error, in_body, own
from tests.school import World

ROOT = Path(__file__).parents[2]
ENDPOINTS = ("token", "revoke", "introspect")
SAFE_SINCE = (1, 6, 9)
"""The first Authlib without the faults in the keys and hashes of signed tokens that came before."""

EVERYWHERE = pytest.mark.parametrize("endpoint", ENDPOINTS)


def path(endpoint: str) -> str:
    return f"/sp12/oauth2/{endpoint}"


def right(world: World, endpoint: str) -> dict[str, str]:
    """What the endpoint is asked, without who asks."""
    return dict(GRANT) if endpoint == "token" else {"token": world.token}


def test_the_floor_is_an_authlib_without_known_faults() -> None:
    """Red when setup.cfg lets in what came before 1.6.9."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    (line,) = re.findall(r"^authlib.*$", config["options"]["install_requires"], re.MULTILINE)
    (floor,) = re.findall(r">=([0-9.]+)", line)
    assert tuple(map(int, floor.split("."))) >= SAFE_SINCE


def test_no_guard_of_authlib_s_is_used() -> None:
    """``require_oauth()`` without a scope takes any live token: the route table decides instead.

    Red when a module imports ``ResourceProtector``, or names its decorator.
    """
    for module in (ROOT / "scim_server").rglob("*.py"):
        names = {
            name
            for node in ast.walk(ast.parse(module.read_text("utf-8")))
            for name in (
                getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", ""),
            )
            if isinstance(name, str)
        }  # fmt: skip
        assert names & {"ResourceProtector", "require_oauth", "BearerTokenValidator"} == set(), (
            f"{module}: what a route needs stands in the route table"
        )


@pytest.mark.parametrize("life", [0, -1])
def test_a_token_without_a_life_is_refused(world: World, life: int) -> None:
    """Red when ``check`` says ``0 < expires <= self._now()``."""
    issued = int(world.clock().timestamp())
    for expires in (0, issued + life):
        with world.database.write_tokens() as connection:
            connection.execute(update(access_token).values(expires=expires))
        assert world.get("/Users").status_code == 401


@EVERYWHERE
@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8000/", "http://scim.example.edu.pl/"])
def test_plain_http_behind_a_proxy_is_answered(world: World, endpoint: str, base_url: str) -> None:
    """Red when ``_Request`` is made with the address that the request came by."""
    settings = dataclasses.replace(world.settings, public_url="https://scim.example.edu.pl")
    app = create_app(settings, clock=world.clock, database=world.database, between_requests=False)
    behind = dataclasses.replace(world, settings=settings, app=app)
    form = right(world, endpoint) | in_body(*own(world))
    assert ask(behind, form, path=path(endpoint), base_url=base_url).status_code == 200
    wrong = ask(behind, form | {"client_secret": "x"}, path=path(endpoint), base_url=base_url)
    error(wrong, 401, "invalid_client")


def test_a_credential_without_a_secret_is_no_exception(world: World) -> None:
    """A trust in somebody's keys has no digest. Red when ``_rows`` loses its ``kind``."""
    name, secret = own(world)
    until = world.clock().replace(year=2040)
    with world.database.write() as connection:
        connection.execute(
            insert(credential).values(
                id="TRUSTED1", client_id=name, kind="trust", terms={}, created=stamp(world.clock()),
                expires=stamp(until),
            )
        )  # fmt: skip
    assert ask(world, GRANT | in_body(name, secret)).status_code == 200
    for wrong in ("x", "None", "null", "TRUSTED1", "zażółć"):
        error(ask(world, GRANT | in_body(name, wrong)), 401, "invalid_client")


@pytest.mark.parametrize(
    "asked", ["scim.read scim.write", "scim.write", "x scim.read", "*", "", None]
)
def test_a_client_is_granted_no_more_than_it_has(asked: str | None) -> None:
    """Red when ``get_allowed_scope`` grants what was asked."""
    nothing: Any = None
    client = Client(
        "sp12-x", 1, "register", "scim.read", disabled=False, publishes=True, live={}, keys=(),
        renewals=nothing,
    )  # fmt: skip
    assert client.get_allowed_scope(asked) in ("scim.read", "")
    assert client.get_allowed_scope("") == "scim.read"


@EVERYWHERE
def test_a_client_s_name_alone_proves_nothing(world: World, endpoint: str) -> None:
    """Red when ``AUTH_METHODS`` has ``none``."""
    name, _ = own(world)
    for form in ({"client_id": name}, in_body(name, ""), {"client_id": name, "code_verifier": "x"}):
        for header in (None, basic(name, ""), "None"):
            answer = ask(
                world, right(world, endpoint) | form, path=path(endpoint), authorization=header
            )
            error(answer, 401, "invalid_client")
    assert world.get("/Users").status_code == 200


@pytest.mark.parametrize(
    "grant",
    [
        "authorization_code", "password", "refresh_token", "implicit", "none", "client-credentials",
        "urn:ietf:params:oauth:grant-type:device_code", "client_credentials\0", "CLIENT",
        "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:openid:params:grant-type:ciba",
        "urn:ietf:params:oauth:grant-type:saml2-bearer", "client_credentials password",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ],
)  # fmt: skip
def test_there_is_one_grant(world: World, grant: str) -> None:
    """Red when another grant of Authlib's is registered."""
    form = in_body(*own(world)) | {
        "grant_type": grant, "username": "anna.kowalska", "password": "x", "code": "x",
        "refresh_token": world.token, "device_code": "x", "assertion": "a.b.c",
        "redirect_uri": "https://client.example/", "subject_token": world.token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }  # fmt: skip
    error(ask(world, form), 400, "unsupported_grant_type")


@EVERYWHERE
def test_nothing_is_read_from_the_address(world: World, endpoint: str) -> None:
    """Red when ``revoke`` or ``introspect`` goes past ``_checked``."""
    name, secret = own(world)
    given = right(world, endpoint)
    whole = given | in_body(name, secret)
    for part in (whole, given, in_body(name, secret), {"token": world.token}, {"x": "1"}):
        query = "&".join(f"{key}={value}" for key, value in part.items())
        rest = {key: value for key, value in whole.items() if key not in part}
        for form in (rest, whole):
            error(ask(world, form, path=f"{path(endpoint)}?{query}"), 400, "invalid_request")
    assert world.get("/Users").status_code == 200


@EVERYWHERE
def test_only_a_form_of_single_parameters_is_read(world: World, endpoint: str) -> None:
    """Red when ``_checked`` no longer calls ``_check_form``."""
    form = right(world, endpoint) | in_body(*own(world))
    web = world.app.test_client()
    error(web.post(path(endpoint), json=form), 400, "invalid_request")
    several = web.post(path(endpoint), data=form, content_type="multipart/form-data")
    error(several, 400, "invalid_request")
    pairs = [f"{key}={value}" for key, value in form.items()]
    for again in pairs:
        twice = "&".join([*pairs, again])
        error(ask(world, twice, path=path(endpoint), content_type=FORM), 400, "invalid_request")
    assert world.get("/Users").status_code == 200


@EVERYWHERE
def test_who_asks_is_told_by_credentials_that_agree_and_can_be_read(
    world: World, endpoint: str
) -> None:
    """Red when an endpoint authenticates past ``authenticate_client``."""
    name, secret = own(world)
    other = own(neighbour_of(world))
    given = right(world, endpoint)
    unreadable = "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode()
    for form, header in (
        (in_body(name, secret), basic(name, "x")), (in_body(name, "x"), basic(name, secret)),
        (in_body(*other), basic(name, secret)), (in_body(name, secret), basic(*other)),
        ({}, unreadable), (in_body(name, secret), unreadable), ({}, "Basic !"),
        (in_body(name, "zażółć"), None), ({}, basic(name, "zażółć")), (in_body(name, "\0"), None),
        (in_body(name, secret), f"Bearer {world.token}"),
    ):  # fmt: skip
        answer = ask(world, given | form, path=path(endpoint), authorization=header)
        error(answer, 401, "invalid_client")
    assert world.get("/Users").status_code == 200


@EVERYWHERE
def test_no_answer_is_kept_by_anyone(world: World, endpoint: str) -> None:
    """RFC 6749 §5.1: a kept answer would be a kept token. Red when Authlib no longer says so."""
    form = right(world, endpoint) | in_body(*own(world))
    answers: list[TestResponse] = [
        ask(world, form, path=path(endpoint)),
        ask(world, form | {"client_secret": "x"}, path=path(endpoint)),
        ask(world, {}, path=path(endpoint)),
        world.app.test_client().get(path(endpoint)),
    ]
    assert [each.status_code for each in answers] == [200, 401, 400, 405]
    for each in answers:
        assert each.headers["Cache-Control"] == "no-store"

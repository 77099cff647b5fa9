"""The token endpoint: client credentials (RFC 6749 §4.4), in the forms that Entra sends."""

from __future__ import annotations

import base64

import pytest
from werkzeug.test import TestResponse

from tests.isolation.neighbour import neighbour_of
from tests.oauth.asking import FORM, GRANT, ask, basic, error, in_body, own
from tests.sandbox import Sandbox
from tests.school import World
from tests.scim.answers import stable


def test_credentials_come_by_header_by_body_or_both(world: World) -> None:
    name, secret = own(world)
    for form, header in (
        (GRANT, basic(name, secret)),
        (GRANT | in_body(name, secret), None),
        (GRANT | in_body(name, secret), basic(name, secret)),
        (GRANT | {"client_id": name}, basic(name, secret)),
        (GRANT, basic(name, secret).replace("Basic", "basic")),
    ):
        response = ask(world, form, authorization=header)
        assert response.status_code == 200, header
        body = response.json
        assert body is not None
        assert body == {
            "access_token": body["access_token"],
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "scim.read",
        }
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Pragma"] == "no-cache"
        world.token = body["access_token"]
        assert world.get("/Users").status_code == 200


def test_credentials_by_both_ways_must_agree(world: World) -> None:
    """Red when ``authenticate_client`` loses ``_check_agreement``."""
    name, secret = own(world)
    other = neighbour_of(world)
    wrong = own(other)
    for form, header in (
        (in_body(name, secret), basic(name, "x")),
        (in_body(name, secret), basic("x", secret)),
        (in_body(name, "x"), basic(name, secret)),
        (in_body("x", secret), basic(name, secret)),
        (in_body(*wrong), basic(name, secret)),
        (in_body(name, secret), basic(*wrong)),
        (in_body(name, ""), basic(name, secret)),
        (in_body(name, secret), "Basic"),
        (in_body(name, secret), "Bearer x"),
        (in_body(name, secret), ""),
    ):
        error(ask(world, GRANT | form, authorization=header), 401, "invalid_client")


def test_an_unknown_client_and_a_wrong_secret_look_alike(world: World) -> None:
    """Red when ``authenticate_client`` lets Authlib's own words through."""
    name, secret = own(world)
    with_secret = [
        (name, "x"), (name, secret[:-1]), (name, secret + "x"), (name, secret.swapcase()),
        ("unknown", "x"), ("unknown", secret), (name.upper(), secret), (name + " ", secret),
        (f" {name}", secret), (name[:-1], secret), ("%", secret), ("' or ''='", secret),
        ("\0", secret), (name + "\0", secret), ("żółć", secret), ("😀" * 50, secret),
        ("x" * 5_000, secret), (name, "x" * 50_000), (name, "\0"), (name, "zażółć"), ("", ""),
        (name, secret + "\0"), ("", secret), (name, " "),
    ]  # fmt: skip
    answers = {stable_of(ask(world, GRANT | in_body(*each))) for each in with_secret if all(each)}
    answers |= {stable_of(ask(world, GRANT, authorization=basic(*each))) for each in with_secret}
    assert len(answers) == 1
    (status, _, body) = answers.pop()
    assert status == 401
    assert b"invalid_client" in body


def stable_of(response: TestResponse) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    status, headers, body = stable(response)
    return status, tuple(headers), body


def test_no_credentials_or_half_of_them_are_refused(world: World) -> None:
    name, secret = own(world)
    for form in ({}, {"client_id": name}, {"client_secret": secret}, in_body(name, "")):
        response = ask(world, GRANT | form)
        error(response, 401, "invalid_client")


def test_malformed_basic_is_an_unknown_client(world: World) -> None:
    """Red when ``_check_agreement`` catches less than ``ValueError``."""
    inside = (
        b"not base64!", b"\xff\xfe:\xff", b"no-colon", b":", b"x:", b":x", b"a:b:c", b"\0:\0",
        b"\xed\xa0\x80:x", b"x" * 10_000,
    )  # fmt: skip
    headers = ["Basic " + base64.b64encode(value).decode() for value in inside]
    headers += ["Basic !!!", "Basic", "Basic =", "Basic YQ", "Basic a b"]
    headers += ["Basicx YTpi", "Digest YTpi", "Bearer YTpi", "\t", "Basic\tYTpi", "YTpi", ""]
    for header in headers:
        error(ask(world, GRANT, authorization=header), 401, "invalid_client")


@pytest.mark.parametrize("header", ["Basic ", "Basic é", "Basic \xff"])
def test_basic_without_base64_is_an_unknown_client(world: World, header: str) -> None:
    """Red when ``_check_agreement`` leaves a Basic header alone for Authlib to read."""
    error(ask(world, GRANT, authorization=header), 401, "invalid_client")


def test_a_scope_may_be_absent_empty_or_given(world: World) -> None:
    form = GRANT | in_body(*own(world))
    for scope in (None, "", " ", "scim.read", "  scim.read "):
        response = ask(world, form if scope is None else form | {"scope": scope})
        assert response.status_code == 200, scope
        assert response.json is not None
        assert response.json["scope"] == "scim.read"


def test_an_unknown_scope_is_refused(world: World) -> None:
    """Red when ``validate_requested_scope`` takes what overlaps."""
    form = GRANT | in_body(*own(world))
    for scope in (
        "scim", "scim.write", "scim.read scim.write", "SCIM.READ", "*", "scim.read,x", "openid",
        "public", "scim.read\0", "żółć", "x" * 50_000, "https://graph.microsoft.com/.default",
    ):  # fmt: skip
        error(ask(world, form | {"scope": scope}), 400, "invalid_scope")


ROSTER = "https://purl.imsglobal.org/spec/or/{}/scope/{}.readonly"


def test_onerosters_names_for_reading_are_known(world: World) -> None:
    """Red when ``meant_by`` doesn't rename them, or the answer tells another name."""
    form = GRANT | in_body(*own(world))
    names = [
        ROSTER.format(version, name)
        for version in ("v1p1", "v1p2")
        for name in ("roster-core", "roster")
    ]
    for scope in (*names, " ".join(names), f"scim.read {names[0]}"):
        response = ask(world, form | {"scope": scope})
        assert response.status_code == 200, scope
        assert response.json is not None
        assert response.json["scope"] == scope
        world.token = response.json["access_token"]
        assert world.get("/Users").status_code == 200
    for version in ("v1p1", "v1p2"):
        for refused in (
            ROSTER.format(version, "roster-demographics"), names[0].replace("readonly", "create"),
            names[0].upper(), f"{names[0]} {ROSTER.format(version, 'roster-demographics')}",
            f"{names[0]} scim.write", ROSTER.format("v1p3", "roster"),
        ):  # fmt: skip
            error(ask(world, form | {"scope": refused}), 400, "invalid_scope")


def test_a_sandbox_knows_no_scopes_of_rosters(sandbox: Sandbox) -> None:
    """Red when ``meant_by`` renames them for every kind of unit."""
    credentials = sandbox.credentials
    form = GRANT | in_body(credentials.client_id, credentials.client_secret)
    answer = sandbox.app.test_client().post(
        f"/{sandbox.unit.name}/oauth2/token",
        data=form | {"scope": ROSTER.format("v1p1", "roster")},
    )
    error(answer, 400, "invalid_scope")


def test_another_grant_is_not_supported(world: World) -> None:
    form = in_body(*own(world))
    for grant in (
        "password", "authorization_code", "refresh_token", "implicit", "CLIENT_CREDENTIALS", "x",
        "urn:ietf:params:oauth:grant-type:jwt-bearer", "client_credentials ", "",
    ):  # fmt: skip
        response = ask(world, form | {"grant_type": grant, "username": "a", "password": "b"})
        assert response.json is not None
        assert response.json["error"] in ("unsupported_grant_type", "invalid_request")
        assert response.status_code == 400
    assert ask(world, form).status_code == 400


def test_a_repeated_parameter_is_refused(world: World) -> None:
    """Red when ``_check_form`` no longer counts."""
    pairs = [*GRANT.items(), *in_body(*own(world)).items(), ("scope", "scim.read")]
    for again in (*pairs, ("scope", "x"), ("x", "1")):
        twice = [again, again] if again[0] == "x" else [again]
        text = "&".join(f"{name}={value}" for name, value in [*pairs, *twice])
        error(ask(world, text, content_type=FORM), 400, "invalid_request")


def test_parameters_in_the_address_are_refused(world: World) -> None:
    """Red when ``_check_form`` no longer looks at ``request.args``."""
    name, secret = own(world)
    form = GRANT | in_body(name, secret)
    for query in (
        f"client_id={name}&client_secret={secret}", "grant_type=client_credentials", "x=1",
        "scope=",
    ):  # fmt: skip
        path = f"/sp12/oauth2/token?{query}"
        error(ask(world, form, path=path), 400, "invalid_request")
        error(ask(world, {}, path=path), 400, "invalid_request")


def test_only_a_form_is_read(world: World) -> None:
    name, secret = own(world)
    form = GRANT | in_body(name, secret)
    client = world.app.test_client()
    path = "/sp12/oauth2/token"
    error(client.post(path, json=form), 400, "invalid_request")
    error(client.post(path, data=form, content_type="multipart/form-data"), 400, "invalid_request")
    text = "&".join(f"{k}={v}" for k, v in form.items())
    for media in ("text/plain", "", "application/x-www-form-urlencodedx"):
        error(client.post(path, data=text, content_type=media), 400, "invalid_request")
    for media in (FORM, f"{FORM}; charset=utf-8", FORM.upper()):
        assert client.post(path, data=text, content_type=media).status_code == 200


def test_a_form_that_can_not_be_read_is_an_oauth_error(world: World) -> None:
    for raw in (b"%ff=%ff", b"\xff\xfe", b"&&&", b"=", b"grant_type", b"a=%00", b"=&" * 9_999):
        response = ask(world, raw, content_type=FORM)
        assert response.status_code in (400, 401, 413)
        assert response.json is not None
        assert response.json["error"] in (
            "invalid_request", "invalid_client", "unsupported_grant_type",
        )  # fmt: skip


def test_a_wrong_unit_in_the_path_is_an_unknown_client(world: World) -> None:
    """Red when ``_rows`` loses ``unit.c.name``."""
    form = GRANT | in_body(*own(world))
    neighbour_of(world)
    for unit in ("lo3", "none", "SP12", "sp1", "sp12%20", "%C5%BC", "x" * 500, "%ff"):
        error(ask(world, form, path=f"/{unit}/oauth2/token"), 401, "invalid_client")


def test_a_unit_that_no_database_can_look_for_is_an_unknown_client(world: World) -> None:
    """Red when ``_client`` asks PostgreSQL for a name with NUL."""
    form = GRANT | in_body(*own(world))
    error(ask(world, form, path="/sp12%00/oauth2/token"), 401, "invalid_client")


def test_another_method_is_refused(world: World) -> None:
    client = world.app.test_client()
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        response = client.open("/sp12/oauth2/token", method=method)
        error(response, 405, "invalid_request")
        assert response.headers["Allow"] == "POST"


def test_what_the_host_header_says_decides_nothing(world: World) -> None:
    form = GRANT | in_body(*own(world))
    response = ask(world, form, base_url="http://evil.example/")
    assert response.status_code == 200
    assert b"evil" not in response.data

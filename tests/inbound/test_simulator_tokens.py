"""The double's token endpoint: client credentials as Microsoft Entra takes them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from joserfc import jwt
from joserfc.jwk import RSAKey

from scim_server.inbound.simulator.tokens import ASSERTION_TYPE
from tests.inbound.asking import ask, call, form, http, token
from tests.inbound.double import Double, doubled


def refusal(answer: httpx2.Response) -> tuple[int, str, int]:
    """Status, error and AADSTS number; the form of all refusals is held here."""
    body = answer.json()
    assert body.keys() == {
        "error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id",
    }  # fmt: skip
    (number,) = body["error_codes"]
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    return answer.status_code, body["error"], number


def test_a_token_lives_3599_seconds(double: Double) -> None:
    answer = ask(double)

    assert answer.json() | {"access_token": ""} == {
        "token_type": "Bearer", "expires_in": 3_599, "ext_expires_in": 3_599, "access_token": "",
    }  # fmt: skip
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    double.clock.move(seconds=3_598)
    assert http.get(f"{double.graph}/users", headers=bearer).status_code == 200
    double.clock.move(seconds=1)
    refused = http.get(f"{double.graph}/users", headers=bearer)
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "InvalidAuthenticationToken"
    assert "expired" in refused.json()["error"]["message"]


def test_an_answer_with_a_token_is_not_stored(double: Double) -> None:
    assert "no-store" in ask(double).headers["cache-control"]


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        ({"client_secret": None}, (401, "invalid_client", 7000216)),
        ({"client_id": "someone"}, (400, "unauthorized_client", 700016)),
        ({"client_id": None}, (400, "invalid_request", 900144)),
        ({"scope": "https://graph.microsoft.com/User.Read"}, (400, "invalid_scope", 70011)),
        ({"scope": None}, (400, "invalid_request", 900144)),
        ({"grant_type": "password"}, (400, "unsupported_grant_type", 70003)),
        ({"client_assertion": "a.b.c"}, (400, "invalid_request", 900144)),
    ],
)
def test_a_request_that_entra_refuses_is_refused_by_its_number(
    double: Double, changes: dict[str, Any], refused: tuple[int, str, int]
) -> None:
    assert refusal(ask(double, **changes)) == refused


def test_another_tenant_is_unknown(double: Double) -> None:
    url = double.token_endpoint.replace(double.tenant.tenant_id, "contoso.example")
    assert refusal(http.post(url, data=form(double))) == (400, "invalid_request", 90002)


def test_a_domain_of_the_tenant_names_it(double: Double) -> None:
    url = double.token_endpoint.replace(double.tenant.tenant_id, double.tenant.domains[0])
    assert http.post(url, data=form(double)).status_code == 200


def test_only_post_gets_a_token(double: Double) -> None:
    assert refusal(http.get(double.token_endpoint)) == (400, "invalid_request", 900561)


def test_a_parameter_that_stands_twice_is_refused(double: Double) -> None:
    twice = {**form(double), "scope": ["a", "b"]}
    assert refusal(http.post(double.token_endpoint, data=twice))[2] == 9000411


def test_the_secret_may_come_by_http_basic(double: Double) -> None:
    without = form(double, client_id=None, client_secret=None)
    basic = (double.tenant.client_id, double.tenant.secret)
    assert http.post(double.token_endpoint, data=without, auth=basic).status_code == 200


@cache
def pair() -> tuple[RSAPrivateKey, x509.Certificate]:
    key = generate_private_key(65_537, 2_048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rehearsal")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, begins, begins + timedelta(days=365)
    )
    return key, builder.sign(key, hashes.SHA256())


@pytest.fixture
def certified() -> Iterator[Double]:
    with doubled(certificate=pair()[1]) as made:
        yield made


def assertion(
    double: Double, alg: str = "PS256", header: dict[str, Any] | None = None, **changes: Any
) -> str:
    """An assertion; a change to None leaves the claim out."""
    key, certificate = pair()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    thumbprint = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    now = int(double.clock().timestamp())
    name = double.tenant.client_id
    claims = {
        "aud": double.token_endpoint, "iss": name, "sub": name, "jti": "one", "nbf": now,
        "exp": now + 300, **changes,
    }  # fmt: skip
    return jwt.encode(
        {"alg": alg, "typ": "JWT", **({"x5t#S256": thumbprint} if header is None else header)},
        {claim: value for claim, value in claims.items() if value is not None},
        RSAKey.import_key(pem),
        algorithms=[alg],
    )


def ask_signed(double: Double, text: str) -> httpx2.Response:
    return ask(
        double, client_secret=None, client_assertion_type=ASSERTION_TYPE, client_assertion=text
    )


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_a_signed_assertion_stands_for_the_secret(certified: Double, alg: str) -> None:
    assert ask_signed(certified, assertion(certified, alg)).status_code == 200


def test_an_assertion_is_good_once(certified: Double) -> None:
    """Red when the jti isn't remembered."""
    text = assertion(certified)
    ask_signed(certified, text)
    assert refusal(ask_signed(certified, text)) == (401, "invalid_client", 50027)


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"aud": "https://login.microsoftonline.com/common"}, 700023),
        ({"iss": "someone"}, 700021),
        ({"sub": "someone"}, 700021),
        ({"jti": None}, 50027),
        ({"exp": None}, 50027),
        ({"exp": 1}, 700024),
        ({"nbf": 4_102_444_800}, 700024),
        ({"alg": "PS384"}, 50027),
        ({"header": {}}, 700027),
        ({"header": {"x5t#S256": "AAAA"}}, 700027),
        ({"header": {"kid": "rehearsal"}}, 700027),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(
    certified: Double, changes: dict[str, Any], number: int
) -> None:
    text = assertion(certified, **changes)
    assert refusal(ask_signed(certified, text)) == (401, "invalid_client", number)


def test_an_assertion_of_another_key_is_refused(certified: Double) -> None:
    """Red when the signature isn't verified."""
    head, claims, signature = assertion(certified).split(".")
    other = ("A" if signature[9] != "A" else "B").join((signature[:9], signature[10:]))
    assert refusal(ask_signed(certified, f"{head}.{claims}.{other}"))[2] == 700027


def test_an_assertion_needs_a_certificate_at_the_app(double: Double) -> None:
    assert refusal(ask_signed(double, assertion(double)))[2] == 700027


@pytest.mark.parametrize("text", ["nothing", "a.b", "a.b.c", "e30.e30.", "W10.W10.AA", "ą.ę.ć"])
def test_what_is_no_assertion_is_refused(certified: Double, text: str) -> None:
    assert refusal(ask_signed(certified, text))[1] == "invalid_client"


def test_a_token_keeps_the_permissions_that_it_was_given_with(double: Double) -> None:
    bearer = {"Authorization": f"Bearer {token(double)}"}
    double.tenant.permissions = ()
    assert http.get(f"{double.graph}/users", headers=bearer).status_code == 200
    assert call(double, "GET", "/users").status_code == 403

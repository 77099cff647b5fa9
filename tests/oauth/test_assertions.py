"""A client signs in with an assertion of its own instead of a secret (RFC 7523 §3)."""

from __future__ import annotations

import base64
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from sqlalchemy import func, select

from scim_server.app import create_app
from scim_server.audit import entries
from scim_server.errors import BadInput, Refused
from scim_server.oauth import clients, credentials, trusts
from scim_server.oauth.jwks import ALGORITHMS, chosen, public_key, read_key_set, usable_keys
from scim_server.oauth.tables import used_assertion
from scim_server.oauth.trusts import Trust
from tests.isolation.neighbour import neighbour_of
from tests.oauth.asking import GRANT, ask, basic, error, in_body, own
from tests.oauth.signing import (
    ENDPOINT,
    ISSUER,
    TYPE,
    admitted,
    claims,
    distrust,
    encoded,
    keyed,
    present,
    private_key,
    published,
    refused,
    signed,
    trust_keys,
    unsigned,
)
from tests.school import World

KEY = private_key()


@pytest.fixture
def trust(world: World) -> Trust:
    """The unit's first client may sign with one key."""
    return trust_keys(world, KEY)


@pytest.mark.usefixtures("trust")
def test_an_assertion_gets_a_token(world: World) -> None:
    for audience in (ISSUER, ENDPOINT, [ISSUER]):
        admitted(world, signed(KEY, claims(world, aud=audience)))
    admitted(world, signed(KEY, claims(world)), client_id=world.credentials.client_id)
    admitted(world, signed(KEY, claims(world, nbf=int(world.clock().timestamp()), iat=None)))


@pytest.mark.usefixtures("trust")
def test_a_secret_works_beside_it(world: World) -> None:
    assert ask(world, GRANT | in_body(*own(world))).status_code == 200
    with world.database.read() as connection:
        assert len(credentials.secrets_of(connection, world.unit.id)) == 1


@pytest.mark.parametrize(
    ("alg", "kind"),
    [("RS256", "RSA"), ("PS256", "RSA"), ("RS512", "RSA"), ("PS384", "RSA"), ("ES256", "EC"),
     ("ES384", "P-384"), ("ES512", "P-521"), ("Ed25519", "OKP")],
)  # fmt: skip
def test_it_may_be_signed_with_any_announced_algorithm(world: World, alg: str, kind: str) -> None:
    key = private_key("other", kind)
    trust_keys(world, key)
    assert alg in ALGORITHMS
    admitted(world, signed(key, claims(world), alg))


@pytest.mark.usefixtures("trust")
@pytest.mark.parametrize(
    "change",
    [{"iss": "x"}, {"sub": "x"}, {"iss": None}, {"sub": None}, {"aud": None}, {"exp": None},
     {"jti": None}, {"iss": ISSUER}],
    ids=str,
)  # fmt: skip
def test_who_it_is_and_what_makes_it_single_is_needed(world: World, change: dict[str, Any]) -> None:
    """Red when ``_trusting`` compares less, or ``_check_terms`` lets a ``jti`` be left out."""
    refused(world, signed(KEY, claims(world, **change)))


@pytest.mark.usefixtures("trust")
@pytest.mark.parametrize(
    "audience",
    [f"{ISSUER}/", f"{ENDPOINT}/", "http://127.0.0.1:8000", "http://127.0.0.1:8000/lo3", "sp12",
     ISSUER.upper(), f"{ISSUER}/scim/v2", f"{ISSUER}/oauth2/revoke", "", [], [ISSUER, ENDPOINT],
     [ISSUER, "https://elsewhere.example"], [[ISSUER]], {"x": ISSUER}, 5],
    ids=str,
)  # fmt: skip
def test_its_audience_is_this_unit_and_nobody_else(world: World, audience: Any) -> None:
    """Red when ``_trusting`` takes the first of several audiences, or a prefix of one."""
    refused(world, signed(KEY, claims(world, aud=audience)))


@pytest.mark.usefixtures("trust")
@pytest.mark.parametrize(
    ("admits", "change"),
    [(True, {"exp": 660}), (False, {"exp": 661}), (True, {"exp": -59}), (False, {"exp": -60}),
     (True, {"nbf": 60}), (False, {"nbf": 61}), (True, {"iat": 60}), (False, {"iat": 61})],
)  # fmt: skip
def test_it_is_good_for_ten_minutes_by_our_clock(
    world: World, admits: bool, change: dict[str, int]
) -> None:
    """Red when ``verify_claims`` leaves out the clock, or ``_check_terms`` the longest life."""
    now = int(world.clock().timestamp())
    assertion = signed(KEY, claims(world, **{key: now + by for key, by in change.items()}))
    (admitted if admits else refused)(world, assertion)


@pytest.mark.usefixtures("trust")
def test_it_is_used_once_in_whichever_process(world: World) -> None:
    """Red when ``claim`` remembers in the process, or answers True whatever the insert did."""
    assertion = signed(KEY, claims(world, jti="once"))
    admitted(world, assertion)
    refused(world, assertion)
    other = create_app(
        world.settings, clock=world.clock, database=world.database, between_requests=False
    )
    first, world.app = world.app, other
    refused(world, assertion)
    again = signed(KEY, claims(world, jti="once", aud=ENDPOINT))
    refused(world, again)
    world.app = first
    refused(world, again)
    admitted(world, signed(KEY, claims(world, jti="twice")))


@pytest.mark.usefixtures("trust")
def test_of_many_at_once_one_is_admitted(world: World) -> None:
    """Red when ``claim`` looks first and inserts then."""
    assertion = signed(KEY, claims(world))
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(present, world, assertion) for _ in range(8)]
    statuses = sorted(each.result().status_code for each in answers)
    assert statuses == [200] + [401] * 7


@pytest.mark.usefixtures("trust")
def test_a_bad_signature_uses_nothing_up(world: World) -> None:
    """Red when ``_holder`` claims the ``jti`` before it checks the signature."""
    body = claims(world)
    refused(world, signed(private_key("stranger"), body, kid="first"))
    admitted(world, signed(KEY, body))


@pytest.mark.usefixtures("trust")
def test_what_was_used_is_forgotten_after_it_has_expired(world: World) -> None:
    """Red when ``claim`` deletes nothing, or what hasn't expired."""
    admitted(world, signed(KEY, claims(world)))
    world.clock.move(seconds=301)
    admitted(world, signed(KEY, claims(world)))
    assert _remembered(world) == 2
    world.clock.move(seconds=301)
    admitted(world, signed(KEY, claims(world)))
    assert _remembered(world) == 2


def _remembered(world: World) -> int:
    with world.database.tokens.connect() as connection:
        return connection.scalar(select(func.count()).select_from(used_assertion)) or 0


@pytest.mark.usefixtures("trust")
def test_another_key_doesn_t_sign_for_it(world: World) -> None:
    """Red when ``_is_signed`` doesn't check, or ``chosen`` takes a key of another name."""
    stranger = private_key("stranger")
    refused(world, signed(stranger, claims(world)))
    refused(world, signed(stranger, claims(world), kid="first"))
    whole = signed(KEY, claims(world))
    head, body, signature = whole.split(".")
    forged = encoded(claims(world, jti="forged"))
    for each in (f"{head}.{forged}.{signature}", f"{head}.{body}.", f"{head}.{body}.{'A' * 86}"):
        refused(world, each)
    admitted(world, whole)


def test_an_unsigned_assertion_is_refused(world: World) -> None:
    """Red when "none" is let into ``ALGORITHMS``."""
    trust_keys(world, KEY)
    for name in ("none", "None", "NONE", "nOnE", "", None):
        refused(world, unsigned({"alg": name, "kid": "first"}, claims(world)))
        refused(world, unsigned({"alg": name}, claims(world), b"x"))
    refused(world, unsigned({"kid": "first"}, claims(world)))


def test_a_public_key_is_no_shared_secret(world: World) -> None:
    """The forgery of an HS256 signature with the text of the public key. The library refuses it
    too, so this can't go red by one line alone; that no shared key gets in is held below.
    """
    key = private_key("shared", "RSA")
    assert isinstance(key, RSAKey)
    trust_keys(world, key)
    pem = key.as_pem(private=False)
    for secret in (pem, pem.strip(), key.as_der(private=False), json.dumps(key.as_dict()).encode(),
                   str(key.as_dict()["n"]).encode(), b""):  # fmt: skip
        for alg in ("HS256", "HS384", "HS512"):
            refused(world, keyed({"alg": alg, "kid": "shared"}, claims(world), secret))


def test_a_shared_key_is_never_a_key(world: World) -> None:
    """Red when "HS256" is let into ``ALGORITHMS``, or ``oct`` into ``_MEMBERS``."""
    assert not [name for name in ALGORITHMS if name.startswith(("HS", "none"))]
    shared = OctKey.import_key("a shared key of thirty-two bytes", {"kid": "o"}).as_dict(True)
    assert usable_keys({"keys": [shared]}) == ()
    with pytest.raises(BadInput, match="private or shared key"):
        read_key_set(json.dumps({"keys": [shared]}))
    with pytest.raises(BadInput, match="none of RSA, EC and OKP"):
        read_key_set('{"keys": [{"kty": "oct", "kid": "o"}]}')


@pytest.mark.usefixtures("trust")
def test_a_key_that_it_brings_along_is_not_looked_at(world: World) -> None:
    """CVE-2026-27962 and its kin. Red when ``_is_signed`` takes the key of the header."""
    stranger = private_key("stranger")
    for header in (
        {"jwk": stranger.as_dict()},
        {"jwk": stranger.as_dict(), "kid": "stranger"},
        {"jwk": stranger.as_dict(), "kid": "first"},
        {"jku": "http://127.0.0.1:1/keys", "kid": "first"},
        {"x5u": "http://127.0.0.1:1/keys", "kid": "first"},
        {"x5c": ["MIIB"], "kid": "first"},
    ):
        refused(world, signed(stranger, claims(world), **header))
    admitted(world, signed(KEY, claims(world), jwk=stranger.as_dict()))
    admitted(world, signed(KEY, claims(world), typ="client-authentication+jwt", other="ignored"))


@pytest.mark.usefixtures("trust")
def test_an_extension_that_must_be_understood_is_refused(world: World) -> None:
    """RFC 7515 §4.1.11. Red when ``extract_assertion`` lets ``crit`` through."""
    refused(world, signed(KEY, claims(world), crit=["b64"], b64=True))


@pytest.mark.usefixtures("trust")
@pytest.mark.parametrize("form", [
    {"client_secret": "x"}, {"client_secret": ""}, {"client_id": "other"}, {"client_id": ""},
    {"client_assertion_type": "x"}, {"client_assertion_type": TYPE.upper()},
    {"client_assertion_type": ""}, {"client_assertion": ""},
], ids=str)  # fmt: skip
def test_it_comes_alone_and_contradicts_nothing(world: World, form: dict[str, str]) -> None:
    """Red when ``_check_agreement`` lets an assertion stand beside a secret."""
    refused(world, signed(KEY, claims(world)), **form)


@pytest.mark.usefixtures("trust")
def test_it_is_never_sent_beside_a_right_secret(world: World) -> None:
    """Red when ``_check_agreement`` looks at an assertion only where there is no secret."""
    name, secret = own(world)
    right = {"client_assertion_type": TYPE, "client_assertion": signed(KEY, claims(world))}
    for form in (right, {"client_assertion": "x"}, {"client_assertion_type": TYPE}):
        error(ask(world, GRANT | form | in_body(name, secret)), 401, "invalid_client")
        header = basic(name, secret)
        error(ask(world, GRANT | form, authorization=header), 401, "invalid_client")
    error(ask(world, GRANT | right, authorization="Bearer x"), 401, "invalid_client")
    admitted(world, right["client_assertion"])


BAD_HEADERS: list[Any] = [
    [], "alg", {}, {"alg": []}, {"alg": {}}, {"alg": 5}, None, 5, "x", b"", b"{", b"\xff",
    b"[" * 360, b'{"alg":"ES256","kid":' + b"9" * 300 + b"}",
]  # fmt: skip
BAD_MEMBERS: list[dict[str, Any]] = [
    {"kid": 5}, {"kid": None}, {"kid": []}, {"b64": False}, {"crit": 5}, {"crit": []}, {"jwk": 5},
    {"jku": 5}, {"typ": 5},
]  # fmt: skip
BAD_PAYLOADS = [
    b"", b"{", b"[]", b"null", b'"x"', b"5", b"NaN", b"\xff", b"\0", b"[" * 5_000, b'{"a":' * 900,
    b'{"exp":' + b"9" * 5_000 + b"}",
]  # fmt: skip
BAD_CLAIMS: list[Any] = [
    True, [], {}, [[]], "", {"x": 1}, float("nan"), float("inf"), float("-inf"), [None],
]  # fmt: skip
BAD_TEXTS = ["5", "9" * 5_000, "\0", "\ud800", "żółć", "' or ''='"]


def _malformed(world: World) -> list[str]:
    """Texts that are no assertion, by themselves or in their claims."""
    good = signed(KEY, claims(world))
    head, body, signature = good.split(".")
    now = claims(world)["exp"]
    texts = [
        "", " ", ".", "..", "...", "x", "żółć", "\0", good + ".", "." + good, good + "=", good[:-1],
        f"{head}.{body}", f"{head}..{signature}", f".{body}.{signature}", f"{head}=.{body}.x",
        f"{head}.{body}.!", f"{head}.ż.{signature}", good.replace(".", ".."), good * 2,
        good + " ", "\n" + good, "x" * 9_000, good + "A" * 9_000, good + "A" * 900_000,
        signed(KEY, good.encode()), signed(KEY, good.encode(), cty="JWT"),
    ]  # fmt: skip
    texts += [unsigned(each, claims(world)) for each in BAD_HEADERS]
    texts += [unsigned({"alg": "ES256", **each}, claims(world), b"x" * 64) for each in BAD_MEMBERS]
    texts += [signed(KEY, each) for each in BAD_PAYLOADS]
    for name in ("iss", "sub", "aud", "exp", "nbf", "iat", "jti"):
        texts += [signed(KEY, claims(world, **{name: each})) for each in BAD_CLAIMS]
    for name in ("iss", "sub", "aud", "exp", "nbf", "iat"):
        texts += [signed(KEY, claims(world, **{name: each})) for each in BAD_TEXTS]
    for expires in (10**400, -(10**400), 1e308, f"{now}", 0):
        texts.append(signed(KEY, claims(world, exp=expires)))
    return texts


@pytest.mark.usefixtures("trust")
def test_a_malformed_assertion_is_refused_like_any_other(world: World) -> None:
    """Red when ``extract_assertion`` or ``_is_signed`` catches less, or ``verify_claims`` is
    left out.
    """
    for text in _malformed(world):
        refused(world, text)


@pytest.mark.usefixtures("trust")
def test_any_text_names_an_assertion(world: World) -> None:
    """Red when ``claim`` stores the ``jti`` itself, or makes UTF-8 of it without JSON."""
    for name in ("\0", "\ud800", "9" * 5_000, "żółć", "' or ''='"):
        assertion = signed(KEY, claims(world, jti=name))
        admitted(world, assertion)
        refused(world, assertion)


def test_it_holds_in_its_own_unit_alone(world: World) -> None:
    """Red when ``_trusts`` doesn't ask for the unit of the path."""
    trust_keys(world, KEY)
    other = neighbour_of(world)
    for audience in (ISSUER, ENDPOINT, ISSUER.replace("sp12", "lo3")):
        assertion = signed(KEY, claims(world, aud=audience))
        error(present(other, assertion), 401, "invalid_client")
        error(present(world, assertion, "/nowhere/oauth2/token"), 401, "invalid_client")
    error(present(world, signed(KEY, claims(world)), "/%00/oauth2/token"), 401, "invalid_client")


def test_two_clients_with_the_same_key_are_two(world: World) -> None:
    trust_keys(world, KEY)
    with world.database.write() as connection:
        second = clients.add(connection, world.unit, "sds", now=world.clock(), actor="os:test")
    assertion = signed(KEY, claims(world, iss=second.id, sub=second.id))
    refused(world, assertion)
    refused(world, signed(KEY, claims(world)), client_id=second.id)


def test_removing_a_trust_ends_its_tokens_at_once(world: World, trust: Trust) -> None:
    """Red when ``_trusted`` names no credential that the token is from."""
    by_secret = world.token
    assertion = signed(KEY, claims(world))
    admitted(world, assertion)
    distrust(world, trust)
    assert world.get("/Users").status_code == 401
    refused(world, signed(KEY, claims(world)))
    world.token = by_secret
    assert world.get("/Users").status_code == 200
    with pytest.raises(BadInput, match="no trust"):
        distrust(world, trust)


@pytest.mark.usefixtures("trust")
def test_a_disabled_client_is_refused_with_its_tokens(world: World) -> None:
    """Red when ``_holder`` doesn't look whether its client is disabled."""
    terms: dict[str, Any] = {"now": world.clock(), "actor": "os:test"}
    admitted(world, signed(KEY, claims(world)))
    with world.database.write() as connection:
        clients.set_disabled(connection, world.unit, "main", True, **terms)
    assert world.get("/Users").status_code == 401
    assertion = signed(KEY, claims(world))
    refused(world, assertion)
    with world.database.write() as connection:
        clients.set_disabled(connection, world.unit, "main", False, **terms)
    admitted(world, assertion)


def test_keys_are_replaced_one_beside_the_other(world: World, trust: Trust) -> None:
    later = private_key("later")
    trust_keys(world, later)
    admitted(world, signed(KEY, claims(world)))
    admitted(world, signed(later, claims(world)))
    distrust(world, trust)
    refused(world, signed(KEY, claims(world)))
    admitted(world, signed(later, claims(world)))


@pytest.mark.usefixtures("trust")
def test_it_serves_revocation_and_introspection_too(world: World) -> None:
    """RFC 7009 §2.1, RFC 7662 §2.1. Red when ``AUTH_METHODS`` leaves it out."""
    token = admitted(world, signed(KEY, claims(world)))
    told = present(world, signed(KEY, claims(world)), "introspect", token=token).get_json()
    assert told["active"] is True
    assert told["client_id"] == world.credentials.client_id
    refused(world, signed(private_key("stranger"), claims(world)), "introspect", token=token)
    refused(world, signed(private_key("stranger"), claims(world)), "revoke", token=token)
    assert present(world, signed(KEY, claims(world)), "revoke", token=token).status_code == 200
    assert world.get("/Users").status_code == 401


def test_the_metadata_announce_it(world: World) -> None:
    """RFC 8414 §2: with the method the algorithms have to be told."""
    told = world.app.test_client().get("/.well-known/oauth-authorization-server/sp12").get_json()
    for endpoint in ("token", "revocation", "introspection"):
        assert "private_key_jwt" in told[f"{endpoint}_endpoint_auth_methods_supported"]
        algorithms = told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        assert algorithms == list(ALGORITHMS)


@pytest.mark.usefixtures("trust")
def test_the_log_tells_why_and_nothing_that_was_sent(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Red when a refusal is logged with a claim of its."""
    log = logging.getLogger("scim_server.assertions")
    log.addHandler(caplog.handler)
    log.setLevel(logging.INFO)
    try:
        refused(world, signed(KEY, claims(world, sub="somebody", jti="a-name")))
        refused(world, signed(KEY, claims(world, aud="https://a-name.example")))
        refused(world, signed(private_key("stranger"), claims(world), kid="first"))
        used = signed(KEY, claims(world))
        admitted(world, used)
        refused(world, used)
    finally:
        log.removeHandler(caplog.handler)
        log.setLevel(logging.NOTSET)
    told = dict.fromkeys(each.getMessage().partition(": ")[2] for each in caplog.records)
    assert list(told) == [
        "no trust of the unit has its issuer and subject",
        "its audience isn't that of the trust",
        "no key of the trust signed it",
        "it was used before",
    ]
    assert not [each for each in ("somebody", "a-name", used) if each in caplog.text]


def _failing(world: World, name: str, count: int) -> list[int]:
    """The statuses of assertions of the client ``name`` that nobody signed for it."""
    network = {"HTTP_X_FORWARDED_FOR": "192.0.2.1"}
    form = {**GRANT, "client_assertion_type": TYPE}
    texts = [signed(private_key("stranger"), claims(world, iss=name, sub=name), kid="first")
             for _ in range(count)]  # fmt: skip
    answers = [
        ask(world, form | {"client_assertion": each}, environ_overrides=network) for each in texts
    ]
    return [each.status_code for each in answers]


@pytest.mark.usefixtures("trust")
def test_failures_are_slowed_down_alike_for_known_and_unknown_clients(world: World) -> None:
    """Red when ``_holder`` notes who asked for known clients alone, or not at all."""
    own_name = world.credentials.client_id
    for name in (own_name, "sp12-nobody00", "sp12-nobody01"):
        assert _failing(world, name, 12) == [401] * 10 + [429] * 2
    network = {"HTTP_X_FORWARDED_FOR": "192.0.2.1"}
    right = {**GRANT, "client_assertion_type": TYPE, "client_assertion": signed(KEY, claims(world))}
    assert ask(world, right, environ_overrides=network).status_code == 200


@pytest.mark.usefixtures("trust")
def test_refusals_are_recorded_with_their_client_where_it_is_known(world: World) -> None:
    """Red when ``_trusting`` doesn't note whose assertion it is."""
    _failing(world, world.credentials.client_id, 2)
    _failing(world, "sp12-nobody00", 3)
    present(world, signed(KEY, claims(world)), scope="scim.write")
    world.app.extensions["rounds"].run_all()
    with world.database.read() as connection:
        (known,) = entries(connection, unit="sp12", action="token.refused")
    assert known["facts"] == {
        "client": world.credentials.client_id, "reasons": {"authentication": 2, "scope": 1},
    }  # fmt: skip


def test_trusts_are_recorded_and_bounded(world: World, trust: Trust) -> None:
    for _ in range(7):
        trust_keys(world, KEY)
    with pytest.raises(Refused, match="8 trusts already"):
        trust_keys(world, KEY)
    distrust(world, trust)
    with world.database.read() as connection:
        (removed,) = entries(connection, unit="sp12", action="trust.removed")
        assert len(entries(connection, unit="sp12", action="trust.added")) == 8
        assert len(trusts.trusts_of(connection, world.unit)) == 7
    name = world.credentials.client_id
    assert removed["facts"] == {
        "client": name, "trust": trust.id, "issuer": name, "subject": name, "keys": "jwks",
    }  # fmt: skip


def test_a_key_set_holds_public_keys_alone() -> None:
    """Red when ``public_key`` doesn't look for private parts."""
    for kind in ("EC", "RSA", "OKP"):
        whole = private_key("whole", kind).as_dict(private=True)
        assert usable_keys({"keys": [whole]}) == ()
        with pytest.raises(BadInput, match="Key 2 of the set holds a private"):
            read_key_set(json.dumps({"keys": [KEY.as_dict(), whole]}))


def _rsa(bits: int) -> dict[str, str]:
    number = (1 << bits - 1) + 1
    raw = base64.urlsafe_b64encode(number.to_bytes(-(-bits // 8))).rstrip(b"=").decode()
    return {"kty": "RSA", "kid": "r", "n": raw, "e": "AQAB"}


@pytest.mark.parametrize(("bits", "fits"), [(1_024, False), (2_047, False), (2_048, True),
                                            (4_096, True), (4_097, False)])  # fmt: skip
def test_an_rsa_key_has_a_safe_length(bits: int, fits: bool) -> None:
    """Red when ``_RSA_BITS`` begins lower."""
    assert bool(usable_keys({"keys": [_rsa(bits)]})) is fits


@pytest.mark.parametrize("text", [
    "", "x", "[]", "{}", "5", '{"keys": []}', '{"keys": {}}', '{"keys": [5]}', '{"keys": [{}]}',
    '{"keys": [{"kty": []}]}', '{"keys": [{"kty": "RSA"}]}', '{"keys": [{"kty": "EC"}]}',
    '{"keys": [{"kty": "RSA", "n": 5, "e": "AQAB"}]}', '{"keys": [{"kty": "OKP", "crv": []}]}',
    '{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}',
    '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "ż"}]}',
    '{"keys": [{"kty": "OKP", "crv": "X25519", "x": "AA"}]}', "[" * 9_000,
])  # fmt: skip
def test_what_is_no_key_set_is_told_so(text: str) -> None:
    with pytest.raises(BadInput):
        read_key_set(text)


def test_keys_for_something_else_are_refused() -> None:
    changes: list[dict[str, Any]] = [
        {"use": "enc"}, {"alg": "RSA-OAEP"}, {"alg": "HS256"}, {"use": []}, {"kid": 5},
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(ValueError, match=r"signatures|malformed"):
            public_key({**KEY.as_dict(), **change})


def test_several_keys_are_told_apart_by_name() -> None:
    bare = {name: value for name, value in KEY.as_dict().items() if name != "kid"}
    other = private_key("later").as_dict()
    for listed in ([bare, other], [KEY.as_dict(), KEY.as_dict()]):
        with pytest.raises(BadInput, match="kid of its own"):
            read_key_set(json.dumps({"keys": listed}))
    two = usable_keys(read_key_set(json.dumps(published(KEY, private_key("later")))))
    assert [each and each.kid for each in (chosen(two, "later"), chosen(two, None))] == [
        "later", None
    ]  # fmt: skip
    (one,) = usable_keys(read_key_set(json.dumps({"keys": [bare]})))
    assert isinstance(one, ECKey)
    assert chosen([one], "whatever") is one
    assert chosen([two[0]], "whatever") is None

"""An issuer such as Microsoft Entra speaks for a client: workload identity federation.

The issuer is one of our own, on this machine. No real tenant was asked.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from scim_server.app import create_app
from scim_server.audit import entries
from scim_server.errors import BadInput
from scim_server.oauth import clients, issuers, trusts
from scim_server.oauth.issuers import DISCOVERY, Issuers, Unreachable, fetch, is_fetchable
from tests.isolation.neighbour import neighbour_of
from tests.oauth.asking import error
from tests.oauth.issuing import (
    APP,
    AUDIENCE,
    SUBJECT,
    Answer,
    Issuer,
    about,
    document,
    issuing,
    trust_issuer,
)
from tests.oauth.signing import (
    ISSUER,
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
    unsigned,
)
from tests.school import MovedClock, World

KEY = private_key("tenant-1", "RSA")
NEXT = private_key("tenant-2", "RSA")


@pytest.fixture(scope="module")
def server() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


@pytest.fixture
def issuer(server: Issuer) -> Issuer:
    """As new for each test."""
    server.asked.clear()
    server.keys.clear()
    server.special.clear()
    server.down = False
    return server


@pytest.fixture
def tenant(world: World, issuer: Issuer) -> str:
    """The school's own tenant, which speaks for the unit's first client."""
    name = issuer.tenant("school", KEY)
    trust_issuer(world, name)
    return name


def test_an_issuer_s_assertion_gets_a_token(world: World, tenant: str, issuer: Issuer) -> None:
    admitted(world, about(world, tenant, KEY))
    admitted(world, about(world, tenant, KEY), client_id=world.credentials.client_id)
    assert issuer.asked == [f"/school/v2.0{DISCOVERY}", "/school/keys"]


def test_without_a_name_it_is_good_until_its_end_and_with_one_once(
    world: World, tenant: str
) -> None:
    """Red when ``_check_terms`` wants a ``jti`` of an issuer, or ``_holder`` doesn't claim it."""
    assertion = about(world, tenant, KEY)
    admitted(world, assertion)
    admitted(world, assertion)
    named = about(world, tenant, KEY, jti="once")
    admitted(world, named)
    refused(world, named)
    world.clock.move(seconds=3_960)
    refused(world, assertion)


@pytest.mark.parametrize(
    ("admits", "change"),
    [(True, {"exp": 86_460}), (False, {"exp": 86_461}), (False, {"exp": -60}),
     (True, {"nbf": 60}), (False, {"nbf": 61}), (False, {"iat": 61})],
)  # fmt: skip
def test_it_is_good_for_a_day_at_most(
    world: World, tenant: str, admits: bool, change: dict[str, int]
) -> None:
    """Red when ``_check_terms`` leaves out the longest life, or ``verify_claims`` the clock."""
    now = int(world.clock().timestamp())
    moved = {name: now + by for name, by in change.items()}
    (admitted if admits else refused)(world, about(world, tenant, KEY, **moved))


@pytest.mark.parametrize("change", [
    {"sub": "0b7e3c1a-54a5-4c6a-8f0e-2f6a1d3c9b11"}, {"sub": SUBJECT.upper()}, {"sub": None},
    {"aud": "api://other"}, {"aud": [AUDIENCE, "api://other"]}, {"aud": ISSUER}, {"aud": None},
    {"exp": None}, {"iss": None}, {"jti": ""}, {"jti": 5},
], ids=str)  # fmt: skip
def test_issuer_subject_and_audience_are_all_needed(
    world: World, tenant: str, change: dict[str, Any]
) -> None:
    """Red when ``_trusting`` compares one of the three less."""
    refused(world, about(world, tenant, KEY, **change))


def test_a_foreign_tenant_with_the_same_subject_is_refused_and_never_asked(
    world: World, tenant: str, issuer: Issuer
) -> None:
    """Red when ``_trusting`` doesn't compare the issuer, or keys are fetched from whoever an
    assertion names.
    """
    key = private_key("foreign", "RSA")
    foreign = issuer.tenant("foreign", key)
    for name in (foreign, f"{tenant}/", tenant.upper(), f"{foreign}#{tenant}"):
        refused(world, about(world, name, key))
    assert issuer.asked == []
    refused(world, about(world, tenant, key))
    refused(world, about(world, tenant, key) + "x")
    assert not [path for path in issuer.asked if "foreign" in path]


def test_the_same_subject_of_two_issuers_is_two_clients(world: World, issuer: Issuer) -> None:
    """Red when ``_trusting`` compares the subject alone."""
    own, other_key = issuer.tenant("school", KEY), private_key("office", "RSA")
    other = issuer.tenant("office", other_key)
    with world.database.write() as connection:
        second = clients.add(connection, world.unit, "sds", now=world.clock(), actor="os:test")
    trust_issuer(world, own)
    trust_issuer(world, other, name="sds")
    for issuer_name, key, client_id in (
        (own, KEY, world.credentials.client_id), (other, other_key, second.id),
    ):  # fmt: skip
        assertion = about(world, issuer_name, key)
        token = admitted(world, assertion)
        told = present(world, assertion, "introspect", token=token).get_json()
        assert told["client_id"] == client_id
    refused(world, about(world, own, KEY), client_id=second.id)
    refused(world, about(world, own, other_key))
    refused(world, about(world, other, KEY))


def test_a_unit_trusts_for_itself_alone(world: World, tenant: str) -> None:
    """Red when ``_trusts`` doesn't ask for the unit of the path."""
    other = neighbour_of(world)
    assertion = about(world, tenant, KEY)
    error(present(other, assertion), 401, "invalid_client")
    admitted(world, assertion)
    trust_issuer(other, tenant)
    admitted(other, assertion)
    world.token = other.token
    assert world.get("/Users").status_code == 401


def test_forged_signatures_are_refused(world: World, tenant: str) -> None:
    """Red when ``_is_signed`` doesn't check, or takes the key of the header."""
    stranger, small = private_key("stranger", "RSA"), private_key("small")
    body = claims(world, iss=tenant, sub=SUBJECT, aud=AUDIENCE, jti=None)
    forged = [
        signed(stranger, body, "RS256", kid="tenant-1"),
        signed(small, body, "ES256", kid="tenant-1", jwk=small.as_dict()),
        signed(stranger, body, "RS256", kid="tenant-1", jku=f"{tenant}/keys"),
        unsigned({"alg": "none"}, body),
        unsigned({"alg": "none", "kid": "tenant-1"}, body),
        keyed({"alg": "HS256", "kid": "tenant-1"}, body, KEY.as_pem(private=False)),  # type: ignore[union-attr]
        unsigned({"alg": "RS256", "kid": "tenant-1"}, body, b"\0" * 256),
        about(world, tenant, KEY).rpartition(".")[0] + "." + encoded(b"\1" * 256),
    ]
    for each in forged:
        refused(world, each)
    admitted(world, about(world, tenant, KEY))


def test_an_algorithm_that_isn_t_taken_has_no_key_looked_for(
    world: World, tenant: str, issuer: Issuer
) -> None:
    """Red when "HS256" is let into ``ALGORITHMS``: the keys would be asked for."""
    body = claims(world, iss=tenant, sub=SUBJECT, aud=AUDIENCE)
    for alg in ("HS256", "none", "ES256K", "EdDSA", "RSA-OAEP"):
        refused(world, keyed({"alg": alg, "kid": "tenant-1"}, body, b"secret"))
    assert issuer.asked == []


def test_a_key_that_came_anew_is_found(world: World, tenant: str, issuer: Issuer) -> None:
    """Red when ``_is_due`` doesn't look whether the key is known."""
    admitted(world, about(world, tenant, KEY))
    world.clock.move(seconds=60)
    issuer.tenant("school", KEY, NEXT)
    issuer.asked.clear()
    admitted(world, about(world, tenant, NEXT))
    admitted(world, about(world, tenant, KEY))
    assert issuer.asked == [f"/school/v2.0{DISCOVERY}", "/school/keys"]


def test_a_key_that_was_withdrawn_is_refused_after_an_hour(
    world: World, tenant: str, issuer: Issuer
) -> None:
    """Red when keys are added to those that there were, or kept for longer."""
    admitted(world, about(world, tenant, KEY))
    issuer.tenant("school", NEXT)
    world.clock.move(seconds=3_599)
    admitted(world, about(world, tenant, KEY))
    world.clock.move(seconds=1)
    refused(world, about(world, tenant, KEY))
    admitted(world, about(world, tenant, NEXT))


def test_a_stranger_can_t_make_us_fetch(world: World, tenant: str, issuer: Issuer) -> None:
    """Red when ``_is_due`` leaves out the minute between two fetches."""
    admitted(world, about(world, tenant, KEY))
    issuer.asked.clear()
    stranger = private_key("stranger", "RSA")
    for number in range(20):
        refused(world, signed(stranger, _body(world, tenant), "RS256", kid=f"unknown-{number}"))
    assert issuer.asked == []
    world.clock.move(seconds=60)
    for number in range(20):
        refused(world, signed(stranger, _body(world, tenant), "RS256", kid=f"unknown-{number}"))
    assert issuer.asked == [f"/school/v2.0{DISCOVERY}", "/school/keys"]
    admitted(world, about(world, tenant, KEY))


def _body(world: World, issuer: str) -> dict[str, Any]:
    return claims(world, iss=issuer, sub=SUBJECT, aud=AUDIENCE)


def test_an_assertion_with_another_fault_has_no_key_looked_for(
    world: World, tenant: str, issuer: Issuer
) -> None:
    """Red when ``_holder`` checks the signature first."""
    now = int(world.clock().timestamp())
    for change in ({"exp": now - 60}, {"nbf": now + 61}, {"aud": "x"}, {"exp": now + 90_000}):
        refused(world, about(world, tenant, KEY, **change))
    assert issuer.asked == []


def test_keys_outlive_an_issuer_that_is_down(world: World, tenant: str, issuer: Issuer) -> None:
    """Red when ``_renew`` empties the keys where it fails."""
    admitted(world, about(world, tenant, KEY))
    issuer.down = True
    issuer.asked.clear()
    for _ in range(3):
        world.clock.move(hours=2)
        admitted(world, about(world, tenant, KEY))
    refused(world, about(world, tenant, NEXT))
    assert len(issuer.asked) == 3
    issuer.down = False
    issuer.tenant("school", NEXT)
    world.clock.move(seconds=60)
    admitted(world, about(world, tenant, NEXT))


def test_an_issuer_that_was_never_reached_is_asked_again_after_a_minute(
    world: World, tenant: str, issuer: Issuer
) -> None:
    """Red when ``_renew`` notes its attempt after success alone."""
    issuer.down = True
    for _ in range(5):
        refused(world, about(world, tenant, KEY))
    assert len(issuer.asked) == 1
    issuer.down = False
    refused(world, about(world, tenant, KEY))
    world.clock.move(seconds=60)
    admitted(world, about(world, tenant, KEY))


def test_a_new_process_finds_the_keys_itself(world: World, tenant: str, issuer: Issuer) -> None:
    admitted(world, about(world, tenant, KEY))
    world.app = create_app(
        world.settings, clock=world.clock, database=world.database, between_requests=False
    )
    admitted(world, about(world, tenant, KEY))
    assert len(issuer.asked) == 4


def test_removing_a_trust_ends_its_tokens_at_once(world: World, issuer: Issuer) -> None:
    """Red when the token names no trust, or ``remove`` leaves the row."""
    name = issuer.tenant("school", KEY)
    trust = trust_issuer(world, name)
    admitted(world, about(world, name, KEY))
    distrust(world, trust)
    assert world.get("/Users").status_code == 401
    refused(world, about(world, name, KEY))


def test_one_subject_is_one_client_of_a_unit(world: World, tenant: str) -> None:
    """Red when ``add_issuer`` doesn't look for the same three."""
    with world.database.write() as connection:
        clients.add(connection, world.unit, "sds", now=world.clock(), actor="os:test")
    for name in ("main", "sds"):
        with pytest.raises(BadInput, match="already"):
            trust_issuer(world, tenant, name=name)
    trust_issuer(world, tenant, name="sds", audience="api://other")
    with world.database.read() as connection:
        added = entries(connection, unit="sp12", action="trust.added")
        ids = {each.id for each in trusts.trusts_of(connection, world.unit)}
    assert {each["facts"]["trust"] for each in added} == ids
    first = added[0]["facts"]
    assert first == {
        "client": world.credentials.client_id, "trust": first["trust"], "issuer": tenant,
        "subject": SUBJECT, "keys": "discover",
    }  # fmt: skip


@pytest.mark.parametrize("change", [
    {"subject": ""}, {"subject": "a b"}, {"subject": "x" * 256}, {"audience": ""},
    {"audience": "a\nb"}, {"audience": "\0"},
], ids=str)  # fmt: skip
def test_the_terms_of_a_trust_are_held_to_a_form(world: World, change: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="characters without spaces"):
        trust_issuer(world, "https://issuer.example/v2.0", **change)


def test_an_audience_is_no_scope(world: World) -> None:
    """Entra shows the scope beside the other values to copy."""
    with pytest.raises(BadInput, match="is a scope"):
        trust_issuer(world, "https://issuer.example/v2.0", audience=f"{AUDIENCE}/.default")


def test_a_client_may_be_known_by_two_audiences(world: World, tenant: str) -> None:
    """Entra's documents disagree on which of the two its assertions carry."""
    refused(world, about(world, tenant, KEY, aud=APP))
    trust_issuer(world, tenant, audience=APP)
    admitted(world, about(world, tenant, KEY, aud=APP))
    admitted(world, about(world, tenant, KEY))
    refused(world, about(world, tenant, KEY, aud=[APP, AUDIENCE]))


@pytest.mark.parametrize("address", [
    "http://issuer.example", "http://10.0.0.1", "ftp://issuer.example", "file:///etc/passwd", "",
    "issuer.example", "https://", "https://a:b@issuer.example", "https://issuer.example/#x",
    "https://issuer.example/a b", "http://127.0.0.1.example", "http://localhost.example",
    "https://issuer.example\\@127.0.0.1", "http://2130706433", "https://issuer.example:0",
    "https://issuer.example/" + "x" * 255,
])  # fmt: skip
def test_keys_come_over_https_or_from_this_machine(world: World, address: str) -> None:
    """Red when ``is_fetchable`` lets plain http to another machine."""
    with pytest.raises(BadInput, match="begins with https"):
        trust_issuer(world, address)
    with world.database.write() as connection, pytest.raises(BadInput, match="begins with https"):
        trusts.add_address(
            connection, world.unit, "main", address, now=world.clock(), actor="os:test"
        )


def test_this_machine_may_be_asked_without_https() -> None:
    for address in ("http://127.0.0.1:80/x", "http://localhost/x", "http://[::1]:5/x"):
        assert is_fetchable(address)
    assert is_fetchable("https://login.microsoftonline.com/tenant/v2.0")


def test_a_client_s_own_keys_may_be_published_at_an_address(world: World, issuer: Issuer) -> None:
    """RFC 7591's ``jwks_uri``. Red when ``_check_terms`` takes such a client for federated."""
    issuer.tenant("client", KEY)
    with world.database.write() as connection:
        trusts.add_address(
            connection, world.unit, "main", f"{issuer.base}/client/keys", now=world.clock(),
            actor="os:test",
        )  # fmt: skip
    assertion = signed(KEY, claims(world), "RS256")
    admitted(world, assertion)
    refused(world, assertion)
    refused(world, signed(KEY, claims(world, jti=None), "RS256"))
    assert issuer.asked == ["/client/keys"]


@pytest.mark.parametrize("metadata", [
    {}, [], "x", None, {"issuer": "https://other.example"}, {"issuer": "{base}/school/v2.0/"},
    {"issuer": "{base}/school/v2.0"}, {"issuer": "{base}/school/v2.0", "jwks_uri": 5},
    {"issuer": "{base}/school/v2.0", "jwks_uri": "http://10.0.0.1/keys"},
    {"issuer": "{base}/school/v2.0", "jwks_uri": "file:///etc/passwd"},
    {"issuer": "{base}/other/v2.0", "jwks_uri": "{base}/school/keys"},
    {"jwks_uri": "{base}/school/keys"},
], ids=str)  # fmt: skip
def test_metadata_that_aren_t_the_issuer_s_are_refused(
    world: World, tenant: str, issuer: Issuer, metadata: Any
) -> None:
    """Red when ``_place`` doesn't compare the issuer, or takes any ``jwks_uri``."""
    text = json.dumps(metadata).replace("{base}", issuer.base)
    issuer.special[f"/school/v2.0{DISCOVERY}"] = lambda: document(json.loads(text))
    refused(world, about(world, tenant, KEY))
    assert len(issuer.asked) == 1


@pytest.mark.parametrize("place", [
    "http://127.0.0.1:8000/keys", "https://127.0.0.1/keys", "https://localhost/keys",
    "http://[::1]/keys", "http://a.example/keys", "http://10.0.0.1/keys", "file:///etc/passwd",
    "https://a:b@a.example/keys", "https://a.example/keys#x", "keys", "", 5, None,
])  # fmt: skip
def test_an_issuer_elsewhere_can_t_send_us_to_this_machine_or_off_https(
    clock: MovedClock, place: Any
) -> None:
    """Red when ``_place`` lets a remote issuer name an address of our own, or any address."""
    asked = []

    def documents(address: str) -> bytes:
        asked.append(address)
        return document({"issuer": "https://a.example", "jwks_uri": place})[2]

    assert Issuers(clock, documents).keys("https://a.example", discover=True, kid="x") == ()
    assert asked == [f"https://a.example{DISCOVERY}"]


@pytest.mark.parametrize("keys", [
    {}, [], {"keys": []}, {"keys": {}}, {"keys": [5, None, {}, {"kty": "oct", "k": "AA"}]},
    {"keys": [{"kty": "RSA", "kid": "tenant-1", "n": "AA", "e": "AQAB"}]},
], ids=str)  # fmt: skip
def test_a_set_without_a_usable_key_replaces_nothing(
    world: World, tenant: str, issuer: Issuer, keys: Any
) -> None:
    """Red when ``_renew`` stores what holds no key."""
    admitted(world, about(world, tenant, KEY))
    issuer.special["/school/keys"] = lambda: document(keys)
    world.clock.move(hours=1)
    admitted(world, about(world, tenant, KEY))


def test_keys_in_entra_s_form_are_read(world: World, tenant: str, issuer: Issuer) -> None:
    """With certificates, an issuer of each key, and keys of kinds that aren't known here."""
    key = {**KEY.as_dict(), "use": "sig", "x5t": "tenant-1", "x5c": ["MIIC"], "issuer": tenant,
           "cloud_instance_name": "microsoftonline.com"}  # fmt: skip
    unknown = {"kty": "AKP", "kid": "pq", "alg": "ML-DSA-44", "pub": "AA"}
    issuer.special["/school/keys"] = lambda: document({"keys": [unknown, key]})
    admitted(world, about(world, tenant, KEY))


def _too_long() -> Answer:
    return 200, {}, b" " * (256 * 1024) + json.dumps(published(KEY)).encode()


def _squeezed() -> Answer:
    return 200, {"Content-Encoding": "gzip"}, gzip.compress(json.dumps(published(KEY)).encode())


@pytest.mark.parametrize("answer", [
    lambda: (302, {"Location": "/other/keys"}, b""),
    lambda: (301, {"Location": "http://127.0.0.1:1/"}, b""),
    lambda: (404, {}, b"{}"),
    lambda: (204, {}, b""),
    lambda: (200, {}, b""),
    lambda: (200, {}, b"<html>"),
    lambda: (200, {}, b"\xff\xfe"),
    lambda: (200, {}, b"[" * 100_000),
    _too_long,
    _squeezed,
])  # fmt: skip
def test_an_odd_answer_gives_no_keys(
    world: World, tenant: str, issuer: Issuer, answer: Any
) -> None:
    """Red when ``_fetched`` follows redirects, reads on without end, or unpacks."""
    issuer.tenant("other", KEY)
    issuer.special["/school/keys"] = answer
    refused(world, about(world, tenant, KEY))
    assert "/other/keys" not in issuer.asked


def test_a_document_of_just_the_longest_size_is_read(issuer: Issuer) -> None:
    """Red when ``_LONGEST`` changes."""
    issuer.special["/long"] = lambda: (200, {}, b"x" * (256 * 1024))
    issuer.special["/longer"] = lambda: (200, {}, b"x" * (256 * 1024 + 1))
    assert len(fetch(f"{issuer.base}/long")) == 256 * 1024
    with pytest.raises(Unreachable):
        fetch(f"{issuer.base}/longer")


def test_nobody_listening_is_unreachable(issuer: Issuer) -> None:
    for address in ("http://127.0.0.1:1/", "http://[::1]:1/", "http://127.0.0.1:99999/", "x"):
        with pytest.raises(Unreachable):
            fetch(address)


def test_a_proxy_of_the_environment_isn_t_asked_for_this_machine(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red when ``_fetched`` trusts the environment for every address."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    issuer.special["/x"] = lambda: document(5)
    assert fetch(f"{issuer.base}/x") == b"5"


def test_a_slow_answer_is_not_waited_for(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Red when ``_fetched`` has no timeout for a read, or ``fetch`` waits for its thread without
    an end: a name may be looked up for long, and headers may come drop by drop.
    """
    monkeypatch.setattr(issuers, "_WHOLE_SECONDS", 0.05)
    go_on = threading.Event()

    def slow() -> Answer:
        go_on.wait(10)
        return document(published(KEY))

    issuer.special["/slow"] = slow
    try:
        with pytest.raises(Unreachable):
            fetch(f"{issuer.base}/slow")
        monkeypatch.setattr(issuers, "_fetched", lambda _address: slow()[2])
        with pytest.raises(Unreachable, match="no answer within"):
            fetch(f"{issuer.base}/slow")
    finally:
        go_on.set()


def test_while_one_fetches_others_go_on_with_the_keys_there_are(clock: MovedClock) -> None:
    """Red when ``keys`` waits for the lock though it has keys."""
    begun, go_on = threading.Event(), threading.Event()
    held = json.dumps(published(KEY)).encode()
    waiting = False

    def documents(_address: str) -> bytes:
        if waiting:
            begun.set()
            assert go_on.wait(10)
        return held

    found = Issuers(clock, documents)
    assert found.keys("https://a.example/keys", discover=False, kid=None)
    waiting = True
    clock.move(hours=1)
    renewing = threading.Thread(
        target=lambda: found.keys("https://a.example/keys", discover=False, kid="tenant-1")
    )
    renewing.start()
    try:
        assert begun.wait(10)
        assert found.keys("https://a.example/keys", discover=False, kid="tenant-1")
    finally:
        go_on.set()
        renewing.join()


def test_who_comes_during_the_first_fetch_waits_for_its_keys(clock: MovedClock) -> None:
    """Red when ``keys`` doesn't wait for the lock, doesn't look again once it has it, or
    ``_renew`` notes the attempt before it ends.
    """
    asked: list[str] = []
    counts: list[int] = []

    def ask() -> None:
        counts.append(len(found.keys("https://a.example/keys", discover=False, kid="tenant-1")))

    others = [threading.Thread(target=ask) for _ in range(3)]

    def documents(address: str) -> bytes:
        asked.append(address)
        if len(asked) == 1:
            for each in others:
                each.start()
            others[0].join(0.1)  # it would end at once if it didn't wait
        return json.dumps(published(KEY)).encode()

    found = Issuers(clock, documents)
    ask()
    for each in others:
        each.join()
    assert counts == [1] * 4
    assert len(asked) == 1

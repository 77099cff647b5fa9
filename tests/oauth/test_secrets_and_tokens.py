"""Secrets and tokens are random, shown once, kept as keyed digests, and end when they should."""

from __future__ import annotations

import dataclasses
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from scim_server.app import create_app
from scim_server.errors import BadInput, Refused
from scim_server.keys import derive, keys_for
from scim_server.oauth import credentials
from scim_server.oauth.credentials import Credentials, live_secrets
from scim_server.oauth.secrets import digest, is_token, new_secret, new_token, secret_id
from scim_server.oauth.tables import access_token, credential
from scim_server.oauth.tokens import last_uses
from tests.oauth.asking import GRANT, ask, basic, error, in_body, own
from tests.school import World


def issue(world: World) -> Credentials:
    with world.database.write() as connection:
        return credentials.issue(
            connection, world.unit, key=world.settings.key("digest"),
            public_url=world.settings.public_url, now=world.clock(), actor="os:test",
        )  # fmt: skip


def live(world: World) -> list[str]:
    with world.database.read() as connection:
        return [each.id for each in live_secrets(connection, world.unit.id, world.clock())]


def test_a_secret_and_a_token_are_long_random_and_checked() -> None:
    secrets = {new_secret().text for _ in range(50)}
    tokens = {new_token() for _ in range(50)}
    assert len(secrets) == len(tokens) == 50
    for text in secrets:
        assert secret_id(text) is not None
        assert text.startswith("uonet_cs_")
        for broken in (text[:-1], text + "0", text.lower(), text[:20] + "-" + text[21:], ""):
            assert secret_id(broken) is None or broken == text
    for text in tokens:
        assert is_token(text)
        assert text.startswith("uonet_at_")
        assert len(text.removeprefix("uonet_at_")) == 49
        assert not is_token(text + "\n")
        assert not is_token(text[:-1])


def test_a_digest_depends_on_the_key() -> None:
    """Red when ``digest`` hashes without its key."""
    (first, second) = keys_for("digest", (b"a" * 32, b"b" * 32))
    assert digest(first, "x") != digest(second, "x")
    assert digest(first, "x") != digest(first, "y")
    assert derive(b"a" * 32, "digest") != derive(b"a" * 32, "cursor")


def test_under_another_key_no_secret_and_no_token_counts(world: World) -> None:
    """Red when anything but the master key opens what is stored."""
    settings = dataclasses.replace(world.settings, master_key=world.settings.master_key[::-1])
    elsewhere = create_app(
        settings, clock=world.clock, database=world.database, between_requests=False
    )
    stranger = dataclasses.replace(world, app=elsewhere)
    assert stranger.get("/Users").status_code == 401
    error(ask(stranger, GRANT | in_body(*own(world))), 401, "invalid_client")
    assert world.get("/Users").status_code == 200


def test_what_is_stored_is_neither_secret_nor_token(world: World) -> None:
    """Red when a secret or a token is stored as it is."""
    with world.database.read() as connection:
        kept = list(connection.execute(select(credential)).mappings())
    with world.database.tokens.connect() as connection:
        kept += connection.execute(select(access_token)).mappings()
    assert len(kept) >= 2
    for row in kept:
        assert len(row["digest"]) == 64
        text = repr(dict(row))
        assert world.token not in text
        assert world.credentials.client_secret not in text


def files_of(world: World) -> Iterator[Path]:
    for name in world.settings.database_files:
        yield from name.parent.glob(f"{name.name}*")


def test_no_database_file_and_no_log_holds_a_secret_or_a_token(
    world: World, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Red when ``issue`` stores ``secret.text``, or a log line holds a form or a header."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("scim_server").setLevel(logging.DEBUG)
    logging.getLogger("scim_server").propagate = True
    second = issue(world)
    name, secret = own(world)
    tokens = [world.token]
    for form, header in (
        (GRANT | in_body(name, secret), None), (GRANT, basic(name, secret)),
        (GRANT | in_body(name, second.client_secret), None),
    ):  # fmt: skip
        body = ask(world, form, authorization=header).json
        assert body is not None
        tokens.append(body["access_token"])
    ask(world, GRANT | in_body(name, secret) | {"scope": "x"})
    ask(world, GRANT | in_body(name, secret), authorization=basic(name, "x"))
    for token in tokens:
        world.token = token
        world.get("/Users")
        world.get(f"/Users?access_token={token}")
    canaries = [secret, second.client_secret, *tokens, basic(name, secret).split()[1]]
    canaries += [each[-40:] for each in canaries]
    out = capfd.readouterr()
    logged = caplog.text + out.out + out.err
    for each in canaries:
        assert each not in logged
    if world.database.is_sqlite:
        paths = list(files_of(world))
        assert {path.suffix for path in paths} >= {".db"}
        assert any("tokens" in path.name for path in paths)
        for path in paths:
            data = path.read_bytes()
            for each in canaries:
                assert each.encode() not in data, path.name
        connection = sqlite3.connect(world.settings.database_files[0])
        dump = "\n".join(connection.iterdump())
        connection.close()
        assert not [each for each in canaries if each in dump]


def test_two_secrets_work_side_by_side_and_a_third_is_refused(world: World) -> None:
    """Red when ``issue`` loses its count of live secrets."""
    second = issue(world)
    assert second.client_id == world.credentials.client_id
    assert len(live(world)) == 2
    for each in (world.credentials, second):
        form = GRANT | in_body(each.client_id, each.client_secret)
        assert ask(world, form).status_code == 200
    with pytest.raises(Refused, match="two live secrets"):
        issue(world)
    assert len(live(world)) == 2


def test_a_revoked_secret_gets_no_token_and_makes_room(world: World) -> None:
    second = issue(world)
    first = secret_id(world.credentials.client_secret)
    assert first is not None
    with world.database.write() as connection:
        credentials.revoke(connection, world.unit, first, now=world.clock(), actor="os:test")
    error(ask(world, GRANT | in_body(*own(world))), 401, "invalid_client")
    form = GRANT | in_body(second.client_id, second.client_secret)
    assert ask(world, form).status_code == 200
    assert len(live(world)) == 1
    issue(world)
    for unknown in (first, "nope"):
        with pytest.raises(BadInput), world.database.write() as connection:
            credentials.revoke(connection, world.unit, unknown, now=world.clock(), actor="os:test")


def test_a_secret_ends_with_its_year(world: World) -> None:
    """Red when ``_rows`` loses ``credential.c.expires``."""
    form = GRANT | in_body(*own(world))
    world.clock.move(days=365, seconds=-1)
    assert ask(world, form).status_code == 200
    world.clock.move(seconds=2)
    error(ask(world, form), 401, "invalid_client")
    assert live(world) == []


def test_the_four_values_are_printed_under_their_labels(world: World) -> None:
    labelled = world.credentials.labelled()
    assert list(labelled) == [
        "Web Access Url", "Client Id", "Client Secret", "Token endpoint Url",
    ]  # fmt: skip
    assert labelled["Web Access Url"] == "http://127.0.0.1:8000/sp12/scim/v2"
    assert labelled["Token endpoint Url"] == "http://127.0.0.1:8000/sp12/oauth2/token"


def test_the_last_use_is_remembered(world: World) -> None:
    secret = secret_id(world.credentials.client_secret)
    assert secret is not None
    before = last_uses(world.database, [secret])[secret]
    assert before.at == before.token is not None
    assert before.read is None
    world.get("/Users")
    after = last_uses(world.database, [secret, "unknown"])
    assert after[secret].at == after[secret].read == world.clock().replace(microsecond=0)
    assert after["unknown"].at is None


def test_expired_tokens_are_forgotten(world: World) -> None:
    def kept() -> int:
        with world.database.tokens.connect() as connection:
            return len(connection.execute(select(access_token)).all())

    world.ask_token()
    assert kept() == 2
    world.clock.move(hours=1)
    world.ask_token()
    assert kept() == 1

"""``client trust``, ``trusts`` and ``distrust``: what is stored, printed and refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scim_server.database import open_database
from scim_server.directory.units import unit_named
from scim_server.oauth.trusts import Trust, trusts_of
from tests.cli.test_commands import Shell
from tests.oauth.issuing import AUDIENCE, SUBJECT, Issuer, issuing
from tests.oauth.signing import private_key, published

KEY = private_key()


@pytest.fixture
def unit(tmp_path: Path) -> Shell:
    """A unit with a client ``entra``, and a file of public keys."""
    shell = Shell(tmp_path)
    shell("unit", "add", "sp12", "--domain", "sp12.example.pl")
    shell("client", "add", "sp12", "entra")
    (tmp_path / "keys.json").write_text(json.dumps(published(KEY)), "utf-8")
    return shell


@pytest.fixture(scope="module")
def server() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


def stored(shell: Shell) -> list[Trust]:
    database = open_database(shell.environ["SCIM_DATABASE_URL"])
    try:
        with database.read() as connection:
            return trusts_of(connection, unit_named(connection, "sp12"))
    finally:
        database.close()


def values(printed: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in printed.splitlines() if ": " in line)


def from_file(shell: Shell, name: str = "keys.json", code: int = 0) -> str:
    file = str(shell.folder / name)
    return shell("client", "trust", "sp12", "entra", "--keys", file, code=code).output


def test_registered_keys_print_what_the_client_needs(unit: Shell) -> None:
    printed = from_file(unit)
    told, (made,) = values(printed), stored(unit)
    assert told["Client Id"] == made.client_id
    assert (
        told["Token endpoint Url"]
        == told["Audience"]
        == ("http://127.0.0.1:8000/sp12/oauth2/token")
    )
    assert f"Trust {made.id} was added for the client entra." in printed
    assert "iss and sub = Client Id" in printed
    assert made.terms.keys == {"jwks": published(KEY)}


def test_an_issuer_prints_what_entra_asks_for(unit: Shell, server: Issuer) -> None:
    issuer = server.tenant("school", KEY)
    result = unit("client", "trust", "sp12", "entra", "--issuer", issuer, "--subject", SUBJECT,
                  "--audience", AUDIENCE)  # fmt: skip
    told = values(result.stdout)
    assert told["Audience"] == AUDIENCE
    assert told["Web Access Url"] == "http://127.0.0.1:8000/sp12/scim/v2"
    assert "in Entra" in result.stderr
    assert "No keys could be fetched" not in result.stderr
    (made,) = stored(unit)
    assert made.terms.is_federated
    assert f"issuer {issuer}, subject {SUBJECT}, audience {AUDIENCE}" in (
        unit("client", "trusts", "sp12").stdout
    )
    again = unit("client", "trust", "sp12", "entra", "--issuer", issuer, "--subject", SUBJECT,
                 "--audience", AUDIENCE, code=2)  # fmt: skip
    assert "already" in again.stderr


def test_keys_that_can_t_be_fetched_are_told_at_once(unit: Shell, server: Issuer) -> None:
    address = f"{server.base}/nowhere/keys"
    result = unit("client", "trust", "sp12", "entra", "--keys-url", address)
    assert f"No keys could be fetched from {address}" in result.stderr
    assert f"keys at {address}" in unit("client", "trusts", "sp12").stdout


def test_trusts_are_listed_and_removed_by_name(unit: Shell) -> None:
    assert "No trusts." in unit("client", "trusts", "sp12").stderr
    from_file(unit)
    (made,) = stored(unit)
    line = f"{made.id} of {made.client_id}: 1 registered key(s); last token never"
    assert line in unit("client", "trusts", "sp12").stdout
    assert f"trust {line}" in unit("status").stdout
    assert "its tokens are refused" in unit("client", "distrust", "sp12", made.id).stdout
    assert stored(unit) == []
    assert "no trust" in unit("client", "distrust", "sp12", made.id, code=2).stderr


@pytest.mark.parametrize("kind", ["EC", "RSA", "OKP"])
def test_a_file_with_a_private_key_is_refused_and_nothing_stored(unit: Shell, kind: str) -> None:
    """Red when ``public_key`` doesn't look for private parts."""
    whole = private_key("whole", kind).as_dict(private=True)
    text = json.dumps({"keys": [KEY.as_dict(), whole]})
    (unit.folder / "private.json").write_text(text, "utf-8")
    told = from_file(unit, "private.json", code=2)
    assert "Key 2 of the set holds a private or shared key" in told
    assert not [value for value in whole.values() if str(value) in told and value != kind]
    assert stored(unit) == []


@pytest.mark.parametrize("content", [
    b"", b"\xff", b"{}", b'{"keys": []}', b'{"keys": [{"kty": "oct", "k": "AA"}]}',
    b'{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}', b"-----BEGIN PUBLIC KEY-----",
])  # fmt: skip
def test_a_file_without_safe_public_keys_is_refused(unit: Shell, content: bytes) -> None:
    (unit.folder / "bad.json").write_bytes(content)
    from_file(unit, "bad.json", code=2)
    from_file(unit, "no-such-file.json", code=2)
    assert stored(unit) == []


@pytest.mark.parametrize("options", [
    (), ("--issuer", "https://a.example"), ("--subject", "x"), ("--audience", "x"),
    ("--issuer", "https://a.example", "--subject", "x"), ("--keys", "keys.json", "--subject", "x"),
    ("--keys", "keys.json", "--keys-url", "https://a.example/keys"),
    ("--keys-url", "https://a.example", "--issuer", "https://a.example", "--subject", "x",
     "--audience", "x"),
], ids=str)  # fmt: skip
def test_exactly_one_form_of_a_trust_is_said(unit: Shell, options: tuple[str, ...]) -> None:
    assert "exactly one of" in unit("client", "trust", "sp12", "entra", *options, code=2).stderr
    assert stored(unit) == []


def test_keys_are_fetched_over_https(unit: Shell) -> None:
    for options in (
        ("--keys-url", "http://a.example/keys"),
        ("--issuer", "http://a.example", "--subject", "x", "--audience", "x"),
    ):
        refused = unit("client", "trust", "sp12", "entra", *options, code=2)
        assert "https://" in refused.stderr
    assert stored(unit) == []


def test_a_client_that_is_trusted_needs_no_secret(unit: Shell) -> None:
    """Red when ``notices`` or ``--fail-within`` doesn't know of trusts."""
    unit("credentials", "issue", "sp12", "--client", "entra")
    (secret,) = re.findall(r"^sp12  (\w{8}) of", unit("credentials", "list").stdout, re.MULTILINE)
    unit("credentials", "revoke", "sp12", secret, "--force")
    assert "has no live secret" in unit("status").stdout
    unit("credentials", "list", "--fail-within", "30d", code=1)
    from_file(unit)
    assert "has no live secret" not in unit("status").stdout
    unit("credentials", "list", "--fail-within", "30d")
    unit("credentials", "issue", "sp12", "--client", "entra", "--expires", "30d")
    assert "nothing replaces it" in unit("status").stdout
    unit("credentials", "list", "--fail-within", "60d", code=1)


def test_deleting_a_client_removes_its_trusts(unit: Shell) -> None:
    from_file(unit)
    unit("client", "delete", "sp12", "entra", "--yes")
    assert stored(unit) == []

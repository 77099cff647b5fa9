"""Trusts of a unit's clients: whose assertions they may sign in with, instead of a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scim_server.cli.credentials import when
from scim_server.cli.opening import opened, operator
from scim_server.clock import system_clock
from scim_server.directory.units import Unit, unit_named
from scim_server.errors import BadInput
from scim_server.oauth import trusts as trusting
from scim_server.oauth.addresses import access_url, token_url
from scim_server.oauth.issuers import Issuers
from scim_server.oauth.jwks import read_key_set
from scim_server.oauth.tokens import LastUse, last_uses
from scim_server.settings import Settings

_SIGN = """\
Next, on the client's side: sign an assertion (RFC 7523) for each token, with
  iss and sub = Client Id, aud = Audience, exp at most 10 minutes ahead, a jti of its own;
  send it to the Token endpoint Url as client_assertion, with
  client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer."""

_FEDERATE = """\
Next, on the issuer's side (in Entra: the enterprise app > Provisioning > connectivity):
  enter these values where workload identity federation asks for them; no secret is needed.
  A token is given for assertions of exactly this issuer, subject and audience."""


@click.command()
@click.argument("unit_name", metavar="UNIT")
@click.argument("name")
@click.option(
    "--keys", "file", type=click.Path(path_type=Path), help="A JWKS file with its public keys."
)
@click.option("--keys-url", help="Where its public keys are published as a JWKS, over https.")
@click.option("--issuer", help="Who signs for it, with --subject and --audience.")
@click.option("--subject", help="What the issuer calls it: the sub of its assertions.")
@click.option("--audience", help="The aud of the issuer's assertions.")
def trust(
    unit_name: str,
    name: str,
    file: Path | None,
    keys_url: str | None,
    issuer: str | None,
    subject: str | None,
    audience: str | None,
) -> None:
    """Let the client NAME of UNIT sign in with assertions, without a secret.

    Its keys are in a file, at an address, or those of an issuer that speaks for it.
    """
    settings = Settings.from_env()
    terms: dict[str, Any] = {"now": system_clock(), "actor": operator()}
    spoken_for = (issuer, subject, audience)
    if any(spoken_for) != all(spoken_for) or sum(map(bool, (file, keys_url, issuer))) != 1:
        raise BadInput(
            "Say exactly one of --keys FILE, --keys-url URL, and --issuer URL with --subject and "
            "--audience."
        )
    with opened(settings) as database, database.write() as connection:
        unit = unit_named(connection, unit_name)
        if file:
            made = trusting.add_keys(connection, unit, name, read_key_set(_text(file)), **terms)
        elif keys_url:
            made = trusting.add_address(connection, unit, name, keys_url, **terms)
        else:
            made = trusting.add_issuer(
                connection, unit, name, issuer=issuer or "", subject=subject or "",
                audience=audience or "", **terms,
            )  # fmt: skip
    click.echo(f"Trust {made.id} was added for the client {name}.")
    _show_other_side(unit, made, settings.public_url)
    _try_keys(made)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError):
        raise BadInput(f"{file} can't be read as text. Nothing was stored.") from None


def _show_other_side(unit: Unit, made: trusting.Trust, public_url: str) -> None:
    token = token_url(public_url, unit.name)
    for label, value in (
        ("Web Access Url", access_url(public_url, unit.name)),
        ("Client Id", made.client_id),
        ("Token endpoint Url", token),
        ("Audience", made.terms.audience or token),
    ):
        click.echo(f"{label}: {value}")
    click.echo(_FEDERATE if made.terms.is_federated else _SIGN, err=True)


def _try_keys(made: trusting.Trust) -> None:
    """Tell now where keys can't be fetched, and not at the first refusal."""
    federated, terms = made.terms.is_federated, made.terms
    address = terms.issuer if federated else terms.keys.get("jwks_url")
    if address and not Issuers(system_clock).keys(address, discover=federated, kid=None):
        click.echo(
            f"No keys could be fetched from {address} just now. The trust stands; its assertions "
            "are refused until the server can fetch them.",
            err=True,
        )


@click.command("trusts")
@click.argument("unit_name", metavar="UNIT")
def trusts(unit_name: str) -> None:
    """List whose assertions UNIT takes instead of a secret, and when each last got a token."""
    with opened(Settings.from_env()) as database:
        with database.read() as connection:
            found = trusting.trusts_of(connection, unit_named(connection, unit_name))
        uses = last_uses(database, [each.id for each in found])
    for each in found:
        click.echo(line(each, uses[each.id]))
    if not found:
        click.echo("No trusts.", err=True)


def line(trust: trusting.Trust, use: LastUse) -> str:
    """A trust as a person sees it."""
    terms = trust.terms
    if terms.is_federated:
        keys = f"issuer {terms.issuer}, subject {terms.subject}, audience {terms.audience}"
    elif "jwks_url" in terms.keys:
        keys = f"keys at {terms.keys['jwks_url']}"
    else:
        keys = f"{len(terms.keys['jwks']['keys'])} registered key(s)"
    return (
        f"{trust.id} of {trust.client_id}: {keys}; "
        f"last token {when(use.token)}, last read {when(use.read)}"
    )


@click.command()
@click.argument("unit_name", metavar="UNIT")
@click.argument("trust")
def distrust(unit_name: str, trust: str) -> None:
    """End the trust named TRUST (see trusts) of UNIT and every token that it got, at once."""
    with opened(Settings.from_env()) as database, database.write() as connection:
        unit = unit_named(connection, unit_name)
        trusting.remove(connection, unit, trust, now=system_clock(), actor=operator())
    click.echo(f"Trust {trust} was removed; its tokens are refused.")

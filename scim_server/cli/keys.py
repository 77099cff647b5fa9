"""``key``: replacing the master key, and the way out when it is lost."""

from __future__ import annotations

from collections.abc import Sequence

import click

from scim_server.audit import checkpoint
from scim_server.cli.opening import opened, operator
from scim_server.clock import system_clock
from scim_server.errors import Refused
from scim_server.oauth.renewals import Resting, end, resting
from scim_server.settings import Settings


@click.group()
def key() -> None:
    """The master key: what rests on which, and the end of an old one."""


@key.command("status")
def status() -> None:
    """Tell which credentials still rest on another master key than the one in use."""
    settings, now = Settings.from_env(), system_clock()
    current, *before = settings.keys("digest")
    with opened(settings) as database, database.read() as connection:
        found = resting(connection, apart_from=[current.id], now=now)
    click.echo(f"In use: {current.id}")
    for each in before:
        click.echo(f"Before: {each.id}")
    _show(found)
    if before and not found:
        click.echo("Every live credential rests on the key in use. Next: scim-server key retire")


@key.command()
@click.option(
    "--force", is_flag=True, help="Revoke the credentials that still rest on the old key."
)
@click.option(
    "--lost", is_flag=True,
    help="The old key is gone: revoke what rests on it, and begin the record's chain anew.",
)  # fmt: skip
def retire(force: bool, lost: bool) -> None:
    """End the use of the old master key; remove it from the settings afterwards.

    An entry under the new key vouches for the record so far, after the old key has verified it.
    """
    settings, now = Settings.from_env(), system_clock()
    keys = settings.keys("digest")
    if (len(keys) > 1) == lost:
        raise Refused(
            "With --lost the old key is gone, so SCIM_PREVIOUS_MASTER_KEY must not be set."
            if lost
            else "There is no old key. Set SCIM_PREVIOUS_MASTER_KEY_FILE, or say --lost."
        )
    with opened(settings) as database, database.write() as connection:
        found = resting(connection, apart_from=[keys[0].id], now=now)
        if found and not (force or lost):
            _show(found)
            raise Refused(
                "They would be refused without the old key. Wait until each was used once, rotate "
                "them, or say --force to revoke them."
            )
        checked = () if lost else settings.keys("audit")
        checkpoint(connection, checked, at=now, actor=operator())
        end(connection, found, now=now, actor=operator())
    if found:
        click.echo(f"{len(found)} credential(s) were revoked. Issue new ones to their clients:")
        for unit, client in dict.fromkeys((each.unit, each.client) for each in found):
            click.echo(f"  scim-server credentials issue {unit} --client {client}")
    click.echo("Done. Remove SCIM_PREVIOUS_MASTER_KEY_FILE and restart the server.")


def _show(found: Sequence[Resting]) -> None:
    for each in found:
        click.echo(
            f"{each.credential} of {each.unit}, client {each.client}: under "
            f"{each.key or 'a key without a name'}, not used since the key in use came"
        )

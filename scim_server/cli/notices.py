"""``notices``: what is to be known about credentials now, and whether it reaches anybody."""

from __future__ import annotations

from collections.abc import Sequence

import click

from scim_server.cli.opening import opened
from scim_server.clock import system_clock
from scim_server.errors import BadInput, Refused
from scim_server.oauth.channels import Channel, channels
from scim_server.oauth.notices import due
from scim_server.oauth.sending import TEST, Outcome, Sender, hand_over
from scim_server.settings import Settings


@click.command()
@click.option("--send", "sends", is_flag=True, help="Send what wasn't sent, by mail and webhook.")
@click.option("--test", "tests", is_flag=True, help="Send a test message by mail and webhook.")
def notices(sends: bool, tests: bool) -> None:
    """List what an administrator has to know about credentials now, in every unit.

    The server sends it by itself, each notice once; --send doesn't wait for it.
    """
    if sends and tests:
        raise BadInput("Say either --send or --test.")
    settings = Settings.from_env()
    if tests:
        _tell([hand_over(each, [TEST]) for each in _named(settings)])
        return
    with opened(settings) as database:
        if sends:
            outcomes = Sender(database, system_clock, _named(settings)).send()
            _tell(outcomes)
            if not outcomes:
                click.echo("Everything was sent before, or nothing is due.", err=True)
            return
        found = due(database, system_clock())
    for each in found:
        click.echo(f"{each.unit}: {each.text}")
    if not found:
        click.echo("Nothing is due.", err=True)


def _named(settings: Settings) -> list[Channel]:
    found = channels(settings, system_clock)
    if not found:
        raise Refused(
            "There is nothing to send by. Set SCIM_MAIL_SERVER, SCIM_MAIL_FROM and SCIM_MAIL_TO, "
            "or SCIM_WEBHOOK_URL and SCIM_WEBHOOK_KEY_FILE."
        )
    return found


def _tell(outcomes: Sequence[Outcome]) -> None:
    for each in outcomes:
        click.echo(f"{each.channel}: {each.failure or f'{each.count} sent'}")
    failed = [each.channel for each in outcomes if each.failure]
    if failed:
        raise Refused(f"Nothing was sent by {' and '.join(failed)}: see the reason above.")

"""``status``: what an operator looks at first."""

from __future__ import annotations

from collections.abc import Sequence

import click

from scim_server.cli.credentials import line, when
from scim_server.cli.opening import opened
from scim_server.cli.trusts import line as trust_line
from scim_server.clock import moment, system_clock
from scim_server.directory.units import (
    Population,
    School,
    Unit,
    count_population,
    schools,
    units,
)
from scim_server.oauth.credentials import BEARER, secrets_of
from scim_server.oauth.notices import notices_of
from scim_server.oauth.tokens import last_uses
from scim_server.oauth.trusts import trusts_of
from scim_server.settings import Settings


@click.command()
def status() -> None:
    """Units, people, groups, the last import, the last read, and how long secrets live."""
    settings, now = Settings.from_env(), system_clock()
    with opened(settings) as database, database.read() as connection:
        found = units(connection)
        if not found:
            click.echo("No units. Begin with: scim-server unit add NAME --domain DOMAIN")
        if settings.long_lived_tokens:
            click.echo("Long-lived bearers are accepted (SCIM_LONG_LIVED_TOKENS=on).")
        for unit in found:
            people = count_population(connection, unit.id)
            click.echo(f"{unit.name} ({unit.kind})")
            click.echo(f"  served: {people.users:,} people, {people.groups:,} groups")
            if unit.kind == "register":
                _show_register(unit, people, schools(connection, unit.id))
            secrets = secrets_of(connection, unit.id)
            live = [each for each in secrets if each.is_live(now)]
            trusts = trusts_of(connection, unit)
            ids = [*(each.id for each in secrets), *(each.id for each in trusts)]
            uses = last_uses(database, ids)
            for secret in live:
                refused = secret.kind == BEARER and not settings.long_lived_tokens
                note = "; not accepted: SCIM_LONG_LIVED_TOKENS is off" if refused else ""
                click.echo(f"  {secret.kind} {line(secret, uses[secret.id], now)}{note}")
            for trust in trusts:
                click.echo(f"  trust {trust_line(trust, uses[trust.id])}")
            for notice in notices_of(database, connection, unit, now):
                click.echo(f"  warning: {notice.text}")
            if not (secrets or trusts):
                click.echo(f"  no secret yet. Issue one: scim-server credentials issue {unit.name}")


def _show_register(unit: Unit, people: Population, known: Sequence[School]) -> None:
    publishing = sum(each.synchronised for each in known)
    click.echo(f"  schools that publish: {publishing} of {len(known)}")
    click.echo(
        f"  active in the register: {people.pupils:,} pupils, "
        f"{people.employees:,} employees, {people.active_groups:,} groups"
    )
    click.echo(f"  last import: {when(moment(unit.imported) if unit.imported else None)}")

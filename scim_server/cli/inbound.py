"""``inbound``: Entra's API-driven inbound provisioning."""

from __future__ import annotations

import click

from scim_server.cli.simulating import simulate


@click.group()
def inbound() -> None:
    """Entra's API-driven inbound provisioning."""


inbound.add_command(simulate)

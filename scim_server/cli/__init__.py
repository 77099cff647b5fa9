"""The command ``scim-server``. Commands hold no logic: each calls what other rooms promise.

Exit codes: 0 done; 1 refused by a guard; 2 bad input; 3 the environment (settings, files,
database) keeps the command from working.
"""

from __future__ import annotations

import sys

import click

from scim_server import __version__
from scim_server.cli.auditing import audit, disclosures
from scim_server.cli.clients import client
from scim_server.cli.credentials import credentials
from scim_server.cli.database import database
from scim_server.cli.demo import demo
from scim_server.cli.importing import import_command, sample
from scim_server.cli.inbound import inbound
from scim_server.cli.keys import key
from scim_server.cli.notices import notices
from scim_server.cli.sandboxes import sandbox
from scim_server.cli.sds import sds
from scim_server.cli.serving import config, serve
from scim_server.cli.status import status
from scim_server.cli.units import consent, unit
from scim_server.errors import Failure


class _Commands(click.Group):
    """Turns a :class:`~scim_server.errors.Failure` into a sentence and its exit code."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except Failure as failure:
            for line in (str(failure), *getattr(failure, "__notes__", ())):
                click.echo(f"scim-server: {line}", err=True)
            context.exit(failure.exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="scim-server")
def cli() -> None:
    """Publish a Polish school's register (VULCAN UONET+) to Microsoft 365: SCIM 2.0, OneRoster.

    Settings come from SCIM_* variables; see: scim-server config
    """


for command in (
    unit, consent, client, credentials, sds, sandbox, import_command, sample, inbound, serve,
    status, notices, config, database, audit, disclosures, key, demo,
):  # fmt: skip
    cli.add_command(command)


def main() -> None:
    """The console script."""
    sys.exit(cli(prog_name="scim-server"))

"""``demo``: a made-up school, served on this machine alone, in one command."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from scim_server.cli.opening import opened, operator
from scim_server.cli.sandboxes import testers
from scim_server.cli.serving import run
from scim_server.clock import system_clock
from scim_server.directory.consent import decide
from scim_server.directory.units import add_sandbox, add_unit, unit_named, units
from scim_server.errors import BadEnvironment
from scim_server.oauth import credentials
from scim_server.oauth.addresses import access_url, token_url
from scim_server.register.importing import Choices, import_feed
from scim_server.register.sample import write_sample
from scim_server.settings import Settings

_UNIT, _DOMAIN, _PUPILS, _SEED = "sp12", "sp12.example.pl", 500, 12
_SANDBOX = "sandbox"
_DIRECTOR = "the made-up director of the demo"


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path(".data"), show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535))
def demo(data: Path, port: int) -> None:
    """Serve a made-up school on 127.0.0.1, kept in the folder DATA and gone on with next time.

    Prints the four values of the school and of an empty sandbox, and lines to try them with. Their
    secrets lie in DATA, readable by its owner alone; nothing here is meant for real data.
    """
    settings = _settings(data, port)
    with opened(settings) as database:
        with database.read() as connection:
            known = {each.name for each in units(connection)}
        if _UNIT not in known:
            click.echo(f"Making up a school of {_PUPILS} pupils in {data} …", err=True)
            _fill(settings, data)
        if _SANDBOX not in known:
            with database.write() as connection:
                add_sandbox(connection, name=_SANDBOX, now=system_clock(), actor=operator())
    values = _values(settings, data / "credentials", _UNIT)
    _show(values)
    _explain(values)
    click.echo("An empty sandbox, which may be written:")
    values = _values(settings, data / "sandbox-credentials", _SANDBOX)
    _show(values)
    click.echo(f"\n{testers(values)}\n")
    run(settings)


def _show(values: dict[str, str]) -> None:
    for label, value in values.items():
        click.echo(f"{label}: {value}")


def _settings(data: Path, port: int) -> Settings:
    """The demo's own settings, which its worker processes read from the environment."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = data / "master.key"
        if not key.exists():
            _write_private(key, secrets.token_urlsafe(32))
    except OSError as error:
        raise BadEnvironment(
            f"The folder {data} can't be used ({error.strerror}). Name another one with --data."
        ) from error
    for name in [name for name in os.environ if name.startswith("SCIM_")]:
        del os.environ[name]
    os.environ |= {
        "SCIM_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SCIM_PORT": str(port),
        "SCIM_DATABASE_URL": f"sqlite:///{(data / 'school.db').absolute()}",
        "SCIM_MASTER_KEY_FILE": str(key.absolute()),
    }
    return Settings.from_env()


def _fill(settings: Settings, data: Path) -> None:
    export = data / "export"
    if not export.exists():
        write_sample(export, _PUPILS, _SEED, (_UNIT,))
    now = system_clock()
    with opened(settings) as database:
        with database.write() as connection:
            unit = add_unit(
                connection, name=_UNIT, domain=_DOMAIN, schools=(_UNIT,), now=now, actor=operator()
            )
        import_feed(database, unit, export, Choices(actor=operator()), clock=system_clock)
        with database.write() as connection:
            decide(
                connection,
                unit_named(connection, _UNIT),
                None,
                True,
                decided_by=_DIRECTOR,
                actor=operator(),
                now=now,
            )


def _values(settings: Settings, note: Path, unit: str) -> dict[str, str]:
    """The four values: issued the first time, and read from the demo's own note afterwards."""
    if not note.exists():
        with opened(settings) as database, database.write() as connection:
            made = credentials.issue(
                connection,
                unit_named(connection, unit),
                key=settings.key("digest"),
                public_url=settings.public_url,
                now=system_clock(),
                actor=operator(),
            )
            _write_private(note, f"{made.client_id}\n{made.client_secret}\n")
    client_id, client_secret = note.read_text().split()
    return {
        "Web Access Url": access_url(settings.public_url, unit),
        "Client Id": client_id,
        "Client Secret": client_secret,
        "Token endpoint Url": token_url(settings.public_url, unit),
    }


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)


def _explain(values: dict[str, str]) -> None:
    base, client, secret, token = values.values()
    click.echo(
        "\nTry it from another terminal:\n"
        f"  TOKEN=$(curl -s -u '{client}:{secret}' -d grant_type=client_credentials \\\n"
        f'    {token} | sed \'s/.*"access_token": *"\\([^"]*\\)".*/\\1/\')\n'
        f"  curl -s -H \"Authorization: Bearer $TOKEN\" '{base}/Users?count=3'\n"
    )

"""``inbound``: a unit's people and groups pushed to Entra ID, and what became of them there."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from scim_server.cli.opening import opened, operator
from scim_server.cli.simulating import simulate
from scim_server.clock import moment, system_clock
from scim_server.database import Database
from scim_server.directory.units import unit_named
from scim_server.errors import BadInput, Failure, NotPushed, Problem
from scim_server.inbound import configuration as configuring
from scim_server.inbound.advice import advice
from scim_server.inbound.application import GRAPH_URL, LOGIN_URL
from scim_server.inbound.configuration import Configuration
from scim_server.inbound.graph import Graph
from scim_server.inbound.groups.planning import GroupPlan
from scim_server.inbound.groups.pushing import GroupOutcome
from scim_server.inbound.groups.records import KINDS, Kind
from scim_server.inbound.plan import ORDER
from scim_server.inbound.proofs import try_file
from scim_server.inbound.pushing import Choices, Forecast, Outcome, push_of
from scim_server.inbound.reporting import PersonStanding, Standing, person_standing, standing
from scim_server.inbound.results import read_log
from scim_server.inbound.running import Surroundings
from scim_server.inbound.transport import Network
from scim_server.inbound.watching import Watch
from scim_server.settings import Settings

_SHOWN = 50


@click.group()
def inbound() -> None:
    """Push a unit's people, and groups, to Microsoft Entra ID (API-driven inbound provisioning)."""


inbound.add_command(simulate)


@inbound.command("configure")
@click.argument("unit_name", metavar="UNIT")
@click.option("--tenant", required=True, help="The tenant's id or domain.")
@click.option("--client-id", required=True, help="The app registration's client id.")
@click.option(
    "--service-principal", required=True, help="The object id of the provisioning app's principal."
)
@click.option("--job", required=True, help="The provisioning job's id: API2AAD.…")
@click.option(
    "--secret-file", type=click.Path(path_type=Path), help="A private file with the secret's value."
)
@click.option(
    "--certificate-file",
    type=click.Path(path_type=Path),
    help="A private PEM file with the key and the certificate.",
)
@click.option(
    "--calls-a-day", type=click.Choice([str(each) for each in configuring.QUOTAS]),
    default=str(configuring.QUOTAS[0]), show_default=True,
    help="The tenant's quota: 2000 with P1 or P2, 6000 with ID Governance.",
)  # fmt: skip
@click.option("--phones/--no-phones", help="Send pupils' phones where given.", show_default=True)
@click.option("--emails/--no-emails", help="Send pupils' own e-mails too.", show_default=True)
@click.option(
    "--groups", type=click.Choice(KINDS), default="none", show_default=True,
    help="Push subject groups too, as security or as Microsoft 365 groups.",
)  # fmt: skip
@click.option(
    "--matching", default=configuring.MATCHING, show_default=True,
    help="A note: how the job finds accounts.",
)  # fmt: skip
@click.option("--login-url", default=LOGIN_URL, show_default=True, help="Where tokens are got.")
@click.option("--graph-url", default=GRAPH_URL, show_default=True, help="Where Graph is.")
def configure_command(
    unit_name: str,
    tenant: str,
    client_id: str,
    service_principal: str,
    job: str,
    secret_file: Path | None,
    certificate_file: Path | None,
    calls_a_day: str,
    phones: bool,
    emails: bool,
    groups: Kind,
    matching: str,
    login_url: str,
    graph_url: str,
) -> None:
    """Say where UNIT is pushed to. The credential stays in its file, which only you may read."""
    file = secret_file or certificate_file
    if file is None or (secret_file and certificate_file):
        raise BadInput("Say exactly one of --secret-file FILE and --certificate-file FILE.")
    now = system_clock()
    chosen = Configuration(
        tenant=tenant,
        client_id=client_id,
        service_principal=service_principal,
        job=job,
        credential_kind="secret" if secret_file else "certificate",
        credential_file=str(file.absolute()),
        calls_a_day=int(calls_a_day),
        login_url=login_url,
        graph_url=graph_url,
        phones=phones,
        emails=emails,
        matching=matching,
        groups=groups,
    )
    try_file(chosen, now)
    with opened(Settings.from_env()) as database, database.write() as connection:
        unit = unit_named(connection, unit_name)
        configuring.configure(connection, unit, chosen, now=now, actor=operator())
    click.echo(f"The unit {unit_name} is pushed to the job {job} of {tenant}.")
    click.echo(f"The job has to match accounts so: {matching}. Check it before the first push.")
    click.echo(f"Next: scim-server inbound status {unit_name}")


@inbound.command("remove")
@click.argument("unit_name", metavar="UNIT")
def remove_command(unit_name: str) -> None:
    """Push UNIT no longer, and forget what was given of whom. In Entra everything stays."""
    with opened(Settings.from_env()) as database, database.write() as connection:
        unit = unit_named(connection, unit_name)
        of = configuring.configuration_of(connection, unit)
        configuring.remove(connection, unit, now=system_clock(), actor=operator())
    click.echo(f"The unit {unit_name} is pushed no longer. Accounts and groups in Entra stay.")
    click.echo(
        f"Delete the app's {of.credential_kind} in Entra, and the file {of.credential_file} here."
    )


@inbound.command("push")
@click.argument("unit_name", metavar="UNIT")
@click.option("--allow-deactivations", is_flag=True, help="Even where many would be disabled.")
@click.option("--retry-failed", is_flag=True, help="Send what failed or was refused once more.")
@click.option(
    "--everybody", is_flag=True,
    help="Send everybody's record once more, as after provisioning was restarted in Entra.",
)  # fmt: skip
def push_command(
    unit_name: str, allow_deactivations: bool, retry_failed: bool, everybody: bool
) -> None:
    """Send what changed of UNIT since it was last accepted, as far as today's calls go."""
    settings = Settings.from_env()
    with opened(settings) as database, _surroundings() as around:
        push = push_of(database, unit_name, around)
        choices = _choices(settings, allow_deactivations, retry_failed, everybody)
        _tell(push.run(choices, _announce))


@inbound.command("watch")
@click.argument("unit_name", metavar="UNIT")
@click.option(
    "--pause", type=click.IntRange(min=30), default=300, show_default=True,
    help="Seconds between two turns.",
)  # fmt: skip
def watch_command(unit_name: str, pause: int) -> None:
    """Push UNIT and read what became of it, again and again, until SIGTERM."""
    settings = Settings.from_env()
    with opened(settings) as database, _surroundings() as around:
        watch = Watch(
            database, unit_name, around, announce=_announce_work, told=_tell_work, failed=_complain
        )
        watch.run(_choices(settings), pause)


@inbound.command("status")
@click.argument("unit_name", metavar="UNIT")
def status_command(unit_name: str) -> None:
    """Tell what of UNIT waits, what was accepted and what failed, after reading Microsoft's log."""
    with opened(Settings.from_env()) as database:
        _read_log(database, unit_name)
        with database.read() as connection:
            unit = unit_named(connection, unit_name, kind="register")
            found = standing(connection, unit, system_clock())
    for line in _lines(found):
        click.echo(line)
    _list("not sent", map(_problem, found.plan.problems))


@inbound.command("person")
@click.argument("unit_name", metavar="UNIT")
@click.argument("key")
def person_command(unit_name: str, key: str) -> None:
    """Tell what became of the person of UNIT with the register's KEY, and what to do about it."""
    with opened(Settings.from_env()) as database:
        _read_log(database, unit_name)
        with database.read() as connection:
            unit = unit_named(connection, unit_name, kind="register")
            found = person_standing(connection, unit, key)
    for line in _person_lines(found):
        click.echo(line)


def _choices(
    settings: Settings,
    allow_deactivations: bool = False,
    retry_failed: bool = False,
    everybody: bool = False,
) -> Choices:
    return Choices(
        actor=operator(),
        max_deactivated_percent=settings.max_deactivated_percent,
        allow_deactivations=allow_deactivations,
        retry_failed=retry_failed,
        everybody=everybody,
    )


@contextmanager
def _surroundings() -> Iterator[Surroundings]:
    """The network, and waits that SIGTERM and Ctrl-C end; a request under way is ended first."""
    stop, network = threading.Event(), Network()
    before = {
        each: signal.signal(each, lambda *_: stop.set()) for each in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield Surroundings(system_clock, network, stop.wait, random.random, stop.is_set)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        network.close()


def _read_log(database: Database, unit_name: str) -> None:
    """Read what is new in the log; where that fails, say so and go on with what is known."""
    with database.read() as connection:
        unit = unit_named(connection, unit_name, kind="register")
        of = configuring.configuration_of(connection, unit)
    network = Network()
    try:
        read_log(database, unit, Graph(of, network, system_clock), system_clock)
    except NotPushed as failure:
        click.echo(f"Not newer than the last reading: {failure}", err=True)
    finally:
        network.close()


def _announce(forecast: Forecast) -> None:
    what = ", ".join(f"{forecast.counts.get(kind, 0):,} {kind}" for kind in ORDER)
    click.echo(f"To send: {what}; {forecast.calls:,} calls of {forecast.calls_left:,} left now.")
    if forecast.calls > forecast.calls_left:
        click.echo(
            "That is more than the tenant may make now: pushed again each day, or with watch, it "
            f"ends on {_when(forecast.end)}."
        )
    if forecast.groups is not None:
        click.echo(f"Groups: {_group_work(forecast.groups)}.")


def _announce_work(forecast: Forecast) -> None:
    if forecast.calls or not (forecast.groups is None or forecast.groups.is_empty):
        _announce(forecast)


def _tell(outcome: Outcome) -> None:
    taken = ", ".join(f"{outcome.taken[kind]:,} {kind}" for kind in ORDER)
    click.echo(f"Accepted: {taken}; {outcome.calls:,} calls.")
    _list("not sent", map(_problem, outcome.problems))
    for key in outcome.refused:
        click.echo(f"refused: key {key}: {advice('BadRequest')}", err=True)
    if outcome.withheld:
        click.echo(
            f"{outcome.withheld:,} people weren't sent: refused before, and not changed since. "
            "Once the cause is gone: --retry-failed."
        )
    if outcome.resume is not None:
        click.echo(f"{outcome.left:,} people are left. Push again from {_when(outcome.resume)} on.")
    if outcome.groups is not None:
        _tell_groups(outcome.groups)


def _tell_work(outcome: Outcome) -> None:
    if outcome.calls or (outcome.groups is not None and outcome.groups.did_anything):
        _tell(outcome)


def _tell_groups(outcome: GroupOutcome) -> None:
    click.echo(
        f"Groups: {outcome.created:,} created, {outcome.renamed:,} renamed; "
        f"{outcome.added:,} members added, {outcome.removed:,} removed."
    )
    _list(
        "deleted in Entra",
        (f"group {key}: to make it again: --retry-failed" for key in outcome.gone),
    )
    _list("refused", (f"group {key}: {advice('BadRequest')}" for key in outcome.refused))
    _list(
        "no member",
        (f"key {key}: several accounts have it as their employee id" for key in outcome.ambiguous),
    )
    if outcome.refused_members:
        click.echo(
            f"{outcome.refused_members:,} memberships were refused. Look at these groups in Entra: "
            "one with a membership rule takes nobody. Once the cause is gone: --retry-failed.",
            err=True,
        )
    if outcome.left:
        click.echo(
            f"{outcome.left:,} memberships are left, {outcome.unknown:,} of them of people whose "
            "account isn't in Entra yet: a later push gives them."
        )
    if outcome.resume is not None:
        click.echo(f"Push groups again from {_when(outcome.resume)} on.")


def _group_work(found: GroupPlan) -> str:
    members = found.members
    work = (
        f"{len(found.create):,} to create, {len(found.rename):,} to rename; {members.adding:,} "
        f"members to add, {members.ending:,} to remove"
    )
    if members.unknown:
        work += f"; of {members.unknown:,} the account isn't known yet"
    return work


def _complain(failure: Failure) -> None:
    click.echo(f"scim-server: {failure}", err=True)


def _list(what: str, lines: Iterable[str]) -> None:
    """The first of them, and how many more there are."""
    listed = list(lines)
    for each in listed[:_SHOWN]:
        click.echo(f"{what}: {each}", err=True)
    if len(listed) > _SHOWN:
        click.echo(f"{what}: {len(listed) - _SHOWN:,} more.", err=True)


def _problem(found: Problem) -> str:
    return f"{found.column}: {found.rule}"


def _lines(found: Standing) -> Iterator[str]:
    of = found.configuration
    extras = [name for name, on in (("phones", of.phones), ("e-mails", of.emails)) if on]
    yield f"Tenant {of.tenant}, job {of.job}"
    yield f"Matching: {of.matching}; of pupils also: {', '.join(extras) or 'nothing'}"
    yield f"Credential: {of.credential_kind} in {of.credential_file}"
    waiting = ", ".join(f"{found.waiting.get(kind, 0):,} {kind}" for kind in ORDER)
    yield f"To send: {waiting}; {found.calls:,} calls"
    yield f"Calls left of {of.calls_a_day:,} in 24 hours: {found.calls_left:,}"
    if found.calls > found.calls_left:
        yield f"All is sent by {_when(found.end)} at the earliest."
    if found.groups is not None:
        yield from _group_lines(found.groups, of.groups)
    yield f"Up to date: {found.plan.unchanged:,}; refused and not changed: {found.plan.withheld:,}"
    for (result, code), count in found.results.items():
        yield f"Last result {result}: {count:,}" + (f" ({code}: {advice(code)})" if code else "")
    yield f"Microsoft's log was last read: {_when(found.log_read)}."
    if found.held_until is not None:
        yield "A push is running now."


def _group_lines(found: GroupPlan, kind: Kind) -> Iterator[str]:
    yield f"Groups, as {kind}: {found.created:,} in Entra with {found.members.given:,} members"
    yield f"Groups: {_group_work(found)}"
    if found.gone:
        yield f"Groups deleted in Entra: {', '.join(found.gone[:_SHOWN])}. Again: --retry-failed"
    if found.refused or found.members.refused:
        yield (
            f"Refused by Entra: {len(found.refused):,} groups, {found.members.refused:,} members. "
            "Again: --retry-failed"
        )


def _person_lines(found: PersonStanding) -> Iterator[str]:
    if not found.is_served:
        yield "Not pushed: no school that publishes holds this person."
    elif found.rule is not None:
        yield f"Not pushed: {found.rule}."
    elif found.is_current and found.has_failed:
        yield "Not done: Entra accepted the record as it is now, and then failed with it."
    elif found.is_current:
        yield "Up to date: Entra accepted the record as it is now."
    elif found.given is None and not found.is_active:
        yield "Not pushed: this person had left before the first push."
    else:
        yield "Waiting: the record as it is now wasn't accepted yet."
    if found.places is not None:
        yield f"Groups: in {found.places.given:,}, {found.places.waiting:,} to come" + (
            "." if found.places.has_account else "; the account isn't known yet."
        )
    if found.given is None:
        yield "Nothing was ever sent."
        return
    state = "active" if found.given.active else "inactive"
    yield f"Sent as {state}, last {_at(found.given.offered)}."
    if found.given.result is not None:
        yield f"Last result: {found.given.result}, {_at(found.given.result_at)}."
    if found.given.code is not None:
        yield f"{found.given.code}: {advice(found.given.code)}"


def _at(stamp: str | None) -> str:
    return _when(None if stamp is None else moment(stamp))


def _when(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"

"""``inbound simulate``: Microsoft's side of a push, to rehearse without a tenant."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import click
from cryptography.x509 import Certificate, load_pem_x509_certificate

from scim_server.clock import system_clock
from scim_server.errors import BadEnvironment, BadInput
from scim_server.inbound.simulator import state
from scim_server.inbound.simulator.faults import CUT, EXPIRED, LOST
from scim_server.inbound.simulator.service import Simulator
from scim_server.inbound.simulator.serving import LOOPBACK, serving
from scim_server.inbound.simulator.tenant import QUOTAS, Tenant

_FAULTS = (LOST, CUT, EXPIRED, "429", "500", "502", "503", "504")

_NEXT = """\
Next, in another terminal: put the secret's value into a file that only you may read, and give the
values to scim-server inbound configure; then push:
  (umask 077; echo '{secret}' > rehearsal.secret)
  scim-server inbound configure UNIT --tenant {tenant} \\
    --client-id {client} \\
    --service-principal {principal} \\
    --job {job} \\
    --secret-file rehearsal.secret --login-url {address} --graph-url {address}

A connector for School Data Sync is rehearsed with the same app:
  scim-server client add UNIT sds
  scim-server sds register UNIT --client sds --send --source-system {system}

What is pushed is done after {delay:g} s and in the log after {logged:g} s. Nothing leaves this \
machine.
Stop it with Ctrl-C: it then tells what became of the accounts."""


@click.command()
@click.option("--port", default=8100, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--tenant", type=click.UUID, help="The tenant's id; made up unless given.")
@click.option(
    "--domain",
    "domains",
    multiple=True,
    required=True,
    help="A verified domain of the tenant; repeat it for several.",
)
@click.option(
    "--quota",
    type=click.Choice([str(each) for each in QUOTAS]),
    default=str(QUOTAS[0]),
    show_default=True,
    help="Calls in 24 hours: with P1 or P2, or with ID Governance.",
)
@click.option(
    "--delay",
    type=click.FloatRange(0, 3_600),
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="Until what was pushed is done, and again until the log tells of it.",
)
@click.option(
    "--certificate",
    type=click.Path(path_type=Path),
    help="A PEM file: the certificate that may sign instead of the secret.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    type=click.Choice(_FAULTS),
    help="What some calls of bulkUpload meet; repeat it for several, met in turn.",
)
@click.option(
    "--fault-every",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    metavar="CALLS",
    help="How many calls of bulkUpload go by from one fault to the next.",
)
@click.option(
    "--state",
    "file",
    type=click.Path(path_type=Path),
    help="A JSON file to keep the rehearsal in, and to go on with.",
)
def simulate(
    port: int,
    tenant: UUID | None,
    domains: tuple[str, ...],
    quota: str,
    delay: float,
    certificate: Path | None,
    faults: tuple[str, ...],
    fault_every: int,
    file: Path | None,
) -> None:
    """Play Microsoft Graph on 127.0.0.1, so that a push can be rehearsed without a tenant.

    It is stricter than Microsoft rather than laxer, takes no settings, and isn't meant for real
    data. Prints what `inbound configure` asks for.
    """
    kept = state.kept_ids(file) if file else {}
    if tenant is not None and kept.setdefault("tenant_id", str(tenant)) != str(tenant):
        raise BadInput(f"{file} is of another tenant. Leave --tenant out, or name another file.")
    simulator = Simulator(
        Tenant(
            domains=tuple(each.lower() for each in domains),
            certificate=_certificate(certificate),
            quota=int(quota),
            delay=delay,
            log_delay=delay,
            **kept,
        ),
        system_clock,
    )
    simulator.faults.repeat([int(one) if one.isdigit() else one for one in faults], fault_every)
    if file:
        state.load(simulator, file)
        state.save(simulator, file)
    _serve(simulator, port)
    if file:
        state.save(simulator, file)
    _sum_up(simulator, file)


def _certificate(path: Path | None) -> Certificate | None:
    if path is None:
        return None
    with suppress(OSError, ValueError):
        return load_pem_x509_certificate(path.read_bytes())
    raise BadInput(f"{path} is no certificate in PEM that can be read.")


def _serve(simulator: Simulator, port: int) -> None:
    """Answer until SIGINT or SIGTERM."""
    stopped = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stopped.set())
    try:
        with serving(simulator, port) as server:
            _show(simulator.tenant, server.address)
            stopped.wait()
    except OSError as error:
        raise BadEnvironment(
            f"{LOOPBACK}:{port} can't be listened on ({error.strerror}). Name another --port."
        ) from error
    simulator.work()


def _show(tenant: Tenant, address: str) -> None:
    values = {
        "Login address": address,
        "Graph address": address,
        "Token endpoint": f"{address}/{tenant.tenant_id}/oauth2/v2.0/token",
        "Tenant id": tenant.tenant_id,
        "Client id": tenant.client_id,
        "Client secret": tenant.secret,
        "Service principal object id": tenant.service_principal_id,
        "Job id": tenant.job_id,
        "Source system id": tenant.source_system_id,
    }
    for label, value in values.items():
        click.echo(f"{label}: {value}")
    click.echo(
        "\n" + _NEXT.format(
            secret=tenant.secret, tenant=tenant.tenant_id, client=tenant.client_id,
            principal=tenant.service_principal_id, job=tenant.job_id, address=address,
            system=tenant.source_system_id, delay=tenant.delay,
            logged=tenant.delay + tenant.log_delay,
        ),
        err=True,
    )  # fmt: skip


def _sum_up(simulator: Simulator, file: Path | None) -> None:
    """What became of it all: numbers and codes, no names."""
    enabled = Counter(bool(each["accountEnabled"]) for each in simulator.accounts)
    click.echo(f"Accounts: {enabled.total()} ({enabled[True]} enabled, {enabled[False]} disabled)")
    done = Counter(
        f"{each.body['provisioningAction']} {each.body['provisioningStatusInfo']['status']}"
        for each in simulator.log.entries
    )
    for name, number in sorted(done.items()):
        click.echo(f"  {name}: {number}")
    click.echo(f"Operations that weren't done yet: {len(simulator.accounts.pending)}")
    failures = simulator.log.failures()
    click.echo(f"Failures: {failures.total()}")
    for code, number in failures.most_common():
        click.echo(f"  {code}: {number}")
    if groups := simulator.groups.all:
        members = sum(len(each.members) for each in groups.values())
        click.echo(f"Groups: {len(groups)}, with {members} members")
    if connectors := simulator.connectors.all.values():
        valid = sum(each["credential"]["isValid"] for each in connectors)
        click.echo(f"Connectors: {len(connectors)}, {valid} of which could sign in")
    refused = Counter(each.status for each in simulator.calls if not 200 <= each.status < 300)
    for status, number in sorted(refused.items()):
        click.echo(f"Calls that got {status or 'no answer'}: {number}")
    if file:
        click.echo(f"The rehearsal lies in {file}; start with the same --state to go on.", err=True)

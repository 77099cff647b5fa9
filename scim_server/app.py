"""The application, wired in the order in which a request passes it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from flask import Flask

import scim_server.inbound.tables  # noqa: F401 (the schema is whole with all its tables)
from scim_server.audit.anchoring import Anchoring
from scim_server.audit.disclosures import Disclosures
from scim_server.audit.refusals import Refusals
from scim_server.clock import Clock, system_clock
from scim_server.database import Database, open_database
from scim_server.database.migrating import check_schema
from scim_server.directory.changes import Changes
from scim_server.directory.resources import Resources
from scim_server.directory.rosters import Rosters
from scim_server.http.flask_adapter import ShortWay, open_door, refuse_the_rest
from scim_server.http.hallway import Hallway
from scim_server.http.logs import configure_logs
from scim_server.http.metadata_door import metadata_door, pointer
from scim_server.http.token_door import token_door
from scim_server.oauth.rates import Rates
from scim_server.oauth.renewals import Renewals
from scim_server.oauth.sending import Sender
from scim_server.oauth.server import Guard, TokenEndpoint
from scim_server.oauth.tokens import Tokens
from scim_server.oneroster.door import roster_doors
from scim_server.oneroster.reads import Reads as RosterReads
from scim_server.rounds import Job, Rounds
from scim_server.scim.cursors import Cursors
from scim_server.scim.door import ScimService
from scim_server.scim.kinds import Kinds
from scim_server.scim.passwords import hashed
from scim_server.scim.queries import Bounds
from scim_server.scim.reads import Reads
from scim_server.scim.writes import Writes
from scim_server.settings import Settings


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock = system_clock,
    database: Database | None = None,
    between_requests: bool = True,
    counts: Path | None = None,
) -> Flask:
    """The WSGI application. Without ``settings`` they are read from the environment.

    Workers that are given the same folder for ``counts`` count requests together. Without
    ``between_requests`` no thread is started for :class:`~scim_server.rounds.Rounds`: its jobs
    run when ``app.extensions["rounds"]`` is told to. Raises
    :class:`~scim_server.errors.BadEnvironment` where it can't serve safely.
    """
    settings = settings or Settings.from_env()
    configure_logs(settings.log_level)
    database = database or open_database(
        settings.database_url, settings.token_store_url, audit_keys=settings.keys("audit")
    )
    check_schema(database)
    digest_keys = settings.keys("digest")

    app = Flask(__name__, static_folder=None)
    app.config.update(PROPAGATE_EXCEPTIONS=False)
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False

    renewals = Renewals(database, digest_keys)
    tokens = Tokens(
        database, digest_keys, clock, settings.token_lifetime,
        renewals=renewals, long_lived=settings.long_lived_tokens,
    )  # fmt: skip
    rates = Rates(
        clock,
        per_second=settings.requests_per_second,
        burst=settings.request_burst,
        folder=counts,
    )
    refusals = Refusals(database, clock)
    hallway = Hallway(
        tokens,
        rates,
        refusals,
        settings.max_body_bytes,
        settings.max_query_bytes,
        partial(pointer, settings.public_url),
    )
    endpoint = TokenEndpoint(
        app,
        database,
        tokens,
        guard=Guard(rates, refusals, renewals, settings.proxies, settings.is_local),
        keys=digest_keys,
        clock=clock,
        public_url=settings.public_url,
    )
    views = {
        "token": endpoint.respond, "revoke": endpoint.revoke, "introspect": endpoint.introspect,
    }  # fmt: skip
    open_door(app, hallway, token_door(**views))
    open_door(app, hallway, metadata_door(settings.public_url))

    resources = Resources(database)
    disclosures = Disclosures(database, clock, resources.listed_in)
    scim = _scim_service(settings, database, resources, disclosures, clock)
    open_door(app, hallway, scim.door)
    rosters = RosterReads(
        Rosters(database),
        disclosures,
        public_url=settings.public_url,
        terms=settings.max_filter_terms,
    )
    for door in roster_doors(rosters):
        open_door(app, hallway, door)
    refuse_the_rest(app, hallway, scim.door)
    app.wsgi_app = ShortWay(app.wsgi_app, hallway, scim.door, scim.match)  # type: ignore[method-assign]

    sender = Sender.of(settings, database, clock)
    anchoring = Anchoring(database, clock, settings.audit_anchor_file)
    rounds = app.extensions["rounds"] = Rounds(
        [
            Job("disclosures", 2, disclosures.write),
            Job("refusals", 60, refusals.write),
            Job("renewals", 10, renewals.write),
            Job("anchors", 60, anchoring.run),
            Job("notices", 300, sender.run, finished=False),
        ]
    )
    if between_requests:
        rounds.start()
    return app


def _scim_service(
    settings: Settings,
    database: Database,
    resources: Resources,
    disclosures: Disclosures,
    clock: Clock,
) -> ScimService:
    bounds = _bounds(settings)
    cursors = Cursors(settings.keys("cursor"), clock, settings.cursor_lifetime)
    kinds = Kinds(bounds, cursor_lifetime=cursors.lifetime, public_url=settings.public_url)
    reads = Reads(resources, kinds, cursors, bounds, disclosures)
    return ScimService(reads, Writes(Changes(database, clock), kinds, reads, bounds, hashed))


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        page_size_default=min(settings.page_size_default, settings.page_size_max),
        page_size_max=settings.page_size_max,
        filter_bytes=settings.max_filter_bytes,
        filter_depth=settings.max_filter_depth,
        filter_terms=settings.max_filter_terms,
        attributes=settings.max_attributes,
        bulk_operations=settings.max_bulk_operations,
        body_bytes=settings.max_body_bytes,
        json_depth=settings.max_json_depth,
        patched_members=settings.max_patched_members,
    )

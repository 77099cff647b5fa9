"""The application, wired in the order in which a request passes it."""

from __future__ import annotations

from flask import Flask

from scim_server.clock import Clock, system_clock
from scim_server.database import Database, open_database
from scim_server.database.migrating import check_schema
from scim_server.directory.resources import Resources
from scim_server.http.flask_adapter import ShortWay, open_door, refuse_the_rest
from scim_server.http.hallway import Hallway
from scim_server.http.logs import configure_logs
from scim_server.http.token_door import token_door
from scim_server.oauth.keys import derive
from scim_server.oauth.server import TokenEndpoint
from scim_server.oauth.tokens import Tokens
from scim_server.scim.cursors import Cursors
from scim_server.scim.door import ScimService
from scim_server.scim.queries import Bounds
from scim_server.settings import Settings


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock = system_clock,
    database: Database | None = None,
) -> Flask:
    """The WSGI application. Without ``settings`` they are read from the environment.

    Raises :class:`~scim_server.errors.BadEnvironment` where it can't serve safely.
    """
    settings = settings or Settings.from_env()
    configure_logs(settings.log_level)
    database = database or open_database(settings.database_url, settings.token_store_url)
    check_schema(database)
    master = settings.key_bytes()
    digest_key = derive(master, "digest")

    app = Flask(__name__, static_folder=None)
    app.config.update(PROPAGATE_EXCEPTIONS=False)
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False

    tokens = Tokens(database, digest_key, clock, settings.token_lifetime)
    hallway = Hallway(tokens, settings.max_body_bytes, settings.max_query_bytes)
    endpoint = TokenEndpoint(
        app, database, tokens, key=digest_key, clock=clock, public_url=settings.public_url
    )
    open_door(app, hallway, token_door(endpoint.respond))

    scim = ScimService(
        Resources(database),
        Cursors(derive(master, "cursor"), clock, settings.cursor_lifetime),
        _bounds(settings),
        public_url=settings.public_url,
        max_json_depth=settings.max_json_depth,
    )
    open_door(app, hallway, scim.door)
    refuse_the_rest(app, hallway, scim.door)
    app.wsgi_app = ShortWay(app.wsgi_app, hallway, scim.door, scim.match)  # type: ignore[method-assign]
    return app


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        page_size_default=min(settings.page_size_default, settings.page_size_max),
        page_size_max=settings.page_size_max,
        filter_bytes=settings.max_filter_bytes,
        filter_depth=settings.max_filter_depth,
        filter_terms=settings.max_filter_terms,
        attributes=settings.max_attributes,
    )

"""An issuer of our own on this machine: metadata and keys by HTTP, and assertions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc.jwk import Key

from scim_server.oauth import trusts
from scim_server.oauth.issuers import DISCOVERY
from scim_server.oauth.trusts import Trust
from tests.oauth.signing import claims, published, signed
from tests.school import World

APP = "6a1d8f40-2b7c-4e55-9c3e-71f0a2b4c6d8"
AUDIENCE = f"api://{APP}"
SUBJECT = "0b7e3c1a-54a5-4c6a-8f0e-2f6a1d3c9b10"

Answer = tuple[int, dict[str, str], bytes]


class Issuer:
    """One server with any number of tenants, each at ``{base}/TENANT/v2.0`` as Entra has them.

    ``asked`` holds the paths that were asked for. A path in ``special`` is answered by its
    function; while ``down``, nothing is.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self.keys: dict[str, tuple[Key, ...]] = {}
        self.asked: list[str] = []
        self.special: dict[str, Callable[[], Answer]] = {}
        self.down = False

    def tenant(self, name: str, *keys: Key) -> str:
        """The issuer's name of a tenant that signs with ``keys`` from now on."""
        self.keys[name] = keys
        return f"{self.base}/{name}/v2.0"

    def answer(self, path: str) -> Answer:
        self.asked.append(path)
        if self.down:
            return 503, {}, b"{}"
        if path in self.special:
            return self.special[path]()
        name, _, rest = path.removeprefix("/").partition("/")
        if name in self.keys and rest == f"v2.0{DISCOVERY}":
            issuer = f"{self.base}/{name}/v2.0"
            return document({"issuer": issuer, "jwks_uri": f"{self.base}/{name}/keys"})
        if name in self.keys and rest == "keys":
            return document(published(*self.keys[name]))
        return 404, {}, b"{}"


def document(value: Any) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


@contextmanager
def issuing() -> Iterator[Issuer]:
    """A running issuer on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = issuer.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # who asked may have gone
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = Issuer(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()


def trust_issuer(world: World, issuer: str, **changes: str) -> Trust:
    """Let ``issuer`` speak for the unit's first client."""
    terms = {"name": "main", "subject": SUBJECT, "audience": AUDIENCE, **changes}
    with world.database.write() as connection:
        return trusts.add_issuer(
            connection, world.unit, issuer=issuer, now=world.clock(), actor="os:test", **terms
        )


def about(world: World, issuer: str, key: Key, **changes: Any) -> str:
    """An assertion of ``issuer``, as Entra makes them: without a ``jti``, for more than an hour."""
    now = int(world.clock().timestamp())
    body = {
        "iss": issuer, "sub": SUBJECT, "aud": AUDIENCE, "nbf": now, "exp": now + 3_900,
        "jti": None, "appid": APP, "appidacr": "2", "oid": SUBJECT, "ver": "2.0", **changes,
    }  # fmt: skip
    alg = "RS256" if key.key_type == "RSA" else "ES256"
    return signed(key, claims(world, **body), alg, typ="JWT", x5t=key.kid)

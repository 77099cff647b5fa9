"""Signed assertions as clients and issuers make them, right and wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from werkzeug.test import TestResponse

from scim_server.oauth import trusts
from scim_server.oauth.trusts import Trust
from tests.oauth.asking import GRANT, ask, error
from tests.school import PUBLIC_URL, World
from tests.scim.answers import stable

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ISSUER = f"{PUBLIC_URL}/sp12"
ENDPOINT = f"{ISSUER}/oauth2/token"
_numbers = itertools.count()


@cache
def private_key(name: str = "first", kind: str = "EC") -> Key:
    """A key of a test run, the same whenever it is asked for by the same name."""
    match kind:
        case "RSA":
            return RSAKey.generate_key(2_048, {"kid": name})
        case "OKP":
            return OKPKey.generate_key("Ed25519", {"kid": name})
    return ECKey.generate_key("P-256" if kind == "EC" else kind, {"kid": name})


def published(*keys: Key) -> dict[str, Any]:
    return {"keys": [each.as_dict() for each in keys]}


def claims(world: World, **changes: Any) -> dict[str, Any]:
    """What a client claims of itself; a change to None leaves the claim out."""
    name, now = world.credentials.client_id, int(world.clock().timestamp())
    own = {
        "iss": name, "sub": name, "aud": ISSUER, "iat": now, "exp": now + 300,
        "jti": f"j-{next(_numbers)}", **changes,
    }  # fmt: skip
    return {key: value for key, value in own.items() if value is not None}


def signed(key: Key, payload: Any, alg: str = "ES256", **header: Any) -> str:
    """A compact JWS of ``payload``, which is JSON unless it is bytes already."""
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    return jws.serialize_compact({"alg": alg, "kid": key.kid, **header}, text, key, None, registry)


def unsigned(header: Any, payload: Any, signature: bytes = b"") -> str:
    """Three parts of which nobody checked whether they fit together."""
    return ".".join(encoded(each) for each in (header, payload, signature))


def keyed(header: dict[str, Any], payload: Any, secret: bytes) -> str:
    """An HS256 JWS."""
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{encoded(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def present(world: World, assertion: str, path: str = "token", **form: str) -> TestResponse:
    """Ask the unit's token endpoint, or another one, with ``assertion``."""
    whole = {**GRANT, "client_assertion_type": TYPE, "client_assertion": assertion, **form}
    return ask(world, whole, path=path if "/" in path else f"/{world.unit.name}/oauth2/{path}")


def admitted(world: World, assertion: str, **form: str) -> str:
    """The token that ``assertion`` gets, which reads."""
    answer = present(world, assertion, **form)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    world.token = answer.get_json()["access_token"]
    assert world.get("/Users").status_code == 200
    return world.token


def refused(world: World, assertion: str, path: str = "token", **form: str) -> None:
    """Refused in exactly the words for a wrong secret."""
    answer = present(world, assertion, path, **form)
    error(answer, 401, "invalid_client")
    wrong = {**GRANT, "client_id": world.credentials.client_id, "client_secret": "x"}
    assert stable(answer) == stable(ask(world, wrong, path=f"/{world.unit.name}/oauth2/token"))


def trust_keys(world: World, *keys: Key) -> Trust:
    """Let the unit's first client sign with ``keys``."""
    with world.database.write() as connection:
        return trusts.add_keys(
            connection, world.unit, "main", published(*keys), now=world.clock(), actor="os:test"
        )


def distrust(world: World, trust: Trust) -> None:
    with world.database.write() as connection:
        trusts.remove(connection, world.unit, trust.id, now=world.clock(), actor="os:test")

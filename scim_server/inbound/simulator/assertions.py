"""Signed assertions instead of a secret, as Entra's page on certificate credentials has them.

RS256 or PS256, the certificate named by its thumbprint, ``aud`` the token endpoint, ``iss`` and
``sub`` the client id, a fresh ``jti``, and ``exp``. Nothing but the certificate's key is trusted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from scim_server.clock import Clock
from scim_server.inbound.simulator.errors import EntraError
from scim_server.inbound.simulator.tenant import Tenant

_LEEWAY = 300
"""Seconds that the clocks of both sides may be apart."""

_PADDINGS = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(padding.MGF1(SHA256()), SHA256().digest_size),
}


class Assertions:
    """Checks assertions, each of which is good once."""

    def __init__(self, tenant: Tenant, clock: Clock) -> None:
        self._tenant, self._clock = tenant, clock
        self._used: set[str] = set()

    def check(self, assertion: str, endpoint: str) -> None:
        header, claims, signed, signature = _parts(assertion)
        self._check_signature(header, signed, signature)
        if claims.get("aud") != endpoint:
            raise _refused(700023, f"The assertion's aud is not {endpoint}.")
        if not claims.get("iss") == claims.get("sub") == self._tenant.client_id:
            raise _refused(700021, "The assertion's iss and sub must be the client id.")
        now = self._clock().timestamp()
        ends, begins = claims.get("exp"), claims.get("nbf", now)
        if not isinstance(ends, int | float) or not isinstance(begins, int | float):
            raise _refused(50027, "The assertion needs exp, and nbf is a number where it is given.")
        if now >= ends + _LEEWAY or now < begins - _LEEWAY:
            raise _refused(700024, "The assertion is not within its valid time range.")
        name = claims.get("jti")
        if not isinstance(name, str) or not name or name in self._used:
            raise _refused(50027, "The assertion needs a jti that was not used before.")
        self._used.add(name)

    def _check_signature(self, header: dict[str, Any], signed: bytes, signature: bytes) -> None:
        certificate = self._tenant.certificate
        if certificate is None:
            raise _refused(700027, "The app has no certificate.")
        der = certificate.public_bytes(Encoding.DER)
        given = header.get("x5t#S256"), header.get("x5t")
        known = (
            _thumbprint(hashlib.sha256(der)),
            _thumbprint(hashlib.sha1(der, usedforsecurity=False)),
        )
        named = [(one, own) for one, own in zip(given, known, strict=True) if one is not None]
        if not named or any(one != own for one, own in named):
            raise _refused(700027, "No certificate of the thumbprint that the assertion names.")
        key, form = certificate.public_key(), _PADDINGS.get(str(header.get("alg")))
        if form is None or not isinstance(key, RSAPublicKey):
            raise _refused(50027, "The assertion must be signed by RS256 or PS256.")
        try:
            key.verify(signature, signed, form, SHA256())
        except InvalidSignature:
            raise _refused(700027, "The assertion's signature is not the certificate's.") from None


def _refused(number: int, sentence: str) -> EntraError:
    return EntraError(number, sentence, "invalid_client")


def _thumbprint(digest: Any) -> str:
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


def _parts(assertion: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, what is signed, and the signature of a compact JWS."""
    signed, _, signature = assertion.rpartition(".")
    try:
        header, claims = (orjson.loads(_decoded(part)) for part in signed.split("."))
        raw = _decoded(signature)
    except (ValueError, binascii.Error):
        raise _refused(50027, "The assertion is malformed.") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise _refused(50027, "The assertion is malformed.")
    return header, claims, signed.encode(), raw


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)

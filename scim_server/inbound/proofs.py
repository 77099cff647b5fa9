"""What the unit's client proves itself with at Entra's token endpoint, read anew each time.

The file is for its owner alone. A secret is its only line; a certificate is a PEM file with the
private key and the certificate that was uploaded to Entra.
"""

from __future__ import annotations

import base64
import stat
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from joserfc import jwt
from joserfc.jwk import RSAKey

from scim_server.errors import BadEnvironment, BadInput
from scim_server.inbound.application import Application

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 300
_LARGEST = 64 * 1024


def proof(of: Application, token_url: str, now: datetime) -> Mapping[str, str]:
    """What is added to a token request: a secret, or an assertion (RFC 7523 §2.2).

    Raises :class:`~scim_server.errors.BadEnvironment` where the file can't be used.
    """
    text = _text(of.credential_path)
    if of.credential_kind == "secret":
        return {"client_secret": _secret(text)}
    assertion = _assertion(text, of.client_id, token_url, now)
    return {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": assertion}


def try_file(of: Application, now: datetime) -> None:
    """Read the file once, so that what is wrong with it is told when it is named.

    Raises :class:`~scim_server.errors.BadInput`.
    """
    try:
        proof(of, of.login_url, now)
    except BadEnvironment as failure:
        raise BadInput(f"{failure} Nothing was stored.") from None


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & 0o077:
                raise BadEnvironment(
                    f"{file} may be read by others (mode {mode:04o}). Run: chmod 600 {file}"
                )
            return opened.read(_LARGEST).decode("ascii")
    except OSError as error:
        raise BadEnvironment(
            f"The credential's file {file} can't be read: {error.strerror}."
        ) from None
    except ValueError:
        raise BadEnvironment(f"{file} isn't text: it holds a secret or PEM.") from None


def _secret(text: str) -> str:
    secret = text.strip()
    if not secret or len(secret.split()) != 1 or secret.startswith("-----BEGIN"):
        raise BadEnvironment("The secret's file holds the secret's value on its only line.")
    return secret


def _assertion(text: str, client_id: str, audience: str, now: datetime) -> str:
    """Signed with PS256 and named by the certificate's SHA-256 thumbprint, as Entra asks."""
    try:
        key = RSAKey.import_key(text)
        certificate = x509.load_pem_x509_certificate(text.encode())
        is_pair = key.is_private and key.as_dict(private=False)["n"] == _modulus(certificate)
    except (ValueError, TypeError, LookupError):
        is_pair = False
    if not is_pair:
        raise BadEnvironment(
            "The certificate's file holds an RSA private key without a passphrase and its "
            "certificate, both as PEM."
        )
    if certificate.not_valid_after_utc <= now:
        raise BadEnvironment(
            f"The certificate expired on {certificate.not_valid_after_utc:%Y-%m-%d}. Make another, "
            "upload it to the app's registration in Entra, and put it into the file."
        )
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256()))
    issued = int(now.timestamp())
    claims = {
        "aud": audience, "iss": client_id, "sub": client_id, "jti": str(uuid.uuid4()),
        "nbf": issued, "iat": issued, "exp": issued + _ASSERTION_SECONDS,
    }  # fmt: skip
    header = {"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint.rstrip(b"=").decode()}
    return jwt.encode(header, claims, key, algorithms=["PS256"])


def _modulus(certificate: x509.Certificate) -> str:
    return str(RSAKey.import_key(certificate.public_key()).as_dict(private=False)["n"])  # type: ignore[arg-type]

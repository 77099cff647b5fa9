"""Public keys as others publish them: JSON Web Key Sets (RFC 7517), for signatures alone.

Everything here is asymmetric. A shared key (``oct``, ``HS256``) would be a secret again, and a
public key taken for one is the oldest forgery of signed tokens.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from scim_server.errors import BadInput

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519",
)  # fmt: skip
"""How an assertion may be signed."""

_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_CURVES = ("P-256", "P-384", "P-521", "Ed25519")
_DESCRIBING = ("kty", "kid", "alg", "use", "key_ops")
_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
_RSA_BITS = range(2_048, 4_097)
_MOST_KEYS = 100


def public_key(data: Any) -> Key:
    """The key that a JWK tells. Raises ValueError with what is wrong with it."""
    if not isinstance(data, dict):
        raise ValueError("is no JSON object")
    if _PRIVATE & set(data):
        raise ValueError("holds a private or shared key; publish the public half alone")
    kind = data.get("kty")
    if not isinstance(kind, str) or kind not in _MEMBERS:
        raise ValueError("is none of RSA, EC and OKP")
    if data.get("use", "sig") != "sig" or data.get("alg", ALGORITHMS[0]) not in ALGORITHMS:
        raise ValueError(f"isn't for signatures with one of {', '.join(ALGORITHMS)}")
    kept = {name: data[name] for name in (*_DESCRIBING, *_MEMBERS[kind]) if name in data}
    if kind == "RSA" and _bits(kept.get("n")) not in _RSA_BITS:
        raise ValueError(f"isn't of {_RSA_BITS[0]:,} to {_RSA_BITS[-1]:,} bits")
    if kind != "RSA" and kept.get("crv") not in _CURVES:
        raise ValueError(f"is on none of the curves {', '.join(_CURVES)}")
    try:
        return import_key(kept)
    except (JoseError, ValueError, TypeError, KeyError):
        raise ValueError("is malformed") from None


def usable_keys(document: Any) -> tuple[Key, ...]:
    """The keys of a set that may check a signature; what isn't understood is passed over
    (RFC 7517 §5).
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    found = []
    for data in listed[:_MOST_KEYS] if isinstance(listed, list) else ():
        try:
            found.append(public_key(data))
        except ValueError:
            continue
    return tuple(found)


def read_key_set(text: str) -> dict[str, Any]:
    """A key set that an administrator registers, without members that nothing here needs.

    Raises :class:`~scim_server.errors.BadInput` unless every key in it may check a signature,
    and where several keys can't be told apart by their ``kid``.
    """
    try:
        listed = json.loads(text)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError):
        listed = None
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_KEYS:
        raise BadInput('This is no JSON Web Key Set: {"keys": [...]} with at least one key.')
    keys = []
    for number, data in enumerate(listed, 1):
        try:
            keys.append(public_key(data))
        except ValueError as wrong:
            raise BadInput(f"Key {number} of the set {wrong}. Nothing was stored.") from None
    names = {each.kid for each in keys} - {None}
    if len(keys) > 1 and len(names) < len(keys):
        raise BadInput("Of several keys each needs a kid of its own. Nothing was stored.")
    return {"keys": [each.as_dict() for each in keys]}


def chosen(keys: Sequence[Key], kid: str | None) -> Key | None:
    """The key that a signature's header means, or none. One that stands alone needs no name."""
    if len(keys) == 1 and (kid is None or keys[0].kid is None):
        return keys[0]
    return next((each for each in keys if kid is not None and each.kid == kid), None)


def registered_keys(stored: Mapping[str, Any]) -> tuple[Key, ...]:
    """The keys of a set that :func:`read_key_set` let in."""
    return usable_keys(dict(stored))


def _bits(modulus: Any) -> int:
    try:
        raw = base64.urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))
    except (ValueError, TypeError):
        return 0
    return int.from_bytes(raw).bit_length()

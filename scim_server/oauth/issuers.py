"""The keys of issuers whose assertions a unit trusts, fetched over HTTPS and kept for an hour.

A stranger can name a key that nobody has, so a fetch is never to be had for the asking: at most
one a minute for each issuer in each process, and none for an issuer that no trust names. Where an
issuer doesn't answer, the keys that it had go on being used.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

import httpx2
from joserfc.jwk import Key

from scim_server.clock import Clock
from scim_server.oauth.jwks import chosen, usable_keys
from scim_server.settings import is_loopback, split_address

DISCOVERY = "/.well-known/openid-configuration"

_KEPT = timedelta(hours=1)
_BETWEEN_FETCHES = timedelta(minutes=1)
_CONNECT_SECONDS = 3
_WHOLE_SECONDS = 5
_LONGEST = 256 * 1024

_log = logging.getLogger("scim_server.assertions")


class Unreachable(Exception):
    """A document can't be had; ``str()`` tells why, and nothing that it held."""


Fetch = Callable[[str], bytes]
"""Answers the document at an address, or raises :class:`Unreachable`."""


def is_fetchable(address: str) -> bool:
    """Whether keys may be fetched from there: HTTPS, or this machine itself."""
    parts = split_address(address)
    if parts is None or "@" in parts.netloc or "#" in address:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_own(address))


def fetch(address: str) -> bytes:
    """The document at ``address``, of at most 256 kB, within five seconds, without redirects.

    It is fetched in a thread of its own, because nothing else bounds all of it: the look-up of
    the name and headers that come drop by drop included. Raises :class:`Unreachable`.
    """
    outcome: SimpleQueue[bytes | Unreachable] = SimpleQueue()
    threading.Thread(target=lambda: outcome.put(_fetched(address)), daemon=True).start()
    try:
        found = outcome.get(timeout=_WHOLE_SECONDS)
    except Empty:
        found = Unreachable(f"no answer within {_WHOLE_SECONDS} seconds")
    if isinstance(found, Unreachable):
        raise found
    return found


def _fetched(address: str) -> bytes | Unreachable:
    end = monotonic() + _WHOLE_SECONDS
    body = bytearray()
    try:
        with httpx2.stream(
            "GET",
            address,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(_WHOLE_SECONDS, connect=_CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=not _is_own(address),  # a proxy leads to others, never to this machine
        ) as answer:
            if answer.status_code != 200:
                return Unreachable(f"status {answer.status_code}")
            for part in answer.iter_raw():
                body += part
                if len(body) > _LONGEST or monotonic() > end:
                    return Unreachable(f"more than {_LONGEST:,} bytes or {_WHOLE_SECONDS} seconds")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        return Unreachable(type(error).__name__)
    return bytes(body)


@dataclass(slots=True)
class _Held:
    """What is known of one source of keys, and when it was asked."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: tuple[Key, ...] = ()
    fetched: datetime | None = None
    tried: datetime | None = None


class Issuers:
    """Finds keys by where they are published; one of it for each process."""

    def __init__(self, clock: Clock, fetch: Fetch = fetch) -> None:
        self._clock, self._fetch = clock, fetch
        self._held: dict[tuple[str, bool], _Held] = {}

    def keys(self, address: str, *, discover: bool, kid: str | None) -> tuple[Key, ...]:
        """The keys of the issuer ``address``, or of the key set there; fetched where that is due.

        With ``discover`` the address is an issuer's name, whose metadata tell where its keys are
        (OpenID Connect Discovery 1.0 §4). There are none while they can't be fetched.
        """
        held = self._held.setdefault((address, discover), _Held())
        # While one thread fetches, the others go on with the keys that there are, or wait for the
        # first ones.
        if self._is_due(held, kid) and held.lock.acquire(blocking=not held.keys):
            try:
                if self._is_due(held, kid):
                    self._renew(held, address, discover)
            finally:
                held.lock.release()
        return held.keys

    def _is_due(self, held: _Held, kid: str | None) -> bool:
        now = self._clock()
        if held.tried is not None and now - held.tried < _BETWEEN_FETCHES:
            return False
        is_old = held.fetched is None or now - held.fetched >= _KEPT
        return is_old or chosen(held.keys, kid) is None

    def _renew(self, held: _Held, address: str, discover: bool) -> None:
        try:
            keys = usable_keys(self._document(self._place(address) if discover else address))
            if not keys:
                raise Unreachable("no key that may check a signature")
        except Unreachable as why:
            _log.warning("keys of %s can't be fetched: %s", address, why)
        else:
            held.keys, held.fetched = keys, self._clock()
        finally:
            held.tried = self._clock()

    def _place(self, issuer: str) -> str:
        """Where the issuer's metadata say that its keys are."""
        metadata = self._document(issuer.removesuffix("/") + DISCOVERY)
        if not isinstance(metadata, dict) or metadata.get("issuer") != issuer:
            raise Unreachable("its metadata are another issuer's")
        place = metadata.get("jwks_uri")
        # An issuer elsewhere must not send us to this machine.
        if not (
            isinstance(place, str)
            and is_fetchable(place)
            and (_is_own(issuer) or not _is_own(place))
        ):
            raise Unreachable("its metadata name no address for keys that may be asked")
        return place

    def _document(self, address: str) -> Any:
        try:
            return json.loads(self._fetch(address))
        except (ValueError, RecursionError):
            raise Unreachable("no JSON") from None


def _is_own(address: str) -> bool:
    parts = split_address(address)
    return parts is not None and is_loopback(parts.hostname or "")

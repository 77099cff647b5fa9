"""How often a client may ask, counted by all processes of a machine together.

A keep-alive connection stays on one worker, so a rate that was shared out among workers would
give one client a part of it: the counts lie in memory that all workers share. A count is one
number, the moment at which the bucket would be full again (GCRA, as in ATM Forum TM 4.0 §4.4).
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import mmap
import os
import struct
import tempfile
import threading
import weakref
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from scim_server.clock import Clock
from scim_server.errors import TooManyRequests

SANDBOX_FACTOR = 10
"""A sandbox is for suites of tests, which don't wait: its clients may ask ten times as often."""

FAILURES_PER_MINUTE = 10

_SLOTS = 4_096
_PROBES = 8
_SLOT = struct.Struct("<Qd")
_ROUNDING = 1e-6
_BYTES = (_SLOTS + _PROBES) * _SLOT.size


class Buckets:
    """A bucket for each name that was used lately, in memory or in a file that processes share.

    Names are kept as hashes. Where there is no room for another bucket, it admits: no client is
    refused because of others.
    """

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._file = _nameless() if path is None else os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        weakref.finalize(self, os.close, self._file)
        os.ftruncate(self._file, _BYTES)
        self._memory = mmap.mmap(self._file, _BYTES)
        self._lock = threading.Lock()

    def take(self, name: str, per_second: float, burst: int) -> float:
        """Take one from the bucket: 0, or the seconds until there is one to take."""
        key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") or 1
        home = key % _SLOTS
        with self._lock:
            # A lock of a file dies with its process, so that none can leave it taken.
            fcntl.lockf(self._file, fcntl.LOCK_EX, _PROBES, home)
            try:
                return self._take(key, home, 1 / per_second, burst)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, _PROBES, home)

    def _take(self, key: int, home: int, step: float, burst: int) -> float:
        now = self._clock().timestamp()
        place, full_at = self._find(key, home, now, burst * step)
        if place is None:
            return 0.0
        full_at = max(full_at, now) + step
        wait = full_at - now - burst * step
        if wait > _ROUNDING:
            return wait
        _SLOT.pack_into(self._memory, place, key, full_at)
        return 0.0

    def _find(self, key: int, home: int, now: float, longest: float) -> tuple[int | None, float]:
        """Where the bucket is, or may be; and when it is full."""
        free = None
        for probe in range(_PROBES):
            place = (home + probe) * _SLOT.size
            found, full_at = _SLOT.unpack_from(self._memory, place)
            # A moment beyond the longest wait comes from a clock that went back.
            is_spent = full_at <= now or full_at > now + longest + 1
            if found == key:
                return place, (now if is_spent else full_at)
            if free is None and is_spent:
                free = place
        return free, now


class Rates:
    """What each client may ask, and how often one may fail to prove who it is.

    Processes that are given the same ``folder`` count together; without one a process counts
    for itself.
    """

    def __init__(
        self, clock: Clock, *, per_second: int, burst: int, folder: Path | None = None
    ) -> None:
        self._requests = Buckets(clock, folder and folder / "requests")
        self._failures = Buckets(clock, folder and folder / "failures")
        self._per_second, self._burst = per_second, burst

    def admit(self, client_id: str, kind: str) -> None:
        """Count one request of a client. Raises :class:`~scim_server.errors.TooManyRequests` for
        one too many, which isn't counted.
        """
        factor = SANDBOX_FACTOR if kind == "sandbox" else 1
        wait = self._requests.take(client_id, self._per_second * factor, self._burst * factor)
        if wait:
            raise _too_many(
                f"A client may send {self._per_second * factor} requests a second.", wait
            )

    def fail(self, client_id: str, network: str | None) -> None:
        """Count one failure to authenticate, from a network that is known.

        Only who fails is slowed down: whoever proves who it is is never refused for the failures
        of others, so that no outsider can lock a school out. Raises as :meth:`admit`.
        """
        if network is None:
            return
        wait = self._failures.take(
            f"{client_id}\0{network}", FAILURES_PER_MINUTE / 60, FAILURES_PER_MINUTE
        )
        if wait:
            raise _too_many("Too many failed attempts from this network.", wait)


def network_of(environ: Mapping[str, Any], proxies: int, *, is_local: bool) -> str | None:
    """The network that a request comes from: 24 bits of an IPv4 address, 64 of an IPv6 one.

    ``proxies`` append to ``X-Forwarded-For``. None where it can't be known: a loopback address on
    a server that isn't local itself is a proxy that nobody told of.
    """
    text = str(environ.get("REMOTE_ADDR", ""))
    if proxies:
        hops = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        text = hops[-proxies].strip() if len(hops) >= proxies else ""
    address = text.rpartition(":")[0] if text.count(":") == 1 or "]" in text else text
    try:
        found = ip_address(address.strip("[]"))
    except ValueError:
        return None
    if found.is_loopback and not (is_local or proxies):
        return None
    return str(ip_network((found, 24 if found.version == 4 else 64), strict=False))


def _nameless() -> int:
    file, name = tempfile.mkstemp()
    Path(name).unlink()
    return file


def _too_many(why: str, wait: float) -> TooManyRequests:
    seconds = max(1, math.ceil(wait))
    return TooManyRequests(
        f"{why} Try again in {seconds} second(s).", [("Retry-After", str(seconds))]
    )

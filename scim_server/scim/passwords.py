"""Passwords, kept as nothing but an argon2id hash (RFC 9106)."""

from __future__ import annotations

from argon2 import PasswordHasher, Type

# The least that OWASP advises: 19 MiB, two passes. Nobody signs in here with a password, so no
# request waits for more than the writing of one.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)


def hashed(password: str) -> str:
    """The hash in its encoded form, with its own salt and parameters."""
    return _HASHER.hash(password)

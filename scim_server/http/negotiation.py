"""Media types: what a client accepts, and which version of a resource it has."""

from __future__ import annotations

from functools import lru_cache

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_etags

from scim_server.errors import NotAcceptable


@lru_cache(maxsize=256)
def chosen(accept: str, offered: tuple[str, ...]) -> str:
    """The media type to answer with; the first of ``offered`` where the client doesn't mind.

    Raises :class:`~scim_server.errors.NotAcceptable` where none of them will do (RFC 9110
    §12.5.1).
    """
    if not accept.strip():
        return offered[0]
    # A parameter such as charset=utf-8 asks for nothing else than what is sent anyway.
    named = [(each.partition(";")[0], quality) for each, quality in parse_accept_header(accept)]
    best = MIMEAccept(named).best_match(offered)
    if best is None:
        raise NotAcceptable(f"Only {' and '.join(offered)} can be had here.")
    return best


def has_version(if_none_match: str, version: int) -> bool:
    """Whether ``If-None-Match`` names the weak tag of ``version`` (RFC 9110 §13.1.2)."""
    return bool(if_none_match) and parse_etags(if_none_match).contains_weak(str(version))


def allows_version(if_match: str, version: int) -> bool:
    """Whether ``If-Match`` is absent or names the tag of ``version`` (RFC 9110 §13.1.1).

    Tags here are weak, as SCIM's are (RFC 7644 §3.14), and are compared as such.
    """
    return not if_match.strip() or parse_etags(if_match).contains_weak(str(version))

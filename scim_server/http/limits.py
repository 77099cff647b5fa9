"""Reading a request body: whole, within the limit, and of one length only."""

from __future__ import annotations

from scim_server.errors import InvalidSyntax, PayloadTooLarge, UriTooLong
from scim_server.http.exchange import Environ

_MOST_DIGITS = 18


def read_body(environ: Environ, limit: int) -> bytes:
    """The body, at most ``limit`` bytes.

    One byte more than the limit is read, so that a longer body is refused, not cut: a server
    that hands over a chunked body can't say beforehand how long it is. Two statements of a
    length (RFC 9112 §6.3) and every transfer coding but ``chunked`` are refused. Raises
    :class:`~scim_server.errors.PayloadTooLarge` and :class:`~scim_server.errors.InvalidSyntax`.
    """
    stated = str(environ.get("CONTENT_LENGTH") or "")
    coding = str(environ.get("HTTP_TRANSFER_ENCODING") or "").strip().lower()
    chunked = bool(coding)
    if stated and chunked:
        raise InvalidSyntax("The request states its length twice.")
    if chunked and coding != "chunked":
        raise InvalidSyntax("The only transfer coding that is understood here is chunked.")
    if not stated and not chunked:
        return b""
    if stated and not (stated.isascii() and stated.isdigit()):
        raise InvalidSyntax("Content-Length is not a number.")
    if stated and (len(stated) > _MOST_DIGITS or int(stated) > limit):
        raise PayloadTooLarge(f"The request body is longer than {limit} bytes.")
    wanted = int(stated) if stated else limit + 1
    parts, length = [], 0
    while length < wanted and (part := environ["wsgi.input"].read(wanted - length)):
        parts.append(part)
        length += len(part)
    if length > limit:
        raise PayloadTooLarge(f"The request body is longer than {limit} bytes.")
    if stated and length < wanted:
        raise InvalidSyntax("The request body is shorter than its Content-Length.")
    return b"".join(parts)


def check_query(environ: Environ, limit: int) -> None:
    """Raises :class:`~scim_server.errors.UriTooLong` for a query string over ``limit`` bytes."""
    if len(environ.get("QUERY_STRING", "")) > limit:
        raise UriTooLong(
            f"The query string is longer than {limit} bytes. Ask for less; SCIM takes a search as "
            "POST to /.search, too."
        )

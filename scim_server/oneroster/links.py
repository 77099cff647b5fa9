"""Where the other pages of a list are (RFC 8288)."""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qsl, urlencode

from scim_server.oneroster.parameters import Parameters


def links(address: str, query: str, asked: Parameters, total: int) -> str:
    """The first, last, next and previous pages of ``address``, as far as there are any; each link
    repeats what else ``query`` asked for.
    """
    others = [
        pair for pair in parse_qsl(query, keep_blank_values=True)
        if pair[0] not in ("limit", "offset")
    ]  # fmt: skip
    made = partial(_link, address, others, asked.limit)
    last = max(0, total - 1) // asked.limit * asked.limit
    found = [made("first", 0), made("last", last)]
    if asked.offset + asked.limit < total:
        found.append(made("next", asked.offset + asked.limit))
    if asked.offset:
        found.append(made("prev", max(0, min(asked.offset - asked.limit, last))))
    return ", ".join(found)


def _link(
    address: str, others: list[tuple[str, str]], limit: int, relation: str, offset: int
) -> str:
    query = urlencode([*others, ("limit", str(limit)), ("offset", str(offset))])
    return f'<{address}?{query}>; rel="{relation}"'

"""Parameters of a query string, read the same way by every door."""

from __future__ import annotations

from collections.abc import Container
from urllib.parse import parse_qsl

from scim_server.errors import InvalidSyntax, InvalidValue

_MOST_PARAMETERS = 64


def parameters(query: str, *, known: Container[str]) -> dict[str, str]:
    """Every parameter by its name, the last where an unknown one is given twice.

    Raises :class:`~scim_server.errors.InvalidSyntax` where it isn't UTF-8 or has too many parts,
    and :class:`~scim_server.errors.InvalidValue` where a ``known`` one is given twice.
    """
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError:
        raise InvalidSyntax("The query string is not UTF-8, or has too many parts.") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given and name in known:
            raise InvalidValue(f"{name} is given twice.")
        given[name] = value
    return given

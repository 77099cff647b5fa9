"""Which function answers which path and method, and what it takes to be let in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scim_server.inbound.simulator.messages import Answer


@dataclass(frozen=True, slots=True)
class Route:
    """``path`` is a pattern below the version; its groups are handed on after the request.

    ``kind`` is what faults are asked for by. ``needs`` names, for each method, the permissions any
    one of which is enough; none: a good token is.
    """

    path: re.Pattern[str]
    kind: str
    methods: Mapping[str, Callable[..., Answer | None]]
    needs: Mapping[str, tuple[str, ...]]


def route(
    path: str, kind: str, **methods: tuple[Callable[..., Answer | None], tuple[str, ...]]
) -> Route:
    return Route(
        re.compile(path),
        kind,
        {name: function for name, (function, _) in methods.items()},
        {name: needed for name, (_, needed) in methods.items()},
    )

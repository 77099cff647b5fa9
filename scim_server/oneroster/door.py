"""Door 2: the addresses of a unit's rosters, and what answers each.

One rule stands for all that is below a base; what its addresses name, :mod:`.addresses` tells.
"""

from __future__ import annotations

from scim_server.http.routes import Door, Route
from scim_server.oauth.clients import READ
from scim_server.oneroster.failures import failure_of
from scim_server.oneroster.reads import Reads
from scim_server.oneroster.versions import VERSIONS, Version


def roster_doors(reads: Reads) -> list[Door]:
    """A door for each version, since each has its own way to write a failure."""
    return [
        Door(f"oneroster-{version.name}", tuple(_routes(reads, version)), failure_of(version))
        for version in VERSIONS
    ]


def _routes(reads: Reads, version: Version) -> list[Route]:
    return [
        Route(f"/<unit>/{base}/<path:rest>", READ, {"GET": reads.below(version, base)})
        for base in version.bases
    ]

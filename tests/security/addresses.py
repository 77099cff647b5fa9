"""Every address of the application, from its own routing table, and every way to spell one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import getclosurevars

from werkzeug.routing import Rule

from scim_server.http.routes import PUBLIC, Route
from tests.sandbox import Sandbox
from tests.school import World

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
UNKNOWN_METHODS = ("TRACE", "CONNECT", "PROPFIND", "QUERY", "get", "GETS", "*")

ROSTERS = "/ims/oneroster/"
"""What stands in the addresses of door 2, which has one rule for each base."""

Served = World | Sandbox


def rules(served: Served) -> list[Rule]:
    return list(served.app.url_map.iter_rules())


def route_of(served: Served, rule: Rule) -> Route:
    """The entry of the route table that ``rule`` was made from."""
    route = getclosurevars(served.app.view_functions[rule.endpoint]).nonlocals["route"]
    assert isinstance(route, Route)
    return route


def ids_of(served: Served) -> Mapping[str, str]:
    """An id for each endpoint whose addresses have one."""
    if isinstance(served, Sandbox):
        own = {"Users": served.user()["id"], "Groups": served.group()["id"]}
    else:
        own = {"Users": served.id_of("U-1"), "Groups": served.id_of("G-1")}
    core = "urn:ietf:params:scim:schemas:core:2.0:User"
    return {**own, "ResourceTypes": "User", "Schemas": core}


def guarded(served: Served) -> Iterator[str]:
    """A path for every rule that isn't public, in the unit of ``served`` with ids that it has."""
    for _, path in guarded_routes(served):
        yield path


def guarded_routes(served: Served) -> Iterator[tuple[Route, str]]:
    ids = ids_of(served)
    for rule in rules(served):
        route = route_of(served, rule)
        if route.scope != PUBLIC:
            path = rule.rule.replace("<unit>", served.unit.name)
            path = path.replace("<path:rest>", "users" if ROSTERS in path else "any/thing")
            yield route, path.replace("<id>", ids.get(path.split("/")[-2], ""))


def letter_spellings(path: str) -> Iterator[str]:
    """``path`` with each of its characters encoded in turn, once and twice."""
    for place in range(1, len(path)):
        before, here, after = path[:place], path[place], path[place + 1 :]
        for code in (f"%{ord(here):02X}", f"%25{ord(here):02X}"):
            yield f"{before}{code}{after}"


def odd_spellings(path: str) -> Iterator[str]:
    """``path`` in every other way that some proxy, server or framework takes for the same."""
    yield from _with_other_slashes(path)
    yield from (path + end for end in _ENDS)
    yield from (start + path for start in _STARTS)
    yield from {path.upper(), path.swapcase(), path.title(), path.casefold()} - {path}
    yield "".join(f"%{byte:02x}" for byte in path.encode())
    yield "/" + "".join(f"%{byte:02x}" for byte in path[1:].encode())
    for place in [place for place, one in enumerate(path) if one.isalpha()][:6]:
        before, here, after = path[:place], path[place], path[place + 1 :]
        code = ord(here)
        for other in (
            here.swapcase(), chr(code + 0xFEE0),  # the fullwidth form, which NFKC folds
            f"%{0xC0 | code >> 6:02x}%{0x80 | code & 0x3F:02x}",  # overlong, in two bytes
            f"%e0%{0x80 | code >> 6:02x}%{0x80 | code & 0x3F:02x}",  # and in three
            f"%u{code:04x}", f"{here}%00", f"{here}%0a", f"{here}%e2%80%8b", f"{here}%cc%81",
        ):  # fmt: skip
            yield f"{before}{other}{after}"


_SLASHES = (
    "//", "/./", "/%2e/", "/x/../", "/x/%2e%2e/", "/x/%2E%2E%2F", "/x%2f..%2f", "%2F", "%2f",
    "%252F", "%5C", "%5c", "\\", "/%5c", "%255C", "/;/", ";/", "/;x=1/", ";x=1/", "%3B/", "/%00/",
    "%00/", "/%20/", "/%09/", "/.%2e/", "/...//", "%c0%af", "%e0%80%af", "%ef%bc%8f", "/%c0%ae/",
    "%u2215",
)  # fmt: skip
_ENDS = (
    "/", "//", ".", "/.", "/..", "%2e", "%2E", "/%2e", "/%2e%2e", "/..;/", "%20", "%20/", "+", ";",
    ";x=1", "%3B", "%3bx=1", "%00", "%00.json", "%2500", "%0a", "%0d%0a", "%09", "%23", "%3F",
    "%3Faccess_token=x", "%26", "~", ".json", ".css", "/.css", "*", "%2A", "/%2F", "%2F", "%5C",
    "\\", "%ff", "%c0%80", ",", "!", "'", "%22", "|",
)  # fmt: skip
_STARTS = (
    "/", "//", "/.", "/./.", "/x/..", "/%2e", "/%2e%2e", "/..", "/..;", "/lo3/..", "/lo3/%2e%2e",
    "/lo3%2f..", "/lo3/scim/v2/../../..", "/lo3/oauth2/token/../../..",
    "/sp12/oauth2/token/../../..", "/sp12/oauth2/token/%2e%2e/%2e%2e/%2e%2e",
    "/.well-known/oauth-authorization-server/../..",
    "/.well-known/oauth-authorization-server/lo3/../../..", "/sp12/oauth2/token%2f..%2f..%2f..",
    "/sp12/oauth2/token;", "/sp12/oauth2/token%00", "/static/..", "/%00", "/%20", "/;", "/\\",
)  # fmt: skip


def _with_other_slashes(path: str) -> Iterator[str]:
    for place in [place for place, one in enumerate(path) if one == "/"]:
        for other in _SLASHES:
            yield f"{path[:place]}{other}{path[place + 1 :]}"

"""Every address of the application, from its own routing table."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getclosurevars

from werkzeug.routing import Rule

from scim_server.http.routes import PUBLIC, Route
from tests.school import World

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def rules(world: World) -> list[Rule]:
    return list(world.app.url_map.iter_rules())


def route_of(world: World, rule: Rule) -> Route:
    """The entry of the route table that ``rule`` was made from."""
    route = getclosurevars(world.app.view_functions[rule.endpoint]).nonlocals["route"]
    assert isinstance(route, Route)
    return route


def guarded(world: World) -> Iterator[str]:
    """A path for every rule that isn't public, in the unit of ``world`` with an id that it has."""
    ids = {"Users": world.id_of("U-1"), "Groups": world.id_of("G-1")}
    ids |= {"ResourceTypes": "User", "Schemas": "urn:ietf:params:scim:schemas:core:2.0:User"}
    for rule in rules(world):
        if route_of(world, rule).scope != PUBLIC:
            path = rule.rule.replace("<unit>", world.unit.name).replace("<path:rest>", "any/thing")
            yield path.replace("<id>", ids.get(path.split("/")[-2], ""))

"""A second unit on the same server, with the same people, keys and group names."""

from __future__ import annotations

from dataclasses import replace

from tests.school import SCHOOLS, World, add_school


def neighbour_of(world: World, name: str = "lo3") -> World:
    """The neighbour, with a client and a live token of its own."""
    unit, issued = add_school(world.database, world.settings, world.clock, name)
    other = replace(
        world, unit=unit, credentials=issued, folder=world.folder.with_name(name), token=""
    )
    other.import_files()
    for school in SCHOOLS:
        other.decide(school, True)
    other.token = other.ask_token().json["access_token"]  # type: ignore[index]
    return other

"""Groups in the push: as the register has them, and nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scim_server.inbound.groups.records import Kind
from tests.inbound.double import doubled
from tests.inbound.pushed import Pushed, pupils
from tests.school import World


@pytest.fixture
def pushed(world: World) -> Iterator[Pushed]:
    """With groups, of which none was pushed yet."""
    with doubled(world.clock) as double:
        made = Pushed(world, double)
        made.configure(groups="security")
        yield made
        made.close()


@pytest.mark.parametrize("kind", ["security", "microsoft365"])
def test_a_first_push_makes_every_group_and_fills_it_when_accounts_are_there(
    pushed: Pushed, kind: Kind
) -> None:
    pushed.configure(groups=kind)
    first = pushed.push()
    print(first, pushed.told)
    pushed.double.settle()
    second = pushed.push()
    print(second, pushed.told)
    pushed.check_groups()
    print([ (each.path,each.status) for each in pushed.double.calls])
    assert pushed.push().groups is None

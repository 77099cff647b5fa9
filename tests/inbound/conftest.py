"""What the tests of the push and of its double may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.inbound.double import Double, doubled


@pytest.fixture
def double() -> Iterator[Double]:
    """A tenant with a moved clock of its own."""
    with doubled() as made:
        yield made

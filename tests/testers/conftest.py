"""Served sandboxes that the testers may write to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.program import serving
from tests.server.sandboxes import BASE, prepare_sandbox
from tests.testers.demo import Target, demo


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A server program with an empty sandbox, on each kind of database in turn."""
    sandbox = prepare_sandbox(request, tmp_path_factory.mktemp("testers"))
    with serving(sandbox) as program:
        yield Target(f"http://127.0.0.1:{program.port}{BASE}", sandbox.token)


@pytest.fixture(scope="session")
def demo_target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The sandbox of the demo, as ``make run`` starts it."""
    with demo(tmp_path_factory.mktemp("demo")) as target:
        yield target

"""The store keeps the contract that scim2-server has for storages, without an exception."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from scim2_models import ScimProvider
from scim2_server.testing import ScimStorageContract

from scim_server.database import Database, open_database
from scim_server.directory.units import add_sandbox
from tests.directory.scim_storage import DirectoryStorage, published
from tests.school import AUDIT_KEYS, MovedClock
from tests.server.sandboxes import new_database

_numbers = itertools.count()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A database in which each case has an empty unit of its own."""
    database = open_database(
        new_database(request, tmp_path_factory.mktemp("contract")), audit_keys=AUDIT_KEYS
    )
    yield database
    database.close()


class TestDirectory(ScimStorageContract):
    @pytest.fixture
    def provider(self) -> ScimProvider:
        return published()

    @pytest.fixture
    def storage(
        self, shared: Database, provider: ScimProvider, clock: MovedClock
    ) -> DirectoryStorage:
        with shared.write() as connection:
            unit = add_sandbox(
                connection, name=f"sandbox-{next(_numbers)}", now=clock(), actor="os:test"
            )
        return DirectoryStorage(shared, unit, provider, clock)

    @staticmethod
    def require(supported: bool, feature: str) -> None:
        """Nothing is left out."""
        assert supported, feature

    def search_request_or_skip(self, models: Any, **parameters: Any) -> Any:
        return self.search_request(models, **parameters)

    def search_or_skip(self, storage: Any, resource_types: Any, search_request: Any) -> Any:
        return self.search(storage, resource_types, search_request)

"""What is served under a projection is scim2-models' own dump of the same resource."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import Context, ResponseParameters

from scim_server.directory.models import contract
from tests.directory.made_up import Reference
from tests.directory.random_filters import any_case, published
from tests.school import World

PROJECTIONS_A_TYPE = 120
UNKNOWN = ("nope", "title", "emails.nope", "urn:example:unknown:name", "password")


@st.composite
def _names(draw: st.DrawFn, of: Reference) -> tuple[str, list[str]]:
    """The parameter, and the names that it holds: bare, qualified, in any case, or unknown."""
    core, *extensions = of.type.schemas
    paths = sorted({*published(of), *extensions, "schemas", "id", "meta"})
    qualified = [f"{core}:{path}" for path in paths if not path.startswith("urn:")]
    one = st.one_of(
        st.sampled_from(paths),
        st.sampled_from(paths),
        st.sampled_from(qualified),
        st.sampled_from(UNKNOWN),
    )
    names = draw(st.lists(one.flatmap(any_case), min_size=1, max_size=5))
    return draw(st.sampled_from(("attributes", "excludedAttributes"))), names


def _dump(of: Reference, instance: Any, parameter: str, names: list[str]) -> Any:
    field = {"attributes": "attributes", "excludedAttributes": "excluded_attributes"}[parameter]
    asked = ResponseParameters[of.type.model].model_validate({field: names})  # type: ignore[name-defined]
    return instance.model_dump(
        scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=asked, mode="json"
    )


def _whole(world: World, name: str) -> Reference:
    kind = contract("register").types[name]
    return Reference(kind, world.list(kind.endpoint)["Resources"])


@pytest.mark.parametrize("name", ["User", "Group"])
def test_a_random_projection_is_the_references_dump(world: World, name: str) -> None:
    of = _whole(world, name)
    endpoint = of.type.endpoint

    def answers(parameter: str, names: list[str]) -> Iterator[dict[str, Any]]:
        query = {parameter: ",".join(names)}
        yield {each["id"]: each for each in world.list(endpoint, **query)["Resources"]}
        body = world.search(endpoint, **{parameter: names}).json
        yield {each["id"]: each for each in body["Resources"]}  # type: ignore[index]
        body = world.list("", filter=f'meta.resourceType eq "{name}"', **query)
        yield {each["id"]: each for each in body["Resources"]}
        yield {id: world.list(f"{endpoint}/{id}", **query) for id in of.served}

    @settings(
        max_examples=PROJECTIONS_A_TYPE,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(_names(of))
    def check(asked: tuple[str, list[str]]) -> None:
        expected = {id: _dump(of, each, *asked) for id, each in of.instances.items()}
        for found in answers(*asked):
            assert found == expected

    check()


@pytest.mark.parametrize("name", ["User", "Group"])
def test_the_bytes_served_are_the_references_dump(world: World, name: str) -> None:
    of = _whole(world, name)
    for id, instance in of.instances.items():
        dumped = instance.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, mode="json")
        assert json.loads(world.get(f"{of.type.endpoint}/{id}").data) == dumped

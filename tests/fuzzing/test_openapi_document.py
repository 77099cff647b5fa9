"""``docs/reference/openapi.json`` describes every address, and every answer is as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from scim_server.directory.definitions import Attribute
from scim_server.directory.models import contract
from scim_server.http.routes import LIVE
from scim_server.oauth.clients import READ, WRITE
from tests.fuzzing.budget import examples
from tests.sandbox import USER, Sandbox
from tests.school import World
from tests.security.addresses import route_of, rules

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
BASE = "/<unit>/scim/v2"
DOCUMENT = json.loads(PAGE.read_text("utf-8"))
DESCRIBED = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    each.ok().label: each.ok() for each in DESCRIBED.get_all_operations() if isinstance(each, Ok)
}
CONFORMANCE = [status_code_conformance, content_type_conformance, response_schema_conformance]

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_document_is_openapi() -> None:
    DESCRIBED.validate()


@on_one_database
def test_every_method_of_every_address_is_described_with_its_scope(world: World) -> None:
    needed = {READ: READ, LIVE: WRITE}
    served = {
        (_path(rule.rule), method): needed[route.scope_of(method)]
        for rule in rules(world)
        for route in [route_of(world, rule)]
        if rule.rule.startswith(BASE) and not rule.rule.endswith("<path:rest>")
        for method in route.handlers
    }

    described = {
        (path, method.upper()): scope
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
        for each in operation["security"]
        for scope in each["token"]
    }

    assert described == served


def _path(rule: str) -> str:
    """The rule of a route as OpenAPI writes it, below the unit's address."""
    return re.sub(r"<(\w+)>", r"{\1}", rule.removeprefix(BASE)) or "/"


@pytest.mark.parametrize("kind", ["register", "sandbox"])
@pytest.mark.parametrize("name", ["User", "Group"])
def test_resources_are_described_with_the_attributes_of_their_schemas(kind: str, name: str) -> None:
    def compare(attribute: Attribute, described: dict[str, Any]) -> None:
        assert ("items" in described) == attribute.is_list, attribute.path
        described = _resolved(described.get("items", described))
        properties = described.get("properties", {})
        for part in attribute.parts.values():
            compare(part, properties[part.name])
        if kind == "sandbox" and attribute.parts:
            assert properties.keys() == {part.name for part in attribute.parts.values()}

    described = DOCUMENT["components"]["schemas"][name]
    compare(contract(kind).types[name].definition, described)


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["schemas"][name] if name else schema


@on_one_database
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_as_described(sandbox: Sandbox, label: str) -> None:
    users = [sandbox.user(f"user {number}")["id"] for number in range(3)]
    groups = [sandbox.group("7a", *users)["id"], sandbox.group("7b")["id"]]
    ids = {"/Users": users, "/Groups": groups, "/ResourceTypes": ["User"], "/Schemas": [USER]}
    operation = OPERATIONS[label]
    # /Me stands for nobody in this unit, which is answered with 501.
    checks = CONFORMANCE if operation.path == "/Me" else [not_a_server_error, *CONFORMANCE]

    @examples(20)
    @given(cases(operation, ids.get(operation.path.removesuffix("/{id}"), [])))
    def check(case: Case[Any]) -> None:
        answer = case.call(
            app=sandbox.app,
            base_url=sandbox.base,
            headers={"Authorization": f"Bearer {sandbox.token}"},
        )
        case.validate_response(answer, checks=checks)

    check()


@st.composite
def cases(
    draw: st.DrawFn, operation: APIOperation[Any, Any, Any, Any], ids: list[str]
) -> Case[Any]:
    """What the document shows, allows or doesn't allow; often of a resource that there is."""
    ways = operation.get_strategies_from_examples()
    ways += [operation.as_strategy(generation_mode=each) for each in GenerationMode]
    case: Case[Any] = draw(st.one_of(ways))
    is_known = draw(st.booleans())
    if ids and is_known and case.path_parameters:
        case.path_parameters["id"] = draw(st.sampled_from(ids))
    return case

"""What a unit publishes, built from the schema documents in ``schemas/scim``.

The documents are the contract; the models, the attributes that may be filtered and sorted, and
the discovery answers all come from them. A :class:`Contract` is the policy of a kind of unit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from scim2_models import Extension, Resource, Schema, ScimFilter
from scim2_models.path import AttributeBinding, AttrPath

META_SCHEMAS = ("Schema", "ResourceType", "ServiceProviderConfig")


@dataclass(frozen=True, eq=False)
class ResourceType:
    """One resource type of a contract. Compared by identity: each contract is built once.

    ``name`` is ``User`` or ``Group``; ``endpoint`` starts with a slash; ``model`` is the
    scim2-models class with its extensions; ``schemas`` holds the URNs that a resource carries.
    """

    name: str
    endpoint: str
    model: type[Resource[Any]]
    schemas: tuple[str, ...]

    def attribute(self, path: AttrPath) -> AttributeBinding | None:
        """The attribute that ``path`` names as written, or none (RFC 7644 §3.10)."""
        return self._resolver.resolve(path, strict=False)

    def compared(self, path: AttrPath) -> AttributeBinding | None:
        """The attribute that a comparison with ``path`` reads: ``emails`` means its ``value``."""
        return self._resolver.resolve_comparison(path, strict=False)

    @property
    def _resolver(self) -> ScimFilter[Any]:
        return _resolver(self.model)


@cache
def _resolver(model: type[Resource[Any]]) -> ScimFilter[Any]:
    # A bound filter is scim2-models' public way to resolve the paths of any filter.
    return ScimFilter[model]("id pr")  # type: ignore[valid-type]


@dataclass(frozen=True, eq=False)
class Contract:
    """What one kind of unit promises: resource types, schema documents, and its configuration.

    ``documents`` holds, by endpoint (``Schemas``, ``ResourceTypes``, ``ServiceProviderConfig``),
    the documents as published, with ``meta.location`` relative to the unit's base address.
    """

    types: Mapping[str, ResourceType]
    documents: Mapping[str, tuple[Mapping[str, Any], ...]]

    def type_at(self, endpoint: str) -> ResourceType:
        """The type served at ``Users`` or ``Groups``."""
        return next(each for each in self.types.values() if each.endpoint == f"/{endpoint}")


@cache
def contract(kind: str) -> Contract:
    """The contract of the unit kind ``register``. Raises ``FileNotFoundError`` for another."""
    types = _load(kind, "ResourceTypes")
    schemas = {each["id"]: each for each in (_load(kind, name) for name in _own_schemas(kind))}
    meta = [_load("meta", name) for name in META_SCHEMAS]
    return Contract(
        types={each["id"]: _resource_type(each, schemas) for each in types},
        documents={
            "ResourceTypes": tuple(types),
            "Schemas": (*schemas.values(), *meta),
            "ServiceProviderConfig": (_load(kind, "ServiceProviderConfig"),),
        },
    )


def _resource_type(document: Mapping[str, Any], schemas: Mapping[str, Any]) -> ResourceType:
    model = Resource.from_schema(Schema.model_validate(schemas[document["schema"]]))
    extensions = [each["schema"] for each in document.get("schemaExtensions", ())]
    for urn in extensions:
        extension = Extension.from_schema(Schema.model_validate(schemas[urn]))
        model = model[extension]  # type: ignore[index]
    return ResourceType(
        document["id"], document["endpoint"], model, (document["schema"], *extensions)
    )


def _own_schemas(kind: str) -> list[str]:
    other = {"ResourceTypes.json", "ServiceProviderConfig.json"}
    folder = resources.files("scim_server.schemas") / "scim" / kind
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".json"))
    return [name.removesuffix(".json") for name in names if name not in other]


def _load(folder: str, name: str) -> Any:
    path = resources.files("scim_server.schemas") / "scim" / folder / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))

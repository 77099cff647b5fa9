"""What a unit publishes, built from the schema documents in ``schemas/scim``.

The documents are the contract; the models, the attributes that may be filtered, sorted and
written, and the discovery answers all come from them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, reduce
from importlib import resources
from operator import or_
from typing import Any

from scim2_models import Extension, Resource, Schema, ScimFilter
from scim2_models.path import AttributeBinding, AttrPath

from scim_server.directory.definitions import Attribute, define

META_SCHEMAS = ("Schema", "ResourceType", "ServiceProviderConfig")


@dataclass(frozen=True, eq=False)
class ResourceType:
    """One resource type of a contract. Compared by identity: each contract is built once.

    ``name`` is ``User`` or ``Group``; ``endpoint`` starts with a slash; ``model`` is the
    scim2-models class with its extensions, ``definition`` the same as data; ``schemas`` holds the
    core schema's URN and those of the extensions.
    """

    name: str
    endpoint: str
    model: type[Resource[Any]]
    definition: Attribute
    schemas: tuple[str, ...]

    def attribute(self, path: AttrPath) -> AttributeBinding | None:
        """The attribute that ``path`` names, or none (RFC 7644 §3.10).

        Tolerance ``unqualified_extension``: an extension's attribute may come without its URN.
        """
        return self._first(path, self._resolver.resolve)

    def compared(self, path: AttrPath) -> AttributeBinding | None:
        """The attribute that a comparison with ``path`` reads: ``emails`` means its ``value``.

        Tolerance ``bare_manager``: so does a complex attribute of one value, such as ``manager``.
        """
        found = self._first(path, self._resolver.resolve_comparison)
        if found is None or found.is_multivalued or not hasattr(found.target_type, "model_fields"):
            return found
        value = self.attribute(replace(path, sub_attr="value"))
        return found if value is None else value

    def _first(
        self, path: AttrPath, resolve: Callable[..., AttributeBinding | None]
    ) -> AttributeBinding | None:
        found = resolve(path, strict=False)
        for urn in self.schemas[1:] if found is None and path.uri is None else ():
            found = found or resolve(replace(path, uri=urn), strict=False)
        return found

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
    """The contract of the unit kind ``register`` or ``sandbox``."""
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
    core = schemas[document["schema"]]
    extensions = [schemas[each["schema"]] for each in document.get("schemaExtensions", ())]
    model = Resource.from_schema(Schema.model_validate(core))
    if extensions:
        parts = [Extension.from_schema(Schema.model_validate(each)) for each in extensions]
        model = model[reduce(or_, parts)]  # type: ignore[index]
    return ResourceType(
        name=document["id"],
        endpoint=document["endpoint"],
        model=model,
        definition=define(core, extensions),
        schemas=(core["id"], *[each["id"] for each in extensions]),
    )


def _own_schemas(kind: str) -> list[str]:
    other = {"ResourceTypes.json", "ServiceProviderConfig.json"}
    folder = resources.files("scim_server.schemas") / "scim" / kind
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".json"))
    return [name.removesuffix(".json") for name in names if name not in other]


def _load(folder: str, name: str) -> Any:
    path = resources.files("scim_server.schemas") / "scim" / folder / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))

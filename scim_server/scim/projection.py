"""``attributes`` and ``excludedAttributes`` (RFC 7644 §3.9).

``id`` and ``schemas`` are always returned; ``schemas`` names an extension only where some of it
is returned. A name that isn't an attribute is ignored, as the RFC has it for both parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Union

import orjson
from scim2_models.path import AttrPath

from scim_server.directory.documents import COLLECTIONS
from scim_server.directory.models import ResourceType
from scim_server.errors import InvalidValue

Tree = dict[str, Union["Tree", None]]
"""Attribute names; none for a whole attribute, a tree for some of its sub-attributes."""

_ALWAYS = ("schemas", "id")


@dataclass(frozen=True, slots=True)
class Projection:
    """What of a resource is returned. ``trees`` are by resource type; ``only`` tells whether they
    hold what is returned or what is left out.
    """

    only: bool
    trees: Mapping[str, Tree]

    @property
    def collections(self) -> bool:
        """Whether members or groups of some type are returned."""
        named = [(COLLECTIONS[name], tree) for name, tree in self.trees.items()]
        if self.only:
            return any(name in tree for name, tree in named)
        return not all(tree.get(name, tree) is None for name, tree in named)

    @property
    def is_plain(self) -> bool:
        """Whether the stored JSON is the answer, with or without members and groups."""
        if self.only:
            return False
        left_out = [tree == {COLLECTIONS[name]: None} for name, tree in self.trees.items()]
        return all(left_out) or not any(self.trees.values())

    def apply(self, body: bytes) -> bytes:
        """The JSON of a resource without what isn't returned."""
        document = orjson.loads(body)
        tree = self.trees[document.get("meta", {}).get("resourceType")]
        cut = _only(document, tree) if self.only else _without(document, tree)
        kept = {name: document[name] for name in _ALWAYS} | {
            name: value for name, value in cut.items() if name not in _ALWAYS
        }
        core, *extensions = document["schemas"]
        kept["schemas"] = [core, *[urn for urn in extensions if urn in kept]]
        return orjson.dumps(kept)


@lru_cache(maxsize=512)
def projection(
    attributes: tuple[str, ...], excluded: tuple[str, ...], types: tuple[ResourceType, ...]
) -> Projection:
    """Raises :class:`~scim_server.errors.InvalidValue` where both parameters are given."""
    if attributes and excluded:
        raise InvalidValue("attributes and excludedAttributes exclude one another.")
    names = attributes or excluded
    only = bool(attributes)
    return Projection(only, {each.name: _tree(each, names, only=only) for each in types})


def _tree(resource_type: ResourceType, names: tuple[str, ...], *, only: bool) -> Tree:
    tree: Tree = {}
    for name in names:
        for path in _paths(resource_type, name, only=only):
            _plant(tree, path)
    return tree


def _plant(tree: Tree, path: list[str]) -> None:
    for part in path[:-1]:
        inner = tree.setdefault(part, {})
        if inner is None:  # the whole attribute is named too
            return
        tree = inner
    tree[path[-1]] = None


def _paths(resource_type: ResourceType, name: str, *, only: bool) -> list[list[str]]:
    """Where ``name`` stands in a document; a schema's URN means everything that it describes."""
    core, *extensions = resource_type.schemas
    for urn in extensions:
        if name.lower() == urn.lower():
            return [[urn]]
    if name.lower() == core.lower():
        return [[each] for each in _top_level(resource_type)] if only else []
    uri, _, rest = name.rpartition(":")
    attr, _, sub = rest.partition(".")
    try:
        path = AttrPath(attr=attr, sub_attr=sub or None, uri=uri or None)
    except ValueError:
        return []
    binding = resource_type.attribute(path)
    if binding is None:
        return []
    for urn in extensions:
        if binding.urn.startswith(f"{urn}:"):
            return [[urn, *binding.urn.removeprefix(f"{urn}:").split(".")]]
    return [binding.urn.removeprefix(f"{core}:").split(".")]


def _top_level(resource_type: ResourceType) -> list[str]:
    fields = resource_type.model.model_fields.items()
    return [field.serialization_alias or name for name, field in fields]


def _only(value: Any, tree: Tree | None) -> Any:
    if tree is None:
        return value
    if isinstance(value, list):
        return [cut for each in value if (cut := _only(each, tree))]
    if not isinstance(value, dict):
        return None
    kept = {name: _only(inner, tree[name]) for name, inner in value.items() if name in tree}
    return {name: inner for name, inner in kept.items() if inner not in (None, {}, [])}


def _without(value: Any, tree: Tree) -> Any:
    if isinstance(value, list):
        return [cut for each in value if (cut := _without(each, tree))]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, inner in value.items():
        below = tree.get(name, {})
        if below is not None:
            kept[name] = _without(inner, below) if below else inner
    return {name: inner for name, inner in kept.items() if inner not in ({}, [])}

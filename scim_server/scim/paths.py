"""The paths of PATCH operations (RFC 7644 §3.5.2): which attribute, which of its values.

A path is read once and kept, since clients send the same ones again and again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from scim2_models.path import CompareOperator, Comparison, FilterNode, ValuePath

from scim_server.directory.definitions import Attribute
from scim_server.directory.filters import parse
from scim_server.directory.models import ResourceType
from scim_server.errors import InvalidFilter, InvalidPath
from scim_server.scim import tolerances
from scim_server.scim.filter_text import NESTED, quoted

_ORDER = frozenset((CompareOperator.gt, CompareOperator.ge, CompareOperator.lt, CompareOperator.le))
_STRING = frozenset((CompareOperator.co, CompareOperator.sw, CompareOperator.ew))
_LONGEST = 2_000
_NAME = re.compile(r"\$?[A-Za-z][A-Za-z0-9$_-]*")
_SELECTED = re.compile(r"([^\[\]]+)\[(.*)\](?:\.([^\[\]]*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Target:
    """Where an operation applies.

    ``extension`` holds the attribute where it is an extension's; ``attribute`` is none for the
    extension or the resource as a whole. ``part`` is a sub-attribute. ``filter`` selects values,
    as the text ``selection``.
    """

    extension: Attribute | None = None
    attribute: Attribute | None = None
    part: Attribute | None = None
    filter: FilterNode | None = None
    selection: str = ""

    @property
    def is_value(self) -> bool:
        """Whether it is the ``value`` of a complex attribute that has no others, as ``manager``."""
        is_single = self.attribute is not None and not self.attribute.is_list
        return is_single and self.part is not None and self.part.name == "value"

    @property
    def name(self) -> str:
        """The path of what is targeted, for a sentence."""
        for each in (self.part, self.attribute, self.extension):
            if each is not None:
                return each.path
        return "the resource"


WHOLE = Target()
"""The resource itself: the target of an operation without a path."""


@lru_cache(maxsize=2_048)
def target(path: str, resource_type: ResourceType) -> Target | None:
    """What ``path`` names, or none for an attribute that no schema has.

    Raises :class:`~scim_server.errors.InvalidPath` for what is no path, and
    :class:`~scim_server.errors.InvalidFilter` for a value filter that can't be read.
    """
    if len(path) > _LONGEST:
        raise InvalidPath(f"The path is longer than {_LONGEST} characters.")
    path = path.strip()
    if not path:
        raise InvalidPath("The path is empty.")
    found = _SELECTED.fullmatch(path)
    if found is None:
        return _attribute(path, resource_type)
    before, inside, after = found.groups()
    node = parse(quoted(inside, deepest=NESTED))
    whole = _attribute(before, resource_type)
    if whole is None:
        return None
    if whole.attribute is None or whole.part is not None or not whole.attribute.is_list:
        raise InvalidPath(f"{whole.name} has no values to select from.")
    _check_filter(whole.attribute, node)
    selected = replace(whole, filter=node, selection=inside)
    if after is None:
        return selected
    if not _NAME.fullmatch(after):
        raise InvalidPath("The path has something after the brackets that is no attribute's name.")
    part = whole.attribute.part(after)
    return None if part is None else replace(selected, part=part)


def _attribute(path: str, resource_type: ResourceType) -> Target | None:
    root, (core, *_) = resource_type.definition, resource_type.schemas
    lower = path.lower()
    if lower == core.lower():
        return WHOLE
    whole = root.parts.get(lower)
    if whole is not None and whole.is_extension:
        return Target(extension=whole)
    uri, _, rest = path.rpartition(":")
    extension: Attribute | None = None
    if uri and uri.lower() != core.lower():
        extension = root.parts.get(uri.lower())
        if extension is None or not extension.is_extension:
            if not lower.startswith("urn:"):
                raise InvalidPath("The path is not an attribute's.")
            return None
    names = rest.split(".")
    if len(names) > 2 or not all(_NAME.fullmatch(name) for name in names):
        raise InvalidPath("The path is not an attribute's.")
    if extension is None and not uri:
        extension, attribute = root.find(names[0])
    else:
        attribute = (extension or root).part(names[0])
    if attribute is None:
        return None
    if len(names) == 1:
        return Target(extension, attribute)
    part = attribute.part(names[1])
    if part is None and not attribute.is_read_only:
        return None
    return Target(extension, attribute, part)


def _check_filter(attribute: Attribute, node: FilterNode) -> None:
    """Every name in a value filter is a sub-attribute's, compared as its type allows."""
    for inner in (*getattr(node, "terms", ()), *filter(None, [getattr(node, "expr", None)])):
        _check_filter(attribute, inner)
    path = getattr(node, "attr_path", None)
    if path is None:
        return
    part = attribute.part(path.attr)
    if part is None and path.attr.lower() == "value" and not attribute.parts:
        part = attribute
    if part is None or path.sub_attr or path.uri or isinstance(node, ValuePath):
        raise InvalidFilter(f"{path} is not a sub-attribute of {attribute.path}.")
    if isinstance(node, Comparison):
        _check_comparison(part, node)


def _check_comparison(part: Attribute, node: Comparison) -> None:
    """RFC 7644 §3.4.2.2: booleans and binaries have no order, and no parts."""
    is_boolean = part.type == "boolean"
    if part.type in ("boolean", "binary") and node.op in _ORDER | _STRING:
        raise InvalidFilter(f"{node.op.value} can't be used with the {part.type} {part.path}.")
    value = tolerances.boolean(node.value) if is_boolean else node.value
    if value is not None and not isinstance(value, bool if is_boolean else str):
        raise InvalidFilter(f"{part.path} is compared with a value of its own type.")

"""Documents at random, and PATCH operations at random that mean to change them.

Both are drawn from the schemas: every attribute, every form of path, values that fit and values
that don't. Texts come from a handful, so that filters select and writes change nothing now and
then. ``members`` have a test of their own; what only a tolerance lets pass has cases in
``tests/dialects``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st
from scim2_models import ScimFilter

from scim_server.directory.definitions import Attribute
from scim_server.directory.models import ResourceType

Document = dict[str, Any]
Operation = dict[str, Any]

_TEXTS = {
    "string": ("work", "home", "Work", "anna", "Żółć", "zółć", "żółć", "a b", ""),
    "reference": ("https://example.pl/a", "https://example.pl/A", "https://example.pl/b"),
    "binary": ("QUJD", "YWJj"),
}
_WRONG = (7, 2.5, ["a", 7], [["a"]])
"""No attribute takes these."""

_UNKNOWN = ("nope", "displayName.nope", "urn:nope:2.0:User:title", "nope.nope")
_BROKEN = (
    "1st", "display name", "displayName[", "displayName.", ".value", "a.b.c", "displayName eq",
    "emails[type eq]", "[]", 'displayName[value eq "a"]',
)  # fmt: skip
_READ_ONLY = ("id", "meta", "groups")
_FORMS = (*("attribute", "part", "selected") * 4, "whole", "schema", "none")
_ELSEWHERE = ("members", "schemas")
"""``schemas`` follows from the other attributes."""


@dataclass(frozen=True)
class Place:
    """An attribute, its full name from the resource, and what the document holds of it."""

    attribute: Attribute
    name: str
    held: Any = None

    @property
    def values(self) -> list[Any]:
        """What is held of a multi-valued attribute."""
        return self.held if isinstance(self.held, list) else []


@st.composite
def patches(draw: st.DrawFn, of: ResourceType) -> tuple[Document, list[Operation]]:
    """What a resource holds, without ``schemas``, ``id`` and ``meta``, and a few operations."""
    required = [each for each in _writable(of.definition) if each.is_required]
    optional = set(_writable(of.definition)) - set(required)
    document = {each.name: draw(_texts(each).filter(bool)) for each in required}
    document |= draw(_some(optional))
    return document, draw(st.lists(_operations(of, document), min_size=1, max_size=4))


@st.composite
def _operations(draw: st.DrawFn, of: ResourceType, document: Document) -> Operation:
    op = draw(st.sampled_from(("add", "replace", "remove")))
    made: Operation = {"op": draw(st.sampled_from((op, op, op.title(), op.upper())))}
    form = draw(st.sampled_from(_FORMS))
    if form == "none":
        made["path"] = draw(_spelt(draw(st.sampled_from(_UNKNOWN + _BROKEN + _READ_ONLY))))
        return made if op == "remove" else made | {"value": "nope"}
    if form in ("whole", "schema"):
        whole = of.definition
        if form == "schema":
            urn = draw(st.sampled_from(of.schemas))
            whole = of.definition.part(urn) or whole
            made["path"] = draw(_spelt(urn))
        has_value = op != "remove" and draw(_mostly())
        return made | {"value": draw(_keyed(of, whole, document))} if has_value else made
    place = draw(_places(of, document, lists=form == "selected"))
    made["path"] = draw(_spelt(place.name))
    if form == "selected":
        made["path"] += f"[{draw(_filters(place))}]"
        place = replace(place, attribute=replace(place.attribute, is_list=False))
    parts = [] if place.attribute.is_extension else _ordered(place.attribute.parts.values())
    if parts and form != "attribute" and draw(st.booleans()):
        part = draw(st.sampled_from(parts))
        made["path"] += f".{draw(_spelt(part.name))}"
        place = Place(part, part.name)
    if op == "remove":
        if place.attribute.is_list and place.values and isinstance(place.values[0], dict):
            made |= draw(st.sampled_from(({}, {"value": draw(_near(place))})))
    elif draw(_mostly()):
        made["value"] = draw(_written(place))
    return made


# Names and paths


def _writable(whole: Attribute) -> list[Attribute]:
    return [each for each in _ordered(whole.parts.values())
            if not each.is_read_only and each.name not in _ELSEWHERE]  # fmt: skip


def _ordered(attributes: Iterable[Attribute]) -> list[Attribute]:
    return sorted(attributes, key=lambda each: each.path)


def _mostly() -> st.SearchStrategy[bool]:
    return st.sampled_from((True,) * 9 + (False,))


def _spelt(name: str) -> st.SearchStrategy[str]:
    """Names are compared without case."""
    return st.sampled_from((name, name, name, name.lower(), name.upper()))


@st.composite
def _places(draw: st.DrawFn, of: ResourceType, document: Document, *, lists: bool) -> Place:
    """What a path may name, often what ``document`` holds."""
    places = [
        each for each in _all_places(of, of.definition, document)
        if each.attribute.is_list or not lists
    ]  # fmt: skip
    held = [each for each in places if each.held is not None]
    return draw(st.sampled_from(places) | st.sampled_from(held or places))


def _all_places(of: ResourceType, whole: Attribute, document: Document) -> list[Place]:
    """What can be named in ``whole``: the resource, or what an extension has in it."""
    places = []
    for attribute in _writable(whole):
        held = document.get(attribute.name)
        places.append(Place(attribute, attribute.name, held))
        if attribute.is_extension:
            places += [
                Place(each, each.path, (held or {}).get(each.name))
                for each in _writable(attribute)
            ]  # fmt: skip
        elif whole is of.definition:
            places.append(Place(attribute, f"{of.schemas[0]}:{attribute.name}", held))
    return places


# Values


def _texts(attribute: Attribute) -> st.SearchStrategy[str]:
    return st.sampled_from(_TEXTS[attribute.type])


def _values(attribute: Attribute) -> st.SearchStrategy[Any]:
    """A value that fits; of a multi-valued attribute, a list of at most one primary value."""
    if attribute.is_list:
        values = st.lists(_element(attribute), max_size=3, unique_by=repr)
        return values.map(_with_one_primary)
    return _element(attribute)


def _element(attribute: Attribute) -> st.SearchStrategy[Any]:
    if attribute.type == "boolean":
        return st.booleans()
    return _some(_writable(attribute)) if attribute.is_complex else _texts(attribute)


@st.composite
def _some(draw: st.DrawFn, attributes: Iterable[Attribute]) -> Document:
    some = st.lists(st.sampled_from(_ordered(attributes)), min_size=1, max_size=4, unique=True)
    return {each.name: draw(_values(each)) for each in draw(some)}


def _with_one_primary(values: list[Any]) -> list[Any]:
    primary = [each for each in values if isinstance(each, dict) and each.get("primary")]
    for each in primary[1:]:
        each["primary"] = False
    return values


@st.composite
def _written(draw: st.DrawFn, place: Place) -> Any:
    """What is written there: mostly what fits or what is there, else something else."""
    attribute = place.attribute
    match draw(st.sampled_from(("fits",) * 6 + ("held", "inner", "nothing", "wrong"))):
        case "wrong":
            return draw(st.sampled_from(_WRONG))
        case "nothing":
            return draw(st.sampled_from(_nothing(attribute)))
        case "held" if place.values and attribute.is_list:
            return draw(_near(place))
        case "inner" if attribute.is_complex:
            value = draw(_element(attribute))
            part = draw(st.sampled_from(_ordered(attribute.parts.values())))
            value[part.name] = draw(st.sampled_from((*_WRONG, *_nothing(part))) | _values(part))
            return value
    single = attribute.is_list and draw(st.booleans())
    return draw(_element(attribute) if single else _values(attribute))


def _nothing(attribute: Attribute) -> tuple[Any, ...]:
    """What leaves it without a value."""
    if attribute.is_list:
        return (None, [], [{}]) if attribute.is_complex else (None, [])
    return (None, {}) if attribute.is_complex else (None,)


@st.composite
def _near(draw: st.DrawFn, place: Place) -> list[Any]:
    """Values of a multi-valued attribute that are held, or almost, or in part."""
    values = draw(st.lists(st.sampled_from(place.values), min_size=1, max_size=2, unique_by=repr))
    is_shouted = draw(st.booleans())
    near: list[Any] = []
    for value in values:
        if isinstance(value, dict):
            names = draw(st.lists(st.sampled_from(sorted(value)), min_size=1, unique=True))
            near.append({name: _spoken(value[name], loud=is_shouted) for name in names})
        else:
            near.append(_spoken(value, loud=is_shouted))
    return near


def _spoken(value: Any, *, loud: bool) -> Any:
    return value.upper() if loud and isinstance(value, str) else value


@st.composite
def _keyed(draw: st.DrawFn, of: ResourceType, whole: Attribute, document: Document) -> Any:
    """A value for a whole resource or extension: its keys are names, or paths."""
    if not draw(_mostly()):
        return draw(st.sampled_from(_WRONG))
    value: Document = {}
    own = document.get(whole.name, {}) if whole.is_extension else document
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(_all_places(of, whole, own)))
        attribute = place.attribute
        if attribute.is_complex and not attribute.is_extension and draw(st.booleans()):
            part = draw(st.sampled_from(_writable(attribute)))
            place = Place(part, f"{place.name}.{part.name}")
        value[draw(_spelt(place.name))] = draw(_written(place))
    if not draw(_mostly()):
        name = draw(st.sampled_from(_UNKNOWN + _READ_ONLY))
        value[name] = draw(st.sampled_from((None, "nope", {"nope": 1})))
    # A body with one name twice, in whatever case, is refused before a PATCH is looked at.
    return {name: value[name] for name in {each.lower(): each for each in value}.values()}


# Filters


@st.composite
def _filters(draw: st.DrawFn, place: Place) -> str:
    """The inside of the brackets of a path."""
    terms = draw(st.lists(_comparisons(place), min_size=1, max_size=3))
    joined = f" {draw(st.sampled_from(('and', 'and', 'or', 'AND')))} ".join(terms)
    return f"not ({joined})" if draw(st.integers(0, 9)) == 0 else joined


@st.composite
def _comparisons(draw: st.DrawFn, place: Place) -> str:
    name, kind, values = "value", place.attribute.type, place.values
    if parts := _writable(place.attribute):
        part = draw(st.sampled_from(parts))
        name, kind = part.name, part.type
        values = [each[name] for each in place.values if name in each]
        name = name if draw(_mostly()) else draw(st.sampled_from((name, "nope")))
    name = draw(_spelt(name))
    if draw(st.integers(0, 9)) == 0:
        return f"{name} pr"
    if kind == "boolean":
        literal = draw(st.sampled_from(("true", "false", "null")))
        return f"{name} {draw(st.sampled_from(('eq', 'ne')))} {literal}"
    others = ("ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ")
    operator = draw(st.sampled_from(("eq",) * 8 + others))
    text = draw(st.sampled_from(values or _TEXTS[kind]) | st.sampled_from(_TEXTS[kind]))
    return f"{name} {operator} {ScimFilter.quote(text)}"

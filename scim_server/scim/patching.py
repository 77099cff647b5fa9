"""Applying the edits of a PATCH to a document (RFC 7644 §3.5.2). No I/O happens here."""

from __future__ import annotations

from typing import Any

from scim_server.directory.definitions import Attribute
from scim_server.errors import InvalidValue, NoTarget
from scim_server.scim.edits import Edit
from scim_server.scim.matching import folded, matches
from scim_server.scim.reception import Document


def apply(edits: tuple[Edit, ...], document: Document) -> Document:
    """``document`` after the edits of one operation; the one given stays as it is.

    Raises :class:`~scim_server.errors.NoTarget` where a filter selects nothing that can be
    written, and :class:`~scim_server.errors.InvalidValue` for two values that are primary.
    """
    changed: Document = _copied(document)
    for edit in edits:
        holder = _holder(changed, edit)
        if holder is not None:
            _apply(edit, holder)
        if edit.at.extension is not None and not changed.get(edit.at.extension.name, True):
            del changed[edit.at.extension.name]
    return changed


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(inner) for name, inner in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value


def _holder(document: Document, edit: Edit) -> Document | None:
    """What holds the attribute: the resource or an extension of it, made where it is written."""
    extension = edit.at.extension
    if extension is None:
        return document
    if edit.at.attribute is None:
        document.pop(extension.name, None)
        return None
    if edit.op == "remove" or edit.value is None:
        found: Document | None = document.get(extension.name)
        return found
    made: Document = document.setdefault(extension.name, {})
    return made


def _apply(edit: Edit, holder: Document) -> None:
    attribute, part = edit.at.attribute, edit.at.part
    assert attribute is not None
    if attribute.name == "schemas":
        return
    if edit.at.filter is not None:
        _apply_to_selected(edit, attribute, holder)
    elif part is not None and attribute.is_list:
        values = holder.get(attribute.name, [])
        before = _copied(values)
        for value in values:
            _assign(value, part.name, None if edit.op == "remove" else edit.value)
        _settle_primary(values, before)
        _drop_empty(holder, attribute)
    elif part is not None:
        inner = holder.get(attribute.name, {})
        if edit.at.is_value and inner.get(part.name) != edit.value:
            inner.pop("$ref", None)  # it was the address of another
        _assign(inner, part.name, None if edit.op == "remove" else edit.value)
        _assign(holder, attribute.name, inner or None)
    elif attribute.is_list:
        _apply_to_list(edit, attribute, holder)
    else:
        _assign(holder, attribute.name, None if edit.op == "remove" else edit.value)


def _apply_to_list(edit: Edit, attribute: Attribute, holder: Document) -> None:
    before = holder.get(attribute.name, [])
    if edit.op == "remove":
        given = [folded(attribute, each) for each in edit.value or ()]
        gone = edit.value
        kept = [each for each in before
                if gone is not None and not _is_among(folded(attribute, each), given)]  # fmt: skip
        _assign(holder, attribute.name, kept or None)
        return
    values = list(edit.value or ())
    if edit.op == "add":
        here = [folded(attribute, each) for each in before]
        new = [each for each in values if folded(attribute, each) not in here]
        values = [*before, *new]
        _settle_primary(values, before)
    holder[attribute.name] = values
    _drop_empty(holder, attribute)


def _is_among(value: Any, gone: list[Any]) -> bool:
    """Whether ``value`` has everything that one of ``gone`` has."""
    if not isinstance(value, dict):
        return value in gone
    return any(all(value.get(name) == inner for name, inner in each.items()) for each in gone)


def _apply_to_selected(edit: Edit, attribute: Attribute, holder: Document) -> None:
    assert edit.at.filter is not None
    values = holder.get(attribute.name, [])
    before = _copied(values)
    chosen = [each for each in values if matches(attribute, edit.at.filter, each)]
    if not chosen and edit.op != "remove":
        values = [*values, _made(edit, attribute)]
    elif edit.at.part is None and (edit.op == "remove" or edit.value is None):
        values = [each for each in values if each not in chosen]
    elif not attribute.is_complex:
        values = [edit.value if each in chosen else each for each in values]
    else:
        parts: tuple[Edit, ...] = edit.value if edit.at.part is None else (edit,)
        for each in chosen:
            for part in parts:
                assert part.at.part is not None
                _assign(each, part.at.part.name, None if edit.op == "remove" else part.value)
    holder[attribute.name] = values
    _settle_primary(values, before)
    _drop_empty(holder, attribute)


def _made(edit: Edit, attribute: Attribute) -> Document:
    """The value that the filter describes (``described_element``)."""
    if edit.described is None or edit.value is None:
        raise NoTarget(f"No value of {attribute.path} is selected by the filter of the path.")
    assert edit.at.filter is not None
    if not matches(attribute, edit.at.filter, edit.described):
        raise InvalidValue(f"The value contradicts the filter of {attribute.path}.")
    return edit.described


def _settle_primary(values: list[Any], before: list[Any]) -> None:
    """The value just made primary is the only one (RFC 7644 §3.5.2)."""
    primary = [each for each in values if isinstance(each, dict) and each.get("primary") is True]
    if len(primary) < 2:
        return
    earlier = [each for each in before if isinstance(each, dict) and each.get("primary") is True]
    marked = [each for number, each in enumerate(values) if each in primary
              and (number >= len(before) or before[number].get("primary") is not True)]  # fmt: skip
    if len(marked) != 1:
        raise InvalidValue("More than one value would be primary.")
    for each in values:
        if earlier and each is not marked[0] and each.get("primary") is True:
            each["primary"] = False


def _drop_empty(holder: Document, attribute: Attribute) -> None:
    left = [each for each in holder.get(attribute.name, ()) if each not in ({}, None)]
    _assign(holder, attribute.name, left or None)


def _assign(holder: Document, name: str, value: Any) -> None:
    if value is None:
        holder.pop(name, None)
    else:
        holder[name] = value

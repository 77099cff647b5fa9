"""From the JSON that a client sends to the document that is stored (RFC 7644 §3.3, §3.5.1).

Names are brought to the spelling of the schemas, read-only attributes are left out, and every
value is checked against the type of its attribute; texts stay exactly as they were sent. The
tolerances that apply are named in :mod:`.tolerances`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from scim_server.directory.definitions import Attribute
from scim_server.directory.models import ResourceType
from scim_server.directory.rendering import COLUMNS, KEY_LENGTH
from scim_server.errors import InvalidSyntax, InvalidValue
from scim_server.scim import tolerances

Document = dict[str, Any]

MEMBER_LENGTH = 256
"""The most characters that the id of a member may have."""

_KEYS = frozenset(path for paths in COLUMNS.values() for path in paths)


class Reception:
    """Takes values in. ``hash_password`` turns a password into what is kept of it."""

    def __init__(self, hash_password: Callable[[str], str]) -> None:
        self._hash_password = hash_password

    def resource(self, resource_type: ResourceType, body: Any) -> Document:
        """The document of a POST or PUT, ``members`` included.

        Raises :class:`~scim_server.errors.InvalidSyntax` for what is no object, and
        :class:`~scim_server.errors.InvalidValue` for a value of the wrong type, a missing required
        attribute, and schemas that are no list of URNs.
        """
        if not isinstance(body, Mapping):
            raise InvalidSyntax("The body is not a JSON object.")
        _check_schemas(body)
        document = self._parts(resource_type.definition, _placed(body, resource_type))
        check_required(resource_type.definition, document)
        return document

    def value(self, attribute: Attribute, value: Any) -> Any:
        """``value`` as it is stored, or none where nothing is assigned.

        Of a multi-valued attribute that is a list.
        """
        value = tolerances.shaped(attribute, value)
        if not attribute.is_list:
            return self._one(attribute, value)
        taken = [one for each in value if (one := self._one(attribute, each)) is not None]
        if sum(each.get("primary") is True for each in taken if isinstance(each, dict)) > 1:
            raise InvalidValue(f"{attribute.path}: more than one value is primary.")
        return taken or None

    def _one(self, attribute: Attribute, value: Any) -> Any:
        if value is None:
            return None
        if attribute.is_complex:
            return self._complex(attribute, value)
        if attribute.type == "boolean":
            value = tolerances.boolean(value)
            if not isinstance(value, bool):
                raise InvalidValue(f"{attribute.path} is true or false.")
            return value
        return self._text(attribute, value)

    def _complex(self, attribute: Attribute, value: Any) -> Document | None:
        if not isinstance(value, dict):
            raise InvalidValue(f"{attribute.path} is an object.")
        taken = self._parts(attribute, value)
        if attribute.path == "members":
            id = taken.get("value", "")
            if not id or len(id) > MEMBER_LENGTH:
                raise InvalidValue(
                    f"members: each has a value, the id of a user or group, of at most "
                    f"{MEMBER_LENGTH} characters."
                )
        return taken or None

    def _parts(self, attribute: Attribute, value: Mapping[str, Any]) -> Document:
        taken: Document = {}
        for name, inner in value.items():
            part = attribute.part(name)
            if part is None or part.is_read_only:
                continue
            one = self.value(part, inner)
            if one is not None:
                taken[part.name] = one
        return taken

    def _text(self, attribute: Attribute, value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidValue(f"{attribute.path} is a text.")
        if attribute.path in _KEYS and len(value) > KEY_LENGTH:
            raise InvalidValue(f"{attribute.path} has more than {KEY_LENGTH} characters.")
        if attribute.type == "binary" and not _is_base64(value):
            raise InvalidValue(f"{attribute.path} is not base64 (RFC 4648 §4).")
        if attribute.path == "password":
            return self._hash_password(value)
        return value


def check_shape(resource_type: ResourceType, body: Any) -> None:
    """Whether ``body`` could be a resource of this type, whatever its values are.

    Raises :class:`~scim_server.errors.InvalidSyntax` and
    :class:`~scim_server.errors.InvalidValue`.
    """
    if not isinstance(body, Mapping):
        raise InvalidSyntax("The body is not a JSON object.")
    _check_schemas(body)
    given = {name.lower(): value for name, value in body.items()}
    for attribute in resource_type.definition.parts.values():
        if attribute.is_required and not given.get(attribute.name.lower()):
            raise InvalidValue(f"{attribute.path} is required.")


def check_required(definition: Attribute, document: Mapping[str, Any]) -> None:
    """Raises :class:`~scim_server.errors.InvalidValue` for a required attribute without a value."""
    for attribute in definition.parts.values():
        value = document.get(attribute.name)
        if attribute.is_required and not value:
            raise InvalidValue(f"{attribute.path} is required.")
        if attribute.is_extension and value:
            check_required(attribute, value)


def _check_schemas(body: Mapping[str, Any]) -> None:
    for name, value in body.items():
        if name.lower() == "schemas":
            if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
                return
            break
    raise InvalidValue("schemas is a list of at least one URN.")


def _placed(body: Mapping[str, Any], resource_type: ResourceType) -> Mapping[str, Any]:
    """``soft_deleted`` and ``unqualified_extension``: every attribute under its own name and in
    its own place.
    """
    definition = resource_type.definition
    placed: dict[str, Any] = {}
    for name, value in body.items():
        active = tolerances.soft_deleted(name, value)
        if active is not None and definition.part(active[0]):
            if active[1] is not None:
                placed[active[0]] = active[1]
            continue
        extension, attribute = definition.find(name)
        if extension is not None:
            placed.setdefault(extension.name, {})[name] = value
        elif attribute is not None and not attribute.is_extension:
            placed[attribute.name] = value
    for name, value in body.items():
        extension = definition.part(name)
        if extension is not None and extension.is_extension:
            inner = placed.get(extension.name, {})
            placed[extension.name] = {**inner, **value} if isinstance(value, Mapping) else value
    return placed


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True

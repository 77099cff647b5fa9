"""What bulkUpload takes: the resource type ``bulkUpload`` of Microsoft Graph, and no more.

Stricter than the reference, which asks for ``externalId`` alone: ``userName`` is required, because
without it the default mapping has no user principal name, and attributes that SCIM's core user
doesn't have are refused, because they would be lost without a word.
"""

from __future__ import annotations

from typing import Any

import orjson

from scim_server.inbound.simulator.messages import GraphError, Request

MEDIA_TYPE = "application/scim+json"
MOST_OPERATIONS = 50
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

_TEXTS = {
    "displayName", "externalId", "locale", "nickName", "preferredLanguage", "profileUrl",
    "timezone", "title", "userName", "userType",
}  # fmt: skip
_LISTS = {
    "addresses", "emails", "entitlements", "ims", "phoneNumbers", "photos", "roles",
    "x509Certificates",
}  # fmt: skip
_TYPES: dict[str, type] = {
    **dict.fromkeys(_TEXTS, str), **dict.fromkeys(_LISTS, list),
    "active": bool, "name": dict, "schemas": list,
}  # fmt: skip


def operations(request: Request) -> list[dict[str, Any]]:
    """The ``data`` of each operation; 400 with the place of the first thing that is wrong."""
    if request.media_type != MEDIA_TYPE:
        raise _invalid(f"Content-Type must be {MEDIA_TYPE}")
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise _invalid("the body is no JSON") from None
    if not isinstance(body, dict) or not body.keys() <= {"schemas", "Operations", "failOnErrors"}:
        raise _invalid("the body may have schemas, Operations and failOnErrors alone")
    if body.get("schemas") != [BULK]:
        raise _invalid(f"schemas must be {BULK}")
    if body.get("failOnErrors") is not None:
        raise _invalid("failOnErrors must be null")
    listed = body.get("Operations")
    if not isinstance(listed, list) or not listed:
        raise _invalid("Operations must be a list with something in it")
    if len(listed) > MOST_OPERATIONS:
        raise _invalid(f"Operations may be at most {MOST_OPERATIONS}, not {len(listed)}")
    known: set[str] = set()
    return [_data(each, f"Operations[{index}]", known) for index, each in enumerate(listed)]


def _data(operation: Any, place: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(operation, dict) or operation.keys() != {"method", "bulkId", "path", "data"}:
        raise _invalid(f"{place} must have method, bulkId, path and data")
    if (operation["method"], operation["path"]) != ("POST", "/Users"):
        raise _invalid(f"{place} must be POST /Users")
    name = operation["bulkId"]
    if not isinstance(name, str) or not name or name in known:
        raise _invalid(f"{place}.bulkId must be a text that no other operation has")
    known.add(name)
    data = operation["data"]
    if not isinstance(data, dict):
        raise _invalid(f"{place}.data must be an object")
    _check_user(data, f"{place}.data")
    return data


def _check_user(data: dict[str, Any], place: str) -> None:
    schemas = data.get("schemas")
    if not isinstance(schemas, list) or not {CORE, ENTERPRISE} <= {str(each) for each in schemas}:
        raise _invalid(f"{place}.schemas must name the core and the enterprise user")
    for name, value in data.items():
        expected = dict if name in schemas and name != CORE else _TYPES.get(name)
        if expected is None:
            raise _invalid(f"{place}.{name} is no attribute of the schemas that are named")
        if value is not None and not isinstance(value, expected):
            raise _invalid(f"{place}.{name} has the wrong type")
        if name in _LISTS and not all(isinstance(each, dict) for each in data[name] or []):
            raise _invalid(f"{place}.{name} must be a list of objects")
    for name in ("externalId", "userName"):
        if not data.get(name):
            raise _invalid(f"{place}.{name} is required")


def _invalid(what: str) -> GraphError:
    return GraphError(400, "BadRequest", f"Invalid Data Format: {what}.")

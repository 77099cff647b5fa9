"""Requests at random: nonsense, and what is almost right."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from tests.sandbox import BULK_REQUEST, ENTERPRISE, GROUP, PATCH_OP, UONET_GROUP, USER

JSON = "application/scim+json"
_SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


# Texts and JSON

TEXTS = st.text(max_size=12) | st.sampled_from(
    ("", " ", "true", "*", "bulkId:a", "\0", '"', "\\", "[", "%", "ż", "\U0001f600", "x" * 300)
)
_NUMBERS = st.integers() | st.floats(allow_nan=False) | st.sampled_from((0, -1, 2**63, 10**400))
_SCALARS = st.none() | st.booleans() | _NUMBERS | TEXTS
ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


_ENVELOPE = ("schemas", "Operations", "op", "method")
"""Without these right, nothing else is looked at."""


@st.composite
def almost(draw: st.DrawFn, body: Any) -> Any:
    """``body`` with up to three of its parts changed, and seldom what it says that it is."""
    body = copy.deepcopy(body)
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 1, 2, 3)))):
        parts = _parts(body)
        inner = [part for part in parts if part[1] not in _ENVELOPE]
        is_inner = bool(inner) and draw(st.sampled_from((True,) * 9 + (False,)))
        holder, key = draw(st.sampled_from(inner if is_inner else parts))
        match draw(st.sampled_from(("gone", "other", "other", "listed", "null", "renamed"))):
            case "gone":
                del holder[key]
            case "listed":
                holder[key] = [holder[key], copy.deepcopy(holder[key])]
            case "null":
                holder[key] = None
            case "renamed" if isinstance(holder, dict):
                holder[draw(TEXTS | st.just(key.upper()))] = holder.pop(key)
            case _:
                holder[key] = draw(ANYTHING)
        if not body:
            break
    return body


def _parts(value: Any) -> list[tuple[Any, Any]]:
    """Every place in ``value``, as what holds it and its key there."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    found = [(value, key) for key in keys]
    for key in keys:
        if isinstance(value[key], dict | list):
            found += _parts(value[key])
    return found


@st.composite
def sent(draw: st.DrawFn, body: Any) -> bytes:
    """The bytes of a body: mostly of ``body`` almost, else of anything, or no JSON."""
    kind = draw(st.sampled_from(("almost",) * 20 + ("anything", "bytes", "cut", "twice")))
    if kind == "bytes":
        return draw(st.binary(max_size=40))
    text = json.dumps(draw(ANYTHING if kind == "anything" else almost(body)))
    if kind == "cut":
        return text[: draw(st.integers(0, len(text)))].encode()
    if kind == "twice" and text.startswith("{"):
        return f'{{"schemas": [], {text[1:]}'.encode()
    return text.encode("utf-16" if draw(st.integers(0, 39)) == 39 else "utf-8")


# Bodies that are right

_USER = {
    "schemas": [USER, ENTERPRISE],
    "userName": "jan.nowak",
    "externalId": "P-7",
    "name": {"givenName": "Jan", "familyName": "Nowak"},
    "active": True,
    "emails": [{"value": "jan@example.pl", "type": "work", "primary": True}, {"value": "j@dom"}],
    "addresses": [{"type": "home", "locality": "Łódź"}],
    "x509Certificates": [{"value": "QUJD"}],
    ENTERPRISE: {"department": "SP 12", "manager": {"value": "m"}},
}
_GROUP = {
    "schemas": [GROUP, UONET_GROUP],
    "displayName": "7a",
    "members": [{"value": "nobody", "type": "User"}],
    UONET_GROUP: {"subject": "Matematyka", "classes": ["7a", "7b"], "active": True},
}
_OPERATIONS = (
    {"op": "replace", "path": "name.familyName", "value": "Kowal"},
    {"op": "add", "path": 'emails[type eq "work"].value', "value": "kowal@example.pl"},
    {"op": "replace", "path": 'addresses[not (type sw "h")]', "value": {"region": "x"}},
    {"op": "remove", "path": "emails"},
    {"op": "remove", "path": "emails", "value": [{"value": "j@dom"}]},
    {"op": "add", "value": {"title": "dr", "name.givenName": "Ewa", f"{ENTERPRISE}:division": "x"}},
    {"op": "add", "path": f"{ENTERPRISE}:manager", "value": {"value": "m"}},
    {"op": "replace", "path": "userName", "value": "ewa.kowal"},
    {"op": "add", "path": "members", "value": [{"value": "x"}, {"value": "y"}]},
    {"op": "remove", "path": 'members[value eq "x" or display co "a"]'},
    {"op": "remove", "path": "members", "value": [{"value": "y"}]},
    {"op": "replace", "path": "members", "value": [{"value": "z"}]},
    {"op": "add", "path": f"{UONET_GROUP}:classes", "value": "8c"},
)
_PATCHES = st.lists(st.sampled_from(_OPERATIONS), min_size=1, max_size=3).map(
    lambda operations: {"schemas": [PATCH_OP], "Operations": operations}
)


def bodies(method: str, endpoint: str) -> st.SearchStrategy[Any]:
    """What may be sent to a resource of ``/Users`` or ``/Groups``."""
    if method == "PATCH":
        return _PATCHES
    return st.just(_USER if endpoint == "/Users" else _GROUP)


@st.composite
def bulk_operations(draw: st.DrawFn, ids: dict[str, list[str]]) -> dict[str, Any]:
    endpoint = draw(st.sampled_from(("/Users", "/Groups")))
    method = draw(st.sampled_from(("POST", "POST", "PUT", "PATCH", "DELETE")))
    name = st.sampled_from(("a", "b", "c"))
    if method == "POST":
        made = {"method": method, "path": endpoint, "bulkId": draw(name)}
    else:
        place = draw(st.sampled_from(ids[endpoint]) | name.map(lambda each: f"bulkId:{each}"))
        made = {"method": method, "path": f"{endpoint}/{place}"}
    if method == "DELETE":
        return made
    body = copy.deepcopy(draw(bodies(method, endpoint)))
    if "userName" in body:
        body["userName"] += draw(st.sampled_from(("", "1", "2")))
    if "members" in body:
        body["members"] = [{"value": f"bulkId:{draw(name)}"}]
    return {**made, "data": body}


def bulk_bodies(ids: dict[str, list[str]]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda operations, more: {"schemas": [BULK_REQUEST], "Operations": operations, **more},
        st.lists(bulk_operations(ids), min_size=1, max_size=5),
        st.sampled_from(({}, {}, {"failOnErrors": 1}, {"failOnErrors": 2})),
    )


# Searches

_NAMES = (
    "userName", "emails", "emails.value", "name", "name.familyName", "id", "meta.lastModified",
    "active", "members", "members.value", "groups", "password", "x509Certificates.value",
    "schemas", "externalId", "profileUrl", "nope", "meta", f"{ENTERPRISE}:manager.value",
    f"{ENTERPRISE}:department", ENTERPRISE, USER, f"{UONET_GROUP}:classes", f"{USER}:title",
)  # fmt: skip
_WORDS = (
    "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr", "and", "or", "not", "(", ")",
    "[", "]", "true", "false", "null", '"a"', '""', '"', "'", "1", "-1.5e9", "a", ".", ":", "\\",
    '"2026-11-24T12:00:00Z"', '"\\u0000"', '"\\ud800"', "ż", "\0", "\n",
)  # fmt: skip
_COMPARISONS = st.builds(
    lambda name, operator, literal: f"{name} {operator} {literal}",
    st.sampled_from(_NAMES), st.sampled_from(_WORDS[:9]), st.sampled_from(_WORDS[17:]),
)  # fmt: skip
_TERMS = (
    _COMPARISONS
    | st.sampled_from(_NAMES).map("{} pr".format)
    | st.builds("{}[{}]".format, st.sampled_from(_NAMES), _COMPARISONS)
)
_SOUP = st.lists(st.sampled_from(_NAMES + _WORDS) | TEXTS, max_size=8).map(" ".join)
FILTERS = (
    st.recursive(
        _TERMS,
        lambda inner: st.builds("{} and {}".format, inner, inner) | inner.map("not ({})".format),
        max_leaves=4,
    )
    | _SOUP
    | TEXTS
)
_LISTS = st.lists(st.sampled_from(_NAMES) | TEXTS, max_size=4).map(",".join)
_COUNTS = st.sampled_from(("", "0", "1", "2", "-1", "x", "9" * 30, "1.5", "0x1", "١"))
_PARAMETERS = {
    "filter": FILTERS,
    "sortBy": st.sampled_from(_NAMES) | TEXTS,
    "sortOrder": st.sampled_from(("ascending", "descending", "DESCENDING", "up", "")),
    "startIndex": _COUNTS,
    "count": _COUNTS,
    "cursor": st.just("") | TEXTS,
    "attributes": _LISTS,
    "excludedAttributes": _LISTS,
    "nope": TEXTS,
}


@st.composite
def searches(draw: st.DrawFn) -> Request:
    endpoint = draw(st.sampled_from(("/Users", "/Groups", "")))
    names = draw(st.lists(st.sampled_from(sorted(_PARAMETERS)), max_size=3))
    pairs = [(name, draw(_PARAMETERS[name])) for name in names]
    if draw(st.booleans()):
        return Request("GET", f"{endpoint}?{urlencode(pairs, errors='surrogatepass')}")
    asked: dict[str, Any] = dict(pairs)
    asked |= {name: int(asked[name]) for name in ("count", "startIndex") if _is_whole(asked, name)}
    body = draw(sent({"schemas": [_SEARCH_REQUEST], **asked}))
    return Request("POST", f"{endpoint}/.search", body, {"Content-Type": JSON})


def _is_whole(asked: dict[str, str], name: str) -> bool:
    return name in asked and asked[name].lstrip("-").isdecimal()


# Addresses and headers

_SEGMENTS = st.sampled_from(
    ("Users", "Groups", "Schemas", "ResourceTypes", "ServiceProviderConfig", ".search", "Bulk",
     "users", "..", "", ".", "%ff", "%00", "%2F", ";a=b", "~", USER)
) | TEXTS.map(lambda text: quote(text, safe=""))  # fmt: skip
PATHS = st.lists(_SEGMENTS, max_size=4).map(lambda segments: "/" + "/".join(segments))

_LINES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20)
_TAGS = ("*", 'W/"1"', '"1"', 'W/"2"', 'W/"1", "x"', "W/", '"', "1", ",,")
_TYPES = ("application/json", JSON, f"{JSON};charset=utf-8", "text/html", "*/*", "a/b;q=x",
          "application/*;q=0", ";", "*", "q=1", "multipart/form-data")  # fmt: skip
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "If-Match": st.sampled_from(_TAGS) | _LINES,
        "If-None-Match": st.sampled_from(_TAGS) | _LINES,
        "Accept": st.sampled_from(_TYPES) | _LINES,
        "Content-Type": st.sampled_from(_TYPES) | _LINES,
        "Content-Encoding": _LINES,
        "Accept-Language": _LINES,
        "X-HTTP-Method-Override": st.sampled_from(("DELETE", "PUT")),
    },
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

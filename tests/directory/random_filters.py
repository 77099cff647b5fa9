"""Filters at random: every operator over every published attribute, in every spelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import normalize

from hypothesis import strategies as st
from scim2_models import ScimFilter

from scim_server.directory.models import contract
from tests.directory.made_up import Reference

ORDER = ("gt", "ge", "lt", "le")
PARTS = ("co", "sw", "ew")
OPERATORS = ("eq", "ne", *ORDER, *PARTS)
MOMENTS = ("meta.created", "meta.lastModified")
COMMON = ("id", "externalId", "meta.resourceType", "meta.location", "meta.version", *MOMENTS)


def published(of: Reference) -> dict[str, str]:
    """Every attribute that can be compared, by its bare path or that below an extension's URN:
    ``string``, ``boolean``, ``dateTime``, or ``complex`` for one that only ``pr`` can test.
    """
    kinds = dict.fromkeys(("schemas", *COMMON), "string") | dict.fromkeys(MOMENTS, "dateTime")
    kinds["meta"] = "complex"
    documents = {each["id"]: each for each in contract("register").documents["Schemas"]}
    core = of.type.schemas[0]
    for urn in of.type.schemas:
        prefix = "" if urn == core else f"{urn}:"
        for attribute in documents[urn]["attributes"]:
            name = prefix + attribute["name"]
            subs = attribute.get("subAttributes", ())
            kinds[name] = attribute["type"]
            if attribute["multiValued"] and any(each["name"] == "value" for each in subs):
                kinds[name] = "string"  # a comparison reads its values
            kinds |= {f"{name}.{each['name']}": "string" for each in subs}
    return kinds


def values_of(of: Reference, path: str) -> list[Any]:
    """What the served resources hold at ``path``, each value once."""
    *urn, rest = path.rsplit(":", 1)
    found: dict[str, Any] = {}
    for resource in of.served.values():
        level: list[Any] = [resource.get(urn[0], {}) if urn else resource]
        for name in rest.split("."):
            nested = [each.get(name) for each in level if isinstance(each, dict)]
            level = [one for each in nested for one in (each if isinstance(each, list) else [each])]
        found |= {str(each): each for each in level if not isinstance(each, dict | None)}
    if not found and not rest.endswith(".value"):
        return values_of(of, f"{path}.value")  # a comparison with a list reads its values
    return list(found.values())


@st.composite
def texts_near(draw: st.DrawFn, values: list[Any]) -> str:
    """A text that is, or is part of, or is none of ``values``."""
    if not values or draw(st.integers(0, 9)) == 0:
        any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ue000"))
        return draw(any_text.filter(lambda text: len(text) < 12))
    value = str(draw(st.sampled_from(values)))
    start = draw(st.integers(0, max(0, len(value) - 1)))
    end = draw(st.integers(start, len(value)))
    value = draw(st.sampled_from((value, value[:end], value[start:], value[start:end])))
    change = draw(st.sampled_from(("", "upper", "lower", "swapcase", "title")))
    value = getattr(value, change)() if change else value
    form = draw(st.sampled_from((None, "NFC", "NFD")))
    return normalize(form, value) if form else value  # type: ignore[arg-type]


@st.composite
def moments_near(draw: st.DrawFn, values: list[Any]) -> str:
    moment = datetime.fromisoformat(draw(st.sampled_from(values)))
    moment += timedelta(microseconds=draw(st.sampled_from((0, 0, 1, -1, 999_999, 3_600_000_000))))
    form = draw(st.sampled_from(("microseconds", "seconds", "milliseconds")))
    offset = draw(st.sampled_from((0, 0, 2, -5)))
    if offset:
        local = (moment + timedelta(hours=offset)).replace(tzinfo=None)
        return f"{local.isoformat(timespec=form)}{offset:+03d}:00"
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=form) + "Z"


@st.composite
def any_case(draw: st.DrawFn, word: str) -> str:
    return draw(st.sampled_from((word, word, word.lower(), word.upper(), word.swapcase())))


@st.composite
def comparisons(
    draw: st.DrawFn, path: str, kind: str, values: list[Any], spelt: str | None = None
) -> str:
    """One comparison of ``path``, or a test of its presence; ``spelt`` is how it is written."""
    name = spelt or path
    if kind == "complex" or draw(st.integers(0, 9)) == 0:
        return f"{name} {draw(any_case('pr'))}"
    operator = draw(st.sampled_from(("eq", "ne") if kind == "boolean" else OPERATORS))
    if draw(st.integers(0, 9)) == 0:
        literal = draw(any_case("null"))
    elif kind == "boolean":
        literal = draw(any_case(draw(st.sampled_from(("true", "false")))))
    elif kind == "dateTime":
        literal = ScimFilter.quote(draw(moments_near(values)))
    else:
        literal = ScimFilter.quote(draw(texts_near(values)))
    space = draw(st.sampled_from((" ", " ", "  ")))
    return f"{name}{space}{draw(any_case(operator))}{space}{literal}"


@st.composite
def _terms(draw: st.DrawFn, of: Reference) -> str:
    kinds = published(of)
    path = draw(st.sampled_from(sorted(kinds)))
    spelt = path if path.startswith("urn:") else draw(st.sampled_from(("", "", "urn"))) and path
    if spelt and not path.startswith("urn:"):
        spelt = f"{of.type.schemas[0]}:{path}"
    name = draw(any_case(spelt or path))
    return draw(comparisons(path, kinds[path], values_of(of, path), name))


@st.composite
def _value_paths(draw: st.DrawFn, of: Reference) -> str:
    kinds = published(of)
    urn = of.type.schemas[-1]
    hosts = {
        path.rpartition(".")[0]
        for path in kinds
        if "." in path.rpartition(":")[2] and not path.startswith(("meta", "name"))
    }
    simple = {"schemas"} | ({f"{urn}:classes"} & set(kinds))
    host = draw(st.sampled_from(sorted(hosts | simple)))
    subs = {"value": host} if host in simple else {
        path.removeprefix(f"{host}."): path for path in kinds if path.startswith(f"{host}.")
    }  # fmt: skip

    def inside() -> str:
        sub = draw(st.sampled_from(sorted(subs)))
        return draw(comparisons(sub, "string", values_of(of, subs[sub]), draw(any_case(sub))))

    inner = inside()
    match draw(st.integers(0, 4)):
        case 0:
            inner = f"{inner} {draw(st.sampled_from(('and', 'or')))} {inside()}"
        case 1:
            inner = f"not ({inner})"
    if host not in simple and draw(st.integers(0, 4)) == 0:
        sub = draw(st.sampled_from(sorted(subs)))
        tail = comparisons(sub, "string", values_of(of, subs[sub]))
        # An `or` in brackets before a tail is one term of the conjunction that they make.
        return f"{draw(any_case(host))}[{inner}].{draw(tail)}"
    return f"{draw(any_case(host))}[{inner}]"


def filters(of: Reference) -> st.SearchStrategy[str]:
    """A whole filter, at most ten levels deep and of at most sixteen terms."""

    def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        joined = st.builds(
            lambda operator, parts: f" {operator} ".join(parts),
            st.sampled_from(("and", "or", "AND", "Or")),
            st.lists(inner, min_size=2, max_size=3),
        )
        return st.one_of(
            joined,
            inner.map(lambda text: f"not ({text})"),
            inner.map(lambda text: f"NOT({text})"),
            joined.map(lambda text: f"({text})"),
        )

    return st.recursive(st.one_of(_terms(of), _terms(of), _value_paths(of)), combined, max_leaves=6)

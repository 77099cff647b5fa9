"""The cases of ``tests/dialects/*/*.json``, read and run against a sandbox.

A file has a ``client``, the ``headers`` that it sends, and ``cases``. A case has a ``name``, its
``source``, and ``steps``; optionally the ``tolerances`` that it needs, the resources ``given``
before it by their names, and ``tenant_queries``: what the tenant's address may carry in front of
every query, once for each of which the case is run (a file may say so for all its cases).

A step sends ``method`` (GET), ``path``, ``query`` and either a ``body`` or the ``operations`` of a
PatchOp. It expects a ``status`` (200); a ``scim_type`` of an error; the ``exact`` body; or in
``answer`` a part of it, in which null means that nothing is there, and lists have the same
elements in any order. ``unchanged`` holds ``meta`` to what it was before. ``save`` names a created
resource. ``{name}`` in any text is the id of a resource, ``{base}`` the address of the unit, and
``{guid}`` an id that nobody has.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from werkzeug.test import TestResponse

from tests.sandbox import GROUP, PATCH_OP, USER, Sandbox
from tests.scim.answers import fails

FOLDER = Path(__file__).parent
READ_ELSEWHERE = frozenset({"reads.json"})
"""Reads of a register's unit, which ``test_entra_reads.py`` runs."""

_NAME = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True)
class Case:
    """One case, for one way in which the tenant's address is written."""

    id: str
    name: str
    source: str
    headers: Mapping[str, str]
    steps: list[dict[str, Any]]
    given: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    tolerances: tuple[str, ...] = ()
    tenant_query: str = ""


def read_cases() -> list[Case]:
    """Every case of every file, in order."""
    files = (path for path in sorted(FOLDER.glob("*/*.json")) if path.name not in READ_ELSEWHERE)
    return [case for path in files for case in _cases_of(path)]


def _cases_of(path: Path) -> Iterator[Case]:
    document = json.loads(path.read_text(encoding="utf-8"))
    queries = document.get("tenant_queries", [""])
    for each in document["cases"]:
        for query in each.pop("tenant_queries", queries):
            place = f"{path.parent.name}/{path.stem}: {each['name']}"
            yield Case(
                id=f"{place} ?{query}" if query else place,
                headers=document["headers"],
                tenant_query=query,
                **{**each, "tolerances": tuple(each.get("tolerances", ()))},
            )


class Run:
    """A case that runs against ``sandbox``."""

    def __init__(self, case: Case, sandbox: Sandbox) -> None:
        self._case = case
        self._sandbox = sandbox
        self._names = {"base": sandbox.base, "guid": str(uuid.uuid4())}
        self._metas: dict[str, Any] = {}

    def __call__(self) -> None:
        for name, body in self._case.given.items():
            kind, schema = ("Users", USER) if "userName" in body else ("Groups", GROUP)
            response = self._sandbox.post(f"/{kind}", {"schemas": [schema], **self._filled(body)})
            made = json.loads(response.data)
            assert response.status_code == 201, made
            self._names[name] = made["id"]
            self._metas[made["id"]] = made["meta"]
        for number, step in enumerate(self._case.steps, 1):
            try:
                self._take(**step)
            except AssertionError as wrong:
                wrong.add_note(f"Step {number}: {step.get('method', 'GET')} {step['path']}")
                raise

    def _take(
        self,
        *,
        path: str,
        method: str = "GET",
        query: Mapping[str, str] | None = None,
        body: Any = None,
        operations: list[Any] | None = None,
        status: int = 200,
        scim_type: str | None = None,
        save: str = "",
        unchanged: bool = False,
        exact: Any = None,
        answer: Any = None,
    ) -> None:
        if operations is not None:
            body = {"schemas": [PATCH_OP], "Operations": operations}
        response = self._send(method, path, query or {}, body)
        if status >= 400:
            fails(response, status, scim_type)
            return
        assert response.status_code == status, response.get_data(as_text=True)
        if status == 204:
            assert response.data == b""
            return
        assert response.headers["Content-Type"] == self._case.headers["Accept"]
        found = json.loads(response.data)
        assert not list(_nulls(found)), found
        if save:
            self._names[save] = found["id"]
        if method != "GET":
            self._check_written(found, unchanged)
        if exact is not None:
            assert found == self._filled(exact), found
        wrong = list(differences(self._filled(answer or {}), found))
        assert not wrong, "; ".join(wrong)

    def _send(self, method: str, path: str, query: Mapping[str, str], body: Any) -> TestResponse:
        filled = self._filled(dict(query))
        parameters = [self._case.tenant_query] if self._case.tenant_query else []
        parameters += [urlencode(filled, quote_via=quote)] if filled else []
        return self._sandbox.request(
            method,
            "?".join([self._filled(path), *filter(None, ["&".join(parameters)])]),
            headers=self._case.headers,
            data=None if body is None else json.dumps(self._filled(body), ensure_ascii=False),
        )

    def _check_written(self, found: dict[str, Any], unchanged: bool) -> None:
        """A write answers with what a read gives afterwards."""
        id, meta = found["id"], found["meta"]
        read = self._sandbox.read(f"/{meta['resourceType']}s/{id}")
        assert read == found, f"{read} is read after {found}"
        if unchanged:
            assert meta == self._metas[id], f"{meta} was {self._metas[id]}"
        self._metas[id] = meta

    def _filled(self, value: Any) -> Any:
        """``value`` with the names in its texts, keys excepted, replaced."""
        if isinstance(value, str):
            return _NAME.sub(lambda found: self._names[found[1]], value)
        if isinstance(value, list):
            return [self._filled(each) for each in value]
        if isinstance(value, dict):
            return {key: self._filled(each) for key, each in value.items()}
        return value


def differences(expected: Any, found: Any, at: str = "") -> Iterator[str]:
    """What of ``expected`` is not in ``found``, a line for each."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            yield from differences(value, found.get(key), f"{at}.{key}" if at else key)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        left = list(found)
        for value in expected:
            same = next((each for each in left if not any(differences(value, each))), None)
            if same is None:
                yield f"{at} has no {value!r} among {left!r}"
                return
            left.remove(same)
    elif type(expected) is not type(found) or expected != found:
        yield f"{at} is {found!r}, not {expected!r}"


def _nulls(value: Any, at: str = "") -> Iterator[str]:
    if value is None:
        yield at
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _nulls(each, f"{at}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from _nulls(each, at)

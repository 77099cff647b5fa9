"""The reads that Entra's provisioning sends, kept as data: ``entra/reads.json``.

An entry has a request (``path``, in which ``{guid}`` is random, ``{user}`` and ``{group}`` are ids
of U-1 and G-1, and ``{name}`` is the name of G-3), what is expected of the answer, and in
``source`` what Entra means by it.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.school import World
from tests.scim.answers import fails, keys

READS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "entra" / "reads.json").read_text(encoding="utf-8")
)
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
KNOWN = {
    "name", "source", "path", "status", "total", "keys", "key", "keys_of_ids", "only", "without",
}  # fmt: skip


def test_every_read_of_entra_is_answered_as_it_expects(world: World) -> None:
    ids = {"user": world.id_of("U-1"), "group": world.id_of("G-1")}
    ids["name"] = world.list(f"/Groups/{world.id_of('G-3')}")["displayName"]
    for read in READS:
        assert set(read) <= KNOWN, read["name"]
        path = read["path"].format(guid=uuid.uuid4(), **ids)
        for accept in ("application/scim+json", "application/json", "*/*", None):
            headers = {"Accept": accept} if accept else {}
            response = world.get(quote(path, safe="/?&="), headers=headers)
            _check(world, read, response)


def _check(world: World, read: dict[str, Any], response: Any) -> None:
    name = read["name"]
    if read.get("status", 200) != 200:
        fails(response, read["status"])
        return
    assert response.status_code == 200, name
    body = json.loads(response.data)
    if "key" in read:
        assert body["externalId"] == read["key"], name
        found = [body]
    else:
        assert body["schemas"] == [LIST]
        found = body["Resources"]
        assert body["totalResults"] == len(found) == body["itemsPerPage"], name
        assert body["startIndex"] == 1
    if "total" in read:
        assert len(found) == read["total"], name
    if "keys" in read:
        assert keys(body) == read["keys"], name
    if "keys_of_ids" in read:
        assert [each["id"] for each in found] == [world.id_of(key) for key in read["keys_of_ids"]]
    for each in found:
        assert set(each) & set(read.get("without", ())) == set(), name
        assert set(each) == set(read.get("only", each)), name


def test_every_read_says_what_entra_means_by_it() -> None:
    assert len({read["name"] for read in READS}) == len(READS)
    for read in READS:
        assert read["source"]
        assert {"status", "total", "keys", "key", "keys_of_ids"} & set(read)

"""What may be posted to ``/.search``: strict JSON, of the right type, within the limits."""

from __future__ import annotations

import json

from werkzeug.test import TestResponse

from tests.school import World
from tests.scim.answers import fails

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
TEXT = json.dumps({"schemas": [SEARCH], "count": 1})


def post(
    world: World, body: bytes | str, content_type: str = "application/scim+json"
) -> TestResponse:
    return world.request("POST", "/Users/.search", data=body, content_type=content_type)


def with_member(text: str) -> str:
    return f'{{"schemas":["{SEARCH}"],{text}}}'


def test_both_media_types_are_taken_and_no_other(world: World) -> None:
    for media in (
        "application/scim+json", "application/json", "APPLICATION/SCIM+JSON",
        "application/scim+json; charset=utf-8", "application/json;charset=UTF-8",
    ):  # fmt: skip
        assert post(world, TEXT, media).status_code == 200
    for media in (
        "", "text/plain", "application/xml", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "application/jsonx", "application/scim", "*/*",
        "text/plain; application/json",
    ):  # fmt: skip
        fails(post(world, TEXT, media), 415)


def test_what_two_parsers_could_read_differently_is_refused(world: World) -> None:
    """Red when ``_searching`` reads the body by ``json.loads`` or ``orjson.loads``."""
    for text in (
        "", " ", "{", "[", "nul", "{'a':1}", "\ufeff" + TEXT, TEXT + "x", TEXT + TEXT,
        with_member('"count":1,"count":2'), with_member('"count":1,"COUNT":2'),
        with_member('"a":{"b":1,"B":2}'), with_member('"a":[{"b":1,"b":1}]'),
        with_member('"count":NaN'), with_member('"count":Infinity'),
        with_member('"count":-Infinity'), with_member('"filter":"\\u0000"'),
        with_member('"filter":"a\\ud800"'), with_member('"\\udfff":1'),
        with_member('"a":["\\u0000"]'), with_member('"count":01'), with_member('"count":1,'),
        with_member('"a":"\t"'), with_member('"count":' + "9" * 5_000),
    ):  # fmt: skip
        fails(post(world, text), 400, "invalidSyntax")
    for raw in (b"\xff\xfe{}", TEXT.encode("utf-16"), b'{"a":"\xed\xa0\x80"}', b'{"a":"\xc3"}'):
        fails(post(world, raw), 400, "invalidSyntax")


def test_a_surrogate_pair_is_one_character(world: World) -> None:
    body = with_member('"filter":"displayName co \\"\\ud83d\\ude00\\""')
    assert json.loads(post(world, body).data)["totalResults"] == 0


def test_what_is_not_a_search_request_is_refused(world: World) -> None:
    for text in (
        "null", "1", '"x"', "[]", "{}", '{"schemas":[]}', f'{{"schemas":"{SEARCH}"}}',
        '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}', '{"schemas":[1]}',
        '{"schemas":null}', f'["{SEARCH}"]',
    ):  # fmt: skip
        fails(post(world, text), 400, "invalidSyntax")
    for text in (
        '"filter":1', '"filter":["id pr"]', '"sortBy":{}', '"sortOrder":"up"', '"sortOrder":1',
        '"attributes":1', '"attributes":[1]', '"excludedAttributes":{"a":1}', '"cursor":1',
        '"attributes":["id"],"excludedAttributes":["name"]', '"count":"1"', '"startIndex":1.0',
    ):  # fmt: skip
        fails(post(world, with_member(text)), 400, "invalidValue")


def test_names_of_a_search_request_are_read_in_any_case(world: World) -> None:
    response = post(world, with_member('"COUNT":1,"StartIndex":2,"sortby":"userName"'))
    found = json.loads(response.data)
    assert (found["itemsPerPage"], found["startIndex"]) == (1, 2)


def test_null_is_absent(world: World) -> None:
    text = with_member('"filter":null,"count":null,"attributes":null,"cursor":null')
    assert json.loads(post(world, text).data)["totalResults"] == 7


def test_nesting_is_refused_beyond_the_limit_and_taken_up_to_it(world: World) -> None:
    limit = world.settings.max_json_depth
    inside = "[" * (limit - 1) + "]" * (limit - 1)
    assert post(world, with_member(f'"a":{inside}')).status_code == 200
    fails(post(world, with_member(f'"a":[{inside}]')), 400, "invalidSyntax")
    assert post(world, with_member('"a":"' + "[" * 50 + '\\"[["')).status_code == 200


def test_a_body_is_refused_over_the_limit_and_taken_up_to_it(world: World) -> None:
    limit = world.settings.max_body_bytes
    full = TEXT + " " * (limit - len(TEXT))
    assert post(world, full).status_code == 200
    fails(post(world, full + " "), 413)

"""What the real server writes about a request: figures and rules, nobody's name."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from tests.server.program import SECONDS, School, search, serving

FILTER = 'name.familyName eq "Kowalska"'


def test_a_line_tells_rule_status_and_time_and_never_the_query(school: School) -> None:
    """Red when ``Hallway._log`` writes PATH_INFO or QUERY_STRING in place of the rule."""
    with serving(school) as program:
        for path in (
            "/Users?filter=" + quote('name.familyName eq "Kowalska"'),
            f"/Users/{school.ids['U-1']}",
            "/Users/kowalska",
            "/kowalska",
        ):
            program.get(path)
        body = search(filter=FILTER)
        program.talk(program.search_head(f"Content-Length: {len(body)}"), body)
        lines = program.access_lines()
        text = program.log.read_text()

    assert [(line["rule"], line["status"], line["count"]) for line in lines[:2]] == [
        ("/<unit>/scim/v2/Users", 200, 1),
        ("/<unit>/scim/v2/Users/<id>", 200, 1),
    ]
    assert [line["status"] for line in lines] == [200, 200, 404, 404, 200]
    assert all(line["unit"] == "sp12" and line["client"] for line in lines)
    assert all(0 <= line["ms"] < SECONDS * 1_000 and line["bytes"] for line in lines)
    assert len({line["request"] for line in lines}) == 5
    for told in ("owalska", "filter", "?", school.ids["U-1"], school.token):
        assert told not in text.partition("listens on")[2], told


def test_no_secret_and_no_token_is_written_when_one_is_issued(school: School) -> None:
    """Red when the token endpoint's body or answer is logged."""
    form = {
        "grant_type": "client_credentials",
        "client_id": school.credentials.client_id,
        "client_secret": school.credentials.client_secret,
    }
    body = urlencode(form).encode()
    head = (
        b"POST /sp12/oauth2/token HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n"
    )
    with serving(school, SCIM_LOG_LEVEL="DEBUG") as program:
        token = program.talk(head % len(body), body).json["access_token"]
        wrong = body.replace(b"uonet_cs_", b"uonet_cx_")
        assert program.talk(head % len(wrong), wrong).status == 401
        text = program.log.read_text()

    assert '"door":"oauth"' in text
    for secret in (token, school.credentials.client_secret, "uonet_"):
        assert secret not in text

"""After a whole life of a unit, no secret lies anywhere, and no name but where people are kept.

Red when anything stores or logs a secret, a token or a name; and when ``unit remove`` leaves any.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import pytest
from sqlalchemy import MetaData, inspect, select

from scim_server.database import open_database
from tests.cli.test_commands import LABELS
from tests.school import KEY
from tests.server.program import PROGRAM, Program, School, serving

NAMES = ("Kanarkówna", "Żaneta", "kanarkowna", "600100299", "dom-kanarka.local", "Zięba-Kanarek")
PUPILS = """klucz;imie;nazwisko;login;telefon;email;szkola
U-1;Żaneta;Kanarkówna;zaneta.kanarkowna;600 100 299;z@dom-kanarka.local;sp12
U-2;Olga;Zięba-Kanarek;olga.zieba;;;sp12
"""
EMPLOYEES = """klucz;imie;nazwisko;login;szkola
P-1;Żaneta;Kanarkówna;z.kanarkowna;sp12
"""
GROUPS = """klucz;przedmiot;oddzialy;nazwa grupy;rok szkolny;szkola
G-1;Matematyka;2A;;2026/2027;sp12
"""
ASSIGNMENTS = """grupa;osoba
G-1;U-1
G-1;P-1
"""


class Life:
    """Runs the program on one database, and keeps all that it says and every secret it gives."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.environ = {
            "PATH": os.environ["PATH"],
            "SCIM_MASTER_KEY": KEY,
            "SCIM_DATABASE_URL": database_url,
            "SCIM_LONG_LIVED_TOKENS": "on",
            "SCIM_AUDIT_ANCHOR_FILE": str(folder / "anchors"),
            "SCIM_LOG_LEVEL": "DEBUG",
        }
        self.said = ""
        self.secrets: list[str] = []

    def __call__(self, *arguments: str, text: str | None = None) -> str:
        done = subprocess.run(
            [PROGRAM, *arguments], cwd=self.folder, env=self.environ, input=text,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.said += done.stdout + done.stderr
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    def issue(self, *arguments: str) -> dict[str, str]:
        """The values of a command that gives credentials; what it says isn't kept."""
        before = self.said
        values: dict[str, str] = json.loads(self(*arguments, "--json"))
        self.said = before
        self.secrets += [each for each in values.values() if each.startswith("uonet_")]
        return values

    def export(self) -> None:
        files = ("uczniowie", PUPILS), ("pracownicy", EMPLOYEES)
        for name, text in (*files, ("grupy", GROUPS), ("przydzialy", ASSIGNMENTS)):
            (self.folder / "export").mkdir(exist_ok=True)
            (self.folder / "export" / f"{name}.csv").write_text(text, encoding="utf-8")


@pytest.fixture
def life(database_url: str, tmp_path: Path) -> Life:
    folder = tmp_path / "life"
    folder.mkdir()
    return Life(folder, database_url)


def lived(life: Life) -> None:
    """Every kind of credential, request and command, with names wherever one can be given."""
    life.export()
    life("unit", "add", "sp12", "--domain", "sp12.example.pl")
    life("import", "sp12", "export")
    life("consent", "sp12", "on", "--by", "director")
    first = life.issue("credentials", "issue", "sp12")
    bearer = life.issue("credentials", "bearer", "sp12")
    sandbox = life.issue("sandbox", "create", "probe")
    changes = {name: text for name, text in life.environ.items() if name.startswith("SCIM_")}
    with serving(School(life.folder, None, "", {}), **changes, SCIM_WORKERS="2") as program:  # type: ignore[arg-type]
        token = got(life, program, "sp12", first)
        for each in (token, *(secret for secret in bearer.values() if "uonet_bt" in secret)):
            read(program, each)
        write(program, got(life, program, "probe", sandbox))
        second = life.issue("credentials", "rotate", "sp12")
        got(life, program, "sp12", second)
        life("credentials", "check", "sp12", text=first[LABELS[2]] + "\n")
        life("credentials", "revoke", "sp12", first[LABELS[2]].split("_")[2])
        ended(life, program, first, token)
        program.process.kill()  # what lies in the write-ahead log stays there
        program.wait_until_refusing()
    for arguments in (
        ("audit", "show"), ("audit", "export", "--to", "record"), ("audit", "verify"),
        ("disclosures", "sp12", "--person", "U-1"), ("status",), ("config",),
        ("credentials", "list"), ("credentials", "show", "sp12"), ("client", "list", "sp12"),
    ):  # fmt: skip
        life(*arguments)


def form(values: dict[str, str]) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": values[LABELS[1]],
        "client_secret": values[LABELS[2]],
    }


def post(program: Program, path: str, body: str, *headers: str) -> bytes:
    head = "\r\n".join(
        [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body.encode())}", *headers]
    )
    return program.talk(f"{head}\r\n\r\n{body}".encode()).body


FORM = "Content-Type: application/x-www-form-urlencoded"
SCIM = "Content-Type: application/scim+json"


def got(life: Life, program: Program, unit: str, values: dict[str, str]) -> str:
    asked, path = urlencode(form(values)), f"/{unit}/oauth2/token"
    token: str = json.loads(post(program, path, asked, FORM))["access_token"]
    life.secrets.append(token)
    pair = f"{values[LABELS[1]]}:{values[LABELS[2]]}".encode()
    basic = base64.b64encode(pair).decode()
    life.secrets.append(basic)
    post(program, path, "grant_type=client_credentials", FORM, f"Authorization: Basic {basic}")
    post(program, path, asked[:-1], FORM)
    post(program, f"{path}?{asked}", asked, FORM)
    post(program, path, json.dumps(form(values)), SCIM)
    post(program, f"/{unit}/oauth2/introspect", f"{asked}&token={token}", FORM)
    return token


def read(program: Program, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert program.get("/Users", **headers).status == 200
    assert program.get("/Groups", **headers).status == 200
    for name in NAMES:
        for text in (f'userName co "{name}"', f'name.familyName eq "{name}', f'"{name}" eq x'):
            program.get(f"/Users?filter={quote(text)}", **headers)
        program.get(f"/Users/{quote(name)}?access_token={token}", **headers)
        program.get(f"/{quote(name)}", **headers)
        body = json.dumps({"schemas": [], "userName": name, name: [name]}, ensure_ascii=False)
        bearer = f"Authorization: Bearer {token}"
        post(program, "/sp12/scim/v2/Users", body, SCIM, bearer)
        post(program, "/sp12/scim/v2/.search", body, SCIM, bearer)
        post(program, "/sp12/scim/v2/Bulk", body[:-1], SCIM, bearer)


def write(program: Program, token: str) -> None:
    bearer = f"Authorization: Bearer {token}"
    core = "urn:ietf:params:scim:schemas:core:2.0:"
    for name in NAMES:
        for kind, attribute in (("User", "userName"), ("Group", "displayName")):
            body = {"schemas": [core + kind], attribute: name}
            for _ in range(2):  # the second user is one too many
                post(program, f"/probe/scim/v2/{kind}s", json.dumps(body), SCIM, bearer)


def ended(life: Life, program: Program, values: dict[str, str], token: str) -> None:
    assert program.get("/Users", Authorization=f"Bearer {token}").status == 401
    assert b"invalid_client" in post(program, "/sp12/oauth2/token", urlencode(form(values)), FORM)


def places(life: Life) -> Iterator[tuple[str, bytes]]:
    """Every file that was written: by us, and by PostgreSQL with its write-ahead log."""
    for path in sorted(life.folder.rglob("*")):
        if path.is_file() and "export" not in path.parts:
            yield path.name, path.read_bytes()
    url = life.environ["SCIM_DATABASE_URL"]
    if url.startswith("sqlite"):
        for path in sorted(Path(url.removeprefix("sqlite:///")).parent.iterdir()):
            yield path.name, path.read_bytes()
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes()


def tables(life: Life) -> dict[str, str]:
    """All rows of each table, as text."""
    database = open_database(life.environ["SCIM_DATABASE_URL"])
    found = {}
    for engine in {database.main, database.tokens}:
        for name in inspect(engine).get_table_names():
            metadata = MetaData()
            metadata.reflect(engine, only=[name])
            with engine.connect() as connection:
                found[name] = str(connection.execute(select(metadata.tables[name])).all())
    database.close()
    return found


def forms(text: str) -> list[bytes]:
    return [text.encode(), json.dumps(text)[1:-1].encode(), quote(text).encode()]


PEOPLE = ("resource", "reference", "element", "resource_text")


@pytest.mark.skipif(sys.platform != "linux", reason="reads the files of a server")
def test_no_secret_lies_anywhere_and_no_name_where_no_people_are_kept(life: Life) -> None:
    lived(life)
    assert len(life.secrets) > 8
    logs = "".join(path.read_text() for path in life.folder.glob("*.log"))
    assert '"rule":"/<unit>/scim/v2/Users"' in logs
    told = life.said + logs + (life.folder / "record").read_text()
    rows = tables(life)
    assert NAMES[0] in rows["resource"]
    for name in NAMES:
        for each in forms(name):
            assert each not in told.encode()
            assert not [
                table for table, text in rows.items()
                if each.decode() in text and not table.startswith(PEOPLE)
            ]  # fmt: skip
    wanted = [secret for text in life.secrets for secret in (text, text[-40:])]
    for place, content in places(life):
        assert not [each for each in wanted if each.encode() in content], place

    life("sandbox", "delete", "probe")
    assert "of the unit is left" in life("unit", "remove", "sp12", "--yes")
    for table, text in tables(life).items():
        assert not [name for name in NAMES if name in text], table
    if life.environ["SCIM_DATABASE_URL"].startswith("sqlite"):
        for place, content in places(life):
            assert not [name for name in NAMES if name.encode() in content], place

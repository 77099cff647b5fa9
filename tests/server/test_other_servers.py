"""``wsgi:app`` is for any other WSGI server: it needs the environment and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.server.program import SECONDS, School

ROOT = Path(__file__).parent.parent.parent
ASK = """
import json, sys
from werkzeug.test import Client
from wsgi import app
answer = Client(app).get("/sp12/scim/v2/Users", headers={"Authorization": sys.argv[1]})
print(json.dumps({"status": answer.status_code, "total": answer.json["totalResults"]}))
"""


def test_the_application_of_wsgi_py_answers(school: School) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", ASK, f"Bearer {school.token}"],
        cwd=ROOT,
        env=school.environ(8000),
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )

    assert json.loads(answer.stdout) == {"status": 200, "total": 7}


def test_it_does_not_start_without_its_settings() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )

    assert answer.returncode != 0
    assert "SCIM_MASTER_KEY" in answer.stderr

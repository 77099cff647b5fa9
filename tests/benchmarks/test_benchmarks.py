"""The benchmark measures right answers, and every operation of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main


def test_every_operation_is_answered_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong answer ends the benchmark with an exception."""
    arguments = ["--users", "1200", "--databases", "sqlite", "--seconds", "0.02", "--turns", "1",
                 "--connections", "2", "--json", str(tmp_path / "figures.json")]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    main()
    figures = json.loads((tmp_path / "figures.json").read_text())
    names = {each["operation"] for each in figures}
    assert {"test_connection", "user_by_id", "big_group_members", "delta_empty", "token"} <= names
    assert {"crawl_users_1000", "crawl_users_100, by cursor", "delta_catch_up"} <= names
    assert figures[-1]["pss"] > 0

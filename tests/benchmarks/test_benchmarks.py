"""The benchmark measures right answers, and every operation of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import main
from benchmarks.comparisons import tell_growth, tell_members


def test_every_operation_is_answered_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong answer, or a write that changes nothing, ends the benchmark with an exception."""
    arguments = ["--users", "1200", "--databases", "sqlite", "--seconds", "0.02", "--turns", "1",
                 "--connections", "2", "--json", str(tmp_path / "figures.json")]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    main()
    figures = {each["operation"]: each
               for each in json.loads((tmp_path / "figures.json").read_text())}  # fmt: skip
    assert {
        "test_connection",
        "user_by_id",
        "big_group_members",
        "delta_empty",
        "token",
        "crawl_users_1000",
        "crawl_users_100, by cursor",
        "delta_catch_up",
    } <= figures.keys()
    assert {"user_post", "user_delete", "user_patch_active", "user_patch_entra", "user_put",
            "group_add_one", "group_remove_one", "big_group_add_one, 50,000", "bulk_100_posts",
            "delta_page_100, after writes", "delta_catch_up, after writes"
            } <= figures.keys()  # fmt: skip
    assert figures["memory"]["pss"] > 0
    assert figures["import"]["people"] > 1200


def test_costs_of_two_sizes_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"database": "sqlite", "operation": "user_post", "connections": 1}
    rows: list[dict[str, Any]] = [
        {**figures, "users": 10_000, "rate": 300.0, "cpu": 0.002},
        {**figures, "users": 100_000, "rate": 200.0, "cpu": 0.0025},
        {"database": "sqlite", "operation": "memory", "users": 10_000, "pss": 1},
    ]
    tell_growth(rows)
    assert capsys.readouterr().out.splitlines()[-1].split() == ["user_post", "1", "1.50", "1.25"]


def test_a_change_in_a_large_group_is_compared_with_one_in_a_small_group(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures = {"connections": 1, "cpu": 0.002}
    tell_members(
        [
            {**figures, "operation": "add_one, answered 200, 100", "rate": 300.0},
            {**figures, "operation": "add_one, answered 200, 50,000", "rate": 250.0},
        ]
    )
    told = capsys.readouterr().out.strip()
    assert told == "add_one, a group of 50,000 ÷ one of 100 at c=1: time 1.20, CPU 1.00"

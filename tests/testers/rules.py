"""The rules that a tester checks, one a line in a file beside this one."""

from __future__ import annotations

from pathlib import Path


def rules(tester: str) -> list[str]:
    return Path(__file__).with_name(f"{tester}.txt").read_text(encoding="utf-8").splitlines()

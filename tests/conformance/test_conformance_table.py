"""The table of conformance: every row is held by a test that exists, and every test has a row."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/conformance.md"
THIS = Path(__file__)
HERE = THIS.parent
ROW = re.compile(r"\| (\d+) \| (.+?) \| (.+?) \| (.+) \| (.*?) \|")
TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py::test_[a-z0-9_]+)`")
REASON = re.compile(r"(Not applicable|Differs): \S")
KEYWORDS = {
    "MUST", "MUST NOT", "REQUIRED", "SHALL", "SHALL NOT", "SHOULD", "SHOULD NOT", "RECOMMENDED",
    "example", "–",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    number: int
    section: str
    keyword: str
    rule: str
    held: str

    @property
    def tests(self) -> list[str]:
        return TEST.findall(self.held)


@lru_cache
def rows() -> list[Row]:
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if re.match(r"\| \d", line):
            row = ROW.fullmatch(line)
            assert row, line
            found.append(Row(int(row[1]), *row.groups()[1:]))
    return found


@lru_cache
def docstrings(path: str) -> dict[str, str]:
    """The docstrings of a file's tests by their names."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {
        node.name: ast.get_docstring(node) or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def docstring(test: str) -> str:
    path, _, name = test.partition("::")
    assert (ROOT / path).is_file(), f"{path} isn't there"
    assert name in docstrings(path), f"{test} isn't there"
    return docstrings(path)[name]


def own_tests() -> set[str]:
    files = [str(path.relative_to(ROOT)) for path in HERE.glob("test_*.py") if path != THIS]
    return {f"{file}::{name}" for file in files for name in docstrings(file)}


def test_rows_are_numbered_from_one_without_a_gap() -> None:
    assert [row.number for row in rows()] == list(range(1, len(rows()) + 1))


def test_every_row_has_a_keyword_of_the_standards() -> None:
    assert {row.keyword for row in rows()} <= KEYWORDS


def test_no_rule_is_written_twice() -> None:
    counted = Counter((row.section, row.keyword, row.rule) for row in rows())
    assert [each for each, times in counted.items() if times > 1] == []


def test_every_row_has_a_test_or_says_why_not() -> None:
    without = [row.number for row in rows() if not row.tests and not REASON.match(row.held)]
    assert without == []


def test_every_test_that_a_row_names_exists() -> None:
    for row in rows():
        for test in row.tests:
            docstring(test)
        assert row.held.count("::") == len(row.tests), f"row {row.number}: {row.held}"


def test_every_row_is_held_by_a_test_that_says_what_turns_it_red() -> None:
    for row in rows():
        if row.tests:
            assert any("Red when" in docstring(test) for test in row.tests), row


def test_every_test_of_conformance_has_a_row() -> None:
    named = {test for row in rows() for test in row.tests}
    assert own_tests() - named == set()


def test_every_test_of_conformance_says_what_turns_it_red() -> None:
    for test in own_tests():
        assert re.search(r"Red when: \S+", docstring(test)), test

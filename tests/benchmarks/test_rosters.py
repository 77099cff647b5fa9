"""The measurement of rosters asks for what there is."""

from __future__ import annotations

import sys

import pytest

from benchmarks.population import group_sizes
from benchmarks.rosters import Cost, Walk, main


def test_every_collection_and_every_delta_is_walked_to_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Red when the import before the crawls changes no enrolments."""
    count = 400
    arguments = ["--users", str(count), "--databases", "sqlite", "--turns", "1"]
    monkeypatch.setattr("benchmarks.rosters._WRITTEN_DOWN", 0)
    monkeypatch.setattr(sys, "argv", ["benchmarks.rosters", *arguments])
    main()
    found = {}
    for line in capsys.readouterr().out.splitlines()[4:]:
        objects, requests = line[20:].split()[:2]
        found[line[:20].rstrip()] = (int(objects.replace(",", "")), int(requests))
    assert found["users"] == (count, 1)
    assert found["classes"] == (len(group_sizes(count)) + 1, 1)
    assert found["users, delta"] == (count // 200, 1)
    assert found["enrollments"][0] > count * 6
    assert found["enrollments, delta"][0] > 0


def test_the_median_of_the_turns_counts_for_each_page() -> None:
    walks = [Walk([0.1, 0.9], 0.2), Walk([0.3, 0.2], 0.4), Walk([0.2, 0.1], 0.3)]
    cost = Cost.of(walks)
    assert (cost.pages, cost.cpu, cost.first) == (2, 0.3, 1.0)
    assert (cost.seconds, cost.median, cost.worst) == pytest.approx((0.4, 200, 200))

"""What only two figures together can tell: how a cost grows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.writes import BULK_POSTS, COMPARED

Figures = dict[str, Any]


def tell_growth(rows: Sequence[Figures]) -> None:
    """The cost of each operation in the largest directory, over that in the smallest."""
    for database in dict.fromkeys(each["database"] for each in rows):
        own = [each for each in rows if each["database"] == database and "rate" in each]
        sizes = sorted({each["users"] for each in own})
        if len(sizes) > 1:
            _tell_growth(database, own, sizes[0], sizes[-1])


def _tell_growth(database: str, rows: Iterable[Figures], small: int, large: int) -> None:
    print(f"\n{database}: {large:,} users ÷ {small:,} users")
    print(f"{'operation':34}{'c':>3}{'time':>8}{'CPU':>8}")
    found = {(row["users"], row["operation"], row["connections"]): row for row in rows}
    for (users, name, connections), row in found.items():
        grown = found.get((large, name, connections))
        if users == small and grown:
            time, cpu = _times(row["rate"], grown["rate"]), _times(grown["cpu"], row["cpu"])
            print(f"{name:34}{connections:3}{time:>8}{cpu:>8}")


def _times(one: float, other: float) -> str:
    """``one`` over ``other``; a turn may be too short for the system to count any CPU time."""
    return f"{one / other:.2f}" if other else "–"


def tell_members(rows: Iterable[Figures]) -> None:
    """One change of membership in a group of 50,000, over one in a group of 100."""
    found = {(row["operation"], row.get("connections")): row for row in rows}
    for small, large in zip(*COMPARED, strict=True):
        for (name, connections), row in found.items():
            other = found.get((large, connections))
            if name == small and other:
                print(
                    f"{name.partition(',')[0]}, a group of 50,000 ÷ one of 100 at c={connections}: "
                    f"time {_times(row['rate'], other['rate'])}, "
                    f"CPU {_times(other['cpu'], row['cpu'])}"
                )


def tell_bulk(rows: Iterable[Figures]) -> None:
    """Users a second by Bulk."""
    for row in rows:
        if row["operation"] == "bulk_100_posts":
            rate = row["rate"] * BULK_POSTS
            print(f"Bulk of {BULK_POSTS} POSTs at c={row['connections']}: {rate:,.0f} users/s")

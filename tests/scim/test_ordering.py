"""Operations that refer to one another run together, each group after what it refers to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from scim_server.scim.ordering import components

Graph = list[list[int]]


@some.composite
def graphs(draw: some.DrawFn) -> Graph:
    size = draw(some.integers(1, 12))
    numbers = some.lists(some.integers(0, size - 1), max_size=4)
    return draw(some.lists(numbers, min_size=size, max_size=size))


def reachable(graph: Graph, start: int) -> set[int]:
    found: set[int] = set()
    waiting = [start]
    while waiting:
        for other in graph[waiting.pop()]:
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


@given(graphs())
def test_what_refers_to_one_another_is_together_and_comes_after_what_it_refers_to(
    graph: Graph,
) -> None:
    found = components(graph)
    assert sorted(number for group in found for number in group) == list(range(len(graph)))
    reach = [reachable(graph, number) for number in range(len(graph))]
    seen: set[int] = set()
    for group in found:
        first = group[0]
        together = {n for n in range(len(graph)) if n in reach[first] and first in reach[n]}
        assert set(group) == together | {first}
        seen |= set(group)
        assert all(set(graph[number]) <= seen for number in group)


def test_the_order_of_the_request_stays_where_references_leave_it_open() -> None:
    assert components([[], [], []]) == [[0], [1], [2]]
    assert components([[2], [], []]) == [[2], [0], [1]]


def test_a_long_chain_needs_no_deep_stack() -> None:
    size = 5_000
    chain = [[number + 1] for number in range(size - 1)] + [[]]
    assert components(chain) == [[number] for number in reversed(range(size))]
    assert components([*chain[:-1], [0]]) == [list(range(size))]

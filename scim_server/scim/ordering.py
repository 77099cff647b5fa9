"""The order in which operations that refer to one another can run."""

from __future__ import annotations

from collections.abc import Sequence


def components(references: Sequence[Sequence[int]]) -> list[list[int]]:
    """Numbers that refer to one another, together, each group after those that it refers to.

    ``references[n]`` holds the numbers that ``n`` refers to. Where references leave it open, the
    order is that of the numbers. (Tarjan's algorithm, without recursion: a request may hold a
    chain that is longer than the interpreter's stack.)
    """
    found: list[list[int]] = []
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    waiting: list[int] = []
    is_waiting: set[int] = set()
    for start in range(len(references)):
        if start in order:
            continue
        path = [(start, iter(references[start]))]
        order[start] = lowest[start] = len(order)
        waiting.append(start)
        is_waiting.add(start)
        while path:
            number, others = path[-1]
            other = next(others, None)
            if other is None:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[number])
                if lowest[number] == order[number]:
                    cut = waiting.index(number)
                    found.append(sorted(waiting[cut:]))
                    is_waiting -= set(waiting[cut:])
                    del waiting[cut:]
            elif other not in order:
                order[other] = lowest[other] = len(order)
                waiting.append(other)
                is_waiting.add(other)
                path.append((other, iter(references[other])))
            elif other in is_waiting:
                lowest[number] = min(lowest[number], order[other])
    return found

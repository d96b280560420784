"""Walks through a graph whose nodes are numbers. Nothing here recurses: flows may be deep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

Edges = Sequence[Sequence[int]]
"""For each node the nodes it leads to."""


def reach(starts: Iterable[int], edges: Edges, through: Callable[[int], bool] = lambda _: True) -> set[int]:
    """Every node that can be got to from `starts`, which count too; nothing is passed that `through` refuses.

    >>> sorted(reach([0], [[1], [2], [], [0]]))
    [0, 1, 2]
    """
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        node = waiting.pop()
        if through(node):
            new = [each for each in edges[node] if each not in seen]
            seen.update(new)
            waiting += new
    return seen


def loops(nodes: Iterable[int], edges: Edges) -> Iterator[set[int]]:
    """The largest sets of nodes that each lead round to one another, of two nodes or one that leads to itself.

    Tarjan's algorithm: linear in nodes and edges.

    >>> [sorted(each) for each in loops(range(5), [[1], [0, 2], [2], [4], []])]
    [[2], [0, 1]]
    """
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    for start in nodes:
        work: list[tuple[int, Iterator[int]]] = [] if start in order else [(start, iter(edges[start]))]
        while work:
            node, ahead = work[-1]
            if node not in order:
                order[node] = lowest[node] = len(order)
                path.append(node)
                on_path.add(node)
            for each in ahead:
                if each not in order:
                    work.append((each, iter(edges[each])))
                    break
                if each in on_path:
                    lowest[node] = min(lowest[node], lowest[each])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[node])
                if lowest[node] == order[node]:
                    loop = _cut(path, node)
                    on_path -= loop
                    if len(loop) > 1 or node in edges[node]:
                        yield loop


def _cut(path: list[int], node: int) -> set[int]:
    """Take everything from `node` on off the path."""
    loop: set[int] = set()
    while node not in loop:
        loop.add(path.pop())
    return loop

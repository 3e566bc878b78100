"""Finds circles among names that point to names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Circle:
    """A way back to where it began. The pointer at ``position`` of ``name`` closes it."""

    name: str
    position: int
    way: tuple[str, ...]


def circles(pointers: Mapping[str, Sequence[object]]) -> Iterator[Circle]:
    """One circle for each pointer that closes one. Whatever is no known name is passed over."""
    finished: set[str] = set()
    for start in pointers:
        # A walk in depth without recursion: chains may be as long as the configuration.
        trail: dict[str, Iterator[tuple[int, object]]] = {}
        if start not in finished:
            trail[start] = enumerate(pointers[start])
        while trail:
            name = next(reversed(trail))
            position, target = next(trail[name], (-1, None))
            if position < 0:
                finished.add(name)
                del trail[name]
            elif isinstance(target, str) and target in trail:
                way = tuple(trail)
                yield Circle(name, position, (*way[way.index(target) :], target))
            elif isinstance(target, str) and target in pointers and target not in finished:
                trail[target] = enumerate(pointers[target])

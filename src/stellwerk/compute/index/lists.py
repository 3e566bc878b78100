"""Vectors in lists of neighbours: all are compared while they are few, and then those of the lists that lie closest.

A list that has become long is parted in two, one that has become short is shared out among the others. So nothing is
ever built anew, and what is removed is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from stellwerk.compute.index.rows import BLOCK_ROWS, Floats, Rows, Whole

MOST_COMPARED = 5_000
"""Up to so many vectors each is compared: what is found then is exact."""
LONGEST_LIST = 384
SHORTEST_LIST = 32
PROBES = 12
"""Lists that are looked through where there are more vectors than that."""
ROUNDS = 4
"""How often the two halves of a list are drawn anew."""
_LEAST_SHARE = 0.125
"""Of a list that is parted: smaller pieces would be parted off again and again."""


class Lists:
    """Vectors by label, with something that belongs to each, in the order in which they came."""

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions
        self._lists = [Rows(dimensions)]
        self._middles = np.zeros((1, dimensions), np.float32)
        """The direction of each list, of unit length; nothing for a first list that is the only one."""
        self._where: dict[int, Rows] = {}

    def __len__(self) -> int:
        return len(self._where)

    def __contains__(self, label: int) -> bool:
        return label in self._where

    def oldest(self, count: int) -> list[int]:
        """The labels that came first."""
        return list(islice(self._where, count))

    def owned(self, label: int) -> bytes:
        """What belongs to a label. Raises ``KeyError``."""
        rows = self._where[label]
        return rows.owned[rows.row(label)]

    def add(self, label: int, vector: Whole, owned: bytes) -> None:
        """Adds a vector under a label that is free."""
        rows = self._lists[0]
        if len(self._lists) > 1:
            rows = self._lists[int(np.argmax(self._middles @ vector.astype(np.float32)))]
        rows.add(label, vector, owned)
        self._where[label] = rows
        if len(rows) > LONGEST_LIST:
            self._part(rows)

    def remove(self, label: int) -> bytes:
        """Removes a vector; gives what belonged to it. Raises ``KeyError``."""
        rows = self._where.pop(label)
        row = rows.row(label)
        owned = rows.owned[row]
        rows.remove(row)
        if len(rows) < SHORTEST_LIST and len(self._lists) > 1:
            self._share_out(rows)
        return owned

    def search(self, vector: Whole, most: int) -> list[tuple[int, float, bytes]]:
        """Labels, cosines and what belongs to them, the largest cosines first."""
        asked = _unit(vector.astype(np.float32))
        chosen = [rows for rows in self._chosen(asked) if len(rows)]
        cosines = np.empty(sum(map(len, chosen)), np.float32)
        block = np.empty((BLOCK_ROWS, self._dimensions), np.float32)
        at = 0
        for rows in chosen:
            rows.cosines(asked, cosines[at : at + len(rows)], block)
            at += len(rows)
        return list(self._best(chosen, cosines, most))

    def _chosen(self, asked: Floats) -> list[Rows]:
        if len(self._where) <= MOST_COMPARED or len(self._lists) <= PROBES:
            return self._lists
        closeness = self._middles @ asked
        return [self._lists[number] for number in np.argpartition(closeness, -PROBES)[-PROBES:]]

    @staticmethod
    def _best(chosen: list[Rows], cosines: Floats, most: int) -> Iterator[tuple[int, float, bytes]]:
        order = np.argpartition(cosines, -most)[-most:] if most < len(cosines) else np.arange(len(cosines))
        order = order[np.argsort(-cosines[order], kind="stable")]
        ends = np.cumsum([len(rows) for rows in chosen])
        for at, number in zip(order.tolist(), np.searchsorted(ends, order, side="right").tolist(), strict=True):
            rows = chosen[number]
            row = at - (int(ends[number]) - len(rows))
            yield int(rows.labels[row]), float(cosines[at]), rows.owned[row]

    # -- lists that part and go

    def _part(self, rows: Rows) -> None:
        """Puts two lists in the place of one."""
        directions = rows.vectors.astype(np.float32)
        directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1.0)  # none that is all zeros
        is_second = _halves(directions)
        number = self._lists.index(rows)
        pieces, middles = list[Rows](), list[Floats]()
        for mask in (~is_second, is_second):
            piece = Rows(self._dimensions)
            piece.take(rows, np.flatnonzero(mask).tolist())
            pieces.append(piece)
            middles.append(_unit(directions[mask].mean(axis=0)))
            for label in piece.labels[: len(piece)].tolist():
                self._where[label] = piece
        self._lists[number] = pieces[0]
        self._lists.append(pieces[1])
        self._middles[number] = middles[0]
        self._middles = np.vstack((self._middles, middles[1]))

    def _share_out(self, rows: Rows) -> None:
        """Gives what is in a list to those that lie closest to it. They may part, but never come back to this one."""
        number = self._lists.index(rows)
        self._lists.pop(number)
        self._middles = np.delete(self._middles, number, axis=0)
        vectors = rows.vectors
        closest = np.argmax(vectors.astype(np.float32) @ self._middles.T, axis=1) if len(rows) else np.zeros(0, int)
        targets = [self._lists[each] for each in closest.tolist()]
        for row, target in enumerate(targets):
            label = int(rows.labels[row])
            target.add(label, vectors[row], rows.owned[row])
            self._where[label] = target
        for target in dict.fromkeys(targets):
            if len(target) > LONGEST_LIST:
                self._part(target)


def _halves(directions: Floats) -> NDArray[np.bool_]:
    """Which rows lie closer to the second of two middles than to the first; never only a few, nor all but a few."""
    first = directions[np.argmin(directions @ directions.mean(axis=0))]
    second = directions[np.argmin(directions @ first)]
    lean = directions @ (second - first)
    for _ in range(ROUNDS):
        is_second = lean > 0
        if not 0 < np.count_nonzero(is_second) < len(lean):
            break
        lean = directions @ (_unit(directions[is_second].mean(axis=0)) - _unit(directions[~is_second].mean(axis=0)))
    share = np.count_nonzero(lean > 0) / len(lean)
    if _LEAST_SHARE <= share <= 1 - _LEAST_SHARE:
        return np.asarray(lean > 0, np.bool_)
    halves = np.zeros(len(lean), np.bool_)
    halves[np.argsort(lean, kind="stable")[len(lean) // 2 :]] = True
    return halves


def _unit(vector: Floats) -> Floats:
    """The same direction with a length of one; nothing stays nothing."""
    unit: Floats = vector / np.float32(max(float(np.linalg.norm(vector)), 1e-12))
    return unit

"""What policies of a semantic cache make of traffic and of pairs: a plain threshold of the cosine, and ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from stellwerk.cli.bench_traffic import Asked
from stellwerk.cli.cache_replay import Replay
from stellwerk.ports.embedder import Embedder
from stellwerk.semantic.bounds import wilson
from stellwerk.semantic.decision import evidence_of
from stellwerk.semantic.equality import compare
from stellwerk.semantic.evidence import FLOOR, Candidate, judge, remembered, weigh
from stellwerk.semantic.verifier import chance, packaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHAPES = (0.95, 0.90, 0.85, 0.80)
ACCEPTED = 0.75
"""The chance from which on a pair by itself counts as accepted, fixed on development data."""
SAYS_SAME, SAYS_OTHER = 4.5, 3.5
"""Scores of people from 0 to 5; those between are no answer to whether two texts say the same."""
_Z = 1.96


class Figures(msgspec.Struct, frozen=True):
    """Hits and wrong answers: of the whole run, and of its second half."""

    could: tuple[int, int]
    """Requests whose answer was there."""
    right: tuple[int, int]
    hits: tuple[int, int]

    def with_those_of(self, other: Figures) -> Figures:
        """Both together."""
        return Figures(*(_sum(getattr(self, name), getattr(other, name)) for name in ("could", "right", "hits")))

    def document(self) -> dict[str, float]:
        """As plain values."""
        (low, high), (all_low, all_high) = self._wrong(1), self._wrong(0)
        return {
            "hit_rate": self.right[0] / max(self.could[0], 1),
            "hit_rate_late": self.right[1] / max(self.could[1], 1),
            "wrong": (self.hits[0] - self.right[0]) / max(self.hits[0], 1),
            "wrong_low": all_low,
            "wrong_high": all_high,
            "wrong_late": (self.hits[1] - self.right[1]) / max(self.hits[1], 1),
            "wrong_late_low": low,
            "wrong_late_high": high,
            "hits": self.hits[0],
        }

    def line(self, policy: str) -> str:
        """As a line of a table."""
        told = self.document()
        return (
            f"  {policy:16s}{told['hit_rate']:8.1%}{told['hit_rate_late']:8.1%}{told['wrong']:9.2%}"
            f"{told['wrong_late']:8.2%}{told['wrong_late_high']:12.2%}"
        )

    def _wrong(self, half: int) -> tuple[float, float]:
        return wilson(self.hits[half] - self.right[half], self.hits[half], _Z)


class Remembering:
    """An embedder that embeds each text once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._rows: dict[str, NDArray[np.float32]] = {}

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._embedder.dimensions

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See the port."""
        for text in texts:
            if text not in self._rows:
                self._rows[text] = self._embedder.embed([text])[0]
        return np.stack([self._rows[text] for text in texts])


def plain(asked: Sequence[Asked], embedder: Embedder, threshold: float) -> Figures:
    """Serves the nearest entry, if its cosine reaches the threshold: what most caches do."""
    vectors = embedder.embed([each.text for each in asked])
    kept: list[int] = []
    rows = np.empty_like(vectors)
    exact: dict[str, str] = {}
    served: list[str | None] = []
    for place, each in enumerate(asked):
        answer = exact.get(each.text)
        if answer is None and kept:
            cosines = rows[: len(kept)] @ vectors[place]
            nearest = int(cosines.argmax())
            if cosines[nearest] >= threshold:
                answer = asked[kept[nearest]].answer
        if answer is None:
            rows[len(kept)] = vectors[place]
            kept.append(place)
            exact[each.text] = each.answer
        served.append(answer)
    return _figures(asked, served)


def stellwerk(asked: Sequence[Asked], embedder: Embedder, max_error_rate: float, coins: Callable[[], float]) -> Figures:
    """Serves as ``stellwerk cache replay`` does."""
    replay = Replay(embedder, max_error_rate, coins)
    served: list[str | None] = []
    for place, each in enumerate(asked):
        outcome = replay.ask(str(place), each.text, each.answer)
        served.append(None if outcome.answered_by is None else asked[int(outcome.answered_by)].answer)
    return _figures(asked, served)


def judged_pairs(rows: Sequence[Mapping[str, Any]], embedder: Embedder) -> dict[str, dict[str, float]]:
    """By category the share of pairs that each policy takes for the same: an entry, and a turn that finds it alone."""
    accepted: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        one, two = str(row["a"]), str(row["b"])
        vectors = embedder.embed([one, two])
        cosine = float(vectors[0] @ vectors[1])
        verdicts = accepted[str(row["category"])]
        for threshold in SHAPES:
            verdicts[f"cosine {threshold:.2f}"].append(cosine >= threshold)
        verdicts["stellwerk"].append(chance_alone(one, two, cosine) >= ACCEPTED)
    return {
        category: {policy: sum(each) / len(each) for policy, each in verdicts.items()}
        for category, verdicts in sorted(accepted.items())
    }


def judged_answers(rows: Sequence[Mapping[str, Any]], embedder: Embedder) -> dict[str, float]:
    """How often the comparison of answers errs, to either side."""
    same: list[bool | None] = []
    different: list[bool | None] = []
    for row in rows:
        one, two = str(row["a"]), str(row["b"])
        if SAYS_OTHER < row["score"] < SAYS_SAME:
            continue
        found = compare(one, two, lambda a=one, b=two: float(embedder.embed([a])[0] @ embedder.embed([b])[0]))  # type: ignore[misc]
        (same if row["score"] >= SAYS_SAME else different).append(found.is_same)
    return {
        "same": len(same),
        "same_taken_for_different": same.count(False) / max(len(same), 1),
        "different": len(different),
        "same_untold": same.count(None) / max(len(same), 1),
        "different_untold": different.count(None) / max(len(different), 1),
        "different_taken_for_same": different.count(True) / max(len(different), 1),
    }


def chance_alone(entry: str, turn: str, cosine: float) -> float:
    """The chance that an entry's answer serves a turn, before any label."""
    if cosine < FLOOR:
        return 0.0
    weighed = weigh((judge(remembered(turn), Candidate("", entry, "", cosine)),))
    return 0.0 if weighed is None else chance(evidence_of(weighed[1], packaged())[0])


def _figures(asked: Sequence[Asked], served: Sequence[str | None]) -> Figures:
    there: set[str] = set()
    counts = {"could": [0, 0], "right": [0, 0], "hits": [0, 0]}
    for place, (each, answer) in enumerate(zip(asked, served, strict=True)):
        halves: Iterable[int] = (0, 1) if place >= len(asked) // 2 else (0,)
        for half in halves:
            counts["could"][half] += each.answer in there
            counts["hits"][half] += answer is not None
            counts["right"][half] += answer == each.answer
        there.add(each.answer)
    return Figures(*((whole, late) for whole, late in counts.values()))


def _sum(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    return one[0] + two[0], one[1] + two[1]

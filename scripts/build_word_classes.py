"""Builds the table of word classes that the model of names looks words up in.

Read are, for German and English, a JSON file of words and the numbers of their Brown clusters, and one of words and the
logarithms of their frequencies (``de_lexeme_cluster.json.gz`` and so on, of spacy-lookups-data, MIT). The lowest bits
of a cluster's number are the first turns of its path in the tree, so that equal low bits are relatives.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from scripts.hashed_regression import fit, rounded
from stellwerk.text.pii import word_classes as classes

LANGUAGES = ("de", "en")
KEPT = 125_000
"""Words in the table: the most frequent ones."""
FREQUENT = 300_000
"""Words of a language that tell which clusters are those of names."""
NAMES, SHARE = 80, 0.13
"""A cluster of names has at least so many known ones, which are at least such a share of it."""
WIDE = 0b111111
LETTER_SCALE = 20.0
ROOM = 1.24
"""Places in the table for each word: a few less and it cannot be filled."""


class Cluster(NamedTuple):
    """A cluster of words in one language."""

    language: str
    path: int


class Lexicon(NamedTuple):
    """The words of one language, the frequent ones first: their clusters and the logarithms of their frequencies."""

    clusters: dict[str, Cluster]
    frequencies: dict[str, float]


def build(directory: Path, names: set[str]) -> bytes:
    """The table, from the files in ``directory``. ``names`` are known names of people."""
    lexicons = [_lexicon(directory, language) for language in LANGUAGES]
    numbers, wider = _numbered(_most_frequent(lexicons))
    return wider + _letters(lexicons, names) + _laid_down(numbers)


def _lexicon(directory: Path, language: str) -> Lexicon:
    paths, frequencies = (
        json.loads(gzip.decompress((directory / f"{language}_lexeme_{what}.json.gz").read_bytes()))
        for what in ("cluster", "prob")
    )
    words = sorted(paths.keys() & frequencies.keys(), key=lambda word: (-frequencies[word], word))
    return Lexicon({word: Cluster(language, paths[word]) for word in words}, frequencies)


def _most_frequent(lexicons: list[Lexicon]) -> dict[str, Cluster]:
    """Each word belongs to the language in which it is more frequent."""
    best: dict[str, tuple[float, Cluster]] = {}
    for lexicon in lexicons:
        for word, cluster in lexicon.clusters.items():
            frequency = lexicon.frequencies[word]
            if (word not in best or frequency > best[word][0]) and any(map(str.isalpha, word)):
                best[word] = frequency, cluster
    words = sorted(best, key=lambda word: (-best[word][0], word))[:KEPT]
    return {word: best[word][1] for word in words}


def _numbered(clusters: Mapping[str, Cluster]) -> tuple[dict[str, int], bytes]:
    """The number of each word's class, and of the wider class that each class is part of."""
    joined = _joined(Counter(clusters.values()))
    kept = sorted(set(joined.values()))
    number = {cluster: place for place, cluster in enumerate(kept, 1)}
    wides = {wide: place for place, wide in enumerate(sorted({_wide(cluster) for cluster in kept}), 1)}
    wider = bytearray(256)
    for cluster, place in number.items():
        wider[place] = wides[_wide(cluster)]
    for look in range(classes.LOOKS):
        wider[classes.KNOWN + 1 + look] = len(wides) + 1 + look
    return {word: number[joined[cluster]] for word, cluster in clusters.items()}, bytes(wider)


def _wide(cluster: Cluster) -> Cluster:
    return Cluster(cluster.language, cluster.path & WIDE)


def _joined(sizes: Counter[Cluster]) -> dict[Cluster, Cluster]:
    """What each cluster becomes part of: the smallest joins its nearest relative, until few enough are left."""
    members = {cluster: [cluster] for cluster in sizes}
    left = dict(sizes)
    while len(left) > classes.KNOWN:
        least = min(left, key=lambda cluster: (left[cluster], cluster))
        nearest = max(
            (cluster for cluster in left if cluster != least),
            key=lambda cluster: (_kinship(cluster, least), -left[cluster], cluster),
        )
        left[nearest] += left.pop(least)
        members[nearest] += members.pop(least)
    return {cluster: kept for kept, clusters in members.items() for cluster in clusters}


def _kinship(one: Cluster, other: Cluster) -> int:
    """How many turns two paths share."""
    differing = one.path ^ other.path
    return (differing & -differing).bit_length() if one.language == other.language else -1


def _letters(lexicons: list[Lexicon], names: set[str]) -> bytes:
    """Weights of letters: words of the clusters of names against all others with a capital."""
    cases: list[list[int]] = []
    labels: list[bool] = []
    for lexicon in lexicons:
        of_names = _clusters_of_names(lexicon, names)
        for word, cluster in lexicon.clusters.items():
            if _tells(word) and (cluster.language != "en" or cluster.path):  # 0 are the English words left over
                cases.append(classes.letter_buckets(word))
                labels.append(cluster in of_names)
    weights = fit(cases, labels, 1 << classes.LETTER_BITS, rounds=4, dropped=0.1, rate=0.08, together=256)
    return rounded(weights, LETTER_SCALE)


def _tells(word: str) -> bool:
    is_capital = word[:1].isupper() and not word.isupper()
    return is_capital and 3 <= len(word) <= 25 and word.replace("-", "").isalpha()


def _clusters_of_names(lexicon: Lexicon, names: set[str]) -> set[Cluster]:
    counts: dict[Cluster, list[int]] = defaultdict(lambda: [0, 0])
    for word in list(lexicon.clusters)[:FREQUENT]:
        if word[0].isupper() and not word.isupper():
            count = counts[lexicon.clusters[word]]
            count[0] += 1
            count[1] += word in names
    return {cluster for cluster, (size, known) in counts.items() if known >= max(NAMES, SHARE * size)}


def _laid_down(numbers: dict[str, int]) -> bytes:
    """Classes and signs such that the three places of each word together give its own."""
    third = int(len(numbers) * ROOM) // 3 + 1
    # of two words that hash alike the more frequent one stays
    words = list({classes.places(word, third): word for word in reversed(numbers)}.values())
    planes = [bytearray(3 * third), bytearray(3 * third)]
    for word, free in reversed(_order(words, third)):
        *held, sign = classes.places(word, third)
        others = [place for place in held if place != free]
        for plane, wanted in zip(planes, (numbers[word], sign), strict=True):
            plane[free] = wanted ^ plane[others[0]] ^ plane[others[1]]
    return b"".join(planes)


def _order(words: Iterable[str], third: int) -> list[tuple[str, int]]:
    """Each word with a place that no word after it has: taken away one by one, from places that one word has alone."""
    holders: list[set[str]] = [set() for _ in range(3 * third)]
    left = set()
    for word in words:
        left.add(word)
        for place in classes.places(word, third)[:3]:
            holders[place].add(word)
    order = []
    lonely = [place for place, held in enumerate(holders) if len(held) == 1]
    while lonely:
        place = lonely.pop()
        if len(holders[place]) != 1:
            continue
        word = next(iter(holders[place]))
        order.append((word, place))
        left.discard(word)
        for other in classes.places(word, third)[:3]:
            holders[other].discard(word)
            if len(holders[other]) == 1:
                lonely.append(other)
    if left:
        msg = f"{len(left)} words find no place: give the table more room"
        raise ValueError(msg)
    return order

"""Traffic as a cache sees it: groups of questions with one answer each, asked again and again in other words.

Which group is asked follows Zipf's law. A quarter of the requests repeats an earlier one to the letter, a third varies
one in case, politeness, spelling or punctuation, the rest are other wordings by people; every tenth is asked once.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate

import msgspec

ONCE, REPEATED, VARIED = 0.10, 0.25, 0.35
_BEFORE = ("please ", "hi, ", "hello, ", "could you tell me ", "hey there, ")
_BEHIND = (" please", " thanks", ", thank you")
_ENDINGS = ("", "?", "!", "??", ".", "...", " ?")


class Asked(msgspec.Struct, frozen=True):
    """One request. Requests with the same ``answer`` want the same."""

    text: str
    answer: str
    kind: str
    """``repeat``, ``variant``, ``wording``, ``once`` or ``twin``."""


def traffic(
    groups: Mapping[str, Sequence[str]],
    once: Sequence[str],
    requests: int,
    seed: int,
    twins: Sequence[tuple[str, str]] = (),
    twin_share: float = 0.0,
) -> list[Asked]:
    """Requests over groups. ``twins``, texts with answers of their own, take ``twin_share`` of the requests."""
    dice = random.Random(seed)
    names = sorted(groups)
    dice.shuffle(names)
    weights = list(accumulate(1 / rank for rank in range(1, len(names) + 1)))
    rest = iter(dice.sample(list(once), len(once)))
    seen: dict[str, list[str]] = defaultdict(list)
    asked: list[Asked] = []
    while len(asked) < requests:
        roll = dice.random()
        if roll < ONCE:
            text = next(rest, None)
            if text is not None:
                asked.append(Asked(text, f"once {len(asked)}", "once"))
            continue
        if roll < ONCE + twin_share:
            text, answer = dice.choice(twins)
            asked.append(Asked(text if dice.random() < 0.5 else varied(text, dice), answer, "twin"))
            continue
        name = names[min(bisect(weights, dice.random() * weights[-1]), len(names) - 1)]
        asked.append(_worded(name, groups[name], seen[name], dice))
    return asked


def varied(text: str, dice: random.Random) -> str:
    """The text in another case, with or without politeness, with a slip of the keyboard, or ended otherwise."""
    bare = text.rstrip("?.! ")
    match dice.randrange(4):
        case 0:
            return dice.choice((text.lower(), text.upper(), text.title(), text.capitalize()))
        case 1:
            if dice.random() < 0.6:
                return dice.choice(_BEFORE) + text[:1].lower() + text[1:]
            return bare + dice.choice(_BEHIND)
        case 2:
            return _misspelt(text, dice)
        case _:
            return bare + dice.choice(_ENDINGS)


def _worded(name: str, wordings: Sequence[str], seen: list[str], dice: random.Random) -> Asked:
    roll = dice.random()
    if roll < REPEATED and seen:
        text, kind = dice.choice(seen), "repeat"
    elif roll < REPEATED + VARIED:
        text, kind = varied(dice.choice(seen if seen and dice.random() < 0.5 else wordings), dice), "variant"
    else:
        text, kind = dice.choice(wordings), "wording"
    seen.append(text)
    return Asked(text, name, kind)


def _misspelt(text: str, dice: random.Random) -> str:
    words = text.split()
    long = [place for place, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
    if not long:
        return text
    place = dice.choice(long)
    word = words[place]
    at = dice.randrange(1, len(word) - 1)
    words[place] = dice.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
        )
    )
    return " ".join(words)

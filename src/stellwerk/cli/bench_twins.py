"""Twins of questions: a word or two are changed, and with them the answer.

They are made apart from what trained the verifier, with word lists of their own. Whoever wrote both still has one mind:
a figure on them is no substitute for twins from elsewhere.
"""

from __future__ import annotations

import random
import re
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

from stellwerk.semantic.normal import normal_form

_TRIES = 400
"""For each twin that is wanted."""
_NUMBERS = ("2", "3", "5", "7", "10", "14", "20", "30", "45", "100", "250", "1000")
_COUNTED = re.compile(r"\b(days|weeks|months|years|times|hours)\b")
_DENIALS = (
    ("can't", "can"), ("cannot", "can"), ("don't", "do"), ("isn't", "is"), ("won't", "will"), ("didn't", "did"),
    ("hasn't", "has"), (" not ", " "), (" is ", " is not "), (" can ", " can't "), (" should ", " should not "),
    (" do ", " don't "), (" are ", " aren't "), (" will ", " will not "), (" does ", " doesn't "),
)  # fmt: skip
_CONTRARIES = (
    ("open", "close"), ("cancel", "confirm"), ("increase", "reduce"), ("activate", "deactivate"), ("send", "receive"),
    ("buy", "sell"), ("cheap", "expensive"), ("best", "worst"), ("good", "bad"), ("more", "less"), ("always", "never"),
    ("add", "remove"), ("physical", "virtual"), ("declined", "approved"), ("lost", "found"), ("first", "last"),
    ("old", "new"), ("enable", "disable"), ("high", "low"), ("start", "finish"), ("win", "lose"), ("gain", "lose"),
    ("improve", "ruin"), ("learn", "teach"), ("long", "short"), ("fast", "slow"), ("easy", "hard"),
    ("pending", "completed"), ("before", "after"), ("success", "failure"), ("deposit", "withdrawal"),
)  # fmt: skip
_OTHERS = (
    ("card", "loan"), ("cash", "cheque"), ("ATM", "branch"), ("account", "mortgage"), ("transfer", "invoice"),
    ("India", "Brazil"), ("Google", "Amazon"), ("English", "Korean"), ("Python", "Fortran"), ("Facebook", "LinkedIn"),
    ("Quora", "Reddit"), ("US", "UK"), ("America", "Australia"), ("China", "Peru"), ("Android", "Windows"),
    ("WhatsApp", "Telegram"), ("Java", "Cobol"), ("euros", "yen"), ("pounds", "rupees"), ("EU", "Canada"),
    ("app", "browser"), ("phone", "tablet"), ("dog", "horse"), ("women", "teenagers"), ("money", "followers"),
    ("weight", "muscle"), ("book", "song"), ("movie", "recipe"), ("engineering", "medicine"), ("PIN", "address"),
    ("top-up", "refund"), ("exchange rate", "interest rate"), ("currency", "language"), ("Apple", "Nokia"),
)  # fmt: skip
_DIRECTIONS = (
    ("from my", "to my"), ("to my", "from my"), ("to the", "from the"), ("from the", "to the"), ("into", "out of"),
    ("with", "without"), ("turn on", "turn off"), ("log in", "log out"), ("above", "below"), ("over", "under"),
    ("to another", "from another"), ("in my", "outside my"), ("up", "down"),
)  # fmt: skip
_SCOPES = ("business", "joint", "second", "expired", "overseas", "prepaid", "temporary", "weekend", "teenage", "shared")
_ARTICLE = re.compile(r"\b(?:my|the|a|an) (?=\w)")


def twins(groups: Mapping[str, Sequence[str]], wanted: int, seed: int) -> list[tuple[str, str]]:
    """Twins with an answer each, more of the groups that traffic asks for most; of a group at most one of each kind."""
    dice = random.Random(seed)
    names = sorted(groups)
    dice.shuffle(names)
    weights = list(accumulate(1 / rank for rank in range(1, len(names) + 1)))
    taken = {normal_form(text) for wordings in groups.values() for text in wordings}
    used: set[tuple[str, str]] = set()
    found: list[tuple[str, str]] = []
    for _ in range(wanted * _TRIES):
        if len(found) == wanted:
            break
        name = names[min(bisect(weights, dice.random() * weights[-1]), len(names) - 1)]
        made = _twin(dice.choice(groups[name]), dice)
        if made is None or (name, made[1]) in used or normal_form(made[0]) in taken:
            continue
        used.add((name, made[1]))
        taken.add(normal_form(made[0]))
        found.append((made[0], f"twin {len(found)} {made[1]}"))
    return found


def _twin(text: str, dice: random.Random) -> tuple[str, str] | None:
    kinds = list(_KINDS)
    dice.shuffle(kinds)
    for kind in kinds:
        twin = _KINDS[kind](text, dice)
        if twin is not None and twin != text:
            return twin, kind
    return None


def _number(text: str, dice: random.Random) -> str | None:
    written = list(re.finditer(r"\d+", text))
    if written:
        found = dice.choice(written)
        other = dice.choice([number for number in _NUMBERS if number != found.group()])
        return text[: found.start()] + other + text[found.end() :]
    counted = _COUNTED.search(text)
    return None if counted is None else f"{text[: counted.start()]}{dice.choice(_NUMBERS)} {text[counted.start() :]}"


def _denial(text: str, dice: random.Random) -> str | None:
    fitting = [(one, two) for one, two in _DENIALS if one in text]
    if not fitting:
        return None
    one, two = dice.choice(fitting)
    return text.replace(one, two, 1)


def _exchanged(pairs: Sequence[tuple[str, str]], text: str, dice: random.Random) -> str | None:
    fitting = [(one, two) for one, two in pairs if re.search(rf"\b{re.escape(one)}\b", text)]
    if not fitting:
        return None
    one, two = dice.choice(fitting)
    return re.sub(rf"\b{re.escape(one)}\b", two, text, count=1)


def _contrary(text: str, dice: random.Random) -> str | None:
    return _exchanged((*_CONTRARIES, *((two, one) for one, two in _CONTRARIES)), text, dice)


def _other(text: str, dice: random.Random) -> str | None:
    return _exchanged((*_OTHERS, *((two, one) for one, two in _OTHERS)), text, dice)


def _direction(text: str, dice: random.Random) -> str | None:
    return _exchanged(_DIRECTIONS, text, dice)


def _scope(text: str, dice: random.Random) -> str | None:
    found = _ARTICLE.search(text)
    return None if found is None else f"{text[: found.end()]}{dice.choice(_SCOPES)} {text[found.end() :]}"


_KINDS: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "number": _number,
    "negation": _denial,
    "antonym": _contrary,
    "entity": _other,
    "direction": _direction,
    "scope": _scope,
}

"""Which last turns are not for the semantic tier: what means something else in a minute, or for somebody else."""

from __future__ import annotations

import re

from stellwerk.semantic.reading import read

LONGEST_TOKENS = 128
LETTERS_PER_TOKEN = 4
FEWEST_WORDS = 4
"""Words of content that a turn behind others needs to stand by itself."""

_TIME = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|now|nowadays|latest|newest|right now|at the moment|up to date|"
    r"this (?:morning|afternoon|evening|week|weekend|month|year)|(?:last|next) (?:night|week|weekend|month|year)|"
    r"heute|gestern|übermorgen|jetzt|aktuell\w*|derzeit\w*|momentan\w*|neueste\w*|neuste\w*|neulich|kürzlich|"
    r"diese[rnsm]? (?:woche|monat|jahr|abend|morgen|wochenende)|"
    r"(?:letzte|nächste)[rnsm]? (?:woche|monat|jahr|wochenende))\b",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?:it|its|that|this|these|those|them|they|he|she|him|her|his|one|ones|the same|above|previous|former|latter|"
    r"again|instead|es|das|dies|diese[rnsm]?|sie|ihn|ihm|er|jene[rnsm]?|dasselbe|davon|dazu|damit|darüber|nochmal|"
    r"stattdessen)\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"```|`[^`]+`|\w\([^)]{0,200}\)\s*[;{:]|[{};]\s*$|=>|==|!=|</?\w+>|\\[a-z]+\{"
    r"|^\s{0,8}(?:def|class|import|from \w+ import|#include|SELECT|function|const|let|var) ",
    re.MULTILINE,
)
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}\.\w")
_REFERENCE = re.compile(r"\b(?=[A-Z-]{0,40}\d)(?=[\d-]{0,40}[A-Z])[A-Z0-9][A-Z0-9-]{5,40}\b|#\d{3,}|\b\d{7,}\b")
"""Capitals and digits in one word, as orders and parcels are called; long numbers."""
_OWN = re.compile(
    r"\b(?:order|ticket|case|invoice|booking|reference|tracking|customer|account|policy|contract|bestell|auftrags?|kunden|"
    r"rechnungs?|vertrags?|buchungs?|sendungs?)[ -]?(?:number|no\.?|nr\.?|id|code|nummer)?[ :#]{0,4}\d{3,}"
    r"|\bmy name is\b|\bich hei(?:ß|ss)e\b|\bmein name ist\b",
    re.IGNORECASE,
)


def bypass_reason(text: str, *, earlier_turns: int = 0) -> str | None:
    """Why the semantic tier leaves this turn alone, in one word, or nothing.

    ``empty``, ``long``, ``code``, ``time``, ``personal`` or ``follow-up``. Takes time in proportion to the text, of
    which no more is read than the tier would take.
    """
    stripped = text.strip()
    if not stripped:
        return "empty"
    if len(stripped) > LONGEST_TOKENS * LETTERS_PER_TOKEN:
        return "long"
    if _CODE.search(stripped):
        return "code"
    if _TIME.search(stripped):
        return "time"
    if _ADDRESS.search(stripped) or _REFERENCE.search(stripped) or _OWN.search(stripped):
        return "personal"
    if earlier_turns and _leans_on_earlier(stripped):
        return "follow-up"
    return None


def _leans_on_earlier(text: str) -> bool:
    if _POINTING.search(text):
        return True
    seen = read(text)
    return len(seen.words) + len(seen.quantities) < FEWEST_WORDS

"""Which last turns are not for the semantic tier: those that mean something else in another minute or for somebody else."""

from __future__ import annotations

import re

from stellwerk.semantic.reading import read

LONGEST_TOKENS = 128
LETTERS_PER_TOKEN = 4
FEWEST_WORDS = 4
"""Words of content that a turn behind others needs to stand by itself."""

_TIME = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|now|nowadays|currently|current|latest|newest|recent|recently|right now|at the moment|"
    r"this (?:morning|afternoon|evening|week|weekend|month|year)|(?:last|next) (?:night|week|weekend|month|year)|"
    r"(?:just|so far|as of|up to date|live|breaking)|"
    r"heute|gestern|morgen|übermorgen|jetzt|gerade|aktuell\w*|derzeit\w*|momentan\w*|neueste\w*|neuste\w*|neulich|kürzlich|"
    r"diese[rnsm]? (?:woche|monat|jahr|abend|morgen|wochenende)|(?:letzte|nächste)[rnsm]? (?:woche|monat|jahr|wochenende))\b",
    re.IGNORECASE,
)
_WEAK_TIME = frozenset({"just", "live", "current", "recent", "so far", "as of", "breaking", "gerade", "morgen", "currently", "recently"})
_POINTING = re.compile(
    r"\b(?:it|its|that|this|these|those|them|they|he|she|him|her|his|one|ones|the same|above|previous|former|latter|again|instead|"
    r"es|das|dies|diese[rnsm]?|sie|ihn|ihm|er|jene[rnsm]?|dasselbe|davon|dazu|damit|darüber|nochmal|stattdessen)\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"```|`[^`]+`|\w\([^)]*\)\s*[;{:]|^\s{0,8}(?:def|class|import|from \w+ import|#include|SELECT|function|const|let|var) |[{};]\s*$|=>|==|!=|</?\w+>|\\[a-z]+\{", re.MULTILINE)
_OWN_DATA = re.compile(
    r"[\w.+-]+@[\w-]+\.\w+"
    r"|\b(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9][A-Z0-9-]{5,}\b"
    r"|(?:\b(?:order|ticket|case|invoice|booking|reference|tracking|customer|account|policy|contract|bestell|auftrags?|kunden|rechnungs?|vertrags?|buchungs?|sendungs?|ticket)[ -]?(?:number|no\.?|nr\.?|id|code|nummer)?[ :#]*\d{3,})"
    r"|#\d{3,}|\b\d{7,}\b|\bmy name is\b|\bich hei(?:ß|ss)e\b|\bmein name ist\b",
    re.IGNORECASE,
)
_ORDER_CASED = re.compile(r"\b(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9][A-Z0-9-]{5,}\b")


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
    if _is_bound_to_time(stripped):
        return "time"
    if _is_personal(stripped):
        return "personal"
    if earlier_turns and _leans_on_earlier(stripped):
        return "follow-up"
    return None


def _is_bound_to_time(text: str) -> bool:
    return any(found.lower() not in _WEAK_TIME for found in _TIME.findall(text))


def _is_personal(text: str) -> bool:
    for found in _OWN_DATA.finditer(text):
        hit = found.group()
        if "@" in hit or not hit[0].isalnum() or not hit.isalnum() or hit.isdigit() or _ORDER_CASED.fullmatch(hit):
            return True
    return False


def _leans_on_earlier(text: str) -> bool:
    if _POINTING.search(text):
        return True
    seen = read(text)
    return len(seen.words) + len(seen.quantities) < FEWEST_WORDS

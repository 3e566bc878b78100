"""Recognises answers that refuse, or say that they do not know, by how they begin; in English and German."""

from __future__ import annotations

import re

_START = 300
"""Characters that are looked at."""
_IN_A_SENTENCE = r"[^.!?\n]{0,60}?\b"

_SORRY = r"(?:(?:i'm|i am) (?:\w+ )?sorry|sorry|my apologies|i apologi[sz]e|unfortunately)\b"
_NOT = r"(?:can't|cannot|can not|could not|couldn't|won't|will not|don't|do not|unable|not able)\b"
_HELP = (
    r"(?:help|assist|answer|provide|comply|fulfil|support|do that|do this|create|generate|write|access|browse|open|see"
    r"|view|discuss|share|give|tell|say|determine|verify|engage|continue|complete|process|predict|offer|be able)"
)
_ENGLISH = (
    rf"{_SORRY}{_IN_A_SENTENCE}(?:i|we)(?:'m|'re| am| are)? {_NOT}",
    rf"{_SORRY}{_IN_A_SENTENCE}not something (?:i|we) can\b",
    rf"(?:i|we) (?:can't|cannot|can not|won't|will not) (?:\w+ )?{_HELP}",
    r"(?:i'm|i am|we're|we are) (?:unable|not able|not allowed) to\b",
    r"(?:i|we) (?:must|have to) (?:\w+ )?decline\b",
    r"(?:as|i'm|i am) (?:just |only )?an? (?:ai|artificial intelligence|(?:large )?language model)\b",
    r"(?:i|we) (?:don't|do not) (?:\w+ )?know\b",
    r"(?:i|we) (?:don't|do not) (?:\w+ )?have (?:access|the ability|(?:any |enough )?information|enough|real-time)\b",
    r"(?:i'm|i am) not (?:\w+ )?(?:sure|certain)\b",
    r"i have no idea\b",
)
_LEIDER = r"(?:(?:es )?tut mir (?:\w+ )?leid|entschuldigung|entschuldigen sie|sorry|ich bedau(?:re|ere)|leider)\b"
_HELFEN = (
    r"(?:helfen|weiterhelfen|beantworten|antworten|sagen|unterstützen|erfüllen|ausführen|durchführen|erstellen"
    r"|schreiben|geben|beurteilen|nachkommen|zugreifen|bereitstellen|öffnen|sehen)"
)
_GERMAN = (
    rf"{_LEIDER}(?=[^\n!?]{{0,60}}\b(?:ich|wir)\b)(?=[^\n!?]{{0,90}}\b(?:nicht|keine?n?)\b)",
    rf"(?:ich|wir) (?:kann|können|darf|dürfen|werde|werden)\b[^.!?\n]{{0,60}}?\bnicht\b[^.!?\n]{{0,40}}?\b{_HELFEN}\b",
    r"(?:dabei|damit|das|hier|da) (?:kann|können|darf) (?:ich|wir)\b[^.!?\n]{0,30}?\bnicht\b",
    r"(?:als|ich bin) (?:nur )?(?:eine? )?(?:ki|künstliche intelligenz|sprachmodell)\b",
    r"(?:das )?wei(?:ß|ss) ich\b[^.!?\n]{0,20}?\bnicht\b",
    r"ich wei(?:ß|ss)\b[^.!?\n]{0,20}?\bnicht\b",
    r"ich bin (?:mir )?(?:\w+ )?nicht sicher\b",
    r"ich habe (?:\w+ )?(?:keine (?:ahnung|informationen?|angaben|daten|kenntnis)|keinen zugriff)\b",
)
_DECLINING = re.compile("|".join((*_ENGLISH, *_GERMAN)))
_DECORATION = " \t\r\n*_#>\"'„“”«»"


def declines(text: str) -> bool:
    """Whether an answer begins like one that helps nobody; it reads, it does not understand, so it may be wrong."""
    start = text.lstrip(_DECORATION)[:_START].replace("\u2019", "'").lower()
    return _DECLINING.match(start) is not None

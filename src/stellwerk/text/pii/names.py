"""Names of people: by a model of words and their neighbours, and in small letters where a sentence says "name"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stellwerk.core.taxonomy import Pii
from stellwerk.core.verdict import Span
from stellwerk.text.pii.given_names import GIVEN_NAMES
from stellwerk.text.pii.tagger import LEAST, Tagger

_TITLES = re.compile(
    r"(?<![\w.])(?:(?:Dr|Prof|Dipl|Ing|Mag|Univ|Dres|med|jur|phil|rer|nat|h\. ?c|-Ing)\.[ -]{0,2}|DI ){1,5}+$"
)
_LONGEST_TITLES = 40
_COMPANY = re.compile(
    r"(?: {1,2}|, )(?:GmbH|gGmbH|AG\b|KG\b|KGaA|OG\b|OHG|UG\b|SE\b|GbR|mbH|e\. ?[KV]\."
    r"|Ltd|LLC|LLP|Inc\b|PLC|Corp|Group\b|Co\b|& |and Sons|Stiftung|Verlag|Orchestra|Technologies|Foundation)"
)
_COMPANY_END = re.compile(
    r"(?:GmbH|AG|KG|OG|OHG|UG|SE|GbR|Ltd|LLC|Inc|PLC|Corp|Group|Stiftung|Road|Street|Avenue|Suite)\.?$"
)
_CODE = re.compile(r"[(\[{=_]|::|\.\w")
_PRODUCT = re.compile(r"(?!(?:Mc|Mac|De|Di|Du|La|Le|Fitz|Van)[A-Z])(?:\w*[a-zß-öø-ÿ][A-Z]|[A-Z]{2}\w*[a-z])\w*+$")
_CUES = ("my name is ", "my name's ", "i am called ", "mein name ist ", "ich heiße ", "ich heisse ")
_SMALL = re.compile(
    rf"\b(?:{'|'.join(_CUES)})([a-zäöüß][\w'-]{{1,24}}+)"
    r"((?: (?!and |und |i |ich |from |aus )[a-zäöüß][\w'-]{1,24}+)?+)(?=[.,;!?\n]|$| (?:and|und|i|ich|from|aus)\b)"
)
_HIGHEST = 60


def spans(text: str, tagger: Tagger) -> Iterator[Span]:
    """Where names stand. Titles like Dr. belong to them; companies that bear a name and words of code do not."""
    for start, end, score in tagger.names(text):
        if not _is_company(text, start, end) and not _is_code(text, start, end):
            yield Span(_with_titles(text, start), end, Pii.PERSON, 0.5 + 0.25 * min(1, (score - LEAST) / _HIGHEST))
    if any(cue in text for cue in _CUES):
        yield from _in_small_letters(text)


def _with_titles(text: str, start: int) -> int:
    first = max(0, start - _LONGEST_TITLES)
    titles = _TITLES.search(text[first:start])
    return first + titles.start() if titles else start


def _is_company(text: str, start: int, end: int) -> bool:
    return _COMPANY.match(text, end) is not None or _COMPANY_END.search(text, start, end) is not None


def _is_code(text: str, start: int, end: int) -> bool:
    """One word that is called, indexed or assigned to, or with a capital inside, as products have it."""
    if " " in text[start:end]:
        return False
    return _CODE.match(text, end) is not None or _PRODUCT.match(text, start, end) is not None


def _in_small_letters(text: str) -> Iterator[Span]:
    for hit in _SMALL.finditer(text):
        if hit.group(1).capitalize() in GIVEN_NAMES:
            yield Span(hit.start(1), hit.end(2), Pii.PERSON, 0.7)

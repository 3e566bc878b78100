"""Names of people: announced by a title, a greeting or a label, or begun by a well-known given name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stellwerk.core.taxonomy import Pii
from stellwerk.core.verdict import Span
from stellwerk.text.pii.given_names import GIVEN_NAMES

_PART = r"[^\W\d_a-zäöüß](?:[^\W\d_]|['\u2019](?=\w)){1,24}+"
_COMPOUND = rf"{_PART}(?:-{_PART}){{0,2}}+"
_INITIAL = r"[^\W\d_a-zäöüß]\."
_PARTICLE = r"(?:von|vom|van|zu|zur|de|der|den|di|da|del|la|le|al|el|bin|dos|ten|ter)"
_FAMILY = rf"(?: (?:{_INITIAL}|(?:{_PARTICLE} ){{0,2}}+{_COMPOUND}))"
_ACADEMIC = (
    r"(?:(?:Dr|Prof|Dipl|Ing|Mag|Univ|DI|Dres|med|jur|phil|rer|nat|h\.c|-Ing|Prof\.Dr|Univ\.Prof)\.?[ -]?){0,4}+"
)
_NAME = rf"{_ACADEMIC}{_COMPOUND}{_FAMILY}{{0,3}}+"
_TITLED = re.compile(
    rf"(?<!\w)(?>(?:Herrn?|Frau|Hr\.|Fr\.|Mr\.?|Mrs\.?|Ms\.?|Miss|Mx\.?|Dr\.?|Prof\.?|Sir|Lady) )({_NAME})"
)
_ANNOUNCED = re.compile(
    rf"(?<!\w)(?>(?i:my name is|my name's|i am called|i'm|this is|ich heiße|ich heisse|ich bin|mein name ist|name ?:|"
    rf"kontoinhaber(?:in)?:?|patient(?:in)?|attention|attn\.?:?|z\. ?hd\.|signed,?|dear|hallo|hi|hello|liebe[r]?|hey|"
    rf"(?:mit )?(?:freundlichen|besten|lieben|herzlichen) grüßen,?|viele grüße,?|beste grüße,?|liebe grüße,?|"
    rf"lg,?|mfg,?|(?:best|kind|warm) regards,?|regards,?|cheers,?|sincerely,?|contact|customer|kunde|kundin)"
    rf"[ \n]{{1,3}}+)({_NAME})"
)
_CAPITAL = re.compile(rf"(?<![\w@.-])({_COMPOUND})({_FAMILY}{{0,3}}+)")
_WORDS = """
the a an this that it i you we they he she there here what when how why who is are was my your our all please thanks
thank team support customer service sir madam madame everyone everybody world not for from in on at and or but mr
mrs ms miss mx dr prof herr herrn frau hr fr no yes ok sure today tomorrow der die das ein eine ich sie wir ihr es
und oder aber nicht bitte danke zusammen damen herren kunde kundin kollege kollegen alle leute guten hallo heute
morgen mit bei auf aus für von zu monday tuesday wednesday thursday friday saturday sunday january february march
april may june july august september october november december montag dienstag mittwoch donnerstag freitag samstag
sonntag chatgpt claude gpt ai going just so very really trying looking having using writing sorry happy glad new old
"""
_NO_NAMES = frozenset(_WORDS.split())

_COMPANY = re.compile(
    r"(?: |, )(?:GmbH|AG|KG|OG|OHG|UG|SE|mbH|e\.|Ltd|LLC|Inc|PLC|Corp|Group|Co\b|& |and Sons|Stiftung)"
)
_COMPANY_END = re.compile(r"(?:GmbH|AG|KG|OG|OHG|UG|SE|Ltd|LLC|Inc|PLC|Corp|Group|Stiftung|Road|Street|Avenue|Suite)$")


def spans(text: str) -> Iterator[Span]:
    """Where names stand; several rules may report the same."""
    for pattern, score in ((_TITLED, 0.85), (_ANNOUNCED, 0.7)):
        for hit in pattern.finditer(text):
            if hit.group(1).split(None, 1)[0].lower() not in _NO_NAMES and not _is_company(text, *hit.span(1)):
                yield Span(*hit.span(1), Pii.PERSON, score)
    for hit in _CAPITAL.finditer(text):
        first = hit.group(1).partition("-")[0]
        if first in GIVEN_NAMES and (hit.group(2) or GIVEN_NAMES[first]) and not _is_company(text, *hit.span()):
            yield Span(*hit.span(), Pii.PERSON, 0.6)


def _is_company(text: str, start: int, end: int) -> bool:
    return _COMPANY.match(text, end) is not None or _COMPANY_END.search(text, start, end) is not None

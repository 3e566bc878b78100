"""Numbers that stand for a person or an account, and addresses in networks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import IPv6Address

from stellwerk.core import checksum
from stellwerk.core.taxonomy import Pii
from stellwerk.text.pii.rule import Rule, bare, codes, cue, numbers
from stellwerk.text.pii.scan import Scan

_CARD_LENGTHS = {
    "4": (13, 16, 19), "34": (15,), "37": (15,), "36": (14,), "38": (14,), "39": (14,), "30": (14,),
    "51": (16,), "52": (16,), "53": (16,), "54": (16,), "55": (16,), "35": (16,), "6011": (16,), "64": (16,),
    "65": (16,), "62": (16, 17, 18, 19), "50": (16, 19), "56": (16,), "57": (16,), "58": (16,), "67": (16, 19),
    **{str(prefix): (16,) for prefix in range(2221, 2721)},
}  # fmt: skip
_PLAUSIBLE_SSN = re.compile(r"(\d)\1{8}|123456789|987654321")


def _whole(test: Callable[[str], bool]) -> Callable[[str], int]:
    return lambda found: len(found) if test(bare(found)) else 0


def _iban(found: str) -> int:
    """The country says how long it is: what follows in capitals belongs to the sentence."""
    wanted = checksum.IBAN_LENGTHS.get(found[:2].upper(), 0)
    count = 0
    for place, letter in enumerate(found):
        count += letter.isalnum()
        if wanted and count == wanted:
            return place + 1 if checksum.iban(bare(found[: place + 1])) else 0
    return 0


def _card(found: str) -> int:
    """Known issuers only: by the check digit alone, one number in ten would be a card."""
    digits = bare(found)
    known = any(len(digits) in _CARD_LENGTHS.get(digits[:size], ()) for size in (1, 2, 4))
    return len(found) if known and len(set(digits)) > 1 and checksum.luhn(digits) else 0


def _cued_card(found: str) -> int:
    digits = bare(found)
    return len(found) if len(set(digits)) > 1 and checksum.luhn(digits) else 0


def _ipv6(found: str) -> int:
    try:
        IPv6Address(found)
    except ValueError:
        return 0
    return len(found) if any(map(str.isdigit, found)) and len(found) > 6 else 0


_HEXADECIMAL = re.compile(r":[0-9a-fA-F]{0,4}+:")
_HEX = frozenset("0123456789abcdefABCDEF")


def _hexadecimal(scan: Scan) -> Iterator[int]:
    """Where a word of up to four hexadecimal digits, or none, begins before two colons."""
    for hit in _HEXADECIMAL.finditer(scan.text):
        start = hit.start()
        while start > max(0, hit.start() - 4) and scan.text[start - 1] in _HEX:
            start -= 1
        yield start


def _after_letters(scan: Scan) -> Iterator[int]:
    """Two letters before a run of digits."""
    text = scan.text
    return (start - 2 for start in scan.numbers(2) if start > 1 and text[start - 1].isalpha())


def _url(found: str) -> int:
    return len(found.rstrip(".,;:!?'*_`"))


def _ssn(found: str) -> int:
    digits = bare(found)
    return len(found) if checksum.us_ssn(digits) and not _PLAUSIBLE_SSN.fullmatch(digits) else 0


_CARD = cue(r"credit|debit|card\b|cards\b|kreditkarte|karte|visa|mastercard|amex|atm\b|cc\b")
_SSN = cue(r"ssn\b|social|tax")
_ID_CARD = cue(r"personalausweis|ausweis|perso\b|reisepass|pass(?:port)?\b|id.?card|identity|seriennummer|dokument")
_HEALTH = cue(r"versichert|krankenversich|krankenkasse|kvnr|egk|gesundheitskarte|health|insurance|aok|tk\b|patient")
_TAX = cue(r"steuer|tax|idnr|tin\b|identifikation|ustid|finanzamt")
_NHS = cue(r"nhs\b|health|patient")
_SVNR = cue(r"sv-?n|svnr|sozialversicherung|versicherung|e-?card|ecard")
_VERSION = cue(r"version|release|firmware|build|rev\b|v\b|ver\b|kapitel|chapter|section|abschnitt")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"

RULES = (
    Rule(
        type=Pii.EMAIL_ADDRESS,
        pattern=re.compile(r"(?<![\w.+%-])[\w.+%-][\w.+%'-]{0,63}+@(?:[\w-]{1,63}+\.){1,8}[^\W\d_]{2,24}+"),
        places=Scan.addresses,
        score=1.0,
    ),
    Rule(
        type=Pii.URL,  # postgres://user:password@host/db: also a secret
        pattern=re.compile(
            r"[A-Za-z](?<!\w.)[A-Za-z0-9+.-]{1,15}+://[^\s/:@<>\"']{0,128}+(?::[^\s/@<>\"'{}$]{1,128}+)?+@"
            r"[^\s<>\"')\]}|\\@]{1,2000}+"
        ),
        places=Scan.schemes,
        fit=_url,
        score=1.0,
    ),
    Rule(
        type=Pii.URL,
        pattern=re.compile(r"(?<!\w)(?:https?://|ftp://|www\.)[^\s<>\"')\]}|\\]{3,2000}+", re.IGNORECASE),
        places=Scan.urls,
        fit=_url,
        score=0.99,
    ),
    Rule(
        type=Pii.IBAN_CODE,
        pattern=re.compile(r"[A-Za-z](?<![^\W_].)[A-Za-z]\d{2}(?:[ \n.-]?+[A-Za-z0-9]){11,30}+"),
        places=_after_letters,
        fit=_iban,
        score=1.0,
    ),
    Rule(
        type=Pii.IP_ADDRESS,
        pattern=re.compile(rf"(?<![\w.-])(?:{_OCTET}\.){{3}}{_OCTET}(?![\w-]|\.\d)"),
        places=numbers(4),
        fit=lambda address: 0 if address.startswith(("0.", "127.", "255.")) else len(address),
        unless=_VERSION,
        needs=".",
        score=0.95,
    ),
    Rule(
        type=Pii.IP_ADDRESS,
        pattern=re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{0,4}+:){2,7}+[0-9a-fA-F]{1,4}(?![\w:])"),
        places=_hexadecimal,
        fit=_ipv6,
        score=0.95,
    ),
    Rule(
        type=Pii.DE_VAT_ID,
        pattern=re.compile(r"D(?<![^\W_].)E[ ]?\d{3}[ ]?\d{3}[ ]?\d{3}(?!\w)"),
        fit=_whole(lambda code: checksum.mod_11_10(code[2:])),
        needs="DE",
    ),
    Rule(
        type=Pii.AT_VAT_ID,
        pattern=re.compile(r"A(?<![^\W_].)TU[ ]?\d{8}(?!\w)"),
        fit=_whole(lambda code: checksum.at_vat(code[3:])),
        needs="ATU",
    ),
    Rule(
        type=Pii.CH_AHV,
        pattern=re.compile(r"7(?<![\w.].)56[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}(?!\w|[.-]\d)"),
        fit=_whole(checksum.ean_13),
        needs="756",
        score=0.98,
    ),
    Rule(
        type=Pii.DE_SOCIAL_SECURITY,
        pattern=re.compile(r"[0-9](?<!\w.)\d[ ]?\d{6}[ ]?[A-Z][ ]?\d{3}(?!\w)"),
        places=numbers(8),
        fit=_whole(checksum.de_social_security),
        score=0.97,
    ),
    Rule(
        type=Pii.US_ITIN,
        pattern=re.compile(r"9(?<![\w-].)\d\d-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-\d{4}(?![\w-])"),
        needs="-",
    ),
    Rule(
        type=Pii.US_SSN,
        pattern=re.compile(r"[0-9](?<![\w-].)\d{2}-\d{2}-\d{4}(?![\w-])"),
        places=numbers(9),
        fit=_ssn,
        needs="-",
        score=0.95,
    ),
    Rule(
        type=Pii.US_SSN,
        pattern=re.compile(r"[0-9](?<![\w-].)\d{2} ?\d{2} ?\d{4}(?![\w-])"),
        places=numbers(9),
        fit=_ssn,
        before=_SSN,
    ),
    Rule(
        type=Pii.UK_NINO,
        pattern=re.compile(
            r"[A-CEGHJ-PR-TW-Z](?<!\w.)[A-CEGHJ-NPR-TW-Z](?<!BG)(?<!GB)(?<!KN)(?<!NK)(?<!NT)(?<!TN)(?<!ZZ)"
            r"(?: ?\d\d){3} ?[A-D](?!\w)"
        ),
        places=codes,
    ),
    Rule(
        type=Pii.CREDIT_CARD,
        pattern=re.compile(r"[0-9](?<![\w.,+-].)(?:[ -]?+\d){12,18}+(?![\w-])"),
        places=numbers(13),
        fit=_card,
        score=0.96,
    ),
    Rule(
        type=Pii.CREDIT_CARD,
        pattern=re.compile(r"[0-9](?<![\w.,+-].)(?:[ -]?+\d){11,18}+(?![\w-])"),
        places=numbers(12),
        fit=_cued_card,
        before=_CARD,
        score=0.96,
    ),
    Rule(
        type=Pii.DE_TAX_ID,
        pattern=re.compile(r"[1-9](?<![\w.,+-].)\d[ ]\d{3}[ ]\d{3}[ ]\d{3}(?![\w-])"),
        places=numbers(11),
        fit=_whole(checksum.de_tax_id),
    ),
    Rule(
        type=Pii.DE_TAX_ID,
        pattern=re.compile(r"[1-9](?<![\w.,+-].)\d[ /]?\d{3}[ /]?\d{3}[ /]?\d{3}(?![\w-])"),
        places=numbers(11),
        fit=_whole(checksum.de_tax_id),
        before=_TAX,
        score=0.97,
    ),
    Rule(
        type=Pii.DE_HEALTH_ID,
        pattern=re.compile(r"[A-Z](?<![^\W_].)\d{9}(?!\w)"),
        places=codes,
        fit=_whole(checksum.de_health_id),
        score=0.93,
    ),
    Rule(
        type=Pii.DE_HEALTH_ID,
        pattern=re.compile(r"[A-Z](?<![^\W_].) ?\d{3} ?\d{3} ?\d{3}(?!\w)"),
        places=codes,
        fit=_whole(checksum.de_health_id),
        before=_HEALTH,
        score=0.97,
    ),
    Rule(
        type=Pii.DE_ID_CARD,
        pattern=re.compile(r"[CFGHJKLMNPRTVWXYZ](?<![^\W_].)[0-9CFGHJKLMNPRTVWXYZ]{8}\d(?!\w)"),
        places=codes,
        fit=_whole(checksum.de_id_card),
        before=_ID_CARD,
        score=0.95,
    ),
    Rule(
        type=Pii.UK_NHS,
        pattern=re.compile(r"[0-9](?<![\w+-].)\d{2}[ -]?\d{3}[ -]?\d{4}(?![\w-])"),
        places=numbers(10),
        fit=_whole(checksum.uk_nhs),
        before=_NHS,
        score=0.97,
    ),
    Rule(
        type=Pii.AT_SOCIAL_SECURITY,
        pattern=re.compile(r"[0-9](?<![\w+-].)\d{3}[ ]?\d{6}(?![\w-])"),
        places=numbers(10),
        fit=_whole(checksum.at_social_security),
        before=_SVNR,
    ),
)

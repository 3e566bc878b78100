"""Telephone numbers, number plates, postal addresses and dates of birth: by their form and the words around them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stellwerk.core.taxonomy import Pii
from stellwerk.text.pii.rule import Rule, bare, codes, cue, numbers, signed
from stellwerk.text.pii.scan import Scan

_DATE = re.compile(r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4})(?![\d./-])")


_STAMP = re.compile(r"\d\d(?:0\d|1[0-2])(?:[0-2]\d|3[01])[ _-](?:[01]\d|2[0-3])[0-5]\d[0-5]\d(?!\d)")


def _phone(found: str) -> int:
    found = found.rstrip(" ()/.-")
    number = found.partition("x")[0]
    fewest = 10 if number.startswith("00") else 7
    if not fewest <= len(bare(number)) <= 15 or _DATE.match(number) or _STAMP.match(number):
        return 0
    return len(found) if found.count("(") == found.count(")") else 0


_PHONE = cue(
    r"phone|tele[fp]|tel\b|mobil|cell\b|fax\b|call\b|calling|sms|text (?:me|us)|whatsapp|registered\b"
    r"|(?:desk|office|home|work) ?:|answering at|reach|messages? (?:to|at)|dial|contact|nummer"
    r"|rufnummer|rückruf|anruf|ruf|erreich|handy"
    r"|durchwahl|(?:my|his|her|our|their) number"
)
_KIND = cue(r"office|fax|mobile|cell|home|work|handy|privat")
_OTHER_NUMBER = cue(
    r"ticket|order|bestell|rechnung|invoice|licen[sc]e|account|konto|raum|artikel|paket|tracking|serien|case|id\b"
    r"|version|az\b|aktenzeichen|§|isbn|kunden-?n|customer n|reference|referenz|chapter|page|seite"
)
_SEPARATED = r"(?:[ ()/.-]{0,3}+\d)"
_BIRTH = cue(r"geb\b|geboren|geburt|born|birth|dob\b|d\.o\.b|\*\s")
_BORN = cue(r"geboren|born")
_MONTHS = (
    r"(?:jan(?:uar|uary|\.)?|feb(?:ruar|ruary|\.)?|märz|march|mar\.?|apr(?:il|\.)?|mai|may|jun[ie]?|jul[iy]?"
    r"|aug(?:ust|\.)?|sep(?:tember|t?\.)?|o[ck]t(?:ober|\.)?|nov(?:ember|\.)?|de[zc](?:ember|\.)?|jänner|feber)"
)
_PLATE = cue(r"kennzeichen|kfz|auto\b|wagen|fahrzeug|pkw|lkw|halter|plate|vehicle|car\b|parkt|unfall")
_NAME = r"[A-ZÄÖÜ][\wäöüß'\u2019.-]{1,30}+"
_SURE_WAYS = (
    r"(?>stra(?:ß|ss)e|str\.|gasse|weg|allee|chaussee|promenade|damm|ufer|brücke|stieg"
    r"|straat|laan|vej|gatan|vägen|katu|utca)"
)
_MAYBE_WAYS = r"(?>platz|ring|steig|hof|markt|zeile|kai|winkel|graben|berg|tor|garten|feld|park|pfad)"
_LIVES = cue(
    r"wohn|adresse|anschrift|address|liefer|versand|schick|send|umzug|zieh|zog|haus|sitz|live|resid|deliver|ship"
)
_POSTCODE = cue(r"\d{4,5} [a-zäöü]")
_HIGHWAY = r"(?<!Bundesstraße)(?<!Staatsstraße)(?<!Kreisstraße)"
_HOUSE = r"\d{1,5}+(?: ?[a-z](?!\w))?+(?:[-/]\d{1,4}+[a-z]?+)?+(?![\w-])"
_NO_YEAR = rf"(?!(?:19|20)\d\d(?!\d)){_HOUSE}"
_ROADS = (
    r"(?>(?:street|st\.?|avenue|ave\.?|road|rd\.?|lane|ln\.?|drive|dr\.?|court|ct\.?|boulevard|blvd\.?|way|place|pl\.?"
    r"|square|squares|terrace|circle|parkway|highway|hwy|crescent|close|gardens?|grove|mews|row|walk|alley|trail"
    r"|plaza|crossing|crossroads?|motorway|turnpike|pike|loop|path|view|views|via|villages?|valley|mills?|heights"
    r"|estates?|route|points?|ports?|isle|hills?|hollow|harbors?|falls|ferry|field|fields|flats?|forest|forge|forges"
    r"|fork|forks|fort|freeway|glens?|green|greens|gateway|creek|cove|corners?|common|club|cliffs?|causeway|canyon"
    r"|camp|cape|burgs?|brooks?|bridge|branch|bluffs?|bend|beach|bypass|center|centers|course|crest|dale|dam|divide"
    r"|expressway|extension|fall|inlet|island|islands|junctions?|keys?|knolls?|lakes?|landing|light|lights|lock|locks"
    r"|lodge|mall|manors?|meadows?|mission|mount|mountain|mountains|neck|orchard|oval|overpass|parks?|parkways|pass"
    r"|passage|pine|pines|plains?|prairie|radial|ramp|ranch|rapids?|rest|ridges?|river|run|shoals?|shores?|skyway"
    r"|springs?|spurs?|station|stravenue|stream|summit|throughway|trace|track|trafficway|tunnel|underpass|unions?"
    r"|viaduct|village|ville|vista|wall|well|wells|arcade|gate|roads|streets|walks|drives|garden|courts|groves)(?!\w))"
)
_UNIT = r"(?:,?[ \n]{1,4}+(?:apt\.?|apartment|suite|unit|flat|floor) ?#?+\w{1,6}+)?+"
_MAYBE_ENDINGS = "platz ring steig hof markt zeile kai winkel graben berg tor garten feld park pfad"
_SURE_ENDINGS = "straße strasse str. gasse weg allee chaussee promenade damm ufer brücke stieg straat laan vej"
_NORTHERN_ENDINGS = "gatan vägen katu utca"
_ENDINGS = (*_SURE_ENDINGS.split(), *_NORTHERN_ENDINGS.split(), *_MAYBE_ENDINGS.split())
_LONGEST_STREET = 200
_BIRTH_HINTS = ("geb", "born", "birth", "dob", "d.o.b")
_STREET_WORD = re.compile(r"[A-ZÄÖÜ](?<!\w.)")
_FLATS = ("flat ", "studio ", "apt ", "apt. ", "suite ")


def _dates(scan: Scan) -> Iterator[int]:
    """Runs of digits, and the word before each, which may be a month: in texts that speak of births at all."""
    text = scan.text
    if "*" not in text and not any(hint in scan.low for hint in _BIRTH_HINTS):
        return
    for start in scan.numbers(1):
        if start > 3 and text[start - 1] == " ":
            month = start - 1
            while month and start - month < 12 and (text[month - 1].isalpha() or text[month - 1] == "."):
                month -= 1
            yield month
        yield start


def _streets(scan: Scan) -> Iterator[int]:
    """Capitals up to five words before a number that follows on a word for a way."""
    text, after = scan.text, 0
    for start in scan.after_spaces:
        if text[max(0, start - 12) : start - 1].lower().endswith(_ENDINGS):
            for hit in _STREET_WORD.finditer(text, max(after, start - _LONGEST_STREET), start):
                yield hit.start()
            after = start


def _with_unit(scan: Scan) -> Iterator[int]:
    """Any run of digits, in texts that name a flat at all."""
    return iter(scan.numbers(1) if any(unit in scan.text for unit in ("uite ", "pt. ", "partment ", "pt ")) else ())


def _flats(scan: Scan) -> Iterator[int]:
    """The word for a flat before its number."""
    text = scan.text
    for start in scan.after_spaces:
        before = text[max(0, start - 7) : start].lower()
        if before.endswith(_FLATS):
            yield start - next(len(word) for word in _FLATS if before.endswith(word))


def _street(ways: str, house: str) -> str:
    """Words that end in a way, or a way that is a word of its own after others, and a number."""
    return (
        rf"(?<!\w)(?:[A-ZÄÖÜ][\wäöüß.]{{1,30}}+[ -]){{0,4}}[A-ZÄÖÜ][\wäöüß]{{0,30}}(?<=[\w]){ways}{_HIGHWAY} {house}"
        rf"|{_apart(ways, house, 1)}"
    )


def _apart(ways: str, house: str, words: int) -> str:
    return rf"(?<!\w)(?:[A-ZÄÖÜ][\wäöüß.]{{1,30}}+[ -]){{{words},4}}(?i:{ways}) {house}"


RULES = (
    Rule(
        type=Pii.PHONE_NUMBER,  # +49 (0)30 1234, 0049 30 1234, 001-275-685-7840x2726
        pattern=re.compile(
            rf"[+0](?<![\w+.].)(?<![0-9] .)(?:(?<=\+)|0)[1-9]{_SEPARATED}{{6,14}}+(?:x\d{{1,6}})?(?!\w)"
        ),
        places=signed(7),
        fit=_phone,
        unless=_OTHER_NUMBER,
        score=0.94,
    ),
    Rule(
        type=Pii.PHONE_NUMBER,  # (212) 555-0143, 212.555.0143x12
        pattern=re.compile(r"(?<![\w.-])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}([-. ]))\d{3}[-. ]\d{4}(?:x\d{1,6})?(?![\w-])"),
        places=signed(10),
        fit=_phone,
        unless=_OTHER_NUMBER,
        score=0.9,
    ),
    Rule(
        type=Pii.PHONE_NUMBER,  # 030/1234567, 0171 23456789
        pattern=re.compile(
            r"[(0](?<![\w.,/-].)(?<![0-9] .)(?:(?<=0)|0)[1-9]\d{1,4}\)?[ /-]{1,3}\d(?:[ -]?\d){3,9}+(?![\w/-]|[.,]\d)"
        ),
        places=signed(6),
        fit=_phone,
        unless=_OTHER_NUMBER,
        score=0.9,
    ),
    Rule(
        type=Pii.PHONE_NUMBER,
        pattern=re.compile(
            rf"[+(0-9](?<![\w+.].)(?<![^\W\d]-.)(?:(?<=[0-9])|\d){_SEPARATED}{{5,14}}+(?:x\d{{1,6}})?(?![\w])"
        ),
        places=signed(6),
        fit=_phone,
        unless=_OTHER_NUMBER,
        before=_PHONE,
        after=_KIND,
        score=0.85,
    ),
    Rule(
        type=Pii.DATE_TIME,
        pattern=re.compile(
            r"(?<![\w.-])(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})"
            rf"|\d{{1,2}}\.? {_MONTHS} \d{{4}}|{_MONTHS} \d{{1,2}},? \d{{4}})(?!\w)",
            re.IGNORECASE,
        ),
        places=_dates,
        before=_BIRTH,
        after=_BORN,
        score=0.95,
    ),
    Rule(
        type=Pii.LICENSE_PLATE,
        pattern=re.compile(r"[A-ZÄÖÜ](?<![\w-].)[A-ZÄÖÜ]{0,2}[- ][A-Z]{1,2}[ -]?\d{1,4}[EH]?(?!\w)"),
        places=codes,
        before=_PLATE,
    ),
    Rule(
        type=Pii.LICENSE_PLATE,
        pattern=re.compile(r"[A-ZÄÖÜ](?<![\w-].)[A-ZÄÖÜ]{0,2}-(?!RR)[A-Z]{1,2} \d{2,4}[EH]?(?!\w)"),
        places=codes,
        needs="-",
        score=0.8,
    ),
    Rule(
        type=Pii.LOCATION,  # Hauptstraße 12, Am Alten Markt 3
        pattern=re.compile(f"{_street(_SURE_WAYS, _HOUSE)}|{_apart(_MAYBE_WAYS, _NO_YEAR, 2)}"),
        places=_streets,
        score=0.8,
    ),
    Rule(
        type=Pii.LOCATION,  # Gutshof 3, 10115 Berlin; not During 2017, Textfeld 3
        pattern=re.compile(_street(_MAYBE_WAYS, _NO_YEAR)),
        places=_streets,
        before=_LIVES,
        after=_POSTCODE,
        score=0.8,
    ),
    Rule(
        type=Pii.LOCATION,  # 12 Main Street, Apt. 4
        pattern=re.compile(rf"(?<![\w-])\d{{1,6}}+ (?:{_NAME} ){{1,3}}(?i:{_ROADS}{_UNIT})"),
        places=numbers(1),
        score=0.92,
    ),
    Rule(
        type=Pii.LOCATION,  # 51709 Spinatsch 94 Apt. 615
        pattern=re.compile(
            r"(?<![\w-])\d{1,6}+(?: [\w.'\u2019-]{1,30}+){1,5},?[\s>]{1,6}+(?i:suite|apt\.?|apartment) #?\d{1,5}(?!\w)"
        ),
        places=_with_unit,
        score=0.93,
    ),
    Rule(
        type=Pii.LOCATION,  # PSC 1234, Box 5678, APO AE 09012; P.O. Box 12
        pattern=re.compile(
            r"[PUC](?<!\w.)(?:SC|nit|MR|\. ?O\.|O) (?:\d{1,5},? )?Box \d{1,5}(?:[\s>,]{1,3}[AFD]PO A[AEP] \d{5})?(?!\w)"
        ),
        needs="Box ",
        score=0.9,
    ),
    Rule(
        type=Pii.LOCATION,  # Postfach 10 01 20
        pattern=re.compile(r"Postfach \d{1,2}(?: ?\d\d){0,3}(?!\w)"),
        needs="Postfach",
        score=0.9,
    ),
    Rule(
        type=Pii.LOCATION,  # Flat 2, Ashley Burg
        pattern=re.compile(
            rf"(?<!\w)(?>(?i:flat|studio|apt\.?|suite)) \d{{1,4}}+[A-Za-z]?+,?+ (?:{_NAME} ){{1,3}}(?i:{_ROADS})"
        ),
        places=_flats,
        score=0.92,
    ),
)

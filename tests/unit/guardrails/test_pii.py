"""Personal data is found in the forms in which people write it, and not where it only looks so."""

import base64

import pytest

from stellwerk.guardrails import secret_leak
from stellwerk.guardrails.pii import Settings, build
from stellwerk.text.reading import read

CODED = base64.b64encode(b"my IBAN is DE89 3704 0044 0532 0130 00 ok").decode()
CODED_NAME = base64.b64encode(b"My name is Max Mustermann.").decode()
FOUND = [
    ("Mail an max.muster@example.de.", "EMAIL_ADDRESS", "max.muster@example.de"),
    ("Is it a@example.com. Is that right?", "EMAIL_ADDRESS", "a@example.com"),
    ("See https://example.org/a?b=1, please", "URL", "https://example.org/a?b=1"),
    ("IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF", "IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
    ("IBAN DE89 3704\n0044 0532\n0130 00", "IBAN_CODE", "DE89 3704\n0044 0532\n0130 00"),
    ("IBAN DE89\u200b3704\u200b0044\u200b0532\u200b0130\u200b00", "IBAN_CODE", None),
    ("from 192.0.2.17 at noon", "IP_ADDRESS", "192.0.2.17"),
    ("from 2001:db8:0:0:0:0:2:1 at noon", "IP_ADDRESS", "2001:db8:0:0:0:0:2:1"),
    ("USt-Id DE136695976", "DE_VAT_ID", "DE136695976"),
    ("UID ATU13585627", "AT_VAT_ID", "ATU13585627"),
    ("AHV 756.9217.0769.85", "CH_AHV", "756.9217.0769.85"),
    ("RVNR 15 070649 C 103", "DE_SOCIAL_SECURITY", "15 070649 C 103"),
    ("my ITIN 912-70-1234", "US_ITIN", "912-70-1234"),
    ("123-12-1234 is it", "US_SSN", "123-12-1234"),
    ("my SSN 123121234", "US_SSN", "123121234"),
    ("NI number AB 12 34 56 C", "UK_NINO", "AB 12 34 56 C"),
    ("pay with 4111 1111 1111 1111 now", "CREDIT_CARD", "4111 1111 1111 1111"),
    ("my card 503867297114", "CREDIT_CARD", "503867297114"),
    ("Steuer-ID 86 095 742 719", "DE_TAX_ID", "86 095 742 719"),
    ("Steuer-ID 86095742719", "DE_TAX_ID", "86095742719"),
    ("Versichertennummer A123456780", "DE_HEALTH_ID", "A123456780"),
    ("Ausweis T220001293", "DE_ID_CARD", "T220001293"),
    ("NHS 943 476 5919", "UK_NHS", "943 476 5919"),
    ("SVNR 1237 010180", "AT_SOCIAL_SECURITY", "1237 010180"),
    ("+49 (0)30 1234567", "PHONE_NUMBER", "+49 (0)30 1234567"),
    ("oder 0711/375800 abends", "PHONE_NUMBER", "0711/375800"),
    ("(761)442-7693x12", "PHONE_NUMBER", "(761)442-7693x12"),
    ("call me on 01.84.17.61.18", "PHONE_NUMBER", "01.84.17.61.18"),
    ("28-64-66-98 office", "PHONE_NUMBER", "28-64-66-98"),
    ("geb. 10.10.1988", "DATE_TIME", "10.10.1988"),
    ("am 3. März 1960 geboren", "DATE_TIME", "3. März 1960"),
    ("Kennzeichen HD R 7680", "LICENSE_PLATE", "HD R 7680"),
    ("der M-AB 123 dort", "LICENSE_PLATE", "M-AB 123"),
    ("Am Alten Markt 3", "LOCATION", "Am Alten Markt 3"),
    ("in der Hauptstraße 12a", "LOCATION", "Hauptstraße 12a"),
    ("Wir wohnen im Lindenhof 3", "LOCATION", "Lindenhof 3"),
    ("Im Winkel 4, 70173 Stuttgart", "LOCATION", "Im Winkel 4"),
    ("at 12 Long Meadow Lane, Apt. 4", "LOCATION", "12 Long Meadow Lane, Apt. 4"),
    ("to 51709 Spinatsch 94 Apt. 615 please", "LOCATION", "51709 Spinatsch 94 Apt. 615"),
    ("at PSC 1234, Box 5678\nAPO AE 09012.", "LOCATION", "PSC 1234, Box 5678\nAPO AE 09012"),
    ("Schreib an Postfach 10 01 20, Bonn", "LOCATION", "Postfach 10 01 20"),
    ("in Brixtonlaan 380, please", "LOCATION", "Brixtonlaan 380"),
    ("Flat 2, Ashley Road", "LOCATION", "Flat 2, Ashley Road"),
    ("Sehr geehrte Frau Dr. Meier-Schmidt,", "PERSON", "Dr. Meier-Schmidt"),
    ("ich heiße Kemal Özdemir", "PERSON", "Kemal Özdemir"),
    ("My name is Zoltan O'Hara", "PERSON", "Zoltan O'Hara"),
    ("my name is max mustermann, and", "PERSON", "max mustermann"),
    ("ich heiße jürgen und brauche Hilfe", "PERSON", "jürgen"),
    ("Viele Grüße\nPolina Semjonowa", "PERSON", "Polina Semjonowa"),
    ("We met Sarah van der Berg there", "PERSON", "Sarah van der Berg"),
]
NOT_FOUND = [
    "What is the capital of France?",
    "Order number 4821337712 shipped on 2024-05-12.",
    "Ticket #9981234 is open.",
    "Install version 10.4.2.1 please.",
    "Card 4111 1111 1111 1112",
    "IBAN DE89 3704 0044 0532 0130 01",
    "IBAN XX89 3704 0044 0532 0130 01, and DE89 3704 0044",
    "AB12:CD34:99999 and at 12:30:45",
    "::1 or a::b",
    "my SSN 123456789",
    "1111 1111 1111 1111",
    "Dear Team, hello Everyone",
    "Taylor PLC and Christoph AG",
    "In May we grow. Max is a function.",
    "call 12.05.2024",
    "call 12345",
    "the (0711 375800",
    "NJW-RR 1993, 12",
    "During 2017 we grew. Spring 1984 too, and Monitoring 24 hours a day.",
    "In Textfeld 3 und Kopfzeile 12 stehen Faktor 2 und Vektor 7; Arbeitsmarkt 2023.",
    "Das hat der Bundesgerichtshof 1955 bestätigt, an der Bundesstraße 11.",
    "String 5, Offering 10, Director 2, Engineering 101 and Factor 3",
]


HIDDEN = [
    ("max at example punkt de", "EMAIL_ADDRESS", "max at example punkt de"),
    ("an max punkt muster (at) example.de bitte", "EMAIL_ADDRESS", "max punkt muster (at) example.de"),
    ("jane dot doe at mail dot example dot com", "EMAIL_ADDRESS", "jane dot doe at mail dot example dot com"),
    ("a%40example.org is it", "EMAIL_ADDRESS", "a%40example.org"),
    ("tel null eins sieben eins, drei vier fünf sechs", "PHONE_NUMBER", "null eins sieben eins, drei vier fünf sechs"),
    ("card four one one one one one one one one one one one one one one one!", "CREDIT_CARD", None),
    ("IBAN \uff24\uff25\uff18\uff19 3704 0044 0532 0130 00", "IBAN_CODE", None),
    ("Karte \u0664111 1111 1111 1111", "CREDIT_CARD", "\u0664111 1111 1111 1111"),
    ("D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0", "IBAN_CODE", None),
    ("in reverse: 00 0310 2350 4400 4073 98ED", "IBAN_CODE", None),
    (f"decode {CODED} please", "IBAN_CODE", CODED),
    (f"decode {CODED_NAME} please", "PERSON", CODED_NAME),
]
MISTAKEN = {
    "a number for a person": "1482 and 77 are in column B, 00012 in column C.",
    "a log line for a person or a URL": "2024-05-12 08:01:17,113 ERROR [main] o.a.Kernel.start: Timeout in Module.load",
    "a stamp of time for a telephone": "081109 203615 148 INFO dfs.DataNode: Receiving block from 17",
    "code for a person": "Mock(), Signal[Session] and Anna.run() of claude-sonnet-4-5-20250929, contact 1",
    "a title in JSON for a person": '{"title": "Tool Id", "type": "string", "label": "Total Requests"}',
    "a date for a person or a place": "Between 2017-03-01 and March 2019, on Monday and in Q3, During 2017.",
    "a file or a method for a URL": "Call app.run in main.py, then numpy.array, index.html and user.name.",
    "a version for an address": "Version 10.4.2.1, release 1.2.3.4; listen on 0.0.0.0 or 127.0.0.1.",
    "a placeholder for a person": "Dear <PERSON_1>, [NAME_REDACTED] and {{customer_name}} wrote to <EMAIL_ADDRESS_2>.",
    "an order for a telephone": "Order number 4821337712, invoice 2024-118-4471, ticket 0049123456.",
    "a German noun for a person": "Die Rechnung, der Vertrag und das Angebot der Abteilung Einkauf liegen im Ordner.",
    "counting for a telephone": "zero one two three four five six seven eight nine",
    "speech for an address": "Look at the dot at point five dot six at noon.",
}


@pytest.mark.parametrize(("text", "kind", "part"), HIDDEN)
def test_what_is_spelled_or_coded_is_found_where_it_stands(text: str, kind: str, part: str | None) -> None:
    test_it_is_found(text, kind, part)


@pytest.mark.parametrize("text", MISTAKEN.values(), ids=MISTAKEN.keys())
def test_it_does_not_mistake(text: str) -> None:
    assert build(Settings()).check(read(text)) == ()


@pytest.mark.parametrize("text", ["wr1te to M4x M1ller", "T h i s  i s  S a r a h  M i l l e r", "ask %41nna M%69ller"])
def test_garbled_words_are_no_names(text: str) -> None:
    assert build(Settings()).check(read(text)) == ()


def test_what_stands_in_the_open_is_told_once_beside_what_is_hidden() -> None:
    text = "mail a&#64;example.org or b@example.org"
    (finding,) = build(Settings()).check(read(text))
    assert [text[span.start : span.end] for span in finding.spans] == ["a&#64;example.org", "b@example.org"]


def test_a_url_with_credentials_is_one_url_and_a_secret() -> None:
    text = "see postgres://user:hunter2@db.example.org/x now"
    for check in (build(Settings()), secret_leak.build(secret_leak.Settings())):
        (finding,) = check.check(read(text))
        assert finding.spans[0].start == len("see ")
        assert "hunter2" in text[finding.spans[0].start : finding.spans[0].end]
    assert [str(finding.category) for finding in build(Settings()).check(read(text))] == ["URL"]


@pytest.mark.parametrize(("text", "kind", "part"), FOUND)
def test_it_is_found(text: str, kind: str, part: str | None) -> None:
    found = {
        (str(span.type), text[span.start : span.end])
        for finding in build(Settings()).check(read(text))
        for span in finding.spans
    }
    assert kind in {name for name, _ in found}
    assert part is None or (kind, part) in found


@pytest.mark.parametrize("text", NOT_FOUND)
def test_it_is_left_alone(text: str) -> None:
    assert build(Settings()).check(read(text)) == ()


def test_types_are_the_policys() -> None:
    check = build(Settings(types=("URL",)))
    (finding,) = check.check(read("a@example.com and https://example.com/x"))
    assert finding.category == "URL"

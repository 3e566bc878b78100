"""Personal data is found in the forms in which people write it, and not where it only looks so."""

import pytest

from stellwerk.guardrails.pii import Settings, build
from stellwerk.text.reading import read

FOUND = [
    ("Mail an max.muster@example.de.", "EMAIL_ADDRESS", "max.muster@example.de"),
    ("Is it a@example.com. Is that right?", "EMAIL_ADDRESS", "a@example.com"),
    ("See https://example.org/a?b=1, please", "URL", "https://example.org/a?b=1"),
    ("IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF", "IBAN_CODE", "DE89 3704 0044 0532 0130 00"),
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
    ("Flat 2, Ashley Road", "LOCATION", "Flat 2, Ashley Road"),
    ("Sehr geehrte Frau Dr. Meier-Schmidt,", "PERSON", "Dr. Meier-Schmidt"),
    ("ich heiße Kemal Özdemir", "PERSON", "Kemal Özdemir"),
    ("My name is Zoltan O'Hara", "PERSON", "Zoltan O'Hara"),
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

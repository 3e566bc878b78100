"""Check digits of numbers that people carry. Each takes the bare characters, without separators."""

from __future__ import annotations

from itertools import cycle

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
"""Characters of an IBAN by country."""


def luhn(digits: str) -> bool:
    """Payment cards (ISO/IEC 7812)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def iban(code: str) -> bool:
    """International bank account numbers (ISO 13616): the country's length and the remainder 1 by 97."""
    if len(code) != IBAN_LENGTHS.get(code[:2]):
        return False
    return int("".join(str(int(letter, 36)) for letter in code[4:] + code[:4])) % 97 == 1


def mod_11_10(digits: str) -> bool:
    """ISO 7064 MOD 11,10: German tax and VAT numbers."""
    product = 10
    for digit in digits[:-1]:
        product = 2 * ((int(digit) + product) % 10 or 10) % 11
    return (11 - product) % 10 == int(digits[-1])


def de_tax_id(digits: str) -> bool:
    """Steuer-Identifikationsnummer: its first ten digits hold one digit twice or three times, never more."""
    most = max(digits[:10].count(digit) for digit in set(digits[:10]))
    return digits[0] != "0" and most in {2, 3} and mod_11_10(digits)


def de_social_security(code: str) -> bool:
    """Rentenversicherungsnummer: area, birthday, initial, series, check digit."""
    if not (1 <= int(code[2:4]) <= 31 or 51 <= int(code[2:4]) <= 81) or not 1 <= int(code[4:6]) <= 12:
        return False
    digits = f"{code[:8]}{ord(code[8]) - 64:02}{code[9:11]}"
    return _cross_sum(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)) % 10 == int(code[11])


def de_health_id(code: str) -> bool:
    """Krankenversichertennummer: a letter, eight digits, check digit."""
    return _cross_sum(f"{ord(code[0]) - 64:02}{code[1:9]}", (1, 2) * 5) % 10 == int(code[9])


def de_id_card(code: str) -> bool:
    """Serial number of a German identity card or passport with its check digit (ICAO 9303)."""
    total = sum(int(letter, 36) * weight for letter, weight in zip(code[:9], cycle((7, 3, 1)), strict=False))
    return total % 10 == int(code[9])


def ean_13(digits: str) -> bool:
    """EAN-13: Swiss AHV numbers."""
    return sum(int(digit) * (1 + 2 * (place % 2)) for place, digit in enumerate(digits)) % 10 == 0


def at_social_security(digits: str) -> bool:
    """Austrian Sozialversicherungsnummer: three digits, check digit, birthday."""
    weighted = sum(int(digit) * weight for digit, weight in zip(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6), strict=True))
    is_day = 1 <= int(digits[4:6]) <= 31 and 1 <= int(digits[6:8]) <= 15
    return is_day and digits[0] != "0" and weighted % 11 == int(digits[3])


def at_vat(digits: str) -> bool:
    """Austrian VAT number without its letters ATU."""
    return (96 - _cross_sum(digits[:7], (1, 2, 1, 2, 1, 2, 1))) % 10 == int(digits[7])


def uk_nhs(digits: str) -> bool:
    """Number of the National Health Service."""
    return sum(int(digit) * weight for digit, weight in zip(digits, range(10, 0, -1), strict=True)) % 11 == 0


def us_ssn(digits: str) -> bool:
    """Social security numbers have no check digit, only parts that are never given."""
    return digits[:3] not in {"000", "666"} and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def _cross_sum(digits: str, weights: tuple[int, ...]) -> int:
    products = (int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return sum(product // 10 + product % 10 for product in products)

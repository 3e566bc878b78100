"""Check digits: published examples pass, and no single digit may change."""

from collections.abc import Callable

import pytest

from stellwerk.core import checksum

EXAMPLES: list[tuple[Callable[[str], bool], str]] = [
    (checksum.luhn, "4111111111111111"),
    (checksum.iban, "DE89370400440532013000"),
    (checksum.iban, "GB82WEST12345698765432"),
    (checksum.mod_11_10, "136695976"),
    (checksum.de_tax_id, "86095742719"),
    (checksum.de_social_security, "15070649C103"),
    (checksum.de_health_id, "A123456780"),
    (checksum.de_id_card, "T220001293"),
    (checksum.ean_13, "7569217076985"),
    (checksum.at_social_security, "1237010180"),
    (checksum.at_vat, "13585627"),
    (checksum.uk_nhs, "9434765919"),
]


@pytest.mark.parametrize(("test", "code"), EXAMPLES)
def test_an_example_passes_and_with_one_other_digit_at_its_end_does_not(test: Callable[[str], bool], code: str) -> None:
    assert test(code)
    assert not test(code[:-1] + str((int(code[-1]) + 1) % 10))


def test_what_cannot_be_is_refused() -> None:
    assert not checksum.iban("XX89370400440532013000")
    assert not checksum.iban("DE8937040044053201300")
    assert not checksum.de_tax_id("00000000000")
    assert not checksum.de_social_security("15990649C103")
    assert not checksum.de_social_security("15079949C103")
    assert not checksum.at_social_security("1237320180")


@pytest.mark.parametrize("code", ["000121234", "666121234", "912121234", "123001234", "123120000"])
def test_social_security_numbers_that_are_never_given(code: str) -> None:
    assert not checksum.us_ssn(code)


def test_any_other_social_security_number_may_be_one() -> None:
    assert checksum.us_ssn("123121234")

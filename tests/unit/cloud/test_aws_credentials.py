"""AWS credentials as values."""

from __future__ import annotations

import pytest

from stellwerk.cloud.aws_credentials import Credentials


@pytest.mark.parametrize(
    "parts",
    [("", "s", ""), ("a", "", ""), ("a\r\nx: y", "s", ""), ("a", "s\n", ""), ("a", "s", "tok en"), ("ä", "s", "")],
)
def test_what_could_split_a_header_is_no_credential_and_is_not_repeated(parts: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="credentials") as refused:
        Credentials(*parts)
    assert "x: y" not in str(refused.value)


def test_a_secret_is_not_shown() -> None:
    shown = repr(Credentials("AKIA", "very-secret", "very-token"))
    assert shown == "Credentials('AKIA')"

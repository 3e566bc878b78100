"""The corpus of URLs: each is decided as it says, and a second parser finds the same host in whatever is allowed."""

from urllib.parse import urlsplit

import pytest

from stellwerk.core.hostname import canonical
from tests.unit.core.hostile_urls import ANY, ANY_ONLY, BOTH, LISTED, LISTED_ONLY, NOWHERE

EXPECTED = (
    *((url, "allow", "allow") for url in BOTH),
    *((url, "allow", "deny") for url in LISTED_ONLY),
    *((url, "deny", "allow") for url in ANY_ONLY),
    *((url, "deny", "deny") for url in NOWHERE),
)
NAMES = [f"{number} {ascii(url)[:60]}" for number, (url, _, _) in enumerate(EXPECTED)]


def test_the_corpus_is_large_and_says_everything_once() -> None:
    assert len(EXPECTED) >= 300
    assert len({url for url, _, _ in EXPECTED}) == len(EXPECTED)


@pytest.mark.parametrize(("url", "listed", "anywhere"), EXPECTED, ids=NAMES)
def test_a_url_is_decided_as_the_corpus_says(url: str, listed: str, anywhere: str) -> None:
    assert LISTED.judge_url(url).word == listed, LISTED.judge_url(url).reason
    assert ANY.judge_url(url).word == anywhere, ANY.judge_url(url).reason


@pytest.mark.parametrize("url", [*BOTH, *LISTED_ONLY, *ANY_ONLY], ids=ascii)
def test_another_parser_reads_the_same_destination(url: str) -> None:
    for policy in (LISTED, ANY):
        origin = policy.judge_url(url).origin
        other = urlsplit(url)
        assert origin is not None
        assert other.hostname is not None
        assert (origin.scheme, origin.host) == (other.scheme, canonical(other.hostname).text)
        assert origin.port == (other.port or {"http": 80, "https": 443}[other.scheme])


@pytest.mark.parametrize("url", NOWHERE, ids=[f"{number}" for number, _ in enumerate(NOWHERE)])
def test_a_reason_can_be_shown_on_a_terminal(url: str) -> None:
    reason = LISTED.judge_url(url).reason
    assert reason
    assert reason.isascii()
    assert reason.isprintable()
    assert len(reason) < 400

"""How long a provider has nothing left for us, by the headers of its answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.dialects.rate_headers import FIRST_FIELD, anthropic_fields, openai_fields, rest_s, span

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def openai(kind: str, remaining: str, reset: str, limit: str = "10000") -> dict[bytes, bytes]:
    """The fields of one bound."""
    return {
        b"x-ratelimit-remaining-requests": b"9",
        f"x-ratelimit-limit-{kind}".encode(): limit.encode(),
        f"x-ratelimit-remaining-{kind}".encode(): remaining.encode(),
        f"x-ratelimit-reset-{kind}".encode(): reset.encode(),
    }


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1h2m3s", 3723.0),
        ("1d", 86_400.0),
        ("7.66s", 7.66),
        ("12", 12.0),
        ("1.5", 1.5),
        ("2026-01-01T00:00:30Z", 30.0),
        ("2025-12-31T00:00:30Z", 0.0),
        ("2026-01-01T00:00:30", 0.0),
        ("soon", 0.0),
        ("-3", 0.0),
        ("nan", 0.0),
        ("", 0.0),
    ],
)
def test_when_a_bound_is_whole_again(reset: str, seconds: float) -> None:
    assert rest_s(openai("requests", "0", reset), NOW) == pytest.approx(seconds)


def test_one_request_that_is_left_is_a_whole_one() -> None:
    assert rest_s(openai("requests", "1", "6m0s"), NOW) == 0.0


def test_a_hundredth_of_the_tokens_is_as_good_as_nothing() -> None:
    assert rest_s(openai("tokens", "100", "6m0s"), NOW) == 360.0
    assert rest_s(openai("tokens", "101", "6m0s"), NOW) == 0.0


def test_what_is_no_number_says_nothing() -> None:
    assert rest_s(openai("tokens", "few", "6m0s"), NOW) == 0.0
    assert rest_s({}, NOW) == 0.0


def test_of_several_bounds_the_longest_pause_counts() -> None:
    headers = openai("requests", "0", "1s") | {
        b"x-ratelimit-remaining-tokens": b"0",
        b"x-ratelimit-reset-tokens": b"9s",
    }
    assert rest_s(headers, NOW) == 9.0


def test_anthropic_tells_moments() -> None:
    headers = {
        b"anthropic-ratelimit-requests-remaining": b"49",
        b"anthropic-ratelimit-output-tokens-limit": b"8000",
        b"anthropic-ratelimit-output-tokens-remaining": b"0",
        b"anthropic-ratelimit-output-tokens-reset": b"2026-01-01T00:00:05Z",
    }
    assert rest_s(headers, NOW) == 5.0


@given(
    st.dictionaries(
        st.sampled_from(
            [
                b"x-ratelimit-remaining-requests",
                b"x-ratelimit-reset-requests",
                b"x-ratelimit-limit-tokens",
                b"x-ratelimit-remaining-tokens",
                b"x-ratelimit-reset-tokens",
                b"anthropic-ratelimit-requests-remaining",
                b"anthropic-ratelimit-requests-reset",
            ]
        ),
        st.binary(max_size=24) | st.sampled_from([b"0", b"1s", b"2026-01-01T00:00:30Z", b"1e400", b"\xb2"]),
    )
)
def test_whatever_a_provider_writes_there_is_no_trouble(headers: dict[bytes, bytes]) -> None:
    assert rest_s(headers, NOW) >= 0.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.12, "0.12s"), (1.5, "1.5s"), (59.9, "59.9s"), (360, "6m0s"), (3_723, "1h2m3s"), (59.9999, "1m0s")],
)
def test_spans_are_written_like_openais(seconds: float, text: str) -> None:
    assert span(seconds) == text.encode()


@given(limit=st.integers(1, 10**9), reset_s=st.floats(0, 1e7), is_anthropic=st.booleans())
def test_what_we_write_of_an_exhausted_limit_we_read_as_so_long_a_rest(
    limit: int, reset_s: float, is_anthropic: bool
) -> None:
    now = 1_800_000_000.0
    lines = (
        anthropic_fields(b"requests", limit, 0, reset_s, now)
        if is_anthropic
        else openai_fields(b"requests", limit, 0, reset_s)
    )
    headers = dict(line.split(b": ") for line in lines.splitlines())
    assert reset_s - 1e-3 <= rest_s(headers, now) <= reset_s + 1.0
    assert rest_s({**headers, FIRST_FIELD["openai_chat"]: b"1", FIRST_FIELD["anthropic_messages"]: b"1"}, now) == 0

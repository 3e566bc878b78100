"""Requests and tokens a minute."""

from stellwerk.simulator.rate import MOST_BUCKETS, RateLimits


def test_a_minutes_requests_may_be_used_at_once_and_come_back_steadily() -> None:
    limits = RateLimits(rpm=60, tpm=None)
    for left in range(59, -1, -1):
        requests, tokens = limits.take("key", "model", 10, now=0.0)
        assert requests is not None
        assert (requests.remaining, requests.wait_s, tokens) == (left, 0.0, None)
    refused, _ = limits.take("key", "model", 10, now=0.0)
    assert refused is not None
    assert refused.wait_s == 1.0
    assert refused.reset_s == 60.0
    admitted, _ = limits.take("key", "model", 10, now=1.0)
    assert admitted is not None
    assert admitted.wait_s == 0.0


def test_a_request_over_the_tokens_takes_no_request_either() -> None:
    limits = RateLimits(rpm=10, tpm=600)
    limits.take("key", "model", 500, now=0.0)
    requests, tokens = limits.take("key", "model", 200, now=0.0)
    assert requests is not None
    assert tokens is not None
    assert tokens.wait_s == 10.0
    assert tokens.remaining == 100
    requests, tokens = limits.take("key", "model", 100, now=0.0)
    assert requests is not None
    assert requests.remaining == 8


def test_a_request_larger_than_the_whole_allowance_is_let_in_when_the_bucket_is_full() -> None:
    limits = RateLimits(rpm=None, tpm=100)
    _, tokens = limits.take("key", "model", 1_000, now=0.0)
    assert tokens is not None
    assert (tokens.wait_s, tokens.remaining) == (0.0, 0)


def test_keys_and_models_have_their_own_allowance() -> None:
    limits = RateLimits(rpm=1, tpm=None)
    for key, model in (("a", "m"), ("b", "m"), ("a", "n")):
        requests, _ = limits.take(key, model, 0, now=0.0)
        assert requests is not None
        assert requests.wait_s == 0.0
    assert limits.is_limiting
    assert not RateLimits(None, None).is_limiting


def test_the_keys_not_seen_for_longest_are_forgotten() -> None:
    limits = RateLimits(rpm=1, tpm=None)
    for number in range(MOST_BUCKETS + 1):
        limits.take(str(number), "m", 0, now=0.0)
    again, _ = limits.take("0", "m", 0, now=0.0)
    kept, _ = limits.take(str(MOST_BUCKETS), "m", 0, now=0.0)
    assert again is not None
    assert kept is not None
    assert again.wait_s == 0.0
    assert kept.wait_s == 60.0

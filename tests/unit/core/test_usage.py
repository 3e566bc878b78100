"""Usage: a total contains its parts."""

from __future__ import annotations

from stellwerk.core.usage import Usage


def test_what_a_provider_does_not_say_is_zero() -> None:
    assert Usage().total_tokens == 0
    counts = [name for name in Usage.__struct_fields__ if name not in {"service_tier", "reported_nanos"}]
    assert all(getattr(Usage(), name) == 0 for name in counts)
    assert Usage().reported_nanos is None


def test_a_tier_that_is_not_named_is_the_standard_one() -> None:
    assert Usage().service_tier == ""


def test_the_total_is_input_and_output_and_nothing_counted_twice() -> None:
    usage = Usage(
        input_tokens=100,
        output_tokens=50,
        cache_read_tokens=40,
        cache_write_tokens=10,
        reasoning_tokens=30,
        input_audio_tokens=5,
        output_audio_tokens=5,
        cache_write_1h_tokens=4,
        cache_read_audio_tokens=3,
        input_image_tokens=20,
        output_image_tokens=10,
        web_searches=2,
    )
    assert usage.total_tokens == 150

"""Who is able to serve a request, why somebody is not, and how it is told when nobody is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.able import Lack, lacking, refusal, sift
from stellwerk.core.catalog import ModelCard
from stellwerk.core.context import Bounds, Fit, fits
from stellwerk.core.route import Target


def target(name: str, *lacks: str, window: int = 0, output: int = 0) -> Target:
    """A target of which the catalogue knows this."""
    card = ModelCard("p", name, lacks=lacks, context_window=window, max_output=output)
    return Target(f"p/{name}", "p", name, card=card)


UNKNOWN = Target("q/new", "q", "new")
BLIND, SMALL, LARGE = target("blind", "vision", "tools"), target("small", window=1_000), target("large", window=9_000)


def test_only_a_stated_lack_excludes() -> None:
    sifted = sift((BLIND, UNKNOWN, LARGE), {"vision", "parallel_tools"})
    assert sifted.able == (UNKNOWN, LARGE)
    assert sifted.reasons == {"p/blind": "no parallel_tools, no vision"}
    assert sift((BLIND, UNKNOWN), {"audio_in"}).able == (BLIND, UNKNOWN)


def test_requirements_of_ones_own_count_like_any_other() -> None:
    sifted = sift((target("m", "german"), SMALL), {"german", "long_context"})
    assert sifted.reasons == {"p/m": "no german", "p/small": "no long_context"}


def test_who_may_have_no_room_comes_last_and_who_has_none_is_out() -> None:
    sifted = sift((SMALL, UNKNOWN, LARGE), (), Bounds(900, 2_000))
    assert sifted.able == (UNKNOWN, LARGE, SMALL)
    assert sifted.doubtful == {"p/small"}
    assert sifted.settle((SMALL, LARGE)) == (LARGE, SMALL)
    sifted = sift((SMALL, LARGE), ("vision",), Bounds(1_200, 2_000))
    assert sifted.able == (LARGE,)
    assert sifted.reasons == {"p/small": "context window 1000, the prompt has at least 1200 tokens"}


def test_everything_that_is_missing_is_told() -> None:
    both = target("m", "vision", window=10)
    sifted = sift((both,), {"vision"}, Bounds(11, 20))
    assert sifted.reasons == {"p/m": "no vision, context window 10, the prompt has at least 11 tokens"}


def test_when_nobody_is_able_the_error_says_why() -> None:
    error = refusal("smart", sift((BLIND,), {"vision"}).reasons)
    assert error.message == "No target of the model 'smart' can serve this request (p/blind: no vision)."
    assert (error.status, error.code, error.param, error.retryable) == (404, "no_capable_target", "model", False)


def test_the_error_stays_short() -> None:
    error = refusal("m" * 1_000, {f"p/{number}": "no vision" for number in range(20)})
    assert error.message.endswith("p/7: no vision; and 12 more).")
    assert "m" * 201 not in error.message


def test_lacks_are_those_of_any_target_and_the_least_room() -> None:
    assert lacking((BLIND, SMALL, UNKNOWN, LARGE, target("m", "files", output=5))) == Lack(
        ("files", "parallel_tools", "tools", "vision"), 1_000, 5
    )
    assert lacking((UNKNOWN,)) == Lack()


LACKS = st.lists(st.sampled_from(["vision", "tools", "files", "german"]), unique=True)
SIZES = st.integers(0, 50)
TARGETS = st.lists(
    st.builds(
        lambda number, lacks, window, output: target(str(number), *lacks, window=window, output=output),
        st.integers(0, 99),
        LACKS,
        SIZES,
        SIZES,
    )
    | st.just(UNKNOWN),
    unique_by=lambda found: found.identity,
    max_size=6,
).map(tuple)


@given(TARGETS, LACKS, st.tuples(SIZES, SIZES, st.none() | SIZES))
def test_every_target_is_able_or_has_a_reason(
    targets: tuple[Target, ...], needs: list[str], sizes: tuple[int, int, int | None]
) -> None:
    bounds = Bounds(min(sizes[:2]), max(sizes[:2]), sizes[2])
    sifted = sift(targets, needs, bounds)
    assert {one.identity for one in targets} == {one.identity for one in sifted.able} | set(sifted.reasons)
    assert len(sifted.able) + len(sifted.reasons) == len(targets)
    assert sifted.settle(sifted.able) == sifted.able
    assert [one for one in targets if one.identity in sifted.doubtful] == list(sifted.able[-len(sifted.doubtful) :])[
        : len(sifted.doubtful)
    ]


@given(TARGETS, LACKS, st.integers(0, 10), st.none() | SIZES)
def test_what_concerns_no_target_changes_nothing(
    targets: tuple[Target, ...], needs: list[str], size: int, cap: int | None
) -> None:
    def may_need(_body: bytes, *capabilities: str) -> bool:
        return bool({*capabilities} & {*needs})

    body = b"x" * size
    if not lacking(targets).concerns(body, cap, may_need):
        sifted = sift(targets, needs, Bounds(size, size, cap))
        assert sifted.able == targets
        assert all(fits(one.card, size, size, cap) is Fit.FITS for one in targets)


@pytest.mark.parametrize(
    ("lack", "size", "cap", "needs", "concerns"),
    [
        (Lack(), 10**8, 10**8, ("vision",), False),
        (Lack(("vision",)), 10, None, ("vision",), True),
        (Lack(("vision",)), 10, None, ("tools",), False),
        (Lack(max_output=10), 10, 11, (), True),
        (Lack(max_output=10), 10, 10, (), False),
        (Lack((), 128_000), 1_000, None, ("vision",), False),
        (Lack((), 128_000), 10_000, None, ("vision",), True),
        (Lack((), 128_000), 10_000, None, (), False),
        (Lack((), 128_000), 10_000, 120_000, (), True),
        (Lack((), 128_000), 100_000, None, (), True),
    ],
)
def test_a_request_is_looked_at_only_where_it_may_matter(
    lack: Lack, size: int, cap: int | None, needs: tuple[str, ...], concerns: bool
) -> None:
    def may_need(_body: bytes, *capabilities: str) -> bool:
        return bool({*capabilities} & {*needs})

    assert lack.concerns(b"x" * size, cap, may_need) is concerns

"""How often beginnings of prompts come again: learned by tenant, bounded, and on no clock of its own."""

from stellwerk.core import prompt_memory
from stellwerk.core.prompt_memory import LONG, MIDDLE, SHORT, OwnMemory, Tally
from stellwerk.core.prompt_reuse import Arrival, PromptReuse, is_warm

TENANT, APPLICATION = b"tenant", b"application"


def arrive(reuse: PromptReuse, now: float, *digests: bytes, depth: int = 0, tenant: bytes = TENANT) -> Arrival:
    """A prompt with these beginnings, all worth remembering."""
    return reuse.arrive([(digest, True) for digest in digests], APPLICATION + tenant, tenant, depth, now)


def test_intervals_count_within_the_horizons_that_they_lie_in() -> None:
    reuse = PromptReuse()
    assert arrive(reuse, 0.0, b"system", b"1").known == (None, None)
    (first, _) = arrive(reuse, 200.0, b"system", b"2").known
    assert first is not None
    (known, _) = arrive(reuse, 200.0 + 1_700, b"system", b"3").known
    assert known is first
    assert known.tally.trials == 2
    assert known.tally.within == [1, 2, 2]
    assert known.chance(SHORT) < known.chance(MIDDLE) == known.chance(LONG)


def test_what_was_never_seen_again_has_no_chance() -> None:
    assert prompt_memory.Beginning(0.0).chance(LONG) == 0.0


def test_a_turn_that_is_taken_up_makes_the_next_ones_likelier() -> None:
    reuse = PromptReuse()
    before = arrive(reuse, 0.0, b"1", tenant=b"a")
    for number in range(5):
        arrive(reuse, number * 10.0, b"opening%d" % number, tenant=b"a")
        arrive(reuse, number * 10.0 + 5, b"opening%d" % number, b"second%d" % number, depth=1, tenant=b"a")
    after = arrive(reuse, 50.0, b"another", tenant=b"a")
    assert after.chances[SHORT] > 0.5 > before.chances[SHORT]
    assert (before.cases, after.cases) == (0, 5)
    assert arrive(reuse, 50.0, b"another", tenant=b"b").cases == 0


def test_a_turn_that_nobody_takes_up_counts_as_the_last_until_somebody_does() -> None:
    reuse = PromptReuse()
    arrive(reuse, 0.0, b"one")
    assert arrive(reuse, 59.0, b"two").cases == 0
    assert arrive(reuse, 60.0, b"three").cases == 1
    low = arrive(reuse, 61.0, b"four").chances[SHORT]
    arrive(reuse, 90.0, b"one", b"next", depth=1)
    found = arrive(reuse, 91.0, b"five")
    assert found.cases == 1
    assert found.chances[SHORT] > low


def test_old_cases_fade() -> None:
    tally = Tally()
    for _ in range(200):
        tally.try_()
        tally.hit(1.0)
    assert tally.trials <= prompt_memory.FADES_AT
    for _ in range(200):
        tally.try_()
    assert tally.chance(SHORT, 0.1, 2.0) < 0.05


def test_what_is_warm_is_so_at_one_target_and_for_a_time() -> None:
    reuse = PromptReuse()
    reuse.warm(b"x", "a/m", 0.0, 300.0)
    (known,) = arrive(reuse, 100.0, b"x").known
    assert known is not None
    assert is_warm(known, "a/m", 299.0)
    assert not is_warm(known, "a/m", 300.0)
    assert not is_warm(known, "b/m", 100.0)


def test_the_rate_of_a_beginning_is_that_of_late() -> None:
    reuse = PromptReuse()
    assert reuse.per_minute(b"x") == 0.0
    arrive(reuse, 0.0, b"x")
    arrive(reuse, 0.001, b"x")
    assert reuse.per_minute(b"x") < 2.01
    for number in range(200):
        arrive(reuse, 1 + number * 2.0, b"x")
    assert 28 < reuse.per_minute(b"x") < 32


def test_memory_is_bounded() -> None:
    memory = OwnMemory()
    reuse = PromptReuse(memory)
    for number in range(prompt_memory.MOST_BEGINNINGS + 10):
        arrive(reuse, number * 1.0, b"%d" % number, tenant=b"%d" % (number % (prompt_memory.MOST_CLASSES + 5)))
        reuse.settle(b"%d" % number, 1)
    assert len(memory.beginnings) == prompt_memory.MOST_BEGINNINGS
    assert len(memory.tallies) == prompt_memory.MOST_CLASSES
    assert len(memory.credits) == prompt_memory.MOST_CLASSES
    assert len(reuse._open) <= prompt_memory.MOST_BEGINNINGS + 1
    assert arrive(reuse, 1.0, b"0").known == (None,)


def test_savings_are_an_account_that_marks_are_staked_from() -> None:
    reuse = PromptReuse()
    assert reuse.credit(b"a") == 0
    reuse.settle(b"a", 10)
    reuse.settle(b"a", -4)
    assert (reuse.credit(b"a"), reuse.credit(b"b")) == (6, 0)


def test_nothing_to_remember_is_nothing() -> None:
    found = PromptReuse().arrive((), b"a", b"t", 0, 0.0)
    assert (found.known, found.is_known) == ((), False)

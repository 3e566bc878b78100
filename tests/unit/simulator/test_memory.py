"""What providers remember of earlier requests."""

from stellwerk.simulator.ask import Segment
from stellwerk.simulator.memory import MOST_ENTRIES, Repeats
from stellwerk.simulator.prompt_cache import PromptCache

SYSTEM = Segment(b"system", 1_500)
QUESTION = Segment(b"question", 50)


def test_the_beginning_of_a_prompt_is_cached_the_second_time_in_steps_of_128() -> None:
    cache = PromptCache()
    assert cache.cached_tokens((SYSTEM, QUESTION)) == 0
    assert cache.cached_tokens((SYSTEM, Segment(b"another", 50))) == 1_408
    assert cache.cached_tokens((SYSTEM, QUESTION)) == 1_536
    assert cache.cached_tokens((QUESTION, SYSTEM)) == 0


def test_short_prompts_are_not_cached() -> None:
    cache = PromptCache()
    cache.cached_tokens((QUESTION,))
    assert cache.cached_tokens((QUESTION,)) == 0


def test_repeats_are_counted_for_each_content() -> None:
    repeats = Repeats()
    assert [repeats.count(content) for content in (b"a", b"b", b"a", b"a")] == [1, 1, 2, 3]


def test_what_was_not_seen_for_longest_is_forgotten() -> None:
    cache, repeats = PromptCache(), Repeats()
    for number in range(MOST_ENTRIES + 1):
        cache.cached_tokens((Segment(b"%d" % number, 2_000),))
        repeats.count(b"%d" % number)
    assert cache.cached_tokens((Segment(b"0", 2_000),)) == 0
    assert cache.cached_tokens((Segment(b"%d" % MOST_ENTRIES, 2_000),)) > 0
    assert repeats.count(b"0") == 1
    assert repeats.count(b"%d" % MOST_ENTRIES) == 2


def test_marked_beginnings_are_written_once_and_read_from_then_on() -> None:
    cache, system, question = PromptCache(), Segment(b"system", 2_000), Segment(b"question", 500)
    assert cache.marked_tokens((system, question), ()) == (0, 0)
    assert cache.marked_tokens((system, question), (1,)) == (0, 2_000)
    assert cache.marked_tokens((system, question), (1, 2)) == (2_000, 500)
    assert cache.marked_tokens((system, question), (2,)) == (2_500, 0)
    assert cache.marked_tokens((system, Segment(b"other", 500)), (1,)) == (2_000, 0)
    assert cache.marked_tokens((Segment(b"short", 1_023),), (1,)) == (0, 0)

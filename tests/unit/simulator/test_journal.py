"""What is noted about requests."""

from stellwerk.simulator.journal import MOST_NAMES, OTHER, Journal


def test_a_request_is_followed_from_its_beginning_to_its_end() -> None:
    journal = Journal(100.0, remember=2)
    entry = journal.begin("/v1/x", 101.5, {b"x-request-id": b"abc", b"traceparent": b"00-1"})
    journal.name(entry, "m", is_stream=True, wants_usage=True)
    journal.fault(entry, "cut")
    journal.spend(entry, 10, 5)
    journal.answer(entry, 200)
    assert journal.report()["in_flight"] == 1
    journal.end(entry, "broken")
    report = journal.report()
    assert report["in_flight"] == 0
    assert report["by_fault"] == {"cut": 1}
    assert report["by_model"] == {"m": 1}
    assert report["by_status"] == {"200": 1}
    assert (report["streams"], report["broken"], report["prompt_tokens"], report["output_tokens"]) == (1, 1, 10, 5)
    assert (entry.at_s, entry.request_id, entry.traceparent, entry.wants_usage) == (1.5, "abc", "00-1", True)


def test_only_the_last_requests_are_kept() -> None:
    journal = Journal(0.0, remember=2)
    for _ in range(3):
        journal.begin("/", 0.0, {})
    assert [entry.number for entry in journal.entries] == [2, 3]


def test_made_up_model_names_do_not_fill_the_memory() -> None:
    journal = Journal(0.0, remember=0)
    for number in range(MOST_NAMES + 5):
        journal.name(journal.begin("/", 0.0, {}), str(number), is_stream=False, wants_usage=False)
    assert len(journal.by_model) == MOST_NAMES + 1
    assert journal.by_model[OTHER] == 5

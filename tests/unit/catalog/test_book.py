"""The book of prices: written once for each price, read by version, and never in the way."""

from pathlib import Path

from stellwerk.catalog.book import BOOK, enter, entries, version_of
from stellwerk.core.catalog import ModelCard
from stellwerk.core.price import Price, Rates, Row


def card(rate: int, name: str = "m") -> ModelCard:
    found = ModelCard("p", name, price=Price((Row(Rates(input=rate)),)), price_version="shipped 2026-11-25")
    return ModelCard("p", name, price=found.price, price_version=version_of(found))


def test_a_price_is_found_by_the_version_that_events_name(tmp_path: Path) -> None:
    one, other = card(1), card(2)
    assert enter(tmp_path / "state", [one, other, ModelCard("p", "unpriced")]) == 2
    found = entries(tmp_path / "state")
    assert found[one.price_version].price == one.price
    assert found[other.price_version].price == other.price
    assert one.price_version.startswith("shipped 2026-11-25 ")


def test_what_the_book_has_is_not_written_again(tmp_path: Path) -> None:
    enter(tmp_path, [card(1)])
    before = (tmp_path / BOOK).read_bytes()
    assert enter(tmp_path, [card(1), card(1, "another name")]) == 0
    assert (tmp_path / BOOK).read_bytes() == before
    assert enter(tmp_path, [card(2)]) == 1
    assert (tmp_path / BOOK).read_bytes().startswith(before)
    assert len(entries(tmp_path)) == 2


def test_the_same_price_has_the_same_version_and_another_another() -> None:
    assert card(1).price_version == card(1, "n").price_version != card(2).price_version
    assert version_of(ModelCard("p", "m", price_version="own")) == ""


def test_a_line_that_a_crash_cut_off_hides_no_other(tmp_path: Path) -> None:
    enter(tmp_path, [card(1)])
    with (tmp_path / BOOK).open("ab") as book:
        book.write(b'\n{"version":"half')
    enter(tmp_path, [card(2)])
    assert {card(1).price_version, card(2).price_version} == set(entries(tmp_path))

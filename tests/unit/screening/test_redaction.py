"""What is kept holds nothing of what the policy for logs finds."""

import msgspec
import pytest

from stellwerk.core.subject import Side, Subject
from stellwerk.core.taxonomy import Threat
from stellwerk.core.verdict import Finding
from stellwerk.errors import StoreUnavailable
from stellwerk.guardrails import pii
from stellwerk.screening import redaction as module
from stellwerk.screening.policy import Rule
from stellwerk.screening.redaction import WITHHELD, Redaction
from tests.unit.stores.events import make_event

LOG = frozenset({Side.LOG})
PEOPLE = Rule(name="pii", check=pii.build(pii.Settings()), sides=LOG)


class Fails:
    """A check that does not run, or minds the whole text."""

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """Nothing of use."""
        if subject.original == "bad":
            raise RuntimeError
        return (Finding(Threat.PROMPT_ATTACK, 1.0),) if subject.original == "attack" else ()


def test_values_are_taken_out() -> None:
    redaction = Redaction([PEOPLE])
    assert redaction.text("mail a.b@example.com now") == "mail [EMAIL_ADDRESS] now"
    assert redaction.text("mail a.b@example.com now") == "mail [EMAIL_ADDRESS] now"
    assert redaction.text("") == ""
    assert redaction.text("nothing here") == "nothing here"


def test_an_event_is_kept_without_them() -> None:
    written = msgspec.structs.replace(make_event(), tags="user=a.b@example.com", model="plain")
    kept = Redaction([PEOPLE]).event(written)
    assert (kept.tags, kept.model) == ("user=[EMAIL_ADDRESS]", "plain")
    other = make_event()
    assert Redaction([PEOPLE]).event(other) is other


def test_what_could_not_be_looked_at_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    redaction = Redaction([Rule(name="x", check=Fails(), sides=LOG)])
    assert redaction.text("bad") == redaction.text("attack") == WITHHELD
    monkeypatch.setattr(module, "LONGEST", 10)
    monkeypatch.setattr(module, "MOST_REMEMBERED", 1)
    assert redaction.text("x" * 20) == "x" * 10
    assert redaction.text("y") == "y"


def test_callers_are_told_apart_and_not_known() -> None:
    redaction = Redaction([PEOPLE])
    redaction.key = lambda: b"k" * 32
    names = [f"login/{user}@example.com" for user in ("anna", "bert", "anna")]
    anna, bert, again = (redaction.event(msgspec.structs.replace(make_event(), key_name=name)) for name in names)
    assert anna.key_name == again.key_name != bert.key_name
    assert anna.key_name.startswith("login/[EMAIL_ADDRESS:")
    assert "anna" not in repr(anna)
    other = Redaction([PEOPLE])
    other.key = lambda: b"l" * 32
    assert other.caller(names[0]) != anna.key_name
    assert redaction.text(names[0]) == "login/[EMAIL_ADDRESS]"


def test_without_the_hosts_secret_callers_are_not_known_either() -> None:
    def away() -> bytes:
        raise StoreUnavailable("It cannot be read.")

    redaction = Redaction([PEOPLE])
    redaction.key = away
    assert redaction.caller("login/anna@example.com") == "login/[EMAIL_ADDRESS]"
    redaction.key = lambda: b"k" * 32
    assert redaction.caller("login/anna@example.com").startswith("login/[EMAIL_ADDRESS:")


def test_callers_whose_names_are_not_kept_stay_apart() -> None:
    redaction = Redaction([Rule(name="x", check=Fails(), sides=LOG)])
    redaction.key = lambda: b"k" * 32
    one, other = redaction.caller("bad"), redaction.caller("attack")
    assert one.startswith("[withheld:")
    assert one == redaction.caller("bad") != other

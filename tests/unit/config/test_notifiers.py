"""Channels and who is told: what may stand in ``[[notifiers]]`` and ``[alerts]``, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from stellwerk import plugins
from stellwerk.config.compile import compile_file
from stellwerk.config.json_schema import json_schema
from stellwerk.config.references import resolve
from stellwerk.core.snapshot import AlertsSpec, NotifierSpec

Said = Callable[[str], list[str]]
Write = Callable[[str], Path]

PLANTED = "PLANTED-SECRET-0123456789"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OPS = f'[[notifiers]]\nname = "ops"\nkind = "webhook"\nurl = "https://hooks.example.com/{PLANTED}"\n'

FAULTS = {
    "an unknown channel": (
        f'{OPS}[alerts]\nnotify = ["opz"]',
        '18: alerts.notify[0]: expected a notifier (one of log, ops), found "opz"; did you mean "ops"?',
    ),
    "the log's name": (
        '[[notifiers]]\nname = "log"\nkind = "log"',
        '14: notifiers[0].name: expected a name of its own, found "log", which is always there',
    ),
    "one name for two": (
        f'{OPS}[[notifiers]]\nname = "ops"\nkind = "log"',
        '18: notifiers[1].name: expected a name of its own, found "ops", the name of notifiers[0]',
    ),
    "an unknown kind": (
        '[[notifiers]]\nname = "ops"\nkind = "webhok"',
        (
            '15: notifiers[0].kind: expected a kind of notifier (one of log, webhook), found "webhok"; '
            'did you mean "webhook"?'
        ),
    ),
    "no kind": ('[[notifiers]]\nname = "ops"', "13: notifiers[0].kind: required, but missing"),
    "no URL": ('[[notifiers]]\nname = "ops"\nkind = "webhook"', "13: notifiers[0].url: required, but missing"),
    "an unknown option": (
        f'{OPS}sercet = "{PLANTED}"',
        '17: notifiers[0].sercet: unknown key, expected one of name, kind, url, secret; did you mean "secret"?',
    ),
    "no URL but a text": (
        f'[[notifiers]]\nname = "ops"\nkind = "webhook"\nurl = "{PLANTED}"',
        "13: notifiers[0]: url: expected an http(s) URL without a user part",
    ),
    "a secret of another form": (
        f'{OPS}secret = "{PLANTED}"',
        '13: notifiers[0]: secret: expected "whsec_" and 24 to 64 bytes in base64',
    ),
    "an option of a channel without any": (
        '[[notifiers]]\nname = "ops"\nkind = "log"\nurl = "x"',
        "16: notifiers[0].url: unknown key, expected one of name, kind",
    ),
    "a text for an array": ('[alerts]\nnotify = "log"', "14: alerts.notify: expected an array, found a string"),
    "an unknown key": ("[alerts]\nrules = []", "14: alerts.rules: unknown key, expected one of notify"),
}


@pytest.mark.parametrize(("text", "expected"), FAULTS.values(), ids=list(FAULTS))
def test_a_fault_is_told_with_its_line_and_without_secrets(
    text: str, expected: str, said: Said, warned: Said, head: str
) -> None:
    whole = f"{head}{text}\n"
    assert said(whole) == [f"stellwerk.toml:{expected}"]
    assert PLANTED not in "\n".join(said(whole) + warned(whole))


def test_without_a_word_on_it_the_log_is_told(write: Write, head: str) -> None:
    snapshot = compile_file(write(head))
    assert (snapshot.notifiers, snapshot.alerts) == ((), AlertsSpec(("log",)))


def test_channels_are_compiled_without_their_secrets(write: Write, head: str) -> None:
    path = write(f'{head}{OPS}secret = "{KEY}"\n[alerts]\nnotify = ["ops", "log"]\n')
    snapshot = compile_file(path)
    assert snapshot.alerts == AlertsSpec(("ops", "log"))
    references = {option: f"toml:{path}#notifiers.ops.{option}" for option in ("url", "secret")}
    assert snapshot.notifiers == (NotifierSpec("ops", "webhook", {}, references),)
    assert resolve(references["secret"]) == KEY
    assert PLANTED.encode() not in msgspec.msgpack.encode(snapshot)


def test_whoever_is_offline_needs_no_url(write: Write, head: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GONE", raising=False)
    path = write(f'{head}[[notifiers]]\nname = "ops"\nkind = "webhook"\nurl = "env:GONE"\n')
    assert compile_file(path, is_offline=True).notifiers[0].secrets == {"url": "env:GONE"}


def test_every_kind_of_notifier_has_its_own_options_in_the_schema() -> None:
    kinds = {one["title"]: one["properties"] for one in json_schema()["$defs"]["Notifier"]["oneOf"]}
    assert set(kinds) == {*plugins.shelf("notifiers"), "an installed plugin"}
    for kind in plugins.shelf("notifiers"):
        fields = {field.encode_name for field in msgspec.structs.fields(plugins.settings("notifiers", kind))}
        assert set(kinds[kind]) == {"name", "kind", *fields}

"""Options of plugins, judged by what the plugin declares."""

from collections.abc import Callable

import pytest

Said = Callable[[str], list[str]]

GUEST = '[[providers]]\nname = "g"\nkind = "guest"\n'

GUEST_FAULTS = {
    "a word that is none of its own": (
        'password = "env:K"\nmode = "quick"',
        '17: providers[1].mode: expected one of "fast", "slow", found "quick"',
    ),
    "such a word in an array": (
        'password = "env:K"\nmodes = ["fast", "quick"]',
        '17: providers[1].modes[1]: expected a value that the plugin knows, found "quick"',
    ),
    "a number out of bounds": (
        'password = "env:K"\nsize = 0',
        "17: providers[1].size: expected an integer >= 1, found 0",
    ),
    "a word for a number": ('password = "env:K"\nratio = "x"', '17: providers[1].ratio: expected a number, found "x"'),
    "a fault inside a table": (
        'password = "env:K"\naccount = { user = "u", shares = [\n1,\n"x"] }',
        '19: providers[1].account.shares[1]: expected an integer, found "x"',
    ),
    "an unknown key inside a table": (
        'password = "env:K"\naccount = { user = "u", x = 1 }',
        "17: providers[1].account: Object contains unknown field `x`",
    ),
    "a fault inside a free table": (
        'password = "env:K"\nlabels = { a = 1 }',
        "17: providers[1].labels: expected a string, found a table",
    ),
    "secrets that contradict one another": (
        'password = "env:K"\nspare = "env:SAME"',
        "13: providers[1]: its settings refuse these options",
    ),
    "a borrowed value that contradicts": (
        'password = "env:K"\nhost = "env:NOWHERE"',
        "13: providers[1]: its settings refuse these options",
    ),
    "a value that contradicts": ('password = "env:K"\nhost = "nowhere"', "13: providers[1]: there is no nowhere"),
}


@pytest.mark.usefixtures("guest")
@pytest.mark.parametrize(("options", "expected"), GUEST_FAULTS.values(), ids=list(GUEST_FAULTS))
def test_options_of_an_installed_plugin_are_judged_by_its_own_settings(
    options: str, expected: str, said: Said, head: str
) -> None:
    assert said(f"{head}{GUEST}{options}\n") == [f"stellwerk.toml:{expected}"]


@pytest.mark.usefixtures("guest")
def test_an_installed_plugin_is_used_like_our_own(said: Said, head: str) -> None:
    assert said(f'{head}{GUEST}password = "env:K"\naccount = {{ user = "u" }}\n') == []


@pytest.mark.usefixtures("guest")
def test_a_plugin_that_cannot_be_loaded_is_told_with_its_reason(said: Said, head: str) -> None:
    (problem,) = said(f'{head}[[providers]]\nname = "g"\nkind = "broken"\npassword = "hidden"\n')
    assert problem == (
        "stellwerk.toml:15: providers[1].kind: providers/broken: the plugin cannot be loaded: "
        "RuntimeError('no licence')"
    )


@pytest.mark.usefixtures("guest")
def test_a_strategy_that_cannot_be_loaded_is_told_with_its_reason(said: Said, head: str) -> None:
    model = '[[models]]\nname = "n"\nstrategy = "broken"\ntargets = [{ provider = "up", model = "x" }]\n'
    assert said(head + model) == [
        (
            "stellwerk.toml:15: models[1].strategy: strategies/broken: the plugin cannot be loaded: "
            "RuntimeError('no licence')"
        )
    ]

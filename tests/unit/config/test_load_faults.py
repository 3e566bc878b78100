"""Each kind of fault in a configuration, with its line."""

from collections.abc import Callable

import pytest

from stellwerk.plugins import shelf

Said = Callable[[str], list[str]]
STRATEGIES = ", ".join(shelf("strategies"))

FAULTS = {
    # -------------------------------------------------------------------------------------------------- single values
    "a wrong type": ("[server]\nlisten = 8080", "14: server.listen: expected a string, found 8080"),
    "text for a number": ('[server]\nworkers = "2"', '14: server.workers: expected an integer, found "2"'),
    "a fraction for a count": ("[server]\nworkers = 1.5", "14: server.workers: expected an integer, found 1.5"),
    "true for a number": ("[server]\ndrain_s = true", "14: server.drain_s: expected a number, found true"),
    "a date for a number": (
        "[server]\ndrain_s = 2026-01-01",
        "14: server.drain_s: expected a number, found a date or time",
    ),
    "a huge number": (
        f"[server]\nworkers = {10**30}",
        "14: server.workers: expected an integer of at most 64 bits, found an integer of more than 64 bits",
    ),
    "an infinite time": ("[server]\ndrain_s = inf", "14: server.drain_s: expected a finite number, found inf"),
    "a time below zero": ("[server]\ndrain_s = -1", "14: server.drain_s: expected a number not below 0, found -1"),
    "a time of zero": (
        "[server.limits]\nkeep_alive_s = 0",
        "14: server.limits.keep_alive_s: expected a number above 0, found 0",
    ),
    "a media type with a parameter": (
        '[media]\ntypes = ["image/png; q=1"]',
        '14: media.types[0]: expected a media type such as image/png, or image/*, found "image/png; q=1"',
    ),
    "a time over a day": (
        "[server]\ndrain_s = 86401",
        "14: server.drain_s: expected a number not above 86400, found 86401",
    ),
    "an empty text": ('[state]\ndirectory = ""', '14: state.directory: expected a string that is not empty, found ""'),
    "a table for a text": ("[state.directory]", "13: state.directory: expected a string, found a table"),
    "a text for a table": ('[server]\ntls = "x"', "14: server.tls: expected a table, found a string"),
    "a text for an array": (
        '[server]\ntrusted_proxies = "10.0.0.0/8"',
        "14: server.trusted_proxies: expected an array, found a string",
    ),
    "an empty array": (
        "[server.cors]\norigins = []",
        "14: server.cors.origins: expected at least one entry, found an empty array",
    ),
    "a missing key": ("[server.cors]\nmax_age_s = 1", "13: server.cors.origins: required, but missing"),
    "an array of tables for a table": ("[[admin]]", "13: admin: expected a table, found an array"),
    # --------------------------------------------------------------------------------------------------- unknown keys
    "an unknown key": (
        "[server]\nwrokers = 2",
        (
            "14: server.wrokers: unknown key, expected one of listen, workers, drain_s, tls, trusted_proxies, cors, "
            'limits; did you mean "workers"?'
        ),
    ),
    "an unknown section": (
        "[sever]",
        (
            "13: sever: unknown key, expected one of server, admin, state, display, egress, media, breaker, health, "
            "hedge, queue, retry, providers, models, keys, organizations, teams, … (25 in all); did you mean "
            '"server"?'
        ),
    ),
    "an unknown key with odd characters": (
        '[retry]\n"a\\nb" = 2',
        '14: retry."a\\nb": unknown key, expected one of same_target, attempts',
    ),
    "an unknown key deep inside": (
        '[[models]]\nname = "n"\ntargets = [\n{provider = "up", model = "x"},\n{w = 1, provider = "up", model = "y"}]',
        "17: models[1].targets[1].w: unknown key, expected one of provider, model, weight, prices",
    ),
    # -------------------------------------------------------------------------------------------------------- notation
    "an address without a port": (
        '[server]\nlisten = "localhost"',
        (
            "14: server.listen: expected an address such as 127.0.0.1:8080 or [::1]:8080 (port 0 takes a free one), "
            'found "localhost"'
        ),
    ),
    "a network with host bits": (
        '[server]\ntrusted_proxies = ["::1", "10.0.0.1/8"]',
        (
            "14: server.trusted_proxies[1]: expected a network such as 10.0.0.0/8 or fd00::/8 with no bit set behind "
            'its prefix, here 10.0.0.0/8, found "10.0.0.1/8"'
        ),
    ),
    "an origin with a path": (
        '[server.cors]\norigins = ["https://a.example/"]',
        (
            "14: server.cors.origins[0]: expected an origin such as https://app.example.com (lower case, no path), or "
            '"*", found "https://a.example/"'
        ),
    ),
    "a model name with a space": (
        '[[models]]\nname = "a b"\ntargets = [{ provider = "up", model = "x" }]',
        (
            "14: models[1].name: expected a name of at most 256 letters, digits and . _ - : / @ + ~, beginning with a "
            'letter or digit, found "a b"'
        ),
    ),
    "a key name with a line break": (
        '[[keys]]\nname = "a\\nb"\nkey = "env:WEB_KEY"',
        '14: keys[1].name: expected a name of at most 128 printable characters, found "a\\nb"',
    ),
    "an egress mode that there is not": (
        '[egress]\nmode = "block"',
        '14: egress.mode: expected "enforce", "report" or "off", found "block"',
    ),
    "a URL for a destination": (
        '[egress]\nallow = ["a.example", "https://a.example"]',
        (
            '14: egress.allow[1]: expected a host, "*.suffix", an address or "*", with ":port" where that is not 443, '
            'found "https://a.example"'
        ),
    ),
    "a pair without a network": (
        '[egress]\nprivate = ["a.example"]',
        (
            '14: egress.private[0]: expected a pair "host=network" such as "models.internal=10.0.0.0/24", '
            'found "a.example"'
        ),
    ),
    "a pair with host bits": (
        '[egress]\nprivate = ["a.example=10.0.0.1/8"]',
        (
            '14: egress.private[0]: expected a pair "host=network" such as "models.internal=10.0.0.0/24", with no bit '
            'of the network set behind its prefix, here 10.0.0.0/8, found "a.example=10.0.0.1/8"'
        ),
    ),
    "a base URL with an address in disguise": (
        '[[providers]]\nname = "o"\nkind = "compatible"\nbase_url = "http://0x7f.1:8000/v1"',
        (
            "16: providers[1].base_url: expected an http(s) URL with its address written plainly, here 127.0.0.1, "
            'found "http://0x7f.1:8000/v1"'
        ),
    ),
    "a base URL with what only looks like an address": (
        '[[providers]]\nname = "o"\nkind = "compatible"\nbase_url = "http://model.0x7f/v1"',
        '16: providers[1].base_url: expected an http(s) URL, found "http://model.0x7f/v1"',
    ),
    # -------------------------------------------------------------------------------------------- names of one another
    "two providers of one name": (
        '[[providers]]\nname = "up"\nkind = "compatible"\nhost = "ollama"',
        '14: providers[1].name: expected a name of its own, found "up", the name of providers[0]',
    ),
    "two models of one name": (
        '[[models]]\nname = "m"\ntargets = [{ provider = "up", model = "x" }]',
        '14: models[1].name: expected a name of its own, found "m", the name of models[0]',
    ),
    "two keys of one name": (
        '[[keys]]\nname = "k"\nkey = "env:WEB_KEY"',
        '14: keys[1].name: expected a name of its own, found "k", the name of keys[0]',
    ),
    "two keys of one value": (
        '[[keys]]\nname = "l"\nkey = "env:SAME"',
        "15: keys[1].key: expected a key of its own, found that of keys[0]",
    ),
    "a target at an unknown provider": (
        '[[models]]\nname = "n"\ntargets = [{ provider = "upp", model = "x" }]',
        '15: models[1].targets[0].provider: expected a provider (one of up), found "upp"; did you mean "up"?',
    ),
    "a fallback to an unknown model": (
        '[[models]]\nname = "n"\ntargets = [{ provider = "up", model = "x" }]\nfallback = ["zebra"]',
        '16: models[1].fallback[0]: expected a model (one of m, n), found "zebra"',
    ),
    "a key for an unknown model": (
        '[[keys]]\nname = "l"\nkey = "env:WEB_KEY"\nmodels = ["m", "mm"]',
        '16: keys[1].models[1]: expected a model (one of m), found "mm"; did you mean "m"?',
    ),
    "a fallback to itself": (
        '[[models]]\nname = "n"\ntargets = [{ provider = "up", model = "x" }]\nfallback = ["m", "n"]',
        '16: models[1].fallback[1]: expected no circle, found "n" → "n"',
    ),
    "a model without a target": (
        '[[models]]\nname = "n"\ntargets = []',
        "15: models[1].targets: expected at least one entry, found an empty array",
    ),
    # --------------------------------------------------------------------------------------------------------- plugins
    "an unknown kind of provider": (
        '[[providers]]\nname = "o"\nkind = "opena"',
        (
            f"15: providers[1].kind: expected a kind of provider (one of {', '.join(shelf('providers'))}), "
            'found "opena"; did you mean "openai"?'
        ),
    ),
    "an unknown strategy": (
        '[[models]]\nname = "n"\nstrategy = "prioritee"\ntargets = [{ provider = "up", model = "x" }]',
        (
            f"15: models[1].strategy: expected a strategy (one of {STRATEGIES}), "
            'found "prioritee"; did you mean "priority"?'
        ),
    ),
    "a strategy that is no name": (
        '[[models]]\nname = "n"\nstrategy = 1\ntargets = [{ provider = "up", model = "x" }]',
        "15: models[1].strategy: expected a string, found 1",
    ),
    "options that are no table": (
        '[[models]]\nname = "n"\nstrategy_options = 1\ntargets = [{ provider = "up", model = "x" }]',
        "15: models[1].strategy_options: expected a table, found an integer",
    ),
    "an option that the strategy does not have": (
        '[[models]]\nname = "n"\nstrategy_options = { x = 1 }\ntargets = [{ provider = "up", model = "x" }]',
        "15: models[1].strategy_options.x: unknown key, expected none, for there is none yet",
    ),
    "an option that the provider does not have": (
        '[[providers]]\nname = "o"\nkind = "compatible"\nhost = "ollama"\nbase_ulr = "http://x"',
        (
            "17: providers[1].base_ulr: unknown key, expected one of name, kind, limits, budget, host, base_url, "
            'api_key; did you mean "base_url"?'
        ),
    ),
    "an option of the wrong type": (
        '[[providers]]\nname = "o"\nkind = "compatible"\nhost = 5',
        "16: providers[1].host: expected a string, found 5",
    ),
    "a missing option": (
        '[[providers]]\nname = "o"\nkind = "openai"',
        "13: providers[1].api_key: required, but missing",
    ),
    "a base URL that is none": (
        '[[providers]]\nname = "o"\nkind = "compatible"\nbase_url = "foo"',
        '16: providers[1].base_url: expected an http(s) URL, found "foo"',
    ),
    "a base URL with a user": (
        '[[providers]]\nname = "o"\nkind = "compatible"\nbase_url = "http://me:pass/word@host/v1"',
        '16: providers[1].base_url: expected an http(s) URL, found "http://…@host/v1"',
    ),
    "an option that would split a header": (
        '[[providers]]\nname = "o"\nkind = "openai"\napi_key = "env:OPENAI_API_KEY"\nproject = "a\\r\\nb: c"',
        '17: providers[1].project: expected printable text on one line, found "a\\r\\nb: c"',
    ),
    "options that contradict one another": (
        '[[providers]]\nname = "o"\nkind = "compatible"',
        "13: providers[1]: either `host` or `base_url` is needed",
    ),
    # ------------------------------------------------------------------------------------------------------ references
    "a variable that is not set": (
        '[[keys]]\nname = "l"\nkey = "env:GONE"',
        "15: keys[1].key: env:GONE: this environment variable is not set",
    ),
    "a file that is not there": (
        '[admin]\ntoken = "file:gone"',
        "14: admin.token: file:gone: no such file or directory",
    ),
    "a source of later versions": (
        '[admin]\ntoken = "vault:secret/stellwerk#token"',
        (
            "14: admin.token: vault:secret/stellwerk#token: this version has no such source; it knows env:NAME and "
            "file:/path"
        ),
    ),
    "a reference to something unfit": (
        '[server]\nlisten = "env:WEAK"',
        (
            "14: server.listen: expected an address such as 127.0.0.1:8080 or [::1]:8080 (port 0 takes a free one), "
            'found the value of "env:WEAK"'
        ),
    ),
    "a reference to nothing": (
        '[server]\nlisten = "env:GONE"',
        "14: server.listen: env:GONE: this environment variable is not set",
    ),
    # --------------------------------------------------------------------------------------------------------- secrets
    "a key of the wrong type": (
        '[[keys]]\nname = "l"\nkey = 1234',
        "15: keys[1].key: expected a string, found an integer",
    ),
    "an empty variable": (
        '[[keys]]\nname = "l"\nkey = "env:EMPTY"',
        "15: keys[1].key: env:EMPTY: there is nothing in it",
    ),
    "an empty key": (
        '[[keys]]\nname = "l"\nkey = ""',
        "15: keys[1].key: expected a secret, found an empty one",
    ),
    "a key with spaces": (
        '[[keys]]\nname = "l"\nkey = "env:SPACED"',
        (
            "15: keys[1].key: expected visible ASCII characters without spaces, because it travels in an HTTP header, "
            "found another text"
        ),
    ),
    "a provider's key with spaces": (
        '[[providers]]\nname = "o"\nkind = "openai"\napi_key = "env:SPACED"',
        (
            "16: providers[1].api_key: expected visible ASCII characters without spaces, because it travels in an HTTP "
            "header, found another text"
        ),
    ),
    "a certificate that is a path": (
        '[server.tls]\ncertificate = "/etc/chain.pem"\nkey = "-----BEGIN KEY-----"',
        (
            '14: server.tls.certificate: expected PEM text, or a reference to it such as "file:/path/to/it.pem", '
            "found another text"
        ),
    ),
    # ------------------------------------------------------------------------------------------------------- addresses
    "a public admin side without a token": (
        '[admin]\nlisten = "0.0.0.0:8081"',
        '14: admin.listen: expected a loopback address, because admin.token is missing, found "0.0.0.0:8081"',
    ),
    "an admin side at a name without a token": (
        '[admin]\nlisten = "gateway.example:8081"',
        '14: admin.listen: expected a loopback address, because admin.token is missing, found "gateway.example:8081"',
    ),
    "both sides at one address": (
        '[admin]\nlisten = "127.0.0.1:8080"',
        "14: admin.listen: expected an address of its own, found port 8080, which server.listen takes",
    ),
    "the gateway at every address of the admin's port": (
        '[server]\nlisten = "[::]:8081"',
        "14: server.listen: expected an address of its own, found port 8081, which admin.listen takes",
    ),
}


@pytest.mark.parametrize(("text", "expected"), FAULTS.values(), ids=list(FAULTS))
def test_a_fault_is_told_with_its_line_and_nothing_else(text: str, expected: str, said: Said, head: str) -> None:
    assert said(f"{head}{text}\n") == [f"stellwerk.toml:{expected}"]


def test_a_key_of_later_versions_is_refused_and_not_ignored(said: Said, head: str) -> None:
    (problem,) = said(f'state = {{ events = "clickhouse://h" }}\n{head}')
    assert problem.startswith("stellwerk.toml:1: ")
    assert problem.endswith(": known to the product, but not enforced in this version, so refused rather than ignored")

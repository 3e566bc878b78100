"""Secrets in a configuration: what is warned about, and that no message holds one."""

from collections.abc import Callable

import pytest

Said = Callable[[str], list[str]]

PLANTED = "PLANTED-SECRET-0123456789"

LEAKS = {
    "under a wrong key": f'[[keys]]\nname = "l"\nkye = "{PLANTED}"',
    "as an array": f'[[keys]]\nname = "l"\nkey = ["{PLANTED}"]',
    "as a table": f'[[keys]]\nname = "l"\nkey = {{ "x" = "{PLANTED}" }}',
    "as the whole section": f'admin = "{PLANTED}"',
    "as an entry": f'keys = ["{PLANTED}"]',
    "with a line break": f'[[keys]]\nname = "l"\nkey = "{PLANTED}\\n"',
    "at an unknown kind": f'[[providers]]\nname = "o"\nkind = "opena"\napi_key = "{PLANTED}"',
    "at no kind": f'[[providers]]\nname = "o"\napi_key = "{PLANTED}"',
    "in a URL": f'[[providers]]\nname = "o"\nkind = "compatible"\nbase_url = "https://me:{PLANTED}@host"',
    "in a database's URL": f'[state]\ndatabase = "mysql://me:{PLANTED}@host/name"',
    "in the URL of what hosts share": f'[state]\nshared = "valkey://me:{PLANTED}@host:port"',
    "twice": f'[[keys]]\nname = "l"\nkey = "{PLANTED}"\n[[keys]]\nname = "n"\nkey = "{PLANTED}"',
    "at an embedder": f'[cache]\nembedder = "compatible"\nembedder_options = {{ api_key = "{PLANTED}", x = 1 }}',
    "at an unknown embedder": f'[cache]\nembedder = "compatibel"\nembedder_options = {{ api_key = "{PLANTED}" }}',
    "as a certificate": f'[server.tls]\ncertificate = "{PLANTED}"\nkey = "{PLANTED}"',
}


@pytest.mark.parametrize("text", LEAKS.values(), ids=list(LEAKS))
def test_no_message_ever_holds_a_secret(text: str, said: Said, warned: Said, head: str) -> None:
    whole = text if text.startswith(("admin =", "keys =")) else f"{head}{text}\n"
    assert said(whole)
    assert PLANTED not in "\n".join(said(whole) + warned(whole))


def test_a_literal_secret_and_a_short_one_are_warned_about(said: Said, warned: Said, head: str) -> None:
    text = (
        f'{head}[[keys]]\nname = "l"\nkey = "literal-key-of-good-length"\n'
        '[admin]\ntoken = "env:WEAK"\n[[providers]]\nname = "o"\nkind = "openai"\napi_key = "sk-1"\n'
    )
    literal = 'a secret stands in the file itself; better "env:NAME" or "file:/path"'
    assert said(text) == []
    assert warned(text) == [
        f"stellwerk.toml:15: keys[1].key: {literal}",
        "stellwerk.toml:17: admin.token: shorter than 16 characters, so it can be guessed",
        f"stellwerk.toml:21: providers[1].api_key: {literal}",
    ]


def test_a_literal_certificate_is_no_secret_but_its_key_is(warned: Said, head: str) -> None:
    pem = '"""-----BEGIN X-----"""'
    (warning,) = warned(f"{head}[server.tls]\ncertificate = {pem}\nkey = {pem}\n")
    assert warning.startswith("stellwerk.toml:15: server.tls.key: ")


@pytest.mark.parametrize(("name", "scheme"), [("database", "postgresql"), ("shared", "valkeys")])
def test_a_url_with_its_password_is_a_secret(name: str, scheme: str, said: Said, warned: Said, head: str) -> None:
    text = f'{head}[state]\n{name} = "{scheme}://me:{PLANTED}@host/0"\n'
    assert said(text) == []
    assert warned(text) == [
        f'stellwerk.toml:14: state.{name}: a secret stands in the file itself; better "env:NAME" or "file:/path"'
    ]


@pytest.mark.parametrize("url", ["valkey://h", "redis://h:1", "rediss://:p@h:1/2", "valkeys://[::1]:2", "unix:///s"])
def test_what_hosts_share_is_in_a_valkey_or_redis_server(url: str, said: Said, head: str) -> None:
    assert said(f'{head}[state]\nshared = "{url}"\n') == []


@pytest.mark.parametrize(
    "url", ["host:6379", "http://h", "valkey://", "valkey://h:x", "valkey://h:0", "unix:", "x://["]
)
def test_anything_else_is_refused(url: str, said: Said, head: str) -> None:
    (problem,) = said(f'{head}[state]\nshared = "{url}"\n')
    assert "a URL such as valkey://user:password@host:6379" in problem


def test_a_secret_to_encrypt_under_has_to_be_long(said: Said, head: str) -> None:
    assert said(head + '[cache]\nencryption_key = "short"\n') == [
        "stellwerk.toml:14: cache.encryption_key: expected a secret of at least 32 characters, found another text"
    ]

"""Secrets are known by their form; words that only look random are not."""

import base64

import pytest

from stellwerk.guardrails.secret_leak import PATTERNS, URL, Settings, build
from stellwerk.text.reading import read

# Put together here, so that no file holds what scanners of repositories take for a key.
LETTERS = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7" * 4
SECRETS = [
    "sk-" + LETTERS[:48],
    "sk-ant-" + "api03-" + LETTERS[:60],
    "AKIA" + "ABCDEFGH12345678",
    "ASIA" + "ABCDEFGH12345678",
    "aws_secret_access_key = " + LETTERS[:40],
    "AIza" + LETTERS[:35],
    "GOCSPX-" + LETTERS[:28],
    "ya29." + LETTERS[:60],
    "AccountKey=" + LETTERS[:86] + "==",
    "ghp_" + LETTERS[:36],
    "github_pat_" + LETTERS[:82],
    "glpat-" + LETTERS[:20],
    "xoxb-" + "123456789012-" + LETTERS[:24],
    "hooks.slack.com/services/" + "T12345678/B12345678/" + LETTERS[:24],
    "sk_live_" + LETTERS[:24],
    "whsec_" + LETTERS[:32],
    "SG." + LETTERS[:22] + "." + LETTERS[:43],
    "hf_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH",
    "gsk_" + LETTERS[:52],
    "xai-" + LETTERS[:80],
    "pplx-" + LETTERS[:48],
    "npm_" + LETTERS[:36],
    "pypi-AgE" + LETTERS[:80],
    "hvs." + LETTERS[:40],
    "dop_v1_" + "0123456789abcdef" * 4,
    "eyJ" + LETTERS[:20] + ".eyJ" + LETTERS[:30] + "." + LETTERS[:40],
    "postgres://user:" + "hunter2@db.example.org",
]
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize("secret", [*SECRETS, KEY])
def test_a_secret_is_found_whole(secret: str) -> None:
    text = f"use {secret} for this"
    (finding,) = build(Settings()).check(read(text))
    assert [text[span.start : span.end] for span in finding.spans] == [secret]


def test_every_form_has_an_example() -> None:
    for pattern in (URL, *(pattern for _, pattern in PATTERNS)):
        assert any(pattern.search(secret) for secret in SECRETS), pattern.pattern


def test_a_disguised_key_is_found_where_it_stands() -> None:
    text = "key " + "\u200b".join(SECRETS[0])
    (finding,) = build(Settings()).check(read(text))
    assert [(span.start, span.end) for span in finding.spans] == [(4, len(text))]


def test_a_key_in_a_block_of_code_is_found_where_the_block_stands() -> None:
    block = base64.b64encode(f"key {SECRETS[2]} ok".encode()).decode()
    text = f"decode {block} please"
    (finding,) = build(Settings()).check(read(text))
    assert [text[span.start : span.end] for span in finding.spans] == [block]


def test_a_private_key_that_is_cut_off_reaches_to_the_end() -> None:
    text = f"{KEY} and {KEY[:40]}"
    (finding,) = build(Settings()).check(read(text))
    assert [(span.start, span.end) for span in finding.spans] == [(0, len(KEY)), (len(KEY) + 5, len(text))]


@pytest.mark.parametrize(
    "text",
    [
        "commit 25149d54b93e25f2e30810aabaaa46a58b8bda50",
        "risk-averse-people-who-like-very-long-hyphenated-words",
        "https://example.org:8080/path?mail=a@example.org",
        "sk-short and AKIA too",
        "uuid 123e4567-e89b-12d3-a456-426614174000",
        "postgres://user:${PASSWORD}@db/x",
    ],
)
def test_what_only_looks_random_is_left_alone(text: str) -> None:
    assert build(Settings()).check(read(text)) == ()

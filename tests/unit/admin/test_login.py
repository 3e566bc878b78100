"""People log in with a browser: to the issuer and back, a session, what it may do from where, and its end."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from stellwerk.admin.access import Principal, Role
from stellwerk.admin.people import People
from stellwerk.admin.sessions import MOST_OF_A_PERSON, Sessions
from tests.issuer import CLIENT_ID, Issuer
from tests.unit.admin.kit import NOW_S, TOKEN, Admin, made, refused
from tests.unit.admin.people import URL, Trust

SECURE = "https://admin.example.com"
PATHS = (
    "/",
    "/admin",
    "/admin/",
    "/admin/login/",
    "/admin/logout",
    "/admin/v1/session",
    "/admin/v1/openapi.json",
    "/x",
)


class Browser:
    """A browser at the admin side: it keeps cookies, and goes to the issuer and back."""

    def __init__(self, admin: Admin, issuer: Issuer, url: str = URL) -> None:
        self.admin = admin
        self.client = TestClient(admin.app, base_url=url, follow_redirects=False, raise_server_exceptions=False)
        self.issuer = issuer
        self.url = url

    def set_out(self) -> str:
        """To the issuer: where it sends the browser back to, as path and query."""
        answer = self.client.get("/admin/login")
        assert answer.status_code == 303, answer.text
        assert answer.headers["cache-control"] == "no-store"
        way = urlsplit(answer.headers["location"])
        assert f"{way.scheme}://{way.netloc}{way.path}" == f"{self.issuer.url}/authorize"
        status, fields, _ = self.issuer.get(f"{way.path}?{way.query}")
        assert status == 302
        back = fields["location"]
        assert back.startswith(f"{self.url}/admin/callback?")
        return back.removeprefix(self.url)

    def log_in(self) -> Response:
        """The whole way."""
        return self.client.get(self.set_out())

    def people(self) -> People:
        """Whom the admin side lets in."""
        found = self.admin.changes.guard.people
        assert found is not None
        return found

    def write(self, **headers: str) -> Response:
        """Something that changes something."""
        self.count = getattr(self, "count", 0) + 1
        return self.client.post("/admin/v1/keys", json={"name": f"key-{self.count}"}, headers=headers)


@pytest.fixture
def browser(admin: Admin, issuer: Issuer, trust: Trust) -> Browser:
    """A browser of somebody who may do everything."""
    trust(URL)
    issuer.person = {"sub": "4711", "groups": ["sre"]}
    return Browser(admin, issuer)


def test_somebody_logs_in_works_and_logs_out(admin: Admin, browser: Browser) -> None:
    refused(browser.client.get("/admin/v1/session"), 401)
    answer = browser.log_in()
    assert answer.status_code == 200
    assert re.search(r'content="0; url=(/admin/v1/session)"', answer.text)
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert answer.headers["referrer-policy"] == "no-referrer"
    who = made(browser.client.get("/admin/v1/session"))
    assert who == {"name": "sso/4711", "role": "admin", "teams": None, "subject": f"4711 of {browser.issuer.url}"}
    made(browser.write(origin=URL))
    assert admin.audited == [
        ("session.begin", "sso/4711"),
        ("key.create", made(browser.client.get("/admin/v1/keys"))["items"][0]["id"]),
    ]
    kept = dict(browser.client.cookies)
    assert browser.client.post("/admin/logout", headers={"origin": URL}).status_code == 204
    assert not dict(browser.client.cookies)
    browser.client.cookies.update(kept)
    refused(browser.client.get("/admin/v1/session"), 401)
    assert admin.audited[-1] == ("session.end", "sso/4711")


def test_a_session_changes_something_from_its_own_pages_alone(browser: Browser) -> None:
    browser.log_in()
    for headers in ({}, {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": f"{URL}.evil.example"}):
        assert "Origin" in refused(browser.write(**headers), 403)
        refused(browser.client.post("/admin/logout", headers=headers), 403)
    twice = [("origin", URL), ("origin", "https://evil.example")]
    refused(browser.client.post("/admin/logout", headers=twice), 403)
    made(browser.client.get("/admin/v1/session"))
    made(browser.write(origin=URL))


@pytest.mark.parametrize("secret_in_form", [False, True])
def test_cookies_are_for_this_host_alone_and_no_script(
    admin: Admin, issuer: Issuer, trust: Trust, *, secret_in_form: bool
) -> None:
    issuer.secret_in_form = secret_in_form
    trust(SECURE)
    issuer.person = {"sub": "4711", "groups": ["sre"]}
    browser = Browser(admin, issuer, SECURE)
    way = browser.client.get("/admin/login").headers["set-cookie"]
    assert way.startswith("__Host-stellwerk-login=")
    assert {"HttpOnly", "Max-Age=600", "Path=/", "SameSite=lax", "Secure"} <= set(way.split("; "))
    own = browser.log_in().headers.get_list("set-cookie")
    assert len(own) == 2
    session = next(line for line in own if line.startswith("__Host-stellwerk="))
    assert {"HttpOnly", "Max-Age=28800", "Path=/", "SameSite=strict", "Secure"} <= set(session.split("; "))
    (removed,) = [line for line in own if line.startswith("__Host-stellwerk-login=")]
    assert {"Max-Age=0", "Secure", "Path=/"} <= set(removed.split("; "))
    made(browser.client.get("/admin/v1/session"))
    secret = session.partition("=")[2].partition(";")[0]
    for path in admin.state.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes()


def test_a_way_back_is_good_once_and_in_the_browser_that_set_out(
    admin: Admin, issuer: Issuer, browser: Browser
) -> None:
    back = browser.set_out()
    stranger = Browser(admin, issuer)
    assert "not begun in this browser" in refused(stranger.client.get(back), 401)
    stranger.set_out()
    assert "not begun in this browser" in refused(stranger.client.get(back), 401)
    assert browser.client.get(back).status_code == 200
    refused(browser.client.get(back), 401)  # its cookie is gone
    code = parse_qs(urlsplit(back).query)["code"][0]
    fresh = parse_qs(urlsplit(browser.set_out()).query)["state"][0]
    assert "does not take the code" in refused(browser.client.get(f"/admin/callback?code={code}&state={fresh}"), 401)


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x&code=x", "?state=\u00e9", "?error=access_denied"])
def test_a_way_back_without_its_state_leads_nowhere(browser: Browser, query: str) -> None:
    refused(browser.client.get(f"/admin/callback{query}"), 401)
    browser.set_out()
    refused(browser.client.get(f"/admin/callback{query}"), 401)
    browser.client.cookies.update({"stellwerk-login": "a.1.b"})
    refused(browser.client.get(f"/admin/callback{query}"), 401)


def test_a_way_that_takes_too_long_has_to_be_begun_again(admin: Admin, browser: Browser) -> None:
    back = browser.set_out()
    admin.now[0] += 601
    refused(browser.client.get(back), 401)


@pytest.mark.parametrize(
    ("claims", "status", "why"),
    [
        ({"nonce": "other"}, 401, "not made for this log-in"),
        ({"nonce": None}, 401, "not made for this log-in"),
        ({"aud": "api"}, 401, "another audience"),
        ({"aud": [CLIENT_ID, "other"]}, 401, "another client"),
        ({"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}, 200, ""),
        ({"iss": "https://other.example"}, 401, "issuer is not known"),
        ({"exp": int(NOW_S) - 60}, 401, "has expired"),
        ({"groups": ["nobody"]}, 403, "no role"),
        ({"groups": "leads"}, 200, ""),
    ],
)
def test_an_id_token_is_looked_at_closely(browser: Browser, claims: dict[str, Any], status: int, why: str) -> None:
    browser.issuer.id_token = claims
    answer = browser.log_in()
    assert (answer.status_code, why in answer.text) == (status, True)
    assert browser.client.get("/admin/v1/session").status_code == (200 if status == 200 else 401)


def test_the_issuer_may_refuse_be_another_or_be_away(browser: Browser, trust: Trust) -> None:
    back = browser.set_out()
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert "not let anybody in" in refused(
        browser.client.get(f"/admin/callback?error=access_denied&state={state}"), 401
    )
    back = browser.set_out()
    assert "another issuer" in refused(browser.client.get(f"{back}&iss=https://other.example"), 401)
    back = browser.set_out() + f"&iss={browser.issuer.url}"
    browser.issuer.is_away = True
    assert "status 503" in refused(browser.client.get(back), 401)
    trust(URL)
    assert "nobody can log in now" in refused(browser.client.get("/admin/login"), 503)


def test_sessions_end_by_time_and_when_the_rules_change(admin: Admin, browser: Browser, trust: Trust) -> None:
    browser.log_in()
    people = trust(URL)
    made(browser.client.get("/admin/v1/session"))
    trust(URL, roles=people.spec.roles[:2])
    refused(browser.client.get("/admin/v1/session"), 401)
    trust(URL)
    admin.now[0] += people.spec.session_s - 1
    made(browser.client.get("/admin/v1/session"))
    admin.now[0] += 1
    refused(browser.client.get("/admin/v1/session"), 401)


def test_somebody_has_only_so_many_sessions(admin: Admin, issuer: Issuer, browser: Browser) -> None:
    browser.log_in()
    for _ in range(20):
        admin.now[0] += 1
        Browser(admin, issuer).log_in()
    refused(browser.client.get("/admin/v1/session"), 401)


def test_an_admin_sees_and_ends_sessions(admin: Admin, issuer: Issuer, browser: Browser) -> None:
    browser.log_in()
    issuer.person = {"sub": "4712", "groups": ["leads"]}
    other = Browser(admin, issuer)
    other.log_in()
    refused(other.client.get("/admin/v1/sessions"), 403)
    root = admin.client()
    first = made(root.get("/admin/v1/sessions", params={"limit": 1}))
    rest = made(root.get("/admin/v1/sessions", params={"limit": 1, "cursor": first["next"]}))
    found = {one["name"]: one for one in (*first["items"], *rest["items"])}
    assert rest["next"] is None
    assert {name: (one["role"], one["teams"]) for name, one in found.items()} == {
        "sso/4711": ("admin", None),
        "sso/4712": ("operator", ["shop"]),
    }
    assert found["sso/4712"]["expires_s"] == NOW_S + 28_800
    path = f"/admin/v1/sessions/{found['sso/4712']['id']}"
    refused(other.client.delete(path, headers={"origin": URL}), 403)
    assert browser.client.delete(path, headers={"origin": URL}).status_code == 204
    refused(other.client.get("/admin/v1/session"), 401)
    refused(root.delete(path), 404)
    made(browser.client.get("/admin/v1/session"))
    assert admin.audited[-1] == ("session.revoke", found["sso/4712"]["id"])
    admin.now[0] += 28_800
    assert made(root.get("/admin/v1/sessions"))["items"] == []


def test_a_token_goes_before_a_session(browser: Browser) -> None:
    browser.log_in()
    refused(browser.client.get("/admin/v1/session", headers={"authorization": "Bearer wrong"}), 401)
    token = {"authorization": f"Bearer {TOKEN}"}
    assert made(browser.client.get("/admin/v1/session", headers=token))["name"] == "configuration"
    made(browser.write(**token))
    assert browser.client.post("/admin/logout", headers=token).status_code == 204
    made(browser.client.get("/admin/v1/session"))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW"])
def test_only_the_two_paths_answer_those_who_are_not_known(browser: Browser, method: str) -> None:
    for path in PATHS:
        for cookie in ("", "stellwerk=wrong", "stellwerk=", "__Host-stellwerk=x", 'stellwerk="', "stellwerk-login=x"):
            answer = browser.client.request(method, path, headers={"cookie": cookie} if cookie else {})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")
    if method != "GET":
        for path in ("/admin/login", "/admin/callback"):
            assert browser.client.request(method, path).status_code == 405


def test_without_a_log_in_configured_there_is_nothing_but_401(admin: Admin, trust: Trust) -> None:
    for people in (None, trust("")):
        admin.changes.guard.configure(TOKEN, people)
        for path in ("/admin/login", "/admin/callback?code=x&state=x", *PATHS):
            refused(admin.client("").get(path, headers={"cookie": "stellwerk=x"}), 401)


def test_nobody_logs_in_without_the_audit_log(admin: Admin, browser: Browser) -> None:
    audit = admin.state / "audit"
    audit.mkdir(exist_ok=True)
    for path in audit.iterdir():
        path.unlink()
    audit.rmdir()
    audit.write_text("in the way")
    refused(browser.log_in(), 503)
    audit.unlink()
    browser.log_in()
    made(browser.client.get("/admin/v1/session"))


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"<", b'{"id_token":5}'])
def test_an_answer_without_an_id_token_lets_nobody_in(
    browser: Browser, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = browser.set_out()
    monkeypatch.setattr(browser.issuer, "post", lambda *_: (200, {}, answer))
    assert "no ID token" in refused(browser.client.get(back), 401)


def test_an_issuer_that_cannot_be_reached_is_told_apart_from_one_that_refuses(browser: Browser) -> None:
    back = browser.set_out()
    people = browser.people()
    people.discovered = {**(people.discovered or {}), "token_endpoint": "https://elsewhere.example/token"}
    assert "elsewhere.example is not allowed" in refused(browser.client.get(back), 503)
    people.discovered = {**people.discovered, "authorization_endpoint": "http://elsewhere.example/a"}
    assert "no https URL" in refused(browser.client.get("/admin/login"), 503)


def test_the_rules_have_a_name_that_changes_with_them(trust: Trust) -> None:
    first: People = trust(URL)
    assert first.rules == trust(URL).rules != trust(URL, teams=()).rules


def test_sessions_are_kept_by_either_database(everywhere: Admin) -> None:
    now = [NOW_S]
    sessions = Sessions(everywhere.database, everywhere.changes.guard.digest, lambda: now[0])
    anne = Principal("oidc_1", "sso/änne", Role.OPERATOR, frozenset({"shop"}), "1 of x")
    root = Principal("oidc_2", "sso/root", Role.ADMIN, None, "2 of x")
    first, second = sessions.begin(anne, "rules", 60), sessions.begin(root, "rules", 120)
    assert sessions.find(first.encode(), "rules") == anne
    assert sessions.find(second.encode(), "rules") == root
    assert len(made(everywhere.client().get("/admin/v1/sessions"))["items"]) == 2
    sessions.end(first.encode())
    assert sessions.find(first.encode(), "rules") is None
    now[0] += 120
    assert sessions.find(second.encode(), "rules") is None
    for _ in range(MOST_OF_A_PERSON + 3):
        now[0] += 1
        sessions.begin(anne, "rules", 600)
    everywhere.now[0] = now[0]
    assert len(made(everywhere.client().get("/admin/v1/sessions"))["items"]) == MOST_OF_A_PERSON

"""How addresses, networks, origins, URLs, names and tokens are written.

Each function takes text, returns it in the form that the platform uses, and raises ``ValueError`` with what was
expected instead.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

from stellwerk.core.hostname import canonical

LONGEST_LABEL = 128

_PORT = re.compile(r"[0-9]{1,5}")
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_NUMERIC_HOST = re.compile(r"[0-9.]+")
_PROVIDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MODEL_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/@+~-]{0,255}")
_UPSTREAM_MODEL = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?")
_MEDIA_TYPE = re.compile(r"[a-z]+/(?:\*|[a-z0-9][a-z0-9.+-]{0,126})")
_CAPABILITY = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)
_URL = re.compile(
    r"https?://(?P<user>[^/@]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?(?P<path>/[!-~]*)?",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def address(text: str) -> str:
    """``host:port``, an IPv6 host in brackets; port 0 means any free one."""
    split_address(text)
    return text


def split_address(text: str) -> tuple[str, int]:
    """Host without brackets, and port."""
    expected = "an address such as 127.0.0.1:8080 or [::1]:8080 (port 0 takes a free one)"
    host, _, port = text.rpartition(":")
    if not _is_host(host) or not _PORT.fullmatch(port) or int(port) > 65_535:
        raise ValueError(expected)
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host; a name other than ``localhost`` may lead anywhere."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_wildcard(host: str) -> bool:
    """Whether a host stands for every address of this machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def network(text: str) -> str:
    """A network in CIDR form, or a single address."""
    try:
        return str(ip_network(text))
    except ValueError:
        pass
    expected = "a network such as 10.0.0.0/8 or fd00::/8"
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(expected) from None
    raise ValueError(f"{expected} with no bit set behind its prefix, here {meant}")


def origin(text: str) -> str:
    """What a browser sends as ``Origin``: scheme, host, and port unless it is the default one; or ``*`` for any."""
    if text == "*":
        return text
    expected = 'an origin such as https://app.example.com (lower case, no path), or "*"'
    found = _ORIGIN.fullmatch(text)
    if not found or (found["port"] and int(found["port"]) > 65_535):
        raise ValueError(expected)
    if found["port"] and found["port"] == _DEFAULT_PORTS.get(found["scheme"]):
        raise ValueError(f"{expected}, without port {found['port']}, which browsers leave out")
    return text


def url(text: str) -> str:
    """An http(s) URL without user, query and fragment."""
    found = _URL.fullmatch(text)
    if not found or not _is_host(found["host"]) or not 0 < int(found["port"] or 80) < 65_536:
        raise ValueError("an http(s) URL")
    if found["user"] or "?" in text or "#" in text:
        raise ValueError("an http(s) URL without user, query and fragment")
    try:
        host = canonical(found["host"].strip("[]"))
    except ValueError:
        raise ValueError("an http(s) URL") from None
    if not host.is_plain:
        raise ValueError(f"an http(s) URL with its address written plainly, here {host.text}")
    return text


def issuer(text: str) -> str:
    """The URL of an issuer of tokens, as it stands in them; plain http only on this machine: keys come from it."""
    url(text)
    host = text.partition("://")[2].partition("/")[0]
    name = host.partition("]")[0].strip("[") if host.startswith("[") else host.partition(":")[0]
    if text[:8].lower() != "https://" and not is_loopback(name):
        raise ValueError("an https URL, or one of this machine")
    return text


def base(text: str) -> str:
    """Where browsers reach something: an https URL without a path; plain http only on this machine."""
    issuer(text)
    if text.rstrip("/").count("/") != 2:
        raise ValueError("a URL without a path, such as https://admin.example.com")
    return text.rstrip("/").lower()


def provider_name(text: str) -> str:
    """A provider's name."""
    if not _PROVIDER_NAME.fullmatch(text):
        raise ValueError("a name of at most 64 letters, digits and . _ -, beginning with a letter or digit")
    return text


def model_name(text: str) -> str:
    """The name of a model as callers write it."""
    if not _MODEL_NAME.fullmatch(text):
        raise ValueError("a name of at most 256 letters, digits and . _ - : / @ + ~, beginning with a letter or digit")
    return text


def upstream_model(text: str) -> str:
    """The name of a model as its provider writes it."""
    if not _UPSTREAM_MODEL.fullmatch(text):
        raise ValueError("a provider's model name: at most 512 printable ASCII characters")
    return text


def label(text: str) -> str:
    """A name for people to read."""
    if not 1 <= len(text) <= LONGEST_LABEL or not text.isprintable() or text != text.strip():
        raise ValueError(f"a name of at most {LONGEST_LABEL} printable characters")
    return text


def one_line(text: str) -> str:
    """Text that may become part of a header."""
    if not text.isprintable():
        raise ValueError("printable text on one line")
    return text


def currency(text: str) -> str:
    """A currency's code after ISO 4217."""
    if len(text) == 3 and text.isascii() and text.isalpha() and text.isupper():
        return text
    raise ValueError('a currency\'s code of three letters, such as "EUR"')


def capability(text: str) -> str:
    """What a model can do, as the catalogue says it."""
    if not _CAPABILITY.fullmatch(text):
        raise ValueError("a capability such as vision, tools, json_schema, reasoning or long_context")
    return text


def media_type(text: str) -> str:
    """A media type without parameters, or all of one family."""
    if not _MEDIA_TYPE.fullmatch(text):
        raise ValueError("a media type such as image/png, or image/*")
    return text


def token(text: str) -> str:
    """A secret that travels in an HTTP header."""
    if not text or not all("!" <= character <= "~" for character in text):
        raise ValueError("visible ASCII characters without spaces, because it travels in an HTTP header")
    return text


def pem(text: str) -> str:
    """A certificate or a key as PEM text."""
    if "-----BEGIN " not in text:
        raise ValueError('PEM text, or a reference to it such as "file:/path/to/it.pem"')
    return text


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return ":" in host and _is_ip(host[1:-1])
    return _is_ip(host) if _NUMERIC_HOST.fullmatch(host) else _HOST_NAME.fullmatch(host) is not None


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True

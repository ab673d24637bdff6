"""Texts of a route that another program gives a meaning: each is refused here, with the fix, rather than by Nginx."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from typing import Annotated
from urllib.parse import unquote

from pydantic import AfterValidator

_PATH = re.compile(r"^/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$")
_TOKEN = re.compile(r"^[A-Za-z][A-Za-z0-9-]{0,62}$")
_ORIGIN = re.compile(r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$")

_HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_HOST = 253

LONGEST_PATH = 1024
LONGEST_PATTERN = 512

_RETRIED = (403, 404, 429, 500, 502, 503, 504)
"""What `proxy_next_upstream` knows: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream."""

_FRAMING = {"connection", "content-length", "date", "server", "trailer", "transfer-encoding", "upgrade"}


def _host(value: str) -> str:
    labels = value.split(".")
    if labels[-1].isdigit():
        # No top-level domain has digits alone: what ends with some is an address, or nothing.
        try:
            return str(IPv4Address(value))
        except ValueError:
            raise ValueError(
                f'"{value}" is neither a host name nor an IPv4 address; write it like "127.0.0.1".'
            ) from None
    if len(value) > _LONGEST_HOST or not all(_HOST_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f'"{value}" is not a host name; write it like "api.example.com".')
    return value


HostName = Annotated[str, AfterValidator(_host)]
"""A host name in small letters or an IPv4 address."""


def is_address(host: str) -> bool:
    """Return whether a host is an IP address: TLS clients that come by one send no name (RFC 6066, section 3)."""
    return ":" in host or host.rpartition(".")[2].isdigit()


def url_path(value: str) -> str:
    """Return an absolute URL path without query; raises ValueError for one that no request can have."""
    if not _PATH.fullmatch(value):
        raise ValueError(f'"{value}" is not a URL path; write it like "/health/ready".')
    if len(value) > LONGEST_PATH:
        raise ValueError(f"the path has {len(value)} characters: use at most {LONGEST_PATH}.")
    decoded = unquote(value)
    if "//" in decoded or any(part in (".", "..") for part in decoded.split("/")):
        raise ValueError(f'"{value}" can never match, because "//", "/./" and "/../" are resolved before: simplify it.')
    if not decoded.isprintable():
        raise ValueError(f'"{value}" has a character that cannot be printed: remove it.')
    return value


def url_pattern(value: str) -> str:
    """Return a regular expression that nginx reads; raises ValueError for others."""
    if not value or value.startswith("#"):
        raise ValueError(f'"{value}" is not a pattern that nginx reads; write it like "^/v[0-9]+/users".')
    if len(value) > LONGEST_PATTERN:
        raise ValueError(f"the pattern has {len(value)} characters: use at most {LONGEST_PATTERN}.")
    if re.search(r"[\s{}\"';]", value):
        raise ValueError(f'"{value}" has a space, brace, quote or semicolon; write the pattern without it.')
    if re.search(r"\\(?![dDwWsSbB])\w", value):
        raise ValueError(f'"{value}" has an escape that nginx may not know; use \\d, \\w, \\s, \\b or the character.')
    unnamed = without_names(value)
    if re.search(r"\(\?(?![:=!]|<[=!]|i\))", unnamed):
        raise ValueError(f'"{value}" has a flag that nginx may not know: use plain groups, or (?i) at the beginning.')
    if "(?i)" in value[1:]:
        raise ValueError(f'"{value}" has (?i) in the middle: put it at the beginning.')
    try:
        re.compile(unnamed)
    except re.error as error:
        raise ValueError(f'"{value}" is not a regular expression ({error}); correct it.') from None
    return value


def without_names(pattern: str) -> str:
    """Return a regular expression whose groups have no names: each would be a variable of nginx."""
    return re.sub(r"\(\?P?<[A-Za-z_]\w*>", "(", pattern)


def response_header(value: str) -> str:
    """Return the name of a header; raises ValueError for one that belongs to the connection."""
    if not _TOKEN.fullmatch(value):
        raise ValueError(f'"{value}" is not the name of a header: write it like "X-Frame-Options".')
    if value.lower() in _FRAMING:
        raise ValueError(f'"{value}" belongs to the connection itself: remove it.')
    return value


def visible_text(value: str) -> str:
    """Return the value of a header; raises ValueError for characters that end a line."""
    if not value or not value.isprintable():
        raise ValueError("the value of a header is one line of printable characters: correct it.")
    return value


def cors_origin(value: str) -> str:
    """Return an origin as browsers send it; raises ValueError for anything else."""
    if value != "*" and not _ORIGIN.fullmatch(value):
        raise ValueError(f'"{value}" is not an origin: write it like "https://app.example.com", without a path.')
    return value


def retried_status(value: int) -> int:
    """Return a status after which nginx can ask another replica; raises ValueError for any other."""
    if value not in _RETRIED:
        known = ", ".join(str(status) for status in _RETRIED)
        raise ValueError(f"{value} cannot be asked again: use some of {known}.")
    return value

"""No secret lies in plain text where the state, a preview or an API shows it."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from policy.resource import Marker, Resource, listing, mapping, texts
from policy.rule import Finding, Findings, resource_rule

_NAMES = re.compile(
    r"(?i)(^|[_.\-/])(password|passwd|pwd|passphrase|secret|token|api_?key|access_?key|secret_?key|private_?key|"
    r"credential|credentials|client_?secret|auth|encryption_?key|gossip_?key|dsn)($|[_.\-/])"
)
"""Names of variables that hold a secret, by their words."""

_HARMLESS_NAMES = re.compile(
    r"(?i)(_(file|path|name|arn|id|url|uri|secret_name|ref|version|rotation|seconds|ttl|length|policy)$|public_?key|"
    r"token_?reviewer|auth_?(mode|type|method|url)|secret_?name)"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_KNOWN = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})\b"),
    "a Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}\b"),
    "a Pulumi token": re.compile(r"\bpul-[0-9a-f]{40}\b"),
    "a JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    "a URL with a password": re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@$]+:[^/\s:@${]+@"),
    "a MySQL address with a password": re.compile(r"\b[\w-]+:[^\s:@/${]{6,}@tcp\("),
    "a password in a command": re.compile(r"(?:--password=|\bMYSQL_PWD=|\bPGPASSWORD=)['\"]?[^\s$'\"{<]{4,}"),
}

_RANDOM = re.compile(r"(?<![A-Za-z0-9+/_=.-])[A-Za-z0-9+/_-]{24,}={0,2}(?![A-Za-z0-9+/_=.-])")
_DIGEST = re.compile(r"^(?:sha256:)?[0-9a-f]{16,}$")
_PUBLIC_PARTS = frozenset({"kid", "x", "y", "n", "e", "x5c", "x5t", "x5t#S256"})
_PRIVATE_PARTS = frozenset({"d", "k", "p", "q", "dp", "dq", "qi", "oth"})
"""Of a key as JSON (RFC 7517, RFC 7518)."""

_PLACES = {
    "docker:index/container:Container": ("envs", "command", "entrypoints", "uploads", "labels"),
    "docker:index/serviceConfig:ServiceConfig": ("data",),
    "aws:ec2/instance:Instance": ("userData", "userDataBase64", "tags"),
    "aws:ec2/launchTemplate:LaunchTemplate": ("userData", "tags"),
    "aws:lambda/function:Function": ("environment",),
    "aws:ecs/taskDefinition:TaskDefinition": ("containerDefinitions",),
    "aws:rds/cluster:Cluster": ("masterPassword",),
    "aws:rds/instance:Instance": ("password",),
    "aws:secretsmanager/secretVersion:SecretVersion": ("secretString", "secretBinary"),
    "aws:ssm/parameter:Parameter": ("value",),
    "aws:eks/addon:Addon": ("configurationValues",),
}
_KUBERNETES_PLACES = ("data", "stringData", "binaryData", "spec", "values", "metadata.annotations")
_ALWAYS_SECRET = frozenset({"masterPassword", "password", "secretString", "secretBinary"})


@resource_rule("plain-secret")
def plain_secret(resource: Resource) -> Findings:
    """No variable, file, command or document of a resource holds a secret that is not marked as one."""
    for path, why in _found(resource):
        yield Finding(
            resource,
            path,
            f"holds {why} in plain text: previews and the state show it",
            "make it a secret Output (pulumi.Output.secret, or a value of a Stash)",
        )


@resource_rule("kubernetes-secret-marked")
def kubernetes_secret_marked(resource: Resource) -> Findings:
    """Everything in a Kubernetes Secret is a secret for Pulumi too."""
    if resource.package != "kubernetes" or resource.kind != "Secret":
        return
    for key in ("data", "stringData"):
        for name, value in mapping(resource.at(key)).items():
            if not isinstance(value, Marker):
                yield Finding(resource, f"{key}.{name}", "is in plain text", "make it a secret Output")


def _found(resource: Resource) -> Iterator[tuple[str, str]]:
    """Return (path, what it is) of each secret in plain text; one for a path."""
    for place in _places(resource):
        value = resource.at(place)
        if place in _ALWAYS_SECRET and value is not None and not isinstance(value, Marker):
            yield place, "a password"
            continue
        told: set[str] = set()
        for path, name, text in _named(place, value):
            why = secret_in(name, text)
            if why is not None and path not in told:
                told.add(path)
                yield path, why


def _places(resource: Resource) -> tuple[str, ...]:
    if resource.package == "kubernetes":
        # The data of a Secret has a rule of its own.
        return () if resource.kind == "Secret" else _KUBERNETES_PLACES
    return _PLACES.get(resource.type, ())


def _named(place: str, value: Any) -> Iterator[tuple[str, str, str]]:
    """Return (path, name, text) of every text: as it stands, as a NAME=value pair, and as what JSON in it holds."""
    if place.startswith("spec") or place == "containerDefinitions":
        yield from _variables(place, value)
    for path, text in texts(value, place):
        # The keys of a ConfigMap are names of files, with their dots.
        name = path.removeprefix("data.") if place == "data" else path.rsplit(".", 1)[-1]
        variable, equals, content = text.partition("=")
        if equals and content.strip("=") and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
            name, text = variable, content
        if name != "value":
            # A list of variables has its names elsewhere; `_variables` has read it.
            yield path, name, text
        yield from _inside(path, text)


def _variables(path: str, value: Any) -> Iterator[tuple[str, str, str]]:
    """Return the environment variables of containers anywhere in a manifest."""
    here = mapping(value)
    name, given = here.get("name"), here.get("value")
    if isinstance(name, str) and isinstance(given, str) and not isinstance(given, Marker):
        yield f"{path}.value", name, given
    for key, item in [*here.items(), *enumerate(listing(value))]:
        yield from _variables(f"{path}.{key}", item)


def _inside(path: str, text: str) -> Iterator[tuple[str, str, str]]:
    """Return what a text holds that is JSON, or Base64 of a text."""
    content = text.strip()
    document = _document(content)
    if document is not None:
        for inner, inner_text in texts(document):
            yield path, inner.rsplit(".", 1)[-1], inner_text
        yield from ((path, name, value) for _, name, value in _variables(path, document))
    for line in (_decoded(content) or "").splitlines():
        name, _, value = line.strip().removeprefix("export ").partition("=")
        yield path, name.strip(), value.strip() or line


def _document(text: str) -> Any:
    """What a text says that is JSON, without what everybody may know of the keys in it; None when it is none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return _without_public_keys(json.loads(text))
    except ValueError:
        return None


def _without_public_keys(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_public_keys(item) for item in listing(value)]
    if not isinstance(value, dict):
        return value
    here = mapping(value)
    public = "kty" in here and _PRIVATE_PARTS.isdisjoint(here)
    return {key: _without_public_keys(item) for key, item in here.items() if not (public and key in _PUBLIC_PARTS)}


def _decoded(text: str) -> str | None:
    """What a text says when it is Base64 of a text; None when it is not."""
    if len(text) < 16 or not re.fullmatch(r"[A-Za-z0-9+/\n]+={0,2}", text):
        return None
    try:
        decoded = base64.b64decode(text).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return decoded if all(letter.isprintable() or letter in "\n\r\t" for letter in decoded) else None


def secret_in(name: str, text: str) -> str | None:
    """Return what kind of secret a text under a name looks like; None when it looks like none.

    Judged by well-known forms, by the words of the name, and by randomness; a reference to a secret is none.
    """
    for what, pattern in _KNOWN.items():
        if pattern.search(text):
            return what
    words = _CAMEL.sub("_", name)
    if _NAMES.search(words) and not _HARMLESS_NAMES.search(words) and _is_a_value(text):
        return f'what its name "{name}" calls a secret'
    if len(text) >= 512:
        return None
    document = _document(text)
    shown = text if document is None else json.dumps(document)
    for candidate in _RANDOM.findall(shown):
        if is_random(candidate) and _decoded(candidate) is None:
            return "what looks like a random key"
    return None


def is_random(text: str) -> bool:
    """Return whether a text has the variety of characters that a generated key has, and a word has not."""
    bare = text.rstrip("=")
    if len(bare) < 24 or _DIGEST.match(bare) or ("/" in bare.strip("/") and bare.count("/") > 2):
        return False
    kinds = sum(any(test(letter) for letter in bare) for test in (str.islower, str.isupper, str.isdigit))
    counts = Counter(bare)
    entropy = -sum(count / len(bare) * math.log2(count / len(bare)) for count in counts.values())
    return kinds == 3 and entropy > 4.0


def _is_a_value(text: str) -> bool:
    """Whether a text can be a secret itself, and not a switch, a number, a reference, a path or a name of a place."""
    bare = text.strip().strip("\"'")
    if len(bare) < 4 or bare.lower() in (
        "true",
        "false",
        "none",
        "null",
        "required",
        "optional",
        "disabled",
        "enabled",
    ):
        return False
    if bare.isdecimal() or bare.startswith(("$", "/", "{{", "arn:", "http://", "https://", "file:")):
        return False
    return "-----BEGIN CERTIFICATE-----" not in bare and "-----BEGIN PUBLIC KEY-----" not in bare

"""Doors that a change opens: ports, public access, weaker TLS, wider rights. What was open before is not told again.

A sentence names the property; the only values in it are numbers of ports and words of the tables in `knowledge`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools.gostack.documents import is_list, is_mapping, listing, mappings
from tools.gostack.report.changes import Change, StackChanges, value_at
from tools.gostack.report.findings import Finding, shown
from tools.gostack.report.knowledge.exposure import (
    ATTACHMENTS,
    EVERYBODY,
    FLAGS,
    GUARDS,
    LOOPBACK,
    NETWORK_LISTS,
    POD_FLAGS,
    RIGHTS,
    WEAK_POLICIES,
    WEAK_TLS,
)
from tools.gostack.report.place import Places
from tools.gostack.report.rights import widened

Opened = tuple[str, str]
"""Path of a property, and what its new value opens."""


def exposure(stack: StackChanges, places: Places) -> list[Finding]:
    """Return a finding for each property that opens something."""
    findings: list[Finding] = []
    for change in stack.changes:
        for path, what in dict.fromkeys(_opened(change)):
            findings.append(places.finding("exposure", change, f"`{path}`: {what}" if path else what, path))
    return findings


def _opened(change: Change) -> Iterator[Opened]:
    if change.operation == "delete":
        if change.type in GUARDS:
            yield "", "is deleted because the program no longer has it: what it refused is let through"
        return
    if change.operation in ("read", "forget"):
        return
    old, new = change.old, change.new
    yield from _ports(change, old, new)
    yield from _flags(change, old, new)
    yield from _addresses(change, old, new)
    yield from _pod(change, old, new)
    yield from _tls(old, new)
    yield from _rights(change, old, new)
    yield from _mounts(old, new)


def _ports(change: Change, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Opened]:
    if change.type != "docker:index/container:Container":
        return
    before = [(item.get("ip"), item.get("external")) for item in mappings(old.get("ports"))]
    for index, port in enumerate(mappings(new.get("ports"))):
        address = str(port.get("ip") or "0.0.0.0")  # noqa: S104  # what the engine takes when nothing is said
        if address.startswith(LOOPBACK) or (port.get("ip"), port.get("external")) in before:
            continue
        yield f"ports[{index}].ip", f"port {_number(port.get('external'))} is reached by other machines"


def _flags(change: Change, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Opened]:
    for path, opens in FLAGS.get(change.type, {}).items():
        # A thing that is made with a safe default left out is not told; one that is made open is.
        if value_at(new, path) == opens and value_at(old, path) != opens:
            yield path, f"is {shown(opens)} now"


def _addresses(change: Change, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Opened]:
    for path in NETWORK_LISTS.get(change.type, ()):
        before, after = value_at(old, path), value_at(new, path)
        if change.type.endswith("SecurityGroupRule") and new.get("type") == "egress":
            return
        added = {address for address in _leaves(after) if address in EVERYBODY}
        added -= (
            {address for address in _leaves(before) if address in EVERYBODY}
            if _ports_of(old) == _ports_of(new)
            else set()
        )
        for address in sorted(added):
            yield path, f"{address} is let in{_ports_of(new)}"
    if change.type == "kubernetes:networking.k8s.io/v1:NetworkPolicy" and change.operation == "update":
        rules = mappings(value_at(new, "spec.ingress"))
        if any(not rule.get("from") for rule in rules) and all(
            rule.get("from") for rule in mappings(value_at(old, "spec.ingress"))
        ):
            yield "spec.ingress", "a rule without `from` lets everybody in"


def _ports_of(inputs: Mapping[str, Any]) -> str:
    first, last = inputs.get("fromPort"), inputs.get("toPort")
    if first is None:
        rules = mappings(inputs.get("ingress"))
        open_to_all = [rule for rule in rules if EVERYBODY & set(_leaves(rule))]
        spans = sorted({_span(rule.get("fromPort"), rule.get("toPort")) for rule in open_to_all})
        if not spans:
            return ""
        return " on port " + ", ".join(spans)
    return f" on port {_span(first, last)}"


def _span(first: object, last: object) -> str:
    return _number(first) if first == last or last is None else f"{_number(first)}–{_number(last)}"


def _number(port: object) -> str:
    return str(int(port)) if isinstance(port, (int, float)) else "that is not known yet"


def _pod(change: Change, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Opened]:
    if not change.type.startswith(("kubernetes:apps/", "kubernetes:batch/", "kubernetes:core/v1:Pod")):
        return
    before = dict(_paths(old))
    for path, value in _paths(new):
        opens = POD_FLAGS.get(path.rsplit(".", 1)[-1])
        if opens is not None and value == opens and before.get(path) != opens:
            yield path, f"is {shown(opens)} now"


def _tls(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Opened]:
    before = dict(_paths(old))
    for path, value in _paths(new):
        if not isinstance(value, str) or before.get(path) == value:
            continue
        was = str(before.get(path, ""))
        if value.startswith(WEAK_POLICIES) and not was.startswith(WEAK_POLICIES):
            yield path, "TLS below 1.2 is admitted"
        else:
            weak = [word.strip(" ;") for word in WEAK_TLS if word in f"{value} " and word not in f"{was} "]
            if weak:
                yield path, f"{weak[0]} is admitted"
    if new.get("protocol") == "HTTP" and old.get("protocol") in ("HTTPS", "TLS"):
        yield "protocol", "requests are no longer encrypted"


def _rights(change: Change, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Opened]:
    for path in RIGHTS.get(change.type, ()):
        if what := widened(value_at(old, path), value_at(new, path)):
            yield path, what
    attached = ATTACHMENTS.get(change.type)
    if attached is not None and value_at(new, attached) != value_at(old, attached):
        yield attached, "the rights of another policy or role are given"
    if change.type.startswith("kubernetes:rbac.authorization.k8s.io/") and "rules" in new:
        before = {_rule(rule) for rule in mappings(old.get("rules"))}
        for index, rule in enumerate(mappings(new.get("rules"))):
            if _rule(rule) not in before:
                everything = "*" in (*listing(rule.get("verbs")), *listing(rule.get("resources")))
                yield f"rules[{index}]", f"{'everything' if everything else 'more'} is allowed"


def _mounts(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Opened]:
    before = {str(value) for _, value in _paths(old)}
    for path, value in _paths(new):
        if isinstance(value, str) and value.endswith("docker.sock") and value not in before:
            yield path, "whoever is in it controls the engine"
    for index, capability in enumerate(value_at(new, "capabilities.adds") or []):
        if capability not in (value_at(old, "capabilities.adds") or []):
            yield f"capabilities.adds[{index}]", "a capability is given to its processes"


def _rule(rule: Mapping[str, Any]) -> str:
    return str(sorted((key, sorted(map(str, value or []))) for key, value in rule.items()))


def _leaves(value: Any) -> list[Any]:
    return [leaf for _, leaf in _paths(value)]


def _paths(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its path."""
    if is_mapping(value):
        for key, item in value.items():
            step = f'["{key}"]' if "." in str(key) else (f".{key}" if path else str(key))
            yield from _paths(item, f"{path}{step}")
    elif is_list(value):
        for index, item in enumerate(value):
            yield from _paths(item, f"{path}[{index}]")
    else:
        yield path, value

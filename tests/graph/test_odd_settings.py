"""Whatever stands in a stack file is refused by one sentence, or the program plans a stack from it: no traceback.

Does not prove that what is planned can be made: nginx, Consul, MySQL and Pulumi are asked by other tests, with fewer
values.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from infra.settings import Settings, SettingsError, load_stack_file, parse_settings
from infra.settings.errors import model_inside
from infra.settings.files import require_files
from infra.settings.stack_file import configuration, written
from tests.graph.conftest import recorded

PROJECT = Path(__file__).resolve().parents[2]
Document = dict[str, Any]
Place = tuple[str, ...]

# As small as a stack can be: it is planned some hundred times.
SMALL: Document = {
    "regions": {"east": {"cidr": "10.80.1.0/24", "https_port": 8443, "http_port": 8080, "consul_port": 8500}},
    "consul": {"servers": 1},
    "mysql": {"primary": "east", "topology": "single"},
    "services": {"greeter": {"context": "services/greeter", "replicas": 1, "routes": [{"path": "/hello"}]}},
}

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 443, 10**15, 0.5, -0.25, "", " ", "1", "true", "x", "x" * 300, "\0", "é"),
    *("a\nb", "$(id)", "${x}", "%n", "{{ x }}", "'\";{}\\", "../..", "/", "default", "service", "123e45", "1.10"),
    *("0o17", "yes", "2026-11-28", "~", "10.80.1.0/24", "::1", "a:b@c/d", [], {}, [[]], [None], ["x"], {"x": None}),
    *({"": 1}, {"secure": "x"}, [{"path": "/"}], {"x": {"y": [1]}}),
)

NAMES = (
    *("default", "include", "service", "node", "query", "addr", "connect", "virtual", "ingress", "volatile"),
    *("hostnames", "east", "mysql", "consul", "upstream", "authority", "backbone", "gossip-key", "witness", "canary"),
    *("x-canary", "root", "sys", "administrator", "administration", "replication", "rdsadmin", "backup", "undo-001"),
    *("ib-logfile0", "greeter", "greeter-east", "database", "settings", "stable", "true", "null", "on", "con"),
    *("kube-system", "a", "a--b", "x" * 15, "x" * 16, "x" * 30, "x" * 31, "", "-a", "a-", "1a", "A", "a_b", "a.b"),
    *("a b", "ä", "mysql-east", "upstream-nginx", "users", "ns", "ap", "dc", "tcp", "if", "stack", "gostack"),
    *("localhost", "0", "waiting", "unknown"),
)


def places(model: type[BaseModel] = Settings, above: Place = ()) -> Iterator[Place]:
    """Every key of the settings, with the small stack's own names for what people name."""
    named: dict[str, Place] = {"regions": ("east",), "services": ("greeter",), "routes": ("0",), "match": ("0",)}
    for name, field in model.model_fields.items():
        place = (*above, name)
        yield place
        inner = model_inside(field.annotation)
        # AWS and a cluster are other stacks: tests/graph/aws and tests/unit/test_aws_settings.py.
        if inner is not None and name not in ("aws", "kubernetes"):
            whole = inner is not field.annotation and name in named
            yield from places(inner, (*place, *(named[name] if whole else ())))


def put(document: Document, place: Place, value: Any) -> None:
    """Put a value where a key stands, with what must be around it."""
    current: Any = document
    for part in place[:-1]:
        if isinstance(current, list):
            current.extend([{"header": "X-A", "value": "b"}] * (int(part) + 1 - len(current)))
            current = current[int(part)]
        else:
            following = [] if part in ("routes", "match", "egress") else {}
            current = current.setdefault(part, following)
            if current is None:
                return
    if isinstance(current, list):
        current.append(value)
    else:
        current[place[-1]] = value


def outcome(document: Document, folder: Path | None = None) -> str | Settings:
    """What is told of a document, one sentence, or its settings. With a folder it is read from a file there."""
    whole = {"config": {f"gostack:{key}": value for key, value in document.items()}}
    try:
        if folder is None:
            accepted = parse_settings(configuration(whole, "Pulumi.odd.yaml"))
            require_files(accepted, PROJECT)
            return accepted
        file = folder / "Pulumi.odd.yaml"
        file.write_text(written(whole), encoding="utf-8")
        return load_stack_file(file, PROJECT)
    except SettingsError as error:
        text = str(error)
    assert text.endswith((".", "?")), text
    assert len(text) < 600, text
    assert "Traceback" not in text
    return text


@dataclass(frozen=True)
class Change:
    """Values of keys of the small stack."""

    values: tuple[tuple[Place, Any], ...]

    def __call__(self, document: Document) -> Document:
        for place, value in self.values:
            put(document, place, copy.deepcopy(value))
        return document

    def meets(self, other: Change) -> bool:
        """Whether a key of one is a key of the other, or stands inside it."""
        pairs = ((mine, theirs) for mine, _ in self.values for theirs, _ in other.values)
        return any(all(one == two for one, two in zip(*pair, strict=False)) for pair in pairs)


def changed(*changes: Change) -> Document:
    document = copy.deepcopy(SMALL)
    for change in changes:
        change(document)
    return document


def together(changes: Iterable[Change], most: int) -> Iterator[list[Change]]:
    """Changes that are accepted one by one, in as few stacks as accept them together; each is in one of them."""
    left = list(changes)
    while left:
        taken, later = left[:1], list[Change]()
        document = changed(*taken)
        for change in left[1:]:
            more = document
            if len(taken) < most and not any(map(change.meets, taken)):
                more = change(copy.deepcopy(document))
            if more is not document and isinstance(outcome(more), Settings):
                taken.append(change)
                document = more
            else:
                later.append(change)
        yield taken
        left = later


def require_stack(*changes: Change) -> None:
    """A stack is planned with all of them; a failure names those that fail alone."""
    settings = outcome(changed(*changes))
    assert isinstance(settings, Settings)
    try:
        assert recorded(settings, stack="odd").registered
    except Exception as error:
        if len(changes) > 1:
            for change in changes:
                require_stack(change)
        raise AssertionError(f"no stack is planned with {changes}") from error


@cache
def outcomes(place: Place) -> list[tuple[Any, Change, str | Settings]]:
    """Each odd value of a key, and what becomes of it."""
    changes = [(value, Change(((place, value),))) for value in ODD]
    return [(value, change, outcome(changed(change))) for value, change in changes]


@pytest.mark.parametrize("place", sorted(places()), ids=".".join)
def test_any_value_of_a_key_is_accepted_or_refused_by_one_sentence(place: Place) -> None:
    assert any(isinstance(told, str) for _, _, told in outcomes(place)), f"{place} takes everything"


def test_a_stack_is_planned_from_every_value_that_is_accepted() -> None:
    # The same settings in other words are planned once; numbers in their range are alike.
    known = {parse_settings(SMALL).model_dump_json()}
    off, on = list[Change](), list[Change]()
    for place in sorted(places()):
        for value, change, told in outcomes(place):
            if isinstance(told, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
                continue
            if (digest := told.model_dump_json()) not in known:
                known.add(digest)
                (off if value in (None, False) else on).append(change)
    assert len(on) > len(ODD)
    # What is off would hide what stands inside it.
    for changes in [*([change] for change in off), *together(on, most=len(on))]:
        require_stack(*changes)


def named(kind: str, name: str) -> Change:
    """The small stack's region, or a service beside its own, by another name."""
    if kind == "regions":
        return Change(((("regions",), {name: SMALL["regions"]["east"]}), (("mysql", "primary"), name)))
    routes = [{"path": f"/{NAMES.index(name)}"}]
    return Change(((("services", name), {**SMALL["services"]["greeter"], "routes": routes, "database": {}}),))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["regions", "services"])
def test_any_name_is_accepted_or_refused_by_one_sentence(tmp_path: Path, kind: str, name: str) -> None:
    outcome(changed(named(kind, name)), tmp_path)


def test_a_stack_is_planned_with_every_name_that_is_accepted() -> None:
    changes = [named(kind, name) for kind in ("regions", "services") for name in NAMES]
    accepted = [change for change in changes if isinstance(outcome(changed(change)), Settings)]
    assert len(accepted) > len(NAMES)
    for few in together(accepted, most=3):
        require_stack(*few)


keys = st.sampled_from(sorted(places()))
leaves = st.one_of(st.none(), st.booleans(), st.integers(-10, 70000), st.text(max_size=20), st.sampled_from(ODD))
odd_values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=8), inner, max_size=2)),
)


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(changes=st.dictionaries(keys, odd_values, min_size=1, max_size=3))
def test_any_values_of_several_keys_are_one_sentence_or_a_stack(tmp_path: Path, changes: dict[Place, Any]) -> None:
    document = copy.deepcopy(SMALL)
    try:
        for place, value in changes.items():
            put(document, place, value)
        json.dumps(document)
    except (TypeError, ValueError, AttributeError, IndexError):
        # One of them stands where another one has taken the place away.
        return
    told = outcome(document, tmp_path)
    assert isinstance(told, str) or recorded(told, stack="odd").registered

"""Whatever stands in a stack file is refused by one sentence, or the program plans a stack from it: no traceback.

Does not prove that what is planned can be made: nginx, Consul, MySQL and Pulumi are asked by other tests, with fewer
values.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
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
    *(None, True, False, 0, -1, 1, 2, 443, 10**15, 0.5, -0.25),
    *(
        "",
        " ",
        "1",
        "true",
        "x",
        "x" * 300,
        "\0",
        "é",
        "a\nb",
        "$(id)",
        "${x}",
        "%n",
        "{{ x }}",
        "'\";{}\\",
        "../..",
        "/",
    ),
    *("default", "service", "123e45", "1.10", "0o17", "yes", "2026-11-28", "~", "10.80.1.0/24", "::1", "a:b@c/d"),
    *([], {}, [[]], [None], ["x"], {"x": None}, {"": 1}, {"secure": "x"}, [{"path": "/"}], {"x": {"y": [1]}}),
)

NAMES = (
    *(
        "default",
        "include",
        "service",
        "node",
        "query",
        "addr",
        "connect",
        "virtual",
        "ingress",
        "volatile",
        "hostnames",
    ),
    *("east", "mysql", "consul", "upstream", "authority", "backbone", "gossip-key", "witness", "canary", "x-canary"),
    *("root", "sys", "administrator", "administration", "replication", "rdsadmin", "backup", "undo-001"),
    "ib-logfile0",
    *("greeter", "greeter-east", "database", "settings", "stable", "true", "null", "on", "con", "kube-system", "a"),
    *(
        "a--b",
        "x" * 15,
        "x" * 16,
        "x" * 30,
        "x" * 31,
        "",
        "-a",
        "a-",
        "1a",
        "A",
        "a_b",
        "a.b",
        "a b",
        "ä",
        "mysql-east",
    ),
    *(
        "upstream-nginx",
        "users",
        "ns",
        "ap",
        "dc",
        "tcp",
        "if",
        "stack",
        "gostack",
        "localhost",
        "0",
        "waiting",
        "unknown",
    ),
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


def outcome(document: Document, folder: Path | None = None, *, planned: bool = True) -> str:
    """What is told of a document, one sentence; empty when a stack was planned from it. With a folder it is read from a
    file there."""
    whole = {"config": {f"gostack:{key}": value for key, value in document.items()}}
    try:
        if folder is None:
            accepted = parse_settings(configuration(whole, "Pulumi.odd.yaml"))
            require_files(accepted, PROJECT)
        else:
            file = folder / "Pulumi.odd.yaml"
            file.write_text(written(whole), encoding="utf-8")
            accepted = load_stack_file(file, PROJECT)
    except SettingsError as error:
        return str(error)
    digest = accepted.model_dump_json()
    # The same settings in other words are planned once.
    if planned and digest not in PLANNED:
        PLANNED.add(digest)
        assert recorded(accepted, stack="odd").registered
    return ""


PLANNED: set[str] = set()


def require_sentence(text: str) -> None:
    assert text == "" or (text.endswith((".", "?")) and len(text) < 600 and "Traceback" not in text), text


@pytest.mark.parametrize("place", sorted(places()), ids=".".join)
def test_any_value_of_a_key_is_one_sentence_or_a_stack(place: Place) -> None:
    told: list[str] = []
    for value in ODD:
        document = copy.deepcopy(SMALL)
        put(document, place, value)
        # Numbers in their range are alike.
        number = isinstance(value, int | float) and not isinstance(value, bool)
        told.append(outcome(document, planned=not number))
        require_sentence(told[-1])
    assert any(told), f"{place} takes everything"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["regions", "services"])
def test_any_name_is_one_sentence_or_a_stack(tmp_path: Path, kind: str, name: str) -> None:
    document = copy.deepcopy(SMALL)
    (only,) = document[kind].values()
    document[kind] = {name: {**only, "database": {}} if kind == "services" else only}
    if kind == "regions":
        document["mysql"]["primary"] = name
    require_sentence(outcome(document, tmp_path))


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
    require_sentence(outcome(document, tmp_path))

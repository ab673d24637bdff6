"""What everybody who may ask the engine is shown of a container (`docker inspect`) holds no secret.

Uploads are no part of it: they are written into a volume, which root alone reads. Does not prove what an engine shows:
tests/integration/test_02_secrets.py asks one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings import Settings, parse_settings
from tests.graph.conftest import OIDC_LOGIN, as_replica, dev_settings, recorded
from tests.graph.recorder import Graph, Registered, holds_secret, unwrapped
from tests.graph.test_secrecy import forms, generated
from tests.support.settings import PROJECT, Document

PLANTED = "planted-Unsinn-7391"

PUBLISHED = {
    "integration": "tests/integration/settings.yaml",
    "group": "tests/integration/settings-group.yaml",
    "cases": "tests/integration/cases/settings.yaml",
    "drills": "tests/chaos/settings.yaml",
}

SHOWN: Mapping[str, set[str]] = {
    # The documented way of a service, and of the migrations that are its own program, to its schema; and what a stack
    # file asks for by name, as a program of a stranger may read no file.
    "application": {"MYSQL_PASSWORD", "DATABASE_URL", "KEY"},
    "scheduler": {"MYSQL_PASSWORD", "DATABASE_URL", "KEY"},
    "job": {"MYSQL_PASSWORD", "DATABASE_URL", "KEY"},
    "accessory": {"KEY"},
    # A digest of what the containers of the pod show anyway.
    "sandbox": {"POD_IDENTITY"},
}
"""Role of a container to the variables that hold a secret, because somebody asks for them as variables."""


def written(path: str) -> Settings:
    document = yaml.safe_load((PROJECT / path).read_text(encoding="utf-8"))["config"]
    return parse_settings({key.removeprefix("gostack:"): value for key, value in document.items()})


def everything(document: Document, folder: Path, *, acme: bool) -> None:
    """Each feature that has a secret; `folder` is one for files."""
    (folder / "shop.pem").write_text("certificate", encoding="ascii")
    users = document["services"]["users"]
    users |= {
        "secrets": {"KEY": PLANTED, "FILE": PLANTED},
        "environment": {"DATABASE_URL": "${mysql.dsn}", "KEY": "${secret.KEY}"},
        "files": {"/etc/users.yaml": "key: ${secret.FILE}"},
        "settings": {"rate_limit_per_second": 5},
        "tokens": {"issuer": "https://login.example.com", "audience": "shop"},
        "canary": {"environment": {"LOG_LEVEL": "debug"}},
        "tasks": {"tell": {"args": ["tell"]}},
        "hooks": {"before": "tell", "after": "tell"},
        "schedules": {"nightly": {"cron": "@daily", "task": "tell"}},
        "routes": [{"path": "/api/v1/users", "login": "api"}, {"path": "/office", "login": "staff"}],
    }
    document["services"]["orders"] = {
        "context": "services/users",
        "database": {"migrations": {"directory": "internal/database/migrations"}},
        "routes": [{"path": "/orders", "login": "internal"}],
    }
    document["accessories"] = {
        "cache": {"kind": "valkey"},
        "queue": {
            "image": f"registry.example.com/queue@sha256:{64 * '0'}",
            "port": 5672,
            "user": 999,
            "environment": {"KEY": "${secret.KEY}"},
            "secrets": {"KEY": PLANTED, "FILE": PLANTED},
        },
    }
    document["ingress"] |= {
        "hosts": ["www.example.com", "shop.example.com"],
        "sites": {"shop.example.com": {"certificate": str(folder / "shop.pem"), "secrets": {"key": PLANTED}}},
        "logins": {
            "internal": {"kind": "basic", "secrets": {"htpasswd": f"ada:{PLANTED}"}},
            "api": {"kind": "jwt", "service": "users"},
            "staff": {**OIDC_LOGIN, "secrets": {"client_secret": PLANTED}},
        },
    }
    document["certificates"] = {"acme": {}} if acme else {"in_advance": 3}
    document["telemetry"]["receivers"] = {
        "team": {"kind": "webhook", "secrets": {"url": f"https://hooks.example.com/{PLANTED}"}}
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def whole(folder: Path) -> Graph:
    return recorded(dev_settings(partial(everything, folder=folder, acme=False)))


@pytest.fixture(params=["dev", "replica", *PUBLISHED, "everything", "acme"], scope="module")
def graph(request: pytest.FixtureRequest, folder: Path) -> Graph:
    found: dict[str, Callable[[], Settings]] = {
        "dev": dev_settings,
        "replica": partial(dev_settings, as_replica),
        **{name: partial(written, path) for name, path in PUBLISHED.items()},
        "everything": partial(dev_settings, partial(everything, folder=folder, acme=False)),
        "acme": partial(dev_settings, partial(everything, folder=folder, acme=True)),
    }
    return recorded(found[request.param]())


def shown(resource: Registered) -> dict[str, Any]:
    """Input to value of what the engine tells of a container, network or volume, without the variables of `SHOWN`."""
    allowed = SHOWN.get(resource.labels.get("gostack.role", ""), set())
    inputs = {key: value for key, value in resource.inputs.items() if key != "uploads"}
    if "envs" in inputs:
        inputs["envs"] = [one for one in inputs["envs"] if str(unwrapped(one)).partition("=")[0] not in allowed]
    return inputs


def objects(graph: Graph) -> list[Registered]:
    return [item for item in graph.resources.values() if item.type.startswith("docker:") and "Image" not in item.type]


def test_nothing_that_the_engine_shows_is_made_from_a_secret(graph: Graph) -> None:
    assert graph.containers
    found = [(item.name, key) for item in objects(graph) for key, value in shown(item).items() if holds_secret(value)]
    assert found == []


def test_no_secret_stands_in_what_the_engine_shows(graph: Graph) -> None:
    texts = {item.name: json.dumps(unwrapped(shown(item)), ensure_ascii=False) for item in objects(graph)}
    secrets = {**generated(graph), "planted": PLANTED}
    found = [
        (name, place)
        for name, secret in secrets.items()
        for form in set(forms(secret))
        for place, text in texts.items()
        if form in text
    ]
    assert found == []


def test_each_exception_is_one_that_somebody_asks_for(whole: Graph) -> None:
    found: dict[str, set[str]] = {}
    for container in whole.containers:
        names = {str(unwrapped(one)).partition("=")[0] for one in container.inputs["envs"] if holds_secret(one)}
        if names:
            found.setdefault(container.labels["gostack.role"], set()).update(names)
    assert found == SHOWN


def test_a_pod_is_named_by_nothing_that_its_containers_do_not_show(dev: Graph) -> None:
    """Its digest would let guesses at a short secret be tried."""
    secret = {name: item.is_secret("envs") for name, item in dev.resources.items() if name.endswith("-pod-sandbox")}
    applications = {item.name.replace("-application", "-pod-sandbox") for item in dev.with_role("application")}
    assert {name for name, tainted in secret.items() if tainted} == applications

"""Names that another program gives a meaning, or has no room for, are refused or shortened before anything is made.

Does not prove that the words and lengths are the other programs' own: `tests/integration/test_names_elsewhere.py` asks
Consul and nginx. Lengths of AWS are those of its manuals.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from components.aws.network.load_balancer import NAME_LENGTH
from components.names import (
    CONSUL_WORDS,
    LABEL,
    NGINX_WORDS,
    node_prefix,
    shortened,
)
from infra.settings import Settings, SettingsError, load_stack_file, loading, parse_settings, require_stack_name
from tests.graph.conftest import recorded
from tests.support.settings import PROJECT, published, refused

LONG_SERVICE, LONG_REGION = "customer-notification-gateway", "eu-central-1"


@pytest.mark.parametrize("word", sorted(NGINX_WORDS | CONSUL_WORDS))
def test_a_region_is_not_called_by_a_word_of_nginx_or_of_consul(word: str) -> None:
    document = published("dev")
    document["regions"][word] = document["regions"].pop("west")
    reader = "nginx" if word in NGINX_WORDS else "the DNS of Consul"
    assert refused(lambda: parse_settings(document)) == (
        f'gostack:regions.{word}: "{word}" is a word that {reader} gives a meaning of its own: choose another name.'
    )


@pytest.mark.parametrize("word", ["default", "Include", "volatile"])
def test_a_canary_is_not_matched_by_a_word_of_nginx(word: str) -> None:
    document = published("dev")
    document["services"]["users"]["canary"] = {"match": [{"header": "X-User-Tag", "value": word}]}
    assert "is a word of nginx's configuration: match another value" in refused(lambda: parse_settings(document))


def test_every_node_that_consul_is_told_is_a_label_whatever_the_service_and_the_region_are_called() -> None:
    document = published("dev")
    document["regions"][LONG_REGION] = document["regions"].pop("west")
    document["services"] = {LONG_SERVICE: {"context": "services/users", "replicas": 20, "canary": {"weight": 5}}}
    nodes = [container.environment["NODE"] for container in recorded(parse_settings(document)).with_role("agent")]
    assert max(len(f"{node}-0123456789ab") for node in nodes) == LABEL
    assert len(set(nodes)) == len(nodes)


@pytest.mark.parametrize("length", range(30, 80))
def test_a_shortened_name_fits_and_differs_from_others_with_the_same_beginning(length: int) -> None:
    names = ["x" * length + ending for ending in ("-canary-10", "-canary-11")]
    short = [node_prefix(name) for name in names]
    assert max(len(name) for name in short) <= 50
    assert len(set(short)) == 2


def test_a_name_that_fits_stays_as_it_is() -> None:
    assert shortened("users-east-0", 50) == "users-east-0"


def test_a_job_on_kubernetes_whose_name_is_too_long_is_told_with_its_arithmetic() -> None:
    document = published("staging")
    service = document["services"].pop("users")
    document["services"] = {LONG_SERVICE: {**service, "canary": {"context": "services/users"}}}
    assert refused(lambda: parse_settings(document)) == (
        "gostack:services.customer-notification-gateway has a name of 29 characters, with which the job of its canary "
        "track's migrations is called customer-notification-gateway-database-canary-migrations-run-01234567, of 69: "
        "Kubernetes takes 63, so use a name of at most 23."
    )


def test_the_same_name_is_good_where_no_job_is_made_of_it() -> None:
    document = published("staging")
    service = document["services"].pop("users")
    document["services"] = {LONG_SERVICE: {**service, "canary": {"weight": 5}}}
    assert parse_settings(document)


STACKS: dict[str, tuple[str, str, str]] = {
    "capitals": ("dev", "Dev", "its images are called after it, in whose names are lower-case letters"),
    "a hyphen first": ("dev", "-x", "its images are called after it"),
    "a dot last": ("dev", "x.", "its images are called after it"),
    "longer than a label": ("dev", "x" * 64, "it has 64 characters"),
    "an underscore in a namespace": ("staging", "my_stack", "it would have the namespace gostack-my_stack-east, where"),
    "a namespace longer than a label": ("staging", "x" * 51, "gostack-" + "x" * 51 + "-east, of 64 characters"),
    "two hyphens in a database": ("prod", "a--b", "it would have the database gostack-a--b-"),
    "an instance that is too long": ("prod", "x" * 41, "it would have the database instance"),
}


@pytest.mark.parametrize(("published_as", "name", "reason"), STACKS.values(), ids=STACKS)
def test_a_stack_is_not_called_what_its_parts_cannot_be(published_as: str, name: str, reason: str) -> None:
    settings: Settings = load_stack_file(PROJECT / f"Pulumi.{published_as}.yaml")
    with pytest.raises(SettingsError) as caught:
        require_stack_name(name, settings)
    assert reason in str(caught.value)
    assert str(caught.value).startswith(f'a stack cannot be called "{name}": ')


@pytest.mark.parametrize(
    ("published_as", "name"), [("dev", "my_stack.2"), ("dev", "2026"), ("staging", "a--b"), ("prod", "x" * 40)]
)
def test_what_its_parts_can_be_called_is_accepted(published_as: str, name: str) -> None:
    require_stack_name(name, load_stack_file(PROJECT / f"Pulumi.{published_as}.yaml"))


def test_the_name_of_a_stack_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.Dev.yaml"
    file.write_bytes((PROJECT / "Pulumi.dev.yaml").read_bytes())
    with pytest.raises(SettingsError, match=r'^a stack cannot be called "Dev": '):
        load_stack_file(file, PROJECT)


def test_the_program_refuses_the_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        f"gostack:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in published("dev").items()
    }
    monkeypatch.setattr(loading, "_configuration", lambda: values)
    monkeypatch.setattr(loading.pulumi, "get_stack", lambda: "Dev")
    with pytest.raises(SettingsError, match=r'^a stack cannot be called "Dev": '):
        loading.load_settings()


@pytest.mark.parametrize("region", ["ap-southeast-1", "us-gov-west-1", "eu-central-1"])
@pytest.mark.parametrize("ending", ["nlb", "https", "http"])
def test_pulumi_can_name_what_leads_into_a_region_of_aws(region: str, ending: str) -> None:
    assert len(shortened(f"entry-{region}-{ending}", NAME_LENGTH)) + len("-0123456") <= 32

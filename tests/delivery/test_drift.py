"""What a refresh says has changed, from events as the engine writes them.

Does not prove that a provider sees a change: tests/integration/test_13_drift.py changes a running stack on Docker.
"""

from __future__ import annotations

from typing import Any

from tests.delivery.streams import events
from tools.gostack.drift.docker_objects import differing
from tools.gostack.drift.refreshed import refreshed, refusals
from tools.gostack.report.changes import Event, Step

DEPLOYMENT = "urn:pulumi:staging::gostack::gostack:index:Microservice$kubernetes:apps/v1:Deployment::users-east"


def edited(paths: dict[str, str], before: dict[str, Any], now: dict[str, Any]) -> list[Event]:
    metadata: Step = {
        "op": "update",
        "urn": DEPLOYMENT,
        "type": "kubernetes:apps/v1:Deployment",
        "old": {"outputs": before},
        "new": {"outputs": now},
        "detailedDiff": {path: {"diffKind": kind} for path, kind in paths.items()},
    }
    return [{"sequence": 1, "resOutputsEvent": {"metadata": metadata}}]


def test_a_recorded_refresh_names_what_was_removed_stopped_and_changed() -> None:
    assert [str(item) for item in refreshed(events("drift"))] == [
        "users-east-1-registration-agent: the Container is gone: it was removed outside of Pulumi",
        "users-west-1-application: it stands still (`mustRun` is `true` for the stack)",
        "users-west-settings-document: `memory` is `100` instead of `128`",
        "users-west-settings-document: `memorySwap` is `100` instead of `128`",
    ]


def test_a_deployment_that_was_edited_is_named_with_the_property() -> None:
    container = {"spec": {"template": {"spec": {"containers": [{"image": "users@sha256:aaa"}]}}}}
    other = {"spec": {"template": {"spec": {"containers": [{"image": "users:latest"}]}}, "replicas": 9}}
    paths = {"spec.template.spec.containers[0].image": "update", "spec.replicas": "add", "status.replicas": "update"}
    assert [str(item) for item in refreshed(edited(paths, container, other))] == [
        "users-east: `spec.replicas` is there (`9`) and was not",
        "users-east: `spec.template.spec.containers[0].image` is `users:latest` instead of `users@sha256:aaa`",
    ]


def test_a_secret_that_differs_is_not_shown() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
    found = refreshed(edited({"data": "update"}, {"data": secret}, {"data": {"password": "hunter22"}}))
    assert [str(item) for item in found] == ["users-east: `data` is another one (secret)"]


def test_what_the_cluster_writes_itself_is_no_drift() -> None:
    paths = {"metadata.resourceVersion": "update", "status.readyReplicas": "update"}
    assert refreshed(edited(paths, {}, {})) == []


def test_a_provider_that_cannot_look_is_told_and_not_taken_for_no_drift() -> None:
    error: Event = {"severity": "error", "message": "the cluster\ncannot be reached"}
    assert refusals([{"sequence": 1, "diagnosticEvent": error}]) == ["the cluster cannot be reached"]


def test_each_key_of_a_document_is_told_by_itself() -> None:
    assert differing('{"a": 1, "b": 2}', '{"a": 1, "b": 3, "c": 4}') == [
        ("b", "`b` is `3` instead of `2`"),
        ("c", "`c` is there (`4`) and was not"),
    ]
    assert differing('{"a": 1}', "nonsense") == [("", "it holds something that is no JSON")]
    assert differing('{"a": 1}', '{"a":  1}') == [("", "it is written in another way")]

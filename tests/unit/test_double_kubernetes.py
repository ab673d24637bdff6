"""The stand-in for the Kubernetes plugin, over gRPC as the engine speaks to it, on a small API server in this process.

It does not prove what a real API server or the engine makes of it: tests/integration has both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from tests.support.kubernetes_api import FakeApi, kubernetes_api
from tests.support.kubernetes_plugin import (
    CONFIG_MAP,
    DEPLOYMENT,
    NEW_IMAGE,
    SECRET,
    Plugin,
    Properties,
    config_map,
    configured,
    deployment,
    failure,
)
from tools.offline.providers.plugin.values import UNKNOWN, Secret, decode, encode, plain


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with kubernetes_api() as running:
        yield running


@pytest.fixture
def plugin(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    monkeypatch.setenv("GOSTACK_KUBERNETES_SETTLE_SECONDS", "0")
    yield from configured({"kubeconfig": api.kubeconfig()})


def test_an_object_without_a_name_gets_one_of_its_own_and_is_marked(plugin: Plugin, api: FakeApi) -> None:
    made, _, outputs = plugin.made(CONFIG_MAP, "settings", config_map({"a": "1"}))

    (name,) = api.objects.names("ConfigMap")
    assert name.startswith("settings-")
    assert len(name) == len("settings-") + 8
    assert made == f"default/{name}"
    assert outputs["metadata"]["annotations"]["pulumi.com/autonamed"] == "true"


def test_the_name_stays_while_the_object_does_and_is_another_for_its_replacement(plugin: Plugin) -> None:
    first = plugin.checked(CONFIG_MAP, "settings", config_map({"a": "1"}))
    again = plugin.checked(CONFIG_MAP, "settings", config_map({"a": "2"}), olds=first)
    anew = decode(plugin.check(CONFIG_MAP, "settings", config_map({"a": "2"}), seed=b"other").inputs)

    assert again["metadata"]["name"] == first["metadata"]["name"]
    assert anew["metadata"]["name"] != first["metadata"]["name"]


def test_the_outputs_are_the_whole_live_object(plugin: Plugin) -> None:
    _, _, outputs = plugin.made(DEPLOYMENT, "users", deployment())

    assert outputs["metadata"]["uid"]
    assert outputs["status"]["observedGeneration"] == 1
    assert outputs["__fieldManager"].startswith("pulumi-kubernetes-")
    assert outputs["__inputs"]["spec"]["replicas"] == 2


def test_nothing_changes_when_the_program_says_the_same(plugin: Plugin) -> None:
    _, inputs, outputs = plugin.made(DEPLOYMENT, "users", deployment())

    answer = plugin.diff(DEPLOYMENT, "users", outputs, plugin.checked(DEPLOYMENT, "users", deployment(), olds=inputs))

    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_quantity_that_means_the_same_is_no_change(plugin: Plugin) -> None:
    _, inputs, outputs = plugin.made(DEPLOYMENT, "users", deployment())
    other = deployment()
    other["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] = {"cpu": "500m", "memory": "1Gi"}

    answer = plugin.diff(DEPLOYMENT, "users", outputs, plugin.checked(DEPLOYMENT, "users", other, olds=inputs))

    assert not answer.detailedDiff


def test_a_new_image_is_an_update_in_place_with_its_path(plugin: Plugin, api: FakeApi) -> None:
    _, inputs, outputs = plugin.made(DEPLOYMENT, "users", deployment())
    news = plugin.checked(DEPLOYMENT, "users", deployment(NEW_IMAGE), olds=inputs)

    answer = plugin.diff(DEPLOYMENT, "users", outputs, news)
    updated = plugin.update(DEPLOYMENT, "users", outputs, news)

    assert list(answer.detailedDiff) == ["spec.template.spec.containers[0].image"]
    assert not answer.replaces
    assert updated["metadata"]["generation"] == 2
    assert api.objects.one("Deployment")["spec"]["template"]["spec"]["containers"][0]["image"] == NEW_IMAGE


def test_changed_data_of_a_config_map_replaces_it_create_first(plugin: Plugin) -> None:
    _, inputs, outputs = plugin.made(CONFIG_MAP, "settings", config_map({"a": "1"}))
    news = plugin.checked(CONFIG_MAP, "settings", config_map({"a": "2"}), olds=inputs)

    answer = plugin.diff(CONFIG_MAP, "settings", outputs, news)

    assert list(answer.replaces) == ["data.a"]
    assert not answer.deleteBeforeReplace


def test_an_object_with_a_name_of_the_programs_own_is_deleted_before_it_is_replaced(plugin: Plugin) -> None:
    _, inputs, outputs = plugin.made(CONFIG_MAP, "settings", config_map({"a": "1"}, name="settings"))
    news = plugin.checked(CONFIG_MAP, "settings", config_map({"a": "2"}, name="settings"), olds=inputs)

    assert plugin.diff(CONFIG_MAP, "settings", outputs, news).deleteBeforeReplace


def test_another_name_or_namespace_replaces_create_first(plugin: Plugin) -> None:
    _, inputs, outputs = plugin.made(CONFIG_MAP, "settings", config_map({"a": "1"}, name="settings"))
    for metadata, path in (
        ({"name": "other"}, "metadata.name"),
        ({"name": "settings", "namespace": "b"}, "metadata.namespace"),
    ):
        news = plugin.checked(CONFIG_MAP, "settings", config_map({"a": "1"}, **metadata), olds=inputs)
        answer = plugin.diff(CONFIG_MAP, "settings", outputs, news)
        assert list(answer.replaces) == [path]
        assert not answer.deleteBeforeReplace


def test_a_changed_selector_replaces_the_deployment(plugin: Plugin) -> None:
    _, inputs, outputs = plugin.made(DEPLOYMENT, "users", deployment())
    news = deployment(selector={"matchLabels": {"app": "users", "track": "stable"}})

    answer = plugin.diff(DEPLOYMENT, "users", outputs, plugin.checked(DEPLOYMENT, "users", news, olds=inputs))

    assert list(answer.replaces) == ["spec.selector.matchLabels.track"]


def test_an_unknown_property_is_refused_by_the_api_server(plugin: Plugin) -> None:
    inputs = plugin.checked(DEPLOYMENT, "users", deployment(replica=3))

    with pytest.raises(grpc.RpcError, match=r"\.spec\.replica: field not declared in schema"):
        plugin.create(DEPLOYMENT, "users", inputs)


def test_a_preview_asks_the_api_server_and_changes_nothing(plugin: Plugin, api: FakeApi) -> None:
    with pytest.raises(grpc.RpcError, match="field not declared in schema"):
        plugin.create(DEPLOYMENT, "users", plugin.checked(DEPLOYMENT, "users", deployment(replica=3)), preview=True)
    answer = plugin.create(DEPLOYMENT, "users", plugin.checked(DEPLOYMENT, "users", deployment()), preview=True)

    assert answer.id == ""
    assert "status" not in decode(answer.properties)
    assert api.objects.names("Deployment") == []


def test_a_preview_goes_on_with_what_is_not_known_yet(plugin: Plugin) -> None:
    image = deployment()
    image["spec"]["template"]["spec"]["containers"][0]["image"] = UNKNOWN
    in_new_namespace = config_map({"a": "1"}, namespace="made-in-the-same-update")

    for token, news in ((DEPLOYMENT, image), (CONFIG_MAP, in_new_namespace), (CONFIG_MAP, config_map({"a": UNKNOWN}))):
        inputs = plugin.checked(token, "users", news)
        assert decode(plugin.create(token, "users", inputs, preview=True).properties).keys() >= inputs.keys()


def test_what_somebody_else_has_changed_is_a_conflict_unless_it_is_forced(plugin: Plugin, api: FakeApi) -> None:
    _, inputs, outputs = plugin.made(DEPLOYMENT, "users", deployment())
    (name,) = api.objects.names("Deployment")
    api.objects.edit("Deployment", "default", name, ("spec", "replicas"), 5, "kubectl-scale")
    news = plugin.checked(DEPLOYMENT, "users", deployment(replicas=3), olds=inputs)

    with pytest.raises(grpc.RpcError, match="field conflict detected") as error:
        plugin.update(DEPLOYMENT, "users", outputs, news)
    assert 'conflict with "kubectl-scale": .spec.replicas' in failure(error)[0]

    news["metadata"]["annotations"]["pulumi.com/patchForce"] = "true"
    assert plugin.update(DEPLOYMENT, "users", outputs, news)["spec"]["replicas"] == 3


def test_what_the_program_ignores_stays_with_whom_it_belongs_to(plugin: Plugin, api: FakeApi) -> None:
    _, inputs, outputs = plugin.made(DEPLOYMENT, "users", deployment())
    (name,) = api.objects.names("Deployment")
    api.objects.edit("Deployment", "default", name, ("spec", "replicas"), 5, "autoscaler")
    news = plugin.checked(DEPLOYMENT, "users", deployment(NEW_IMAGE), olds=inputs)

    updated = plugin.update(DEPLOYMENT, "users", outputs, news, ignored=("spec.replicas",))

    assert updated["spec"]["replicas"] == 5
    assert updated["spec"]["template"]["spec"]["containers"][0]["image"] == NEW_IMAGE


def test_reading_shows_what_has_drifted_and_what_is_gone(plugin: Plugin, api: FakeApi) -> None:
    made, inputs, outputs = plugin.made(DEPLOYMENT, "users", deployment())
    (name,) = api.objects.names("Deployment")
    api.objects.edit("Deployment", "default", name, ("spec", "replicas"), 5, "kubectl-scale")

    answer = plugin.read(DEPLOYMENT, "users", made, inputs, outputs)
    drifted = plugin.diff(DEPLOYMENT, "users", decode(answer.properties), inputs)
    assert decode(answer.inputs)["spec"]["replicas"] == 5
    assert list(drifted.detailedDiff) == ["spec.replicas"]

    api.objects.delete(("Deployment", "default", name))
    assert plugin.read(DEPLOYMENT, "users", made, inputs, outputs).id == ""


def test_the_data_of_a_secret_is_secret_in_all_that_is_kept(plugin: Plugin) -> None:
    news = {"apiVersion": "v1", "kind": "Secret", "stringData": {"password": Secret("correct horse")}}

    made, inputs, outputs = plugin.made(SECRET, "login", news)
    unchanged = plugin.diff(SECRET, "login", outputs, plugin.checked(SECRET, "login", news, olds=inputs))
    again = decode(plugin.read(SECRET, "login", made, inputs, outputs).properties)

    for kept in (inputs, outputs, again):
        assert not leaks(kept, ("correct horse", "Y29ycmVjdCBob3JzZQ=="))
    assert plain(outputs)["data"] == {"password": "Y29ycmVjdCBob3JzZQ=="}
    assert not unchanged.detailedDiff


def leaks(properties: Properties, words: tuple[str, ...]) -> bool:
    def visible(value: Any) -> Any:
        if isinstance(value, Secret):
            return None
        if isinstance(value, dict):
            return {key: visible(item) for key, item in value.items()}
        return [visible(item) for item in value] if isinstance(value, list) else value

    return any(word in json.dumps(visible(properties)) for word in words)


def test_a_changed_secret_is_replaced_by_the_key_that_changed(plugin: Plugin) -> None:
    news = {"apiVersion": "v1", "kind": "Secret", "stringData": {"password": Secret("one"), "user": "app"}}
    _, inputs, outputs = plugin.made(SECRET, "login", news)
    changed = {**news, "stringData": {"password": Secret("two"), "user": "app"}}

    answer = plugin.diff(SECRET, "login", outputs, plugin.checked(SECRET, "login", changed, olds=inputs))

    assert list(answer.replaces) == ["data.password"]


def test_a_cluster_that_does_not_answer_is_named_when_something_is_to_be_made() -> None:
    unreachable = (
        "apiVersion: v1\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a}}]\n"
        "clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\n"
    )
    for plugin in configured({"kubeconfig": unreachable}):
        inputs = plugin.checked(CONFIG_MAP, "settings", config_map({"a": "1"}))
        assert plugin.create(CONFIG_MAP, "settings", inputs, preview=True).id == ""
        with pytest.raises(grpc.RpcError, match=r"cluster is unreachable: http://127\.0\.0\.1:1 does not answer"):
            plugin.create(CONFIG_MAP, "settings", inputs)


def test_a_context_that_does_not_exist_is_refused_with_those_that_do(api: FakeApi) -> None:
    for plugin in configured({"kubeconfig": api.kubeconfig("staging"), "context": "prod"}):
        inputs = plugin.checked(CONFIG_MAP, "settings", config_map({"a": "1"}))
        with pytest.raises(grpc.RpcError, match='context "prod" does not exist in the kubeconfig; it has: staging'):
            plugin.create(CONFIG_MAP, "settings", inputs)


def test_what_exists_already_is_not_taken_over_unless_the_provider_is_told_to(plugin: Plugin, api: FakeApi) -> None:
    news = config_map({"a": "1"}, name="settings")
    inputs = plugin.checked(CONFIG_MAP, "settings", news)
    plugin.create(CONFIG_MAP, "settings", inputs)

    with pytest.raises(grpc.RpcError, match='"settings" already exists'):
        plugin.create(CONFIG_MAP, "other", inputs)

    for other in configured({"kubeconfig": api.kubeconfig(), "upsertExistingObjects": "true"}):
        assert other.create(CONFIG_MAP, "settings", inputs).id == "default/settings"


def test_with_an_identifier_only_the_identifier_says_that_it_is_another_cluster(plugin: Plugin, api: FakeApi) -> None:
    def replaces(olds: Properties, news: Properties) -> list[str]:
        return list(plugin.stub.DiffConfig(provider_pb2.DiffRequest(olds=encode(olds), news=encode(news))).replaces)

    here = {"kubeconfig": api.kubeconfig(), "clusterIdentifier": "a"}
    renewed = {"kubeconfig": api.kubeconfig().replace("127.0.0.1", "127.0.0.2"), "clusterIdentifier": "a"}
    assert replaces(here, renewed) == []
    assert replaces(here, {**here, "clusterIdentifier": "b"}) == ["clusterIdentifier"]


def test_another_cluster_replaces_what_the_provider_has_made(plugin: Plugin, api: FakeApi) -> None:
    def diff(olds: Properties, news: Properties) -> list[str]:
        return list(plugin.stub.DiffConfig(provider_pb2.DiffRequest(olds=encode(olds), news=encode(news))).replaces)

    here, renamed = {"kubeconfig": api.kubeconfig()}, {"kubeconfig": api.kubeconfig("other name")}
    elsewhere = {"kubeconfig": api.kubeconfig().replace("127.0.0.1", "127.0.0.2")}
    assert diff(here, renamed) == []
    assert diff(here, elsewhere) == ["kubeconfig"]


@pytest.mark.parametrize("token", ["helm.sh/v3:Release", "core/v1:ConfigMapPatch", "core/v1:ConfigMapList"])
def test_what_it_cannot_do_it_refuses_with_a_reason(plugin: Plugin, token: str) -> None:
    (refused,) = plugin.check(token, "x", {}).failures

    assert "official Kubernetes plugin" in refused.reason or "underlying resource type" in refused.reason

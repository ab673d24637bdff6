"""The stand-in for the Kubernetes plugin under the real Pulumi engine, on a small API server in this process.

It does not prove what a real cluster makes of it: tests/integration_kubernetes runs the whole staging stack through it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine import Program, missing_toolchain
from tests.support.kubernetes_api import FakeApi, kubernetes_api
from tests.support.kubernetes_objects import BAD_IMAGE

pytestmark = pytest.mark.skipif(missing_toolchain() is not None, reason=str(missing_toolchain()))

SOURCE = """
import json
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

wanted = json.loads(Path("wanted.json").read_text())
cluster = kubernetes.Provider("cluster", kubeconfig=wanted["kubeconfig"])
options = pulumi.ResourceOptions(provider=cluster)
labels = {"app": "users"}
settings = kubernetes.core.v1.ConfigMap("settings", data={"greeting": wanted["greeting"]}, opts=options)
login = kubernetes.core.v1.Secret(
    "login", string_data={"password": pulumi.Output.secret("correct horse")}, opts=options
)
users = kubernetes.apps.v1.Deployment(
    "users",
    metadata={"annotations": {"pulumi.com/timeoutSeconds": "2"}},
    spec={
        "replicas": wanted.get("replicas", 2),
        "selector": {"match_labels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "containers": [
                    {
                        "name": "main",
                        "image": wanted["image"],
                        "env_from": [
                            {"config_map_ref": {"name": settings.metadata.name}},
                            {"secret_ref": {"name": login.metadata.name}},
                        ],
                    }
                ]
            },
        },
    },
    opts=options,
)
service = kubernetes.core.v1.Service(
    "users",
    spec={"selector": labels, "ports": [{"port": 80}]},
    opts=pulumi.ResourceOptions(provider=cluster, depends_on=[users]),
)
pulumi.export("name", users.metadata.name)
"""


class Shop(Program):
    """The program with what it is to make."""

    api: FakeApi

    def want(self, **wanted: object) -> None:
        """Say what the program is to make."""
        defaults = {"kubeconfig": self.api.kubeconfig(), "greeting": "hello", "image": "users:1"}
        (self.folder / "wanted.json").write_text(json.dumps({**defaults, **wanted}))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with kubernetes_api() as api:
        program = Shop(tmp_path / "shop", ("kubernetes",), {"GOSTACK_KUBERNETES_SETTLE_SECONDS": "0"})
        program.api = api
        program.write(SOURCE)
        program.want()
        yield program


def test_a_stack_is_made_stays_as_it_is_changes_and_is_removed(shop: Shop) -> None:
    preview = shop.preview()
    assert preview.code == 0, preview.text
    assert shop.api.objects.names("Deployment") == []

    first = shop.up()
    assert first.code == 0, first.text
    (name,) = shop.api.objects.names("Deployment")
    assert shop.state()["shop-test"]["outputs"]["name"] == name
    assert shop.steps() == {}

    (old,) = shop.api.objects.names("ConfigMap")
    shop.want(greeting="good evening", image="users:2")
    assert shop.steps() == {"settings": "replace", "users": "update"}
    second = shop.up()
    assert second.code == 0, second.text
    (new,) = shop.api.objects.names("ConfigMap")
    container = shop.api.objects.one("Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert new != old
    assert container["envFrom"][0]["configMapRef"]["name"] == new
    assert container["image"] == "users:2"
    assert shop.steps() == {}

    last = shop.destroy()
    assert last.code == 0, last.text
    assert [key for key in shop.api.objects.held if key[0] != "Namespace"] == []


def test_a_bad_image_fails_with_the_pods_reason_and_the_next_up_converges(shop: Shop) -> None:
    assert shop.up().code == 0
    shop.want(image=BAD_IMAGE)

    failed = shop.up()

    assert failed.code != 0
    assert "timed out waiting to be Ready" in failed.text
    assert "0/2 Pods available" in failed.text
    assert "[ErrImagePull] failed to pull" in failed.text
    assert shop.state()["users"]["type"] == "kubernetes:core/v1:Service"
    shop.want(image="users:2")
    healed = shop.up()
    assert healed.code == 0, healed.text
    assert shop.steps() == {}


def test_what_is_gone_is_seen_by_a_refresh_and_made_again(shop: Shop) -> None:
    assert shop.up().code == 0
    (settings,) = shop.api.objects.names("ConfigMap")
    shop.api.objects.delete(("ConfigMap", "default", settings))

    refreshed = shop.refresh()
    assert refreshed.code == 0, refreshed.text
    assert shop.steps() == {"settings": "create", "users": "update"}
    mended = shop.up()
    assert mended.code == 0, mended.text
    assert len(shop.api.objects.names("ConfigMap")) == 1


def test_what_somebody_else_has_changed_is_a_conflict_that_names_them(shop: Shop) -> None:
    assert shop.up().code == 0
    (name,) = shop.api.objects.names("Deployment")
    shop.api.objects.edit("Deployment", "default", name, ("spec", "replicas"), 5, "kubectl-scale")
    shop.want(replicas=3)

    failed = shop.up()

    assert failed.code != 0
    assert 'conflict with "kubectl-scale": .spec.replicas' in failed.text


def test_no_secret_stands_in_the_state_in_plain_text(shop: Shop) -> None:
    assert shop.up().code == 0

    state = json.dumps(shop.state())

    assert "correct horse" not in state
    assert "Y29ycmVjdCBob3JzZQ" not in state


def test_an_unreachable_cluster_fails_the_update_with_its_address(shop: Shop) -> None:
    shop.want(kubeconfig=shop.api.kubeconfig().replace(shop.api.url, "http://127.0.0.1:1"))

    failed = shop.up()

    assert failed.code != 0
    assert "configured Kubernetes cluster is unreachable: http://127.0.0.1:1 does not answer" in failed.text

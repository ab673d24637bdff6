"""The prod stack, whole, under the real Pulumi engine: stand-ins for AWS, an API server in this process a cluster.

One after the other, as in the life of the stack: planned, made, unchanged, a dangerous change, a region that retires
and is removed, the end. Does not prove what AWS or a real cluster does with any of it: quotas, IAM, timing, and pods
that start (docs/aws.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from infra.settings import SettingsError
from tests.support.engine import missing_toolchain
from tests.support.prod_rehearsal import REGIONS, Document, Rehearsal, rehearsal
from tools.gostack.lifecycle.removals import refuse_removal_of_regions, refuse_removal_of_stack

pytestmark = pytest.mark.skipif(missing_toolchain() is not None, reason=str(missing_toolchain()))

HOME, OTHER = REGIONS


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with rehearsal(tmp_path_factory.mktemp("prod")) as rehearsed:
        yield rehearsed


def name_of(step: dict[str, Any]) -> str:
    return str(step["urn"]).rsplit("::", 1)[1]


def position(operations: list[dict[str, Any]], operation: str, name: str) -> int:
    return [(item["operation"], item["name"]) for item in operations].index((operation, name))


def changes(prod: Rehearsal) -> set[tuple[str, str]]:
    return {(step["op"], name_of(step)) for step in prod.steps() if step["op"] != "same"}


def test_01_a_preview_tells_the_whole_tree_and_does_nothing(prod: Rehearsal) -> None:
    steps = prod.steps()
    assert {step["op"] for step in steps} == {"create"}
    planned = {name_of(step) for step in steps}
    for region in REGIONS:
        for part in ("network", "cluster", "registry", "database", "entry", "binding", "drain", "ingress", "consul"):
            assert f"{part}-{region}" in planned
        assert f"users-{region}-deployment" in planned
        assert f"dns-{region}-nearest" in planned
    providers = [step["newState"]["type"] for step in steps if step["newState"]["type"].startswith("pulumi:providers:")]
    assert len(providers) == len([name for name in planned if name.startswith(("aws-", "kubernetes-"))])
    assert prod.operations() == []


def test_02_up_makes_network_cluster_data_and_names_region_by_region(prod: Rehearsal) -> None:
    result = prod.up()
    assert result.code == 0, result.text[-4000:]
    made = prod.operations()
    for region in REGIONS:
        order = [
            f"network-{region}-vpc",
            f"network-{region}-nat-{region}a",
            f"cluster-{region}-control-plane",
            f"database-{region}-cluster",
            f"database-{region}-0",
            f"dns-{region}-own-name",
            f"dns-{region}-nearest",
        ]
        assert [position(made, "create", name) for name in order] == sorted(
            position(made, "create", name) for name in order
        )
    assert position(made, "create", f"cluster-{HOME}-control-plane") < position(made, "create", f"network-{OTHER}-vpc")
    for region in REGIONS:
        objects = prod.clusters[region].objects
        assert any(name.startswith(f"users-{region}") for name in objects.names("Deployment"))
        assert len(objects.names("TargetGroupBinding")) == 2


def test_03_every_resource_is_made_by_the_provider_of_its_region_and_none_by_a_default_one(prod: Rehearsal) -> None:
    for resource in prod.state():
        provider = str(resource.get("provider", ""))
        # The engine keeps a stash itself: no plugin, no account and no region are in it.
        if resource["type"] != "pulumi:index:Stash":
            assert "::default" not in provider, resource["urn"]
        outputs = resource.get("outputs") or {}
        if resource["type"].startswith("aws:") and "region" in outputs:
            region = outputs["region"]
            assert f"::aws-{region}::" in provider or ("::aws-worldwide::" in provider and region == "us-east-1")
    home = {name for name in prod.clusters[HOME].objects.names("Namespace") if name.startswith("gostack")}
    other = {name for name in prod.clusters[OTHER].objects.names("Namespace") if name.startswith("gostack")}
    assert (home, other) == ({f"gostack-prod-{HOME}"}, {f"gostack-prod-{OTHER}"})


def test_04_a_second_time_nothing_changes(prod: Rehearsal) -> None:
    assert changes(prod) == set()


def test_05_no_secret_is_in_the_state_in_plain(prod: Rehearsal) -> None:
    for resource in prod.state():
        if resource["type"] == "aws:rds/cluster:Cluster" and HOME in resource["urn"]:
            assert "ciphertext" in resource["inputs"]["masterPassword"]
        if resource["type"] == "aws:secretsmanager/secretVersion:SecretVersion":
            assert "ciphertext" in resource["inputs"]["secretString"]


def test_06_a_subnet_or_cluster_that_would_be_replaced_is_refused_before_anything_happens(prod: Rehearsal) -> None:
    zones = [f"{HOME}{letter}" for letter in "abd"]

    def other_zones(document: Document) -> None:
        document["gostack:aws"]["regions"][HOME]["availability_zones"] = zones

    def as_before(document: Document) -> None:
        document["gostack:aws"]["regions"][HOME].pop("availability_zones")

    prod.change(other_zones)
    result = prod.pulumi("preview", "--stack", "prod", "--suppress-progress")
    prod.change(as_before)
    assert result.code != 0
    assert f"network-{HOME}-private-{HOME}c" in result.text
    assert "protect" in result.text
    assert prod.operations() == []


def test_07_a_region_cannot_be_removed_in_one_step(prod: Rehearsal) -> None:
    before = (prod.folder / "Pulumi.prod.yaml").read_text(encoding="utf-8")
    prod.change(without_other)
    with pytest.raises(SettingsError, match=f"{OTHER}.retiring to true"):
        refuse_removal_of_regions(prod.workspace())
    (prod.folder / "Pulumi.prod.yaml").write_text(before, encoding="utf-8")
    refuse_removal_of_regions(prod.workspace())


def test_08_a_retiring_region_leaves_dns_and_keeps_serving(prod: Rehearsal) -> None:
    def retire(document: Document) -> None:
        document["gostack:aws"]["regions"][OTHER]["retiring"] = True

    prod.change(retire)
    result = prod.up()
    assert result.code == 0, result.text[-4000:]
    deleted = [item["name"] for item in prod.operations() if item["operation"] == "delete"]
    assert set(deleted) == {f"dns-{OTHER}-{part}" for part in ("own-name", "health", "unhealthy", "nearest")}
    assert any(name.startswith("users-") for name in prod.clusters[OTHER].objects.names("Deployment"))


def without_other(document: Document) -> None:
    document["gostack:regions"].pop(OTHER)
    document["gostack:aws"]["regions"].pop(OTHER)


def test_09_a_retired_region_is_removed_from_its_services_down_to_its_network(prod: Rehearsal) -> None:
    prod.change(without_other)
    asked = len(prod.clusters[OTHER].requests)
    result = prod.up()
    assert result.code == 0, result.text[-4000:]
    deleted = prod.operations()
    order = [f"database-{OTHER}-cluster", f"cluster-{OTHER}-control-plane", f"network-{OTHER}-vpc"]
    assert [position(deleted, "delete", name) for name in order] == sorted(
        position(deleted, "delete", name) for name in order
    )
    elsewhere = {item["name"] for item in deleted if item["operation"] == "delete" and item["region"] != OTHER}
    # There is no registry left to copy releases to.
    assert elsewhere == {f"registry-{HOME}-replication"}
    gone = [line for line in prod.clusters[OTHER].requests[asked:] if line.startswith("DELETE")]
    drained = next(index for index, line in enumerate(gone) if "/deployments/drain-" in line)
    ingress = next(index for index, line in enumerate(gone) if "/deployments/ingress-" in line)
    # Names end first, then the drain takes its time, and only then the ingress stops.
    assert drained < ingress


def test_10_protection_is_lifted_by_a_setting_and_the_end_leaves_nothing_in_aws(prod: Rehearsal) -> None:
    with pytest.raises(SettingsError, match="are protected"):
        refuse_removal_of_stack(prod.workspace())
    refused = prod.destroy()
    assert refused.code != 0
    assert [item for item in prod.operations() if item["operation"] == "delete"] == []

    def unprotect(document: Document) -> None:
        document["gostack:aws"]["protect"] = False

    prod.change(unprotect)
    lifted = prod.up()
    assert lifted.code == 0, lifted.text[-4000:]
    refuse_removal_of_stack(prod.workspace())
    prod.operations()
    end = prod.destroy()
    assert end.code == 0, end.text[-4000:]
    deleted = prod.operations()
    order = [
        f"dns-{HOME}-nearest",
        f"dns-{HOME}-own-name",
        f"database-{HOME}-cluster",
        f"cluster-{HOME}-control-plane",
        f"network-{HOME}-vpc",
    ]
    assert [position(deleted, "delete", name) for name in order] == sorted(
        position(deleted, "delete", name) for name in order
    )
    assert prod.state() == []

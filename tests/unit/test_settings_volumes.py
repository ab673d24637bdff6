"""What a volume of a service may say, and what is refused before anything is created.

Does not prove that files stay: tests/integration/test_15_volumes.py does.
"""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Settings, SettingsError
from infra.settings.cluster_demand import region_demand
from tests.graph.conftest import KUBECONFIG, Document, dev_settings, published_settings

UPLOADS: dict[str, Any] = {"path": "/data/uploads"}
ONE: dict[str, Any] = {"replicas": 1, "autoscaling": None}


def docker(volumes: dict[str, Any], **service: Any) -> Settings:
    return dev_settings(lambda document: document["services"]["users"].update(volumes=volumes, **service))


def cluster(volumes: dict[str, Any], **service: Any) -> Settings:
    def change(document: Document) -> None:
        document["kubernetes"]["kubeconfig"] = KUBECONFIG
        document["services"]["users"].update(volumes=volumes, **service)

    return published_settings("staging", change)


def test_a_volume_needs_no_more_than_its_path_and_is_the_regions() -> None:
    volume = docker({"uploads": UPLOADS}).services["users"].volumes["uploads"]
    assert (volume.shared, volume.size_gib, volume.protect) == ("region", 1, False)
    assert volume.kept_name("users", "uploads") == "users.uploads"


@pytest.mark.parametrize(
    ("volumes", "service", "told"),
    [
        ({"uploads": {}}, {}, "volumes.uploads.path is missing"),
        ({"Uploads": UPLOADS}, {}, '"Uploads" is not the name of a volume'),
        ({"uploads": {"path": "data"}}, {}, "is not a path in a container: write an absolute one"),
        ({"uploads": {"path": "/etc"}}, {}, "is a folder of the system"),
        ({"uploads": {"path": "/run/secrets/a"}}, {}, "is written by the platform"),
        ({"uploads": {**UPLOADS, "size_gib": 0}}, {}, "size_gib: input should be greater than or equal to 1"),
        ({"uploads": {**UPLOADS, "shared": "all"}}, {}, "shared: input should be 'region' or 'replica'"),
        ({"uploads": {**UPLOADS, "name": "uploads"}}, {}, 'write <service>.<volume> as they were, like "shop.uploads"'),
        ({"uploads": {**UPLOADS, "size": 1}}, {}, "is not a known key"),
        ({"a": UPLOADS, "b": {"path": "/data/uploads/b"}}, {}, 'and volumes.b has "/data/uploads/b": choose paths'),
        ({"a": UPLOADS}, {"writable": ["/data/uploads"]}, 'and writable has "/data/uploads": choose paths'),
        ({"a": UPLOADS}, {"writable": ["/data"]}, 'and writable has "/data": choose paths'),
        ({"a": UPLOADS}, {"files": {"/data/uploads/x": "x"}}, 'and files has "/data/uploads/x": choose paths'),
        (
            {"a": {**UPLOADS, "storage_class": "files"}},
            {},
            "a.storage_class has a meaning only when",
        ),
        ({"a": UPLOADS, "b": {"path": "/b", "name": "users.a"}}, {}, "is kept as users.a, like gostack:services.users"),
        (
            {"a": {**UPLOADS, "shared": "replica"}},
            {"canary": {"replicas": 1, "environment": {"A": "1"}}},
            "a canary would",
        ),
        ({f"v{index}": {"path": f"/v/{index}"} for index in range(11)}, {}, "has 11 entries: use at most 10"),
    ],
)
def test_what_cannot_be_a_volume_is_refused(volumes: dict[str, Any], service: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        docker(volumes, **service)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


SCHEDULED: dict[str, Any] = {
    "tasks": {"clean": {"args": ["clean"]}},
    "schedules": {"nightly": {"cron": "@daily", "task": "clean"}},
}


@pytest.mark.parametrize(
    ("volume", "service", "told"),
    [
        (
            {},
            {},
            "is a disk that one node mounts, and the service may have more than one replica: write a storage",
        ),
        ({}, {"replicas": 1}, "write replicas: 1 and autoscaling: null, without a canary"),
        ({"shared": "replica"}, {"replicas": 2, "autoscaling": None}, "ReadWriteMany and shared: region, or write"),
        ({"shared": "replica", "storage_class": "files"}, {}, "may have more than one replica"),
        (
            {},
            {**ONE, **SCHEDULED},
            "hooks and schedules run on any: write a storage_class of ReadWriteMany, or write",
        ),
        ({}, {**ONE, "tasks": SCHEDULED["tasks"], "hooks": {"after": "clean"}}, "hooks and schedules run on any"),
    ],
)
def test_a_disk_of_one_node_is_for_one_replica(volume: dict[str, Any], service: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        cluster({"uploads": {**UPLOADS, **volume}}, **service)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("volume", "service"),
    [
        ({"storage_class": "files"}, SCHEDULED),
        ({}, ONE),
        ({"shared": "replica"}, {**ONE, **SCHEDULED}),
        ({}, {"replicas": 1, "autoscaling": {"maximum": 1}}),
    ],
    ids=["many nodes", "one replica", "its own", "one at most"],
)
def test_what_a_cluster_can_mount_is_accepted(volume: dict[str, Any], service: dict[str, Any]) -> None:
    assert cluster({"uploads": {**UPLOADS, **volume}}, **service).services["users"].volumes


def test_the_quota_of_a_region_counts_its_volumes() -> None:
    def storage(volumes: dict[str, Any]) -> int:
        return region_demand(cluster(volumes, **ONE), "east").storage_gib

    more = {"uploads": {**UPLOADS, "size_gib": 5}, "own": {"path": "/own", "shared": "replica", "size_gib": 2}}
    assert storage(more) - storage({}) == 7
    with pytest.raises(SettingsError, match=r"kubernetes\.quota\.storage_gib is 12, but the pods"):
        published_settings("staging", with_a_quota)


def with_a_quota(document: Document) -> None:
    document["kubernetes"].update(kubeconfig=KUBECONFIG, quota={"storage_gib": 12})
    document["services"]["users"].update(volumes={"uploads": {**UPLOADS, "size_gib": 50}}, **ONE)

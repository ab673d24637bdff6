"""Images in AWS: kept as they were accepted, in every region."""

from __future__ import annotations

from tests.graph.prod import OTHER
from tests.graph.recorder import Graph


def test_images_are_copied_to_every_region(prod: Graph) -> None:
    repositories = prod.of_type("aws:ecr/repository:Repository")
    assert {item.plain("name") for item in repositories} == {
        "gostack/users",
        "ecr-public/docker/library/mysql",
        "ecr-public/docker/library/nginx",
        "ecr-public/hashicorp/consul",
        "kubernetes/pause",
    }
    (replication,) = prod.of_type("aws:ecr/replicationConfiguration:ReplicationConfiguration")
    (rule,) = replication.plain("replicationConfiguration")["rules"]
    assert rule["destinations"] == [{"region": OTHER, "registryId": "123456789012"}]
    # A repository that replication made itself would have none of these settings.
    assert f"registry-{OTHER}-gostack-users" in prod.reachable(replication.name)

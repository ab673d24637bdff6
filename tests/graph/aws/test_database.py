"""The database over the regions: who may write where, and who knows its password."""

from __future__ import annotations

from tests.graph.prod import HOME, OTHER, Document, ground
from tests.graph.recorder import Graph, names


def test_a_rotation_makes_another_password_and_changes_nothing_else_of_the_database(prod: Graph) -> None:
    def rotate(document: Document) -> None:
        document["rotation"] = {"passwords": 2}

    changed = ground(rotate, kept=prod).changed(prod)
    # Here whatever changes has a new identity, which the instances take over; in AWS the cluster keeps its own.
    instances = {f"database-{HOME}-{index}" for index in (0, 1)}
    assert changed - instances == {
        "database-password",
        "database-password-issued-at",
        "database-administrator-version",
        f"database-{HOME}-cluster",
    }


def test_services_write_where_their_region_can(prod: Graph) -> None:
    assert prod.outputs["writers"]["value"] == {
        HOME: f"gostack-prod-{HOME}.cluster.example.com:3306",
        OTHER: f"gostack-prod-{OTHER}.cluster-ro.example.com:3306",
    }
    for cluster in prod.of_type("aws:rds/cluster:Cluster"):
        assert cluster.plain("enableGlobalWriteForwarding") is True


def test_moving_the_writer_replaces_nothing(prod: Graph) -> None:
    def move(document: Document) -> None:
        document["mysql"]["primary"] = OTHER

    graph = ground(move, kept=prod)
    moved = graph.resources[f"database-{HOME}-cluster"]
    # A switchover is done in AWS; what the program says differs by the password alone, and the name is not looked at.
    assert "masterUsername" in moved.ignore_changes
    assert names(prod.resources.values()) ^ names(graph.resources.values()) == {
        f"database-{HOME}-alarms-replication-lag",
        f"database-{OTHER}-alarms-replication-lag",
    }
    assert graph.resources["database-global"].generation == 1
    assert names(graph.of_type("pulumi:providers:aws")) == names(prod.of_type("pulumi:providers:aws"))
    assert graph.resources["database-global"].provider == prod.resources["database-global"].provider

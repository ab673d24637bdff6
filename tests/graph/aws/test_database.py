"""The database over the regions: who may write where, and who knows its password."""

from __future__ import annotations

from tests.graph.aws.regions import REGIONS
from tests.graph.prod import HOME, OTHER, Document, ground
from tests.graph.recorder import Graph, names


def test_no_connection_without_tls(prod: Graph) -> None:
    groups = prod.of_type("aws:rds/clusterParameterGroup:ClusterParameterGroup")
    assert len(groups) == len(REGIONS)
    for group in groups:
        parameters = {item["name"]: item["value"] for item in group.plain("parameters")}
        assert parameters["require_secure_transport"] == "ON"
        assert parameters["tls_version"] == "TLSv1.2,TLSv1.3"


def test_the_administrators_password_is_given_to_the_writer_alone_and_nowhere_in_plain(prod: Graph) -> None:
    writer, copy = (prod.resources[f"database-{region}-cluster"] for region in REGIONS)
    assert writer.is_secret("masterPassword")
    assert "masterPassword" not in copy.inputs
    assert "masterUsername" not in copy.inputs
    password = writer.plain("masterPassword")
    assert len(password) >= 32
    assert [name for name, text in prod.in_plain().items() if password in text] == []


def test_every_region_has_a_copy_of_the_administrators_secret(prod: Graph) -> None:
    (secret,) = prod.of_type("aws:secretsmanager/secret:Secret")
    assert [item["region"] for item in secret.plain("replicas")] == [OTHER]
    assert f"data-{OTHER}-key" in secret.dependencies


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

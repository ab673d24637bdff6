"""A service's schema, on Docker and on Kubernetes: rights, connections, what migrations are told, and what a program
can be told of its connection.

Does not prove that MySQL keeps to the rights: tests/integration/test_rendered_sql.py does.
"""

from __future__ import annotations

from typing import Any

import pytest

from components.microservice.references import is_secret
from components.service_database import docker, kubernetes
from components.service_database.values import CA_FILE
from infra.settings.given import MYSQL_VALUES
from tests.components.alone import NAME, alone, container, variables
from tests.contract.test_instances import MYSQL
from tests.graph.recorder import Graph, unwrapped

PLATFORMS = {"docker": docker.ServiceDatabase, "kubernetes": kubernetes.ServiceDatabase}


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest) -> str:
    return request.param


def schema(platform: str, **changes: Any) -> Graph:
    return alone(PLATFORMS[platform], **changes)


def migration_variables(graph: Graph, platform: str, suffix: str = "") -> dict[str, Any]:
    if platform == "docker":
        return graph.resources[f"{NAME}{suffix}-migrations-run"].environment
    return variables(container(graph, f"{suffix.removeprefix('-')}{'-' if suffix else ''}migrations-run", "job"))


def statements(graph: Graph, platform: str) -> str:
    if platform == "docker":
        return graph.files(f"{NAME}-accounts-run")["/run/gostack/secrets/STATEMENTS"]
    return unwrapped(graph.resources[f"{NAME}-accounts-secret"].inputs["stringData"])["STATEMENTS"]


def test_a_service_changes_rows_unless_its_rights_are_those_of_the_schema(platform: str) -> None:
    assert "GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON `users`.* TO 'users'@'%';" in statements(
        schema(platform), platform
    )
    assert "CREATE" in next(
        line
        for line in statements(schema(platform, rights="schema"), platform).splitlines()
        if line.startswith("GRANT") and line.endswith("TO 'users'@'%';")
    )


def test_the_services_account_has_as_many_connections_as_it_is_given(platform: str) -> None:
    text = statements(schema(platform, max_connections=42), platform)
    assert "ALTER USER 'users'@'%' WITH MAX_USER_CONNECTIONS 42;" in text


def test_a_migration_has_its_tracks_environment_beside_the_way_to_the_database(platform: str) -> None:
    graph = schema(
        platform,
        service_images={"stable": "users:1", "canary": "users:2"},
        environments={"stable": {"APP_ENV": "live"}, "canary": {"APP_ENV": "next", "MYSQL_USER": "nobody"}},
    )
    stable, canary = (migration_variables(graph, platform, suffix) for suffix in ("", "-canary"))
    assert (stable["APP_ENV"], canary["APP_ENV"]) == ("live", "next")
    assert stable["MYSQL_USER"] == canary["MYSQL_USER"] == "users_migration"
    assert stable["MYSQL_PRIMARY_ADDRESS"] == "mysql-east:3306"


def test_a_program_can_be_told_each_part_of_its_connection_and_all_of_it(platform: str) -> None:
    graph = schema(platform, told=lambda made: made.values)
    told = {name: value["value"] for name, value in graph.outputs.items()}
    secret = {name for name, value in graph.outputs.items() if value["secret"]}
    password = told.pop("password")
    assert told == {
        "host": "mysql-east",
        "port": "3306",
        "address": "mysql-east:3306",
        "user": "users",
        "database": "users",
        "ca_file": CA_FILE,
        "dsn": f"users:{password}@tcp(mysql-east:3306)/users?parseTime=true&rejectReadOnly=true&tls=true",
        "url": f"mysql://users:{password}@mysql-east:3306/users?parseTime=true&rejectReadOnly=true&tls=true",
    }
    assert secret == {"password", "dsn", "url"}
    # The settings know them before there are any.
    assert set(graph.outputs) == set(MYSQL_VALUES)
    assert secret == {name for name in MYSQL_VALUES if is_secret(f"mysql.{name}")}


def test_a_password_means_nothing_in_a_dsn_and_in_a_url(platform: str) -> None:
    password = schema(platform, told=lambda made: made.values).outputs["password"]["value"]
    assert password.replace("-", "").replace("_", "").isalnum()


def test_each_region_writes_where_its_way_to_the_primary_is(platform: str) -> None:
    reference = {**MYSQL, "writer_addresses": {"east": "writer.east:3306", "west": "reader.west:3306"}}
    graph = schema(platform, mysql=reference, told=lambda made: made.values_for("west"))
    assert graph.outputs["address"]["value"] == "reader.west:3306"
    assert "@tcp(reader.west:3306)/" in graph.outputs["dsn"]["value"]


def test_the_values_of_a_track_wait_for_its_migrations(platform: str) -> None:
    import pulumi

    def told(made: Any) -> dict[str, Any]:
        for track in ("stable", "canary"):
            pulumi.Stash(track, input=made.values_for("east", track)["dsn"])
        return {}

    graph = schema(platform, service_images={"stable": "users:1", "canary": "users:2"}, told=told)
    assert f"{NAME}-migrations-run" in graph.reachable("stable")
    assert f"{NAME}-canary-migrations-run" not in graph.reachable("stable")
    assert f"{NAME}-canary-migrations-run" in graph.reachable("canary")

"""A service with SQL files: one job of the stack's own program applies them before the service's replicas start.

Does not prove that it does: tests/integration/test_15_migrations.py does.
"""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from tests.components.alone import variables
from tests.graph.conftest import dev_graph, published_settings, recorded, staging_graph
from tests.graph.recorder import JobEnd, unwrapped

DIRECTORY = "internal/database/migrations"
IMAGE = f"registry.example.com/users-migrations@sha256:{'a' * 64}"


def with_files(document: dict[str, Any], **migrations: Any) -> None:
    document["services"]["users"]["database"] = {"migrations": migrations or {"directory": DIRECTORY}}


def test_on_docker_the_files_are_applied_before_every_replica() -> None:
    graph = dev_graph(with_files)
    image, job = graph.resources["users-migrations-image"], graph.resources["users-database-migrations-run"]
    assert image.plain("name").startswith("gostack/dev-users-migrations:")
    assert image.plain("build")["buildArgs"]["ASSETS"] == "migrations"
    assert (job.plain("image"), job.plain("command")) == (f"sha256:{image.plain('name')}", ["up"])
    assert job.environment["MYSQL_USER"] == "users_migration"
    assert "MYSQL_PASSWORD" not in job.environment
    password = unwrapped(graph.resources["users-database-migration-password-value"].outputs["output"])
    assert graph.files(job.name)[job.environment["MYSQL_PASSWORD_FILE"]] == password
    assert job.environment["MIGRATE_TIMEOUT_SECONDS"] == "1800"
    applications = [found.name for found in graph.with_role("application") if found.name.startswith("users-")]
    assert applications
    assert all("users-database-migrations-run" in graph.reachable(name) for name in applications)
    assert graph.outputs["services"]["value"]["users"]["migrations_image"].startswith("gostack/dev-users-migrations:")


def test_the_words_of_a_file_that_fails_name_the_schema_and_no_secret() -> None:
    def change(document: dict[str, Any]) -> None:
        with_files(document)
        document["services"]["users"]["database"]["name"] = "order_history"

    said = "0001_order_history.up.sql failed: Table 'order_history.x' does not exist; order_history_migration"
    with pytest.raises(pulumi.RunError) as caught:
        dev_graph(change, ends={"users-database-migrations-run": JobEnd(1, said)})
    assert "0001_order_history.up.sql failed: Table 'order_history.x' does not exist; [secret] — " in str(caught.value)


def test_a_canary_is_migrated_with_its_service_and_a_version_may_be_forced() -> None:
    def change(document: dict[str, Any]) -> None:
        with_files(document, directory=DIRECTORY, force=1)
        document["services"]["users"]["canary"] = {"context": "services/users"}

    graph = dev_graph(change)
    jobs = [name for name in graph.resources if name.endswith("-migrations-run")]
    assert jobs == ["users-database-migrations-run"]
    assert graph.resources[jobs[0]].plain("command") == ["up", "1"]


def test_on_kubernetes_a_file_that_failed_is_not_tried_again_by_the_same_update() -> None:
    graph = staging_graph(with_files)
    job = graph.resources["users-database-migrations-run"].plain("spec")
    metadata = graph.resources["users-database-migrations-run"].plain("metadata")
    assert metadata["annotations"]["pulumi.com/replaceUnready"] == "true"
    container = job["template"]["spec"]["containers"][0]
    assert job["backoffLimit"] == 0
    assert container["image"].startswith("localhost:5001/gostack/staging-users-migrations@")
    assert container["args"] == ["up"]
    assert variables(container)["MYSQL_USER"] == "users_migration"


def test_on_aws_an_image_that_was_proven_elsewhere_applies_them() -> None:
    settings = published_settings("prod", lambda document: with_files(document, image=IMAGE))
    graph = recorded(settings, stack="prod")
    job = graph.resources["users-database-migrations-run"].plain("spec")
    assert job["template"]["spec"]["containers"][0]["image"] == IMAGE

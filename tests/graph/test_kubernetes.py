"""What the stack on Kubernetes promises of its pods, one by one, read from the recorded graph of staging.

Does not prove that a cluster does what the objects say; `tests/integration_kubernetes` does, on a real one.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.consul.instances import CLIENTS_ADDRESS
from tests.graph.conftest import OIDC_LOGIN, Document, published_settings, staging_graph
from tests.graph.kubernetes import containers, manifests, pods, selects
from tests.graph.recorder import Graph, unwrapped
from tools.gostack.kubernetes.instances import expected

DEMANDS = {"cpu", "memory", "ephemeral-storage"}
LOGINS: dict[str, Any] = {
    "internal": {"kind": "basic", "secrets": {"htpasswd": f"ada:$6$edge${86 * 'x'}"}},
    "api": {
        "kind": "jwt",
        "issuer": "https://login.example.com",
        "audience": "shop",
        "jwks_url": "https://login.example.com/keys.json",
    },
    "staff": OIDC_LOGIN,
}


def everything(document: Document) -> None:
    """Every optional part of the stack."""
    users = document["services"]["users"]
    users["canary"] = {"image": f"registry.example.com/users@sha256:{64 * '0'}", "weight": 5}
    users["settings"] = {"rate_limit_per_second": 5}
    users["egress"] = [{"network": "203.0.113.0/24", "port": 443}]
    users["routes"] += [{"path": f"/{login}", "login": login} for login in LOGINS]
    document["ingress"] = {
        "hosts": ["localhost", "admin.example.com"],
        "sites": {"admin.example.com": {"client_certificates": {"ca": "tools/offline/providers/aws/rehearsal-ca.pem"}}},
        "logins": LOGINS,
    }


@pytest.fixture(scope="module")
def full() -> Graph:
    return staging_graph(everything)


def test_protected_data_is_not_deleted() -> None:
    protected = staging_graph(lambda d: d["mysql"].update(protect=True))
    names = {resource.name for resource in protected.resources.values() if resource.protect}
    assert names == {"mysql-east-server", "mysql-east-replica-server"}


def test_every_container_says_what_it_needs_and_gets_at_most(full: Graph) -> None:
    for name, container in containers(full).items():
        resources = container["resources"]
        assert resources["requests"].keys() == resources["limits"].keys() == DEMANDS, name
    resources = containers(full)["users-east-deployment/application"]["resources"]
    assert resources == {
        "requests": {"cpu": "250m", "memory": "256Mi", "ephemeral-storage": "32Mi"},
        "limits": {"cpu": "500m", "memory": "512Mi", "ephemeral-storage": "512Mi"},
    }


def test_everything_that_stays_is_looked_after_by_all_three_probes(full: Graph) -> None:
    beside = ("/job", "/consul-agent", "/token-verifier")
    stays = {name: item for name, item in containers(full).items() if not name.endswith(beside)}
    assert len(stays) == 8
    for name, container in stays.items():
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys(), name


def test_a_replica_is_restarted_for_its_own_faults_and_not_for_the_databases(staging: Graph) -> None:
    application = containers(staging)["users-east-deployment/application"]
    assert application["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert application["readinessProbe"]["httpGet"]["path"] == "/health/ready"


def test_the_check_of_a_replica_goes_to_the_address_of_its_pod(staging: Graph) -> None:
    agent = containers(staging)["users-east-deployment/consul-agent"]
    variables = {one["name"]: one for one in agent["env"]}
    assert variables["POD_ADDRESS"]["valueFrom"]["fieldRef"]["fieldPath"] == "status.podIP"
    assert CLIENTS_ADDRESS in variables["AGENT_CONFIGURATION"]["value"]


def test_the_members_of_the_database_keep_away_from_each_other(staging: Graph) -> None:
    primary, replica = (pods(staging)[name] for name in ("mysql-east-server", "mysql-east-replica-server"))
    term = primary["spec"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]
    assert selects(term["podAffinityTerm"]["labelSelector"], replica["metadata"]["labels"])


def test_consul_servers_are_replaced_one_by_one_and_keep_their_names_and_disks(staging: Graph) -> None:
    spec = manifests(staging, "StatefulSet")["consul-east-server"]["spec"]
    assert spec["replicas"] == 3
    assert spec["updateStrategy"] == {"type": "RollingUpdate"}
    assert "/v1/status/leader" in spec["template"]["spec"]["containers"][0]["readinessProbe"]["exec"]["command"][-1]
    configuration = json.loads(variables(staging, "consul-east-server/consul")["AGENT_CONFIGURATION"])
    assert configuration["retry_join"] == [
        f"consul-east-{index}.consul-east.gostack-staging-east.svc" for index in range(3)
    ]


def test_replicas_of_a_service_start_after_its_migrations(staging: Graph) -> None:
    assert {"users-database-migrations-run", "users-database-accounts-run"} <= staging.reachable(
        "users-east-deployment"
    )


def test_migrations_have_the_time_that_the_settings_give_them(staging: Graph) -> None:
    def deadlines(graph: Graph) -> dict[str, tuple[int, str]]:
        return {
            name: (job["spec"]["activeDeadlineSeconds"], job["metadata"]["annotations"]["pulumi.com/timeoutSeconds"])
            for name, job in manifests(graph, "Job").items()
        }

    accounts = {"mysql-accounts-run": (300, "330"), "users-database-accounts-run": (300, "330")}
    assert deadlines(staging) == {**accounts, "users-database-migrations-run": (1800, "1830")}
    longer = staging_graph(lambda d: d["services"]["users"]["database"].update(migrate_timeout_seconds=7200))
    assert deadlines(longer) == {**accounts, "users-database-migrations-run": (7200, "7230")}


def test_a_changed_secret_makes_new_pods(staging: Graph) -> None:
    for secret in manifests(staging, "Secret", "ConfigMap").values():
        assert secret["immutable"] is True
    after = staging_graph(lambda d: d.update(rotation={"passwords": 2}), kept=staging)
    changed = after.changed(staging)
    # The pods name the Secret by the name that Pulumi gave it, which a replacement changes.
    assert {"users-east-secret", "users-database-accounts-run", "mysql-accounts-run"} <= changed
    assert "name" not in unnamed(staging, "users-east-secret")


def test_a_changed_route_makes_new_ingress_pods_and_nothing_else(staging: Graph) -> None:
    after = staging_graph(lambda d: d["services"]["users"]["routes"].append({"path": "/extra"}), kept=staging)
    assert {name for name in after.changed(staging) if after.resources[name].type.startswith("kubernetes:")} <= {
        "ingress-east-files",
        "ingress-east-deployment",
        "ingress-east-service",
    }
    assert "ingress-east-files" in after.changed(staging)


def release_of_the_ingress(graph: Graph) -> dict[str, str]:
    """Labels of a pod of the ingress that the Service asks for and that are not the same for ever."""
    pod = pods(graph)["ingress-east-deployment"]
    wanted = manifests(graph, "Service")["ingress-east-service"]["spec"]["selector"]
    chosen = manifests(graph, "Deployment")["ingress-east-deployment"]["spec"]["selector"]["matchLabels"]
    assert wanted == chosen
    assert wanted.items() <= pod["metadata"]["labels"].items()
    return {key: value for key, value in wanted.items() if key not in ("gostack.service", "gostack.role")}


def test_clients_reach_pods_of_one_configuration_and_only_when_all_of_them_are_ready(staging: Graph) -> None:
    before = release_of_the_ingress(staging)
    assert before == {
        "gostack.configuration": manifests(staging, "ConfigMap")["ingress-east-files"]["metadata"]["name"],
        "gostack.certificate": manifests(staging, "Secret")["ingress-east-certificate"]["metadata"]["name"],
    }
    assert "ingress-east-deployment" in staging.reachable("ingress-east-service")
    # Two releases are there at once: a name that is given could be had only once.
    assert "name" not in unwrapped(staging.resources["ingress-east-deployment"].inputs["metadata"])

    routed = staging_graph(lambda d: d["services"]["users"]["routes"].append({"path": "/extra"}), kept=staging)
    after = release_of_the_ingress(routed)
    assert after["gostack.configuration"] != before["gostack.configuration"]
    assert after["gostack.certificate"] == before["gostack.certificate"]
    renewed = release_of_the_ingress(staging_graph(lambda d: d.update(rotation={"certificates": 2}), kept=staging))
    assert renewed["gostack.configuration"] == before["gostack.configuration"]
    assert renewed["gostack.certificate"] != before["gostack.certificate"]


def test_what_up_looks_for_in_the_cluster_is_every_workload_and_nothing_else(full: Graph) -> None:
    parts = list(expected(published_settings("staging", everything), "staging"))
    for name, item in manifests(full, "Deployment", "StatefulSet").items():
        metadata = item["metadata"]
        (part,) = [
            part
            for part in parts
            if part.namespace == metadata["namespace"] and part.labels.items() <= metadata["labels"].items()
        ]
        # An autoscaler has the number, and the settings have the lowest one.
        assert item["spec"].get("replicas", part.replicas) == part.replicas, name
        parts.remove(part)
    assert parts == []


def test_a_new_image_changes_the_pods_of_its_service_and_its_migrations_alone(staging: Graph) -> None:
    def released(document: Document) -> None:
        document["services"]["users"].pop("context")
        document["services"]["users"]["image"] = f"registry.example.com/users@sha256:{64 * '1'}"

    changed = staging_graph(released, kept=staging).changed(staging)
    assert {name for name in changed if staging.resources[name].type.startswith("kubernetes:")} == {
        "users-database-migrations-run",
        "users-east-deployment",
    }


def test_the_canary_is_a_deployment_of_its_own_that_the_ingress_waits_for(full: Graph) -> None:
    stable, canary = (
        manifests(full, "Deployment")[name] for name in ("users-east-deployment", "users-east-canary-deployment")
    )
    assert stable["spec"]["selector"] != canary["spec"]["selector"]
    assert "users-east-canary-deployment" in full.reachable("ingress-east-deployment")


def test_nodes_pull_images_of_services_by_their_digest(full: Graph) -> None:
    for name in ("users-east-deployment", "users-east-canary-deployment"):
        assert "@sha256:" in containers(full)[f"{name}/application"]["image"]


def test_two_regions_of_a_cluster_have_namespaces_of_their_own_and_know_each_other() -> None:
    graph = staging_graph(lambda d: d["regions"].update(west={}))
    names = {item["metadata"]["name"] for item in manifests(graph, "Namespace").values()}
    assert names == {"gostack-staging-east", "gostack-staging-west"}
    configuration = json.loads(variables(graph, "consul-west-server/consul")["AGENT_CONFIGURATION"])
    assert configuration["retry_join_wan"] == [
        f"consul-east-{index}.consul-east.gostack-staging-east.svc" for index in range(3)
    ]
    assert variables(graph, "mysql-west-replica-server/mysql")["PRIMARY_HOST"] == "mysql-east.gostack-staging-east.svc"
    # A release that does not get healthy in one region never reaches the next one.
    assert "users-east-deployment" in graph.reachable("users-west-deployment")


def variables(graph: Graph, container: str) -> dict[str, Any]:
    """Name to value of a container's variables, as its program sees them."""
    return {
        item["name"]: item["value"].replace("$$", "$")
        for item in containers(graph)[container]["env"]
        if "value" in item
    }


def unnamed(graph: Graph, name: str) -> dict[str, Any]:
    """The metadata that the program gave, without what the provider adds."""
    return graph.resources[name].inputs["metadata"]


def test_the_clusters_dns_is_told_the_names_that_lead_to_the_load_balancer() -> None:
    hosts = ["pr-1.example.com", "10.0.0.1", "pr-1.localhost", "api.pr-1.example.com"]
    sites = {"pr-1.example.com": {"redirect_from": ["www.pr-1.example.com"]}}
    ingress = {"hosts": hosts, "sites": sites}
    made = staging_graph(lambda d: d.update(ingress=ingress, expires="2026-11-30T12:00:00Z"))
    service = manifests(made, "Service")["ingress-east-service"]
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["metadata"]["annotations"] == {
        "external-dns.alpha.kubernetes.io/hostname": "pr-1.example.com,api.pr-1.example.com,www.pr-1.example.com"
    }
    namespace = manifests(made, "Namespace")["east-namespace"]
    assert namespace["metadata"]["annotations"] == {"gostack.expires": "2026-11-30T12:00:00Z"}

"""One MySQL server: its disk, its certificate, its name and its registration."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from components.certificates import Certificate
from components.consul.args import ConsulReference
from components.consul.check import Check
from components.consul.instances import ServiceInstance
from components.consul.kubernetes_agent import agent_secret, agent_volume, sidecar, to_servers
from components.demands import mysql_resources
from components.kubernetes.names import APPLICATION, JOB, MYSQL, selector, service_host, workload_labels
from components.kubernetes.network import EgressRule, IngressRule, network_policy, pods_of_stack, tcp
from components.kubernetes.pod import ContainerSpec, Probes, memory_volume, shell_probe, tcp_probe
from components.kubernetes.pod_template import pod_template
from components.kubernetes.scope import Scope
from components.kubernetes.single_pod import pod_services, single_pod
from components.kubernetes.storage import claim_template
from components.kubernetes.workload import service_account
from components.mysql.accounts import administration_boot_sql
from components.mysql.args import MySqlClusterArgs
from components.mysql.configuration import PORT, health_test, member_configuration, server_id
from components.options import given_dependencies
from components.region.args import RegionReference, namespace_of
from components.text import script

MYSQL_USER = 999
"""User and group `mysql` of the official image."""


class MySqlMemberArgs(TypedDict):
    """Inputs of a member."""

    cluster: MySqlClusterArgs
    """Inputs of the cluster that it belongs to."""

    region: RegionReference
    """Where it runs."""

    consul: ConsulReference
    """Where it is registered."""

    administration_password: pulumi.Input[str]
    """Password of the account by which accounts are made (secret)."""

    primary_host: NotRequired[str]
    """Host name of the primary; given to a replica."""

    replication_password: NotRequired[pulumi.Input[str]]
    """Password of the account `replication` on the primary (secret); given to a replica."""


class MySqlMember(pulumi.ComponentResource):
    """A MySQL server. It keeps its name and its disk when its pod goes, and comes back with all rows by itself."""

    address: pulumi.Output[str]
    """Host and port; whoever uses it waits until the server answers."""

    def __init__(self, name: str, args: MySqlMemberArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:MySqlMember", name, {}, opts)
        cluster, region = args["cluster"], args["region"]
        labels = workload_labels(
            cluster["labels"], region=region["region"], service="mysql", role=MYSQL, member=role_of(args)
        )
        host = service_host(name, namespace_of(region))
        certificate = Certificate(
            f"{name}-certificate",
            {
                "ca_key_pair": cluster["ca_key_pair"],
                "names": [host],
                "lifetime_days": cluster["certificate_lifetime_days"],
                "rotation": 1,
            },
            pulumi.ResourceOptions(parent=self),
        )
        scope = Scope(region["network"], labels, self)
        secrets = _secrets(args, certificate)
        secret = agent_secret(scope, name, args["consul"], secrets)
        account = service_account(scope, f"{name}-account")
        services = pod_services(scope, name, name, {"mysql": PORT})
        policy = _network_policy(scope, f"{name}-paths")
        server = single_pod(
            scope,
            f"{name}-server",
            name,
            name,
            pod_template(
                labels,
                account,
                MYSQL_USER,
                # Without readiness of its own: a database must be reached while Consul is away.
                init_containers=[sidecar(args["consul"], secret, [_instance(args)])],
                containers=[_server(args, certificate, secret, list(secrets))],
                volumes=[memory_volume("files", 64), memory_volume("socket", 1), agent_volume()],
                anti_affinity_to={key: value for key, value in selector(labels).items() if "member" not in key},
                stop_seconds=60,
            ),
            [
                claim_template(
                    "data",
                    cluster["storage_gib"],
                    region.get("storage_class"),
                    {**selector(labels), "gostack.data": "mysql"},
                )
            ],
            timeout_seconds=600,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=cluster["protect"] or None,
                depends_on=[*services, policy, *given_dependencies(opts)],
            ),
        )
        self.address = server.id.apply(lambda _: f"{host}:{PORT}")
        self.register_outputs({"address": self.address})


def role_of(args: MySqlMemberArgs) -> str:
    """Return what the member is to the others, `primary` or `replica`."""
    return "replica" if "primary_host" in args else "primary"


def _secrets(args: MySqlMemberArgs, certificate: Certificate) -> Mapping[str, pulumi.Input[str]]:
    password = pulumi.Output.secret(args["administration_password"])
    secrets: dict[str, pulumi.Input[str]] = {
        "PRIVATE_KEY": certificate.private_key,
        "BOOT_SQL": password.apply(administration_boot_sql),
    }
    if "replication_password" in args:
        secrets["REPLICATION_PASSWORD"] = args["replication_password"]
    return secrets


def _server(
    args: MySqlMemberArgs, certificate: Certificate, secret: pulumi.Input[str], secrets: list[str]
) -> ContainerSpec:
    cluster = args["cluster"]
    replica = "primary_host" in args
    health = health_test(read_only=replica)[-1]
    return ContainerSpec(
        name="mysql",
        image=cluster["image"],
        user=MYSQL_USER,
        group=MYSQL_USER,
        resources=mysql_resources(memory_mib=cluster["memory_mib"], buffer_pool_mib=cluster["buffer_pool_mib"]),
        command=["bash", "-c", script("mysql/mysql-server.sh", "mysql/mysql-member.sh")],
        environment={
            "MEMBER_CONFIGURATION": member_configuration(
                server_id=server_id(f"{args['region']['region']}-{role_of(args)}"),
                read_only=replica,
                buffer_pool_mib=cluster["buffer_pool_mib"],
                max_connections=cluster["max_connections"],
            ),
            "AUTHORITY": cluster["ca_certificate"],
            "CERTIFICATE": certificate.certificate,
            **({"PRIMARY_HOST": args["primary_host"]} if "primary_host" in args else {}),
        },
        secret=secret,
        secret_variables=secrets,
        ports={"mysql": PORT},
        mounts={"/tmp": "files", "/var/run/mysqld": "socket", "/var/lib/mysql": "data"},
        probes=Probes(
            # An hour: a replica begins as a copy of the primary, and a restart would begin the copy anew.
            startup=shell_probe(health, period=3, failures=1200, timeout=10),
            readiness=shell_probe(health, period=10, failures=3, timeout=10),
            liveness=tcp_probe(PORT, period=10, failures=6),
        ),
    )


def _instance(args: MySqlMemberArgs) -> ServiceInstance:
    check = Check(protocol="tcp", interval="1s", timeout="1s", failures=1)
    return ServiceInstance("mysql", PORT, check, tags=[role_of(args)])


def _network_policy(scope: Scope, name: str) -> k8s.networking.v1.NetworkPolicy:
    return network_policy(
        scope,
        name,
        incoming=[IngressRule(from_=pods_of_stack(scope.stack, APPLICATION, JOB, MYSQL), ports=tcp(PORT))],
        outgoing=[
            to_servers(scope.stack),
            # A replica's, to its primary.
            EgressRule(to=pods_of_stack(scope.stack, MYSQL), ports=tcp(PORT)),
        ],
    )

"""One MySQL server: its data, its certificate, its place in the networks and its registration."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_docker as docker

from components.certificates import Certificate
from components.consul.args import ConsulReference
from components.consul.check import Check
from components.consul.docker_agent import ConsulAgent
from components.consul.instances import ServiceInstance
from components.docker.container import ContainerSpec, HealthCheck, hardened_container
from components.docker.files import secrets_mount, secrets_volume
from components.docker.pod import Pod
from components.docker.volumes import kept_volume, volume_labels
from components.mysql.accounts import BOOT_SQL, group_boot_sql
from components.mysql.args import MySqlClusterArgs
from components.mysql.configuration import (
    PORT,
    PROXY_HOST,
    GroupMember,
    group_health_test,
    health_test,
    member_configuration,
)
from components.options import given_dependencies
from components.region.args import RegionReference
from components.text import script

PRIMARY_CHECK = "mysql-primary"
"""Name of the instance, and of its check, that a group's member is in Consul while it is the primary."""

_CHECK = Check(protocol="tcp", interval="1s", timeout="1s", failures=1)
_PRIMARY_TTL = "3s"


class GroupMemberArgs(TypedDict):
    """What makes a member one of a group."""

    name: str
    """Name of the group, a UUID."""

    members: Sequence[str]
    """Places of all members, this one included, in an order that is the same for all."""

    weight: int
    """Of the living members, the one with the highest weight becomes the primary, 0 to 100."""

    password: pulumi.Input[str]
    """Password by which the members know each other (secret)."""


class MySqlMemberArgs(TypedDict):
    """Inputs of a member."""

    cluster: MySqlClusterArgs
    """Inputs of the cluster that it belongs to."""

    region: RegionReference
    """Where it runs."""

    consul: NotRequired[ConsulReference]
    """Where it is registered; a member that serves nobody is not."""

    server_id: int
    """Number of the member, unique in the cluster."""

    group: NotRequired[GroupMemberArgs]
    """Given to a member of a group."""

    primary_host: NotRequired[str]
    """Host name of the primary that a replica follows."""

    replication_password: NotRequired[pulumi.Input[str]]
    """Password of the account `replication`, for a replica (secret)."""


class MySqlMember(pulumi.ComponentResource):
    """One MySQL server with data that outlives it: in `pulumi destroy` the volume stays."""

    address: pulumi.Output[str]
    """Host and port; whoever uses it must wait for the server by `depends_on`."""

    administration_volume: pulumi.Output[str]
    """Volume with the member's socket, which may not be there yet."""

    def __init__(self, name: str, args: MySqlMemberArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:MySqlMember", name, {}, opts)
        cluster, region = args["cluster"], args["region"]
        host = member_host_name(region["region"])
        labels = {**cluster["labels"], "gostack.region": region["region"], "gostack.service": "mysql"}
        certificate = Certificate(
            f"{name}-certificate",
            {
                "ca_key_pair": cluster["ca_key_pair"],
                "names": [host, *([PROXY_HOST] if "proxy_image" in cluster else [])],
                "lifetime_days": cluster["certificate_lifetime_days"],
                "rotation": 1,
            },
            pulumi.ResourceOptions(parent=self),
        )
        kept = f"{cluster['volume_prefix']}-mysql-{region['region']}"
        data = kept_volume(f"{name}-data", kept, "mysql", labels, self, protect=cluster["protect"])
        socket = docker.Volume(
            f"{name}-socket", driver="local", labels=volume_labels(labels), opts=pulumi.ResourceOptions(parent=self)
        )
        pod = Pod(
            f"{name}-pod",
            {
                "networks": [region["network"], region["backbone_network"]],
                "pause_image": region["pause_image"],
                "host_names": [host],
                "labels": labels,
            },
            pulumi.ResourceOptions(parent=self),
        )
        secrets = secrets_volume(name, _secrets(certificate, args), image=cluster["image"], labels=labels, parent=self)
        server = hardened_container(
            f"{name}-server",
            ContainerSpec(
                image=cluster["image"],
                labels=labels,
                role="mysql",
                memory_mib=cluster["memory_mib"],
                user="mysql",
                entrypoint=["bash", "-c"],
                command=[start_script(args)],
                environment={
                    "AUTHORITY": cluster["ca_certificate"],
                    "CERTIFICATE": certificate.certificate,
                    **_environment(host, args),
                },
                volumes=[
                    docker.ContainerVolumeArgs(volume_name=data.name, container_path="/var/lib/mysql"),
                    docker.ContainerVolumeArgs(volume_name=socket.name, container_path="/var/run/mysqld"),
                    secrets_mount(secrets),
                ],
                health=HealthCheck(
                    test=_health_test(args),
                    wait_seconds=180,
                    start_period_seconds=170,
                ),
                stop_seconds=60,
            ),
            parent=self,
            network_mode=pod.network_mode,
            # Two servers on one volume would destroy it.
            create_first=False,
            depends_on=given_dependencies(opts),
        )
        datacenter = args.get("consul")
        if datacenter is not None:
            ConsulAgent(
                f"{name}-registration",
                {
                    "network_mode": pod.network_mode,
                    "node": host,
                    "region": region,
                    "consul": datacenter,
                    "services": _instances(host, args),
                    "replaced_with_pod": False,
                    "drain_seconds": 1,
                    "start_seconds": 60,
                    "labels": labels,
                },
                pulumi.ResourceOptions(parent=self, depends_on=[server]),
            )
        # No output of the server: before it replaces the server the engine removes whatever took a value from it, which
        # would be every replica of every service.
        self.address = pulumi.Output.from_input(f"{host}:{PORT}")
        self.administration_volume = socket.name
        self.register_outputs({"address": self.address, "administration_volume": self.administration_volume})


def member_host_name(place: str) -> str:
    """Return the name under which the networks know the member of a place; its certificate names it too."""
    return f"mysql-{place}"


def administration_mounts(volumes: Mapping[str, pulumi.Input[str]]) -> list[docker.ContainerVolumeArgs]:
    """Return the mounts of members' sockets where the script `mysql-apply` looks for them."""
    return [
        docker.ContainerVolumeArgs(volume_name=volume, container_path=f"/members/{place}")
        for place, volume in sorted(volumes.items())
    ]


def start_script(args: MySqlMemberArgs) -> str:
    """Return what a member's first process runs."""
    if "group" in args:
        return script("mysql/mysql-server.sh", "mysql/mysql-group.sh", "mysql/mysql-group-member.sh")
    return script("mysql/mysql-server.sh", "mysql/mysql-member.sh")


def _environment(host: str, args: MySqlMemberArgs) -> dict[str, pulumi.Input[str]]:
    cluster, group = args["cluster"], args.get("group")
    hosts = [member_host_name(place) for place in group["members"]] if group is not None else []
    environment: dict[str, pulumi.Input[str]] = {
        "MEMBER_CONFIGURATION": member_configuration(
            server_id=args["server_id"],
            read_only=group is not None or "primary_host" in args,
            buffer_pool_mib=cluster["buffer_pool_mib"],
            max_connections=cluster["max_connections"],
            group=GroupMember(group["name"], host, hosts, group["weight"]) if group is not None else None,
        ),
    }
    if group is not None:
        environment |= {"MEMBER": host, "MEMBERS": " ".join(hosts)}
        if "consul" in args:
            environment["PRIMARY_CHECK"] = PRIMARY_CHECK
    elif "primary_host" in args:
        environment["PRIMARY_HOST"] = args["primary_host"]
    return environment


def _secrets(certificate: Certificate, args: MySqlMemberArgs) -> dict[str, pulumi.Input[str]]:
    secrets: dict[str, pulumi.Input[str]] = {"PRIVATE_KEY": certificate.private_key, "BOOT_SQL": BOOT_SQL}
    if "group" in args:
        password = pulumi.Output.secret(args["group"]["password"])
        secrets |= {"BOOT_SQL": password.apply(group_boot_sql), "GROUP_PASSWORD": password}
    elif "replication_password" in args:
        secrets["REPLICATION_PASSWORD"] = args["replication_password"]
    return secrets


def _health_test(args: MySqlMemberArgs) -> list[str]:
    return group_health_test() if "group" in args else health_test(read_only="primary_host" in args)


def _instances(host: str, args: MySqlMemberArgs) -> list[ServiceInstance]:
    # Host names, unlike the addresses in Consul, are the same from every region.
    metadata = {"address": f"{host}:{PORT}"}
    role = "replica" if "primary_host" in args else "primary"
    if "group" not in args:
        return [ServiceInstance("mysql", PORT, _CHECK, tags=[role])]
    return [
        ServiceInstance("mysql", PORT, _CHECK, tags=["member"], metadata=metadata),
        ServiceInstance("mysql", PORT, ttl=_PRIMARY_TTL, tags=["primary"], metadata=metadata, id=PRIMARY_CHECK),
    ]

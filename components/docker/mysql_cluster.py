"""The database: a primary in the first region and a read-only replica in each other one."""

import zlib
from typing import NotRequired, TypedDict

import pulumi
import pulumi_docker as docker

from components.args import CheckArgs, ConsulReference, MySqlClusterArgs, MySqlReference, RegionReference
from components.certificates import Certificate
from components.docker.consul_agent import ConsulAgent
from components.docker.container import ContainerSpec, HealthCheck, hardened_container
from components.docker.job import Job
from components.docker.pod import Pod
from components.docker.volumes import volume_labels
from components.rendering import mysql
from components.rendering.scripts import script
from components.secrets import GeneratedPassword

PORT = 3306

_CHECK: CheckArgs = {"interval": "1s", "timeout": "1s", "deregister_after": "1m"}


class MySqlCluster(pulumi.ComponentResource):
    """MySQL members over the regions; rows that the primary acknowledged are on its disk."""

    primary: pulumi.Output[str]
    """Host and port of the primary."""

    replicas: pulumi.Output[dict[str, str]]
    """Region to host and port of the read-only member there."""

    reference: MySqlReference
    """The database as services take it; whoever uses it waits for every member."""

    def __init__(self, name: str, args: MySqlClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:MySqlCluster", name, {}, opts)
        passwords = {
            account: GeneratedPassword(
                f"{name}-{account}-password",
                {"rotation": args["password_rotation"]},
                pulumi.ResourceOptions(parent=self),
            ).value
            for account in ("replication", "backup", "exporter")
        }
        first = args["regions"][0]
        primary = MySqlMember(
            f"{name}-{first['region']}",
            {
                "cluster": args,
                "region": first,
                "consul": args["consul"][0],
                "server_id": server_id(first["region"]),
            },
            pulumi.ResourceOptions(parent=self),
        )
        accounts = Job(
            f"{name}-accounts",
            {
                "image": args["image"],
                "entrypoint": ["bash", "-c"],
                "command": [script("mysql-apply")],
                "environment": {
                    "STATEMENTS": pulumi.Output.secret(pulumi.Output.all(**passwords)).apply(
                        lambda values: mysql.stack_accounts_sql(mysql.StackAccounts(**values))
                    )
                },
                "secrets": list(passwords.values()),
                "user": "mysql",
                "volumes": [administration_mount(primary.administration_volume)],
                "labels": args["labels"],
            },
            pulumi.ResourceOptions(parent=self, depends_on=[primary]),
        )
        members = {first["region"]: primary}
        for region, datacenter in zip(args["regions"][1:], args["consul"][1:], strict=True):
            members[region["region"]] = MySqlMember(
                f"{name}-{region['region']}",
                {
                    "cluster": args,
                    "region": region,
                    "consul": datacenter,
                    "server_id": server_id(region["region"]),
                    "primary_host": member_host_name(first["region"]),
                    "replication_password": pulumi.Output.secret(
                        pulumi.Output.all(passwords["replication"], accounts.completed).apply(lambda pair: str(pair[0]))
                    ),
                },
                pulumi.ResourceOptions(parent=self),
            )
        addresses = {region: member.address for region, member in members.items()}
        self.primary = primary.address
        replicas = {region: address for region, address in addresses.items() if region != first["region"]}
        # Without any, `Output.all` would give a list.
        self.replicas = pulumi.Output.all(**replicas).apply(dict[str, str])
        self.reference = {
            "primary_address": self.primary,
            "member_addresses": addresses,
            "authority_certificate": args["authority_certificate"],
            "image": args["image"],
            # Accounts of services come after the cluster's own.
            "administration_volume": pulumi.Output.all(primary.administration_volume, accounts.completed).apply(
                lambda pair: str(pair[0])
            ),
        }
        self.register_outputs({"primary": self.primary, "replicas": self.replicas})


class MySqlMemberArgs(TypedDict):
    """Inputs of a member."""

    cluster: MySqlClusterArgs
    """Inputs of the cluster that it belongs to."""

    region: RegionReference
    """Where it runs."""

    consul: ConsulReference
    """Where it is registered."""

    server_id: int
    """Number of the member, unique in the cluster."""

    primary_host: NotRequired[str]
    """Host name of the primary that it follows; the primary itself has none."""

    replication_password: NotRequired[pulumi.Input[str]]
    """Password of the account `replication` (secret)."""


class MySqlMember(pulumi.ComponentResource):
    """One MySQL server with data that outlives it: in `pulumi destroy` the volume stays."""

    address: pulumi.Output[str]
    """Host and port."""

    administration_volume: pulumi.Output[str]
    """Volume with the member's socket."""

    def __init__(self, name: str, args: MySqlMemberArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:MySqlMember", name, {}, opts)
        cluster, region = args["cluster"], args["region"]
        host = member_host_name(region["region"])
        role = "replica" if "primary_host" in args else "primary"
        labels = {**cluster["labels"], "gostack.region": region["region"], "gostack.service": "mysql"}
        certificate = Certificate(
            f"{name}-certificate",
            {
                "authority_key_pair": cluster["authority_key_pair"],
                "names": [host],
                "lifetime_days": cluster["certificate_lifetime_days"],
                "rotation": 1,
            },
            pulumi.ResourceOptions(parent=self),
        )
        data = docker.Volume(
            f"{name}-data",
            # A fixed name: the engine gives a volume that exists back as it is, with its rows.
            name=f"{cluster['volume_prefix']}-mysql-{region['region']}",
            driver="local",
            labels=volume_labels({**labels, "gostack.data": "mysql"}),
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True, protect=cluster["protect"]),
        )
        socket = docker.Volume(
            f"{name}-socket", driver="local", labels=volume_labels(labels), opts=pulumi.ResourceOptions(parent=self)
        )
        pod = Pod(
            f"{name}-pod",
            {"region": region, "pause_image": cluster["pause_image"], "host_names": [host], "labels": labels},
            pulumi.ResourceOptions(parent=self),
        )
        environment: dict[str, pulumi.Input[str]] = {
            "MEMBER_CONFIGURATION": mysql.member_configuration(
                server_id=args["server_id"],
                read_only=role == "replica",
                buffer_pool_mib=cluster["buffer_pool_mib"],
                max_connections=cluster["max_connections"],
            ),
            "BOOT_SQL": mysql.BOOT_SQL,
            "AUTHORITY": cluster["authority_certificate"],
            "CERTIFICATE": certificate.certificate,
            "PRIVATE_KEY": certificate.private_key,
        }
        if "primary_host" in args and "replication_password" in args:
            environment["PRIMARY_HOST"] = args["primary_host"]
            environment["REPLICATION_PASSWORD"] = args["replication_password"]
        server = hardened_container(
            f"{name}-server",
            ContainerSpec(
                image=cluster["image"],
                labels=labels,
                role="mysql",
                memory_mib=cluster["memory_mib"],
                user="mysql",
                entrypoint=["bash", "-c"],
                command=[script("mysql-member")],
                environment=environment,
                volumes=[
                    docker.ContainerVolumeArgs(volume_name=data.name, container_path="/var/lib/mysql"),
                    administration_mount(socket.name),
                ],
                health=HealthCheck(
                    test=mysql.health_test(read_only=role == "replica"),
                    wait_seconds=180,
                    start_period_seconds=170,
                ),
                stop_seconds=60,
            ),
            parent=self,
            network_mode=pod.network_mode,
            # Two servers on one volume would destroy it.
            create_first=False,
        )
        ConsulAgent(
            f"{name}-registration",
            {
                "network_mode": pod.network_mode,
                "node": host,
                "region": region,
                "consul": args["consul"],
                "services": [{"service": "mysql", "port": PORT, "check": _CHECK, "tags": [role], "metadata": {}}],
                "replaced_with_pod": False,
                "drain_seconds": 1,
                "start_seconds": 60,
                "labels": labels,
            },
            pulumi.ResourceOptions(parent=self, depends_on=[server]),
        )
        self.address = server.id.apply(lambda _: f"{host}:{PORT}")
        self.administration_volume = pulumi.Output.all(socket.name, server.id).apply(lambda pair: str(pair[0]))
        self.register_outputs({"address": self.address, "administration_volume": self.administration_volume})


def member_host_name(region: str) -> str:
    """Return the name under which the networks know a region's member; its certificate names it too."""
    return f"mysql-{region}"


def server_id(region: str) -> int:
    """Return the number of a region's member: its name's checksum, so that another region does not change it."""
    return zlib.crc32(region.encode()) or 1


def administration_mount(volume: pulumi.Input[str]) -> docker.ContainerVolumeArgs:
    """Return the mount of a member's socket where MySQL's client looks for it."""
    return docker.ContainerVolumeArgs(volume_name=volume, container_path="/var/run/mysqld")

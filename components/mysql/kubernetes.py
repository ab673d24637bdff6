"""The database: one primary, or a primary with a read-only replica in every region."""

import pulumi

from components.consul.args import ConsulReference
from components.kubernetes.job import Job
from components.kubernetes.names import MYSQL, service_host, workload_labels
from components.kubernetes.scope import Scope
from components.kubernetes.workload import disruption_budget
from components.mysql.accounts import (
    ADMINISTRATION_ACCOUNT,
    MONITORING_ACCOUNT,
    REPLICATION_ACCOUNT,
    stack_accounts_sql,
)
from components.mysql.args import MySqlClusterArgs, MySqlReference
from components.mysql.configuration import PORT
from components.mysql.kubernetes_member import MYSQL_USER, MySqlMember, MySqlMemberArgs
from components.options import after
from components.region.args import RegionReference, namespace_of
from components.secrets import GeneratedPassword
from components.text import script

TOPOLOGIES = ("single", "replica")


class MySqlCluster(pulumi.ComponentResource):
    """MySQL members over the regions; rows that the primary acknowledged are on its disk."""

    primary: pulumi.Output[str]
    """Host and port of the primary."""

    replicas: pulumi.Output[dict[str, str]]
    """Name to host and port of each other member."""

    members: pulumi.Output[dict[str, str]]
    """Name to host and port of every member."""

    reference: MySqlReference
    """The database as services take it; whoever uses it waits for the accounts, and so for the primary. Who needs every
    member must wait for the cluster by `depends_on`."""

    def __init__(self, name: str, args: MySqlClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:MySqlCluster", name, {}, opts)
        if args["topology"] not in TOPOLOGIES:
            raise ValueError(f'the topology "{args["topology"]}" is not one of {", ".join(TOPOLOGIES)}: correct it')
        self._name, self._args = name, args
        password = self._password(REPLICATION_ACCOUNT, args["password_rotation"])
        # A member learns a new one only by a restart, and must not for that of other accounts: it is renewed together
        # with the certificate authority, which restarts it anyway.
        administration = self._password("administration", args["ca_rotation"])
        places = list(zip(args["regions"], args["consul"], strict=True))
        primary = self._member(*places[0], administration)
        first = args["regions"][0]["region"]
        monitoring = self._password(MONITORING_ACCOUNT, args["password_rotation"]) if args.get("monitored") else None
        accounts = self._accounts(password, primary.address, administration, monitoring)
        replication = pulumi.Output.secret(after(password, accounts.completed))
        following = {
            place[0]["region"]: self._member(*place, administration, replication)
            for place in (places if args["topology"] == "replica" else [])
        }
        for region in args["regions"]:
            self._budget(region)
        self.primary = primary.address
        named = {first: primary, **{_replica_name(place, first): member for place, member in following.items()}}
        self.members = pulumi.Output.all(**{place: member.address for place, member in named.items()}).apply(
            dict[str, str]
        )
        self.replicas = self.members.apply(
            lambda found: {place: member for place, member in found.items() if place != first}
        )
        ready = after(primary.address, accounts.completed)
        self.reference = {
            "primary_address": ready,
            # The nearest one: the replica of the region, where there is one.
            "member_addresses": {
                first: ready,
                **{place: member.address for place, member in following.items()},
            },
            "ca_certificate": args["ca_certificate"],
            "image": args["image"],
            "administration_volumes": {},
            "group_addresses": [],
            "primary_datacenters": [],
            "administration": {
                "address": ready,
                "user": ADMINISTRATION_ACCOUNT,
                "password": administration,
            },
        }
        if monitoring is not None:
            self.reference["monitoring"] = {
                "addresses": self._addresses(first),
                "user": MONITORING_ACCOUNT,
                "password": monitoring,
                "ca_certificate": args["ca_certificate"],
            }
        self.register_outputs({"primary": self.primary, "replicas": self.replicas, "members": self.members})

    def _member(
        self,
        region: RegionReference,
        consul: ConsulReference,
        administration: pulumi.Output[str],
        replication: pulumi.Output[str] | None = None,
    ) -> MySqlMember:
        name, opts = f"{self._name}-{region['region']}", pulumi.ResourceOptions(parent=self)
        arguments: MySqlMemberArgs = {
            "cluster": self._args,
            "region": region,
            "consul": consul,
            "administration_password": administration,
        }
        if replication is None:
            return MySqlMember(name, arguments, opts)
        first = self._args["regions"][0]
        arguments["primary_host"] = service_host(f"{self._name}-{first['region']}", namespace_of(first))
        arguments["replication_password"] = replication
        return MySqlMember(f"{name}-replica", arguments, opts)

    def _addresses(self, first: str) -> dict[str, str]:
        """Host and port of every member, by the names of `members`; known before there is any."""
        places = [(self._args["regions"][0], first, "")]
        if self._args["topology"] == "replica":
            places += [(one, _replica_name(one["region"], first), "-replica") for one in self._args["regions"]]
        hosts = {place: (f"{self._name}-{region['region']}{suffix}", region) for region, place, suffix in places}
        return {place: f"{service_host(name, namespace_of(region))}:{PORT}" for place, (name, region) in hosts.items()}

    def _accounts(
        self,
        password: pulumi.Output[str],
        address: pulumi.Output[str],
        administration: pulumi.Output[str],
        monitoring: pulumi.Output[str] | None,
    ) -> Job:
        passwords = [password, *([monitoring] if monitoring is not None else [])]
        statements = pulumi.Output.secret(pulumi.Output.all(*passwords)).apply(lambda given: stack_accounts_sql(*given))
        return Job(
            f"{self._name}-accounts",
            {
                "service": "mysql",
                "image": self._args["image"],
                "user": MYSQL_USER,
                "entrypoint": ["bash", "-c"],
                "command": [script("mysql/mysql-apply-remote.sh")],
                "environment": {
                    **administration_endpoint(address),
                    "ADMINISTRATION_USER": ADMINISTRATION_ACCOUNT,
                    "AUTHORITY": self._args["ca_certificate"],
                },
                "secrets": {"STATEMENTS": statements, "ADMINISTRATION_PASSWORD": administration},
                "region": self._args["regions"][0]["region"],
                "namespace": self._args["regions"][0]["network"],
                "egress": [{"roles": [MYSQL], "networks": [], "port": PORT}],
                "labels": self._args["labels"],
            },
            pulumi.ResourceOptions(parent=self),
        )

    def _budget(self, region: RegionReference) -> None:
        """Of the members of a region, only one at a time may be evicted."""
        labels = workload_labels(self._args["labels"], region=region["region"], service="mysql", role=MYSQL)
        disruption_budget(Scope(region["network"], labels, self), f"{self._name}-{region['region']}-budget")

    def _password(self, account: str, rotation: int) -> pulumi.Output[str]:
        opts = pulumi.ResourceOptions(parent=self)
        return GeneratedPassword(f"{self._name}-{account}-password", {"rotation": rotation}, opts).value


def administration_endpoint(address: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """Return the variables by which a job finds the member that takes writes."""
    given = pulumi.Output.from_input(address)
    return {
        "ADMINISTRATION_HOST": given.apply(lambda text: text.rpartition(":")[0]),
        "ADMINISTRATION_PORT": given.apply(lambda text: text.rpartition(":")[2]),
    }


def _replica_name(place: str, first: str) -> str:
    return f"{place}-replica" if place == first else place

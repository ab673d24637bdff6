"""The database: one primary, a primary with read-only replicas, or a group that chooses its primary."""

import uuid

import pulumi

from components.docker.files import SECRETS
from components.docker.job import Job
from components.mysql.accounts import MONITORING_ACCOUNT, REPLICATION_ACCOUNT, stack_accounts_sql
from components.mysql.args import MySqlClusterArgs, MySqlReference
from components.mysql.configuration import PORT, server_id
from components.mysql.docker_member import (
    GroupMemberArgs,
    MySqlMember,
    MySqlMemberArgs,
    administration_mounts,
    member_host_name,
)
from components.mysql.docker_proxy import MySqlProxy
from components.options import after
from components.secrets import GeneratedPassword
from components.text import script

FIRST_WEIGHT, REGION_WEIGHT, WITNESS_WEIGHT = 60, 50, 10


class MySqlCluster(pulumi.ComponentResource):
    """MySQL members over the regions; rows that the primary acknowledged are on its disk, in a group on the way to
    those of a majority."""

    primary: pulumi.Output[str]
    """Host and port of the primary; in a group, of the member that is the primary at first."""

    replicas: pulumi.Output[dict[str, str]]
    """Region to host and port of each other member."""

    members: pulumi.Output[dict[str, str]]
    """Region to host and port of every member."""

    reference: MySqlReference
    """The database as services take it; whoever uses it waits for the accounts, and so for a primary. Who needs every
    member must wait for the cluster by `depends_on`."""

    def __init__(self, name: str, args: MySqlClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:MySqlCluster", name, {}, opts)
        self._name, self._args = name, args
        password = self._password(REPLICATION_ACCOUNT, args["password_rotation"])
        self._monitoring = (
            self._password(MONITORING_ACCOUNT, args["password_rotation"]) if args.get("monitored") else None
        )
        group = args["topology"] == "group"
        members, accounts = self._group(password) if group else self._followers(password)
        first = args["regions"][0]["region"]
        # In a group any member may become the primary.
        writable = members if group else {first: members[first]}
        addresses = {place: member.address for place, member in members.items()}
        self.primary = addresses[first]
        # Without any, `Output.all` would give a list.
        self.members = pulumi.Output.all(**addresses).apply(dict[str, str])
        self.replicas = self.members.apply(
            lambda found: {place: address for place, address in found.items() if place != first}
        )
        self.reference = {
            "primary_address": self.primary,
            "member_addresses": addresses,
            "ca_certificate": args["ca_certificate"],
            "image": args["image"],
            # Accounts of services come after the cluster's own.
            "administration_volumes": {
                place: after(member.administration_volume, accounts.completed) for place, member in writable.items()
            },
            "group_addresses": [f"{member_host_name(place)}:{PORT}" for place in members] if group else [],
            "primary_datacenters": [datacenter["datacenter"] for datacenter in args["consul"]] if group else [],
        }
        if "proxy_image" in args:
            self.reference["writer_addresses"] = self._proxies(args["proxy_image"], members)
        if self._monitoring is not None:
            self.reference["monitoring"] = {
                "addresses": {place: f"{member_host_name(place)}:{PORT}" for place in members},
                "user": MONITORING_ACCOUNT,
                "password": self._monitoring,
                "ca_certificate": args["ca_certificate"],
            }
        self.register_outputs({"primary": self.primary, "replicas": self.replicas, "members": self.members})

    def _followers(self, password: pulumi.Output[str]) -> tuple[dict[str, MySqlMember], Job]:
        """Make a primary, the accounts on it, and the replicas, which begin as its copies."""
        args = self._args
        first, *others = zip(args["regions"], args["consul"], strict=True)
        place = first[0]["region"]
        primary = MySqlMember(
            f"{self._name}-{place}",
            {"cluster": args, "region": first[0], "consul": first[1], "server_id": server_id(place)},
            pulumi.ResourceOptions(parent=self),
        )
        accounts = self._accounts(password, {place: primary})
        members = {place: primary}
        for region, datacenter in others:
            members[region["region"]] = MySqlMember(
                f"{self._name}-{region['region']}",
                {
                    "cluster": args,
                    "region": region,
                    "consul": datacenter,
                    "server_id": server_id(region["region"]),
                    "primary_host": member_host_name(place),
                    "replication_password": pulumi.Output.secret(after(password, accounts.completed)),
                },
                pulumi.ResourceOptions(parent=self),
            )
        return members, accounts

    def _group(self, password: pulumi.Output[str]) -> tuple[dict[str, MySqlMember], Job]:
        """Make the members of a group, one after the other, then the accounts on whichever is the primary."""
        args = self._args
        domains = [*args["regions"], *([args["witness"]] if "witness" in args else [])]
        # A password of its own: members take part in a renewal only by a restart, and must not for that of other
        # accounts. Those of another certificate authority cannot talk to each other anyway: it is renewed with it.
        group_password = self._password("group", args["ca_rotation"])
        members: dict[str, MySqlMember] = {}
        for index, region in enumerate(domains):
            place = region["region"]
            registered = index < len(args["regions"])
            group: GroupMemberArgs = {
                # The same for ever, whatever becomes of the state: it is part of the names of transactions.
                "name": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{args['volume_prefix']}-mysql")),
                "members": [item["region"] for item in domains],
                "weight": FIRST_WEIGHT if index == 0 else REGION_WEIGHT if registered else WITNESS_WEIGHT,
                "password": group_password,
            }
            member: MySqlMemberArgs = {
                "cluster": args,
                "region": region,
                "server_id": server_id(place),
                "group": group,
            }
            if registered:
                member["consul"] = args["consul"][index]
            # One after the other: a change of all at once would lose the majority.
            opts = pulumi.ResourceOptions(parent=self, depends_on=list(members.values())[-1:])
            members[place] = MySqlMember(f"{self._name}-{place}", member, opts)
        return members, self._accounts(password, members)

    def _proxies(self, image: pulumi.Input[str], members: dict[str, MySqlMember]) -> dict[str, pulumi.Output[str]]:
        """Make a proxy in each region, which waits until a member is the primary; return region to address."""
        args = self._args
        return {
            region["region"]: MySqlProxy(
                f"{self._name}-proxy-{region['region']}",
                {
                    "region": region,
                    "consul": datacenter,
                    "datacenters": self.reference["primary_datacenters"],
                    "image": image,
                    "max_connections": args["max_connections"],
                    "labels": args["labels"],
                },
                pulumi.ResourceOptions(parent=self, depends_on=[*members.values()]),
            ).address
            for region, datacenter in zip(args["regions"], args["consul"], strict=True)
        }

    def _accounts(self, password: pulumi.Output[str], members: dict[str, MySqlMember]) -> Job:
        passwords = [password, *([self._monitoring] if self._monitoring is not None else [])]
        statements = pulumi.Output.secret(pulumi.Output.all(*passwords)).apply(lambda known: stack_accounts_sql(*known))
        return Job(
            f"{self._name}-accounts",
            {
                "image": self._args["image"],
                "entrypoint": ["bash", "-c"],
                "command": [script("mysql/mysql-apply.sh")],
                "environment": {},
                "given_files": {f"{SECRETS}/STATEMENTS": {"content": statements}},
                "secrets": passwords,
                "user": "mysql",
                "volumes": administration_mounts(
                    {place: member.administration_volume for place, member in members.items()}
                ),
                "labels": self._args["labels"],
            },
            pulumi.ResourceOptions(parent=self, depends_on=list(members.values())),
        )

    def _password(self, account: str, rotation: int) -> pulumi.Output[str]:
        opts = pulumi.ResourceOptions(parent=self)
        return GeneratedPassword(f"{self._name}-{account}-password", {"rotation": rotation}, opts).value

"""The database: what it takes, and how services refer to it."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from components.args import KeptArgs
from components.consul.args import ConsulReference
from components.region.args import RegionReference


class MySqlClusterArgs(KeptArgs):
    """Inputs of the database."""

    topology: str
    """`single`, `replica` or `group`: what the members are to each other."""

    regions: Sequence[RegionReference]
    """Regions with a member; the first one holds the primary, in a group the first one."""

    witness: NotRequired[RegionReference]
    """In a group, the place of one more member, where nothing else is: it makes a majority when a region is lost."""

    consul: Sequence[ConsulReference]
    """Datacenter of each of those regions, in the same order."""

    image: pulumi.Input[str]
    """Image of MySQL."""

    ca_key_pair: pulumi.Input[str]
    """`CertificateAuthority.key_pair`, which signs the members' certificates (secret)."""

    ca_certificate: pulumi.Input[str]
    """`CertificateAuthority.certificate`."""

    certificate_lifetime_days: int
    """Lifetime in days of the members' certificates; a renewal restarts the members."""

    password_rotation: int
    """Counter; a new value makes new passwords."""

    ca_rotation: int
    """Counter of the certificate authority; a new value makes a new password between the members of a group too."""

    buffer_pool_mib: int
    """InnoDB buffer pool in MiB."""

    memory_mib: int
    """Memory limit of a member in MiB."""

    storage_gib: int
    """On Kubernetes: size of a member's disk in GiB."""

    max_connections: int
    """Connections that a member accepts."""

    proxy_image: NotRequired[pulumi.Input[str]]
    """Given to a group: image of the proxy that each region gets, and by which services reach the primary."""

    monitored: NotRequired[bool]
    """True makes the account by which the telemetry asks the members."""

    protect: bool
    """True refuses to delete the data volumes."""


class MySqlAdministration(TypedDict):
    """How accounts are made over the network."""

    address: pulumi.Input[str]
    """Host and port of the member that takes writes; its certificate names the host."""

    user: pulumi.Input[str]
    """Account that may make schemas and accounts."""

    password: pulumi.Input[str]
    """Its password (secret)."""


class MySqlMonitoring(TypedDict):
    """How the telemetry asks the members how they are, by TLS."""

    addresses: Mapping[str, str]
    """Place to host and port of every member; its certificate names the host."""

    user: str
    """Account that may read no row of a service."""

    password: pulumi.Input[str]
    """Its password (secret)."""

    ca_certificate: pulumi.Input[str]
    """Certificate of the authority that signed the members' certificates."""


class MySqlReference(TypedDict):
    """The database as a service needs to know it; `MySqlCluster.reference` gives it."""

    primary_address: pulumi.Input[str]
    """Host and port of the primary; in a group, of the member that is the primary at first."""

    member_addresses: Mapping[str, pulumi.Input[str]]
    """Region to host and port of the member there."""

    ca_certificate: pulumi.Input[str]
    """Certificate of the authority that signed the members' certificates."""

    image: pulumi.Input[str]
    """Image with MySQL's client."""

    administration_volumes: Mapping[str, pulumi.Input[str]]
    """Region to the identity, on the platform, of the socket of a member that may be the primary: through the one that
    is, accounts are made."""

    group_addresses: Sequence[str]
    """Host and port of every member that may be the primary, in a group; empty where the primary is always the same."""

    primary_datacenters: Sequence[str]
    """Datacenters in which a member of a group registers itself while it is the primary; empty where it never moves."""

    administration: NotRequired[MySqlAdministration]
    """Where accounts are made over the network, by TLS: on Kubernetes, and for a database that is run for the stack."""

    writer_addresses: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Region to host and port to which services there send writes, where that is not `primary_address`: a proxy
    that follows the primary of a group, a copy that forwards them."""

    monitoring: NotRequired[MySqlMonitoring]
    """How the telemetry asks the members, where there is one."""

    networks: NotRequired[Sequence[pulumi.Input[str]]]
    """Networks in CIDR notation that the members are in, where they are not pods of the stack: services are allowed to
    reach them."""

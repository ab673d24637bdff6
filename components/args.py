"""What the components of every platform take: the same names and meanings on Docker and Kubernetes."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi


class BackboneArgs(TypedDict):
    """Inputs of the network between the regions."""

    cidr: str
    """Network in CIDR notation."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


class QuotaArgs(TypedDict):
    """The most that all pods of a region may ask for together."""

    cpus: float
    """Cores that pods may request; their limits may be twice as much."""

    memory_gib: int
    """Memory in GiB that pods may request; their limits may be twice as much."""

    pods: int
    """Number of pods."""

    storage_gib: int
    """Storage in GiB that claims may request."""


class RegionArgs(TypedDict):
    """Inputs of a region."""

    region: str
    """Name of the region."""

    cidr: str
    """Network of the region in CIDR notation, /16 to /24; must not overlap with another one. Empty on a platform that
    assigns addresses itself."""

    backbone_network: pulumi.Input[str]
    """`Backbone.network`; empty on a platform without."""

    backbone_cidr: str
    """Network of the backbone in CIDR notation; empty on a platform that assigns addresses itself."""

    namespace: NotRequired[str]
    """On Kubernetes: first part of the name of the region's namespace, `<namespace>-<region>`."""

    quota: NotRequired[QuotaArgs]
    """On Kubernetes: the most that the region's pods may ask for together."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


class RegionReference(TypedDict):
    """A region as the other components need to know it; `Region.reference` gives it."""

    region: str
    """Name of the region."""

    cidr: str
    """Network of the region in CIDR notation; empty on a platform that assigns addresses itself."""

    network: pulumi.Input[str]
    """Identity of the region's network on the platform: on Kubernetes the name of its namespace."""

    backbone_cidr: str
    """Network of the backbone in CIDR notation; empty on a platform that assigns addresses itself."""

    backbone_network: pulumi.Input[str]
    """Identity of the backbone on the platform; empty on a platform without."""

    namespace: NotRequired[str]
    """On Kubernetes: first part of the names of all namespaces of the stack."""


class UpstreamImagesArgs(TypedDict):
    """Inputs of the upstream images."""

    references: Mapping[str, str]
    """Short name to image reference."""


class ConsulDatacenterArgs(TypedDict):
    """Inputs of a Consul datacenter."""

    region: RegionReference
    """Region of the datacenter; the datacenter has its name."""

    servers: int
    """Number of servers, 1 or 3."""

    other_regions: Sequence[str]
    """Names of the regions whose datacenters this one joins."""

    gossip_key: pulumi.Input[str]
    """Key that encrypts gossip: 32 bytes in base64 (secret); the same in every datacenter of the stack."""

    image: pulumi.Input[str]
    """Image of Consul."""

    bind_address: str
    """On Docker: address of this machine on which the HTTP interface listens."""

    http_port: int
    """On Docker: port of this machine for the HTTP interface and the UI."""

    storage_class: NotRequired[str]
    """On Kubernetes: storage class of the servers' disks; the cluster's default when it is not given."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


class ConsulReference(TypedDict):
    """A datacenter as an agent needs to know it; `ConsulDatacenter.reference` gives it."""

    datacenter: str
    """Name of the datacenter."""

    server_addresses: Sequence[str]
    """Addresses of the servers inside the region's network."""

    gossip_key: pulumi.Input[str]
    """Key that encrypts gossip (secret)."""

    image: pulumi.Input[str]
    """Image of Consul."""


class CheckArgs(TypedDict):
    """How Consul checks an instance."""

    path: NotRequired[str]
    """Path that answers 2xx; without it a TCP connection is the check."""

    live_path: NotRequired[str]
    """On Kubernetes: path that answers 2xx unless only a restart helps; without it a TCP connection is enough."""

    interval: str
    """Time between two checks, for example "1s"."""

    timeout: str
    """Time after which a check has failed, for example "500ms"."""

    deregister_after: str
    """Time in the critical state after which the instance is forgotten; Consul raises less than 1m to 1m."""


class ServiceInstanceArgs(TypedDict):
    """What a pod offers to others, as its agent registers it."""

    service: str
    """Name of the service."""

    id: NotRequired[str]
    """Name of the instance, unique in the pod; the service's own by default."""

    port: int
    """Port on which the pod answers."""

    check: NotRequired[CheckArgs]
    """How Consul checks it."""

    ttl: NotRequired[str]
    """Given instead of `check`: the instance reports itself, and counts as failed when it has not done so for this
    long, for example "3s". Its report goes to the check with the instance's name."""

    tags: Sequence[str]
    """Tags by which it can be asked for."""

    metadata: Mapping[str, str]
    """What else Consul tells of it."""


class ServiceImageArgs(TypedDict):
    """Inputs of a service's image."""

    service: str
    """Name of the service."""

    track: str
    """Track that it is for. Each has a name of its own: when a canary goes, the stable track's image must not."""

    context: str
    """Folder of the Go module, relative to the project."""

    dockerfile: str
    """Dockerfile, relative to the project."""

    main_package: str
    """Go package of the program, relative to `context`."""

    golang_image: str
    """Image of the Go toolchain that builds the program."""

    registry: NotRequired[str]
    """On Kubernetes: where the image is pushed, host[:port]/prefix."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


class ReleasedImageArgs(TypedDict):
    """Inputs of a service's image that was built elsewhere."""

    reference: str
    """Name with a fixed tag or a digest."""


class MySqlClusterArgs(TypedDict):
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

    pause_image: pulumi.Input[str]
    """Image that holds a pod's network namespace; empty on a platform that brings its own."""

    authority_key_pair: pulumi.Input[str]
    """`CertificateAuthority.key_pair`, which signs the members' certificates (secret)."""

    authority_certificate: pulumi.Input[str]
    """`CertificateAuthority.certificate`."""

    certificate_lifetime_days: int
    """Lifetime in days of the members' certificates; a renewal restarts the members."""

    password_rotation: int
    """Counter; a new value makes new passwords."""

    authority_rotation: int
    """Counter of the certificate authority; a new value makes a new password between the members of a group too."""

    buffer_pool_mib: int
    """InnoDB buffer pool in MiB."""

    memory_mib: int
    """Memory limit of a member in MiB."""

    max_connections: int
    """Connections that a member accepts."""

    protect: bool
    """True refuses to delete the data volumes."""

    volume_prefix: str
    """First part of the data volumes' names, which stay the same for ever: they outlive the stack."""

    storage_gib: NotRequired[int]
    """On Kubernetes: size of a member's disk in GiB, 10 when it is not given."""

    storage_class: NotRequired[str]
    """On Kubernetes: storage class of the disks; the cluster's default when it is not given."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


class MySqlAdministration(TypedDict):
    """How accounts are made over the network."""

    address: pulumi.Input[str]
    """Host and port of the member that takes writes; its certificate names the host."""

    user: pulumi.Input[str]
    """Account that may make schemas and accounts."""

    password: pulumi.Input[str]
    """Its password (secret)."""


class MySqlReference(TypedDict):
    """The database as a service needs to know it; `MySqlCluster.reference` gives it."""

    primary_address: pulumi.Input[str]
    """Host and port of the primary; in a group, of the member that is the primary at first."""

    member_addresses: Mapping[str, pulumi.Input[str]]
    """Region to host and port of the member there."""

    authority_certificate: pulumi.Input[str]
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
    """Region to host and port to which services there send writes, where that is not `primary_address`: a copy that
    forwards them."""

    networks: NotRequired[Sequence[pulumi.Input[str]]]
    """Networks in CIDR notation that the members are in, where they are not pods of the stack: services are allowed to
    reach them."""


class ServiceDatabaseArgs(TypedDict):
    """Inputs of a service's schema."""

    database: str
    """Name of the schema."""

    mysql: MySqlReference
    """The cluster that holds it."""

    region: RegionReference
    """Region of the primary."""

    service_images: Mapping[str, pulumi.Input[str]]
    """Track to image of the service, which carries its schema migrations; `stable` is there, others where their image
    is another one."""

    migrate: Sequence[str]
    """Arguments that make the image apply them; empty for none."""

    password_rotation: int
    """Counter; a new value makes new passwords."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


class DynamicConfigurationArgs(TypedDict):
    """Inputs of what a service may be told while it runs."""

    service: str
    """Name of the service."""

    region: RegionReference
    """Region whose replicas are told."""

    consul: ConsulReference
    """Datacenter of that region."""

    document: str
    """The document as JSON text; a changed one is in force within seconds, without a replica being replaced."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


class EgressArgs(TypedDict):
    """A port of a network outside of the stack."""

    network: pulumi.Input[str]
    """Network in CIDR notation."""

    port: int
    """TCP port."""


class AutoscalingArgs(TypedDict):
    """How the number of replicas follows the load."""

    maximum: int
    """Highest number of replicas."""

    cpu_percent: int
    """Use of the requested CPU in percent, on average, that the number of replicas aims at."""


class MicroserviceArgs(TypedDict):
    """Inputs of one track of a service in one region."""

    service: str
    """Name of the service."""

    track: str
    """`stable`, or the name of another track of the same service."""

    region: RegionReference
    """Where it runs."""

    consul: ConsulReference
    """Where it is registered."""

    image: pulumi.Input[str]
    """Image of the service."""

    pause_image: pulumi.Input[str]
    """Image that holds a pod's network namespace; empty on a platform that brings its own."""

    version: pulumi.Input[str]
    """Version of the service, told to it in SERVICE_VERSION."""

    port: int
    """Port on which the service listens."""

    replicas: int
    """Number of replicas."""

    environment: Mapping[str, pulumi.Input[str]]
    """Environment variables, none of them a secret."""

    secrets: Mapping[str, pulumi.Input[str]]
    """Environment variables that are secrets; on Kubernetes they come from a Secret."""

    check: CheckArgs
    """Health check."""

    memory_mib: int
    """Memory limit of a replica in MiB."""

    cpus: float
    """CPU limit of a replica in cores."""

    memory_request_mib: NotRequired[int]
    """On Kubernetes: memory in MiB that a node must have free for a replica; the limit when it is not given."""

    cpu_request: NotRequired[float]
    """On Kubernetes: cores that a node must have free for a replica; the limit when it is not given."""

    autoscaling: NotRequired[AutoscalingArgs]
    """On Kubernetes: given, the number of replicas follows the load and begins with `replicas`."""

    egress: NotRequired[Sequence[EgressArgs]]
    """On Kubernetes: what the replicas may reach outside of the stack."""

    drain_seconds: int
    """Time in seconds between the deregistration of a replica and its stop signal."""

    stop_seconds: int
    """Time in seconds that a replica has after its stop signal."""

    start_seconds: int
    """Time in seconds that a new replica has to become healthy."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""


class RouteArgs(TypedDict):
    """One path of the ingress; see `infra.settings.services.RouteSettings` for the meaning of each."""

    path: str
    """Path or regular expression."""

    match: str
    """`exact`, `prefix` or `regex`."""

    service: str
    """Service that answers."""

    idempotent: bool
    """True when a POST may be repeated."""

    static: bool
    """True when clients may keep the answer for a year."""

    body_limit_kib: int
    """Largest request body in KiB."""

    rate_limit_per_second: int
    """Requests a second and client; 0 is no limit."""

    rate_limit_burst: int
    """Requests that may exceed the rate."""

    timeout_seconds: int
    """Longest wait in seconds for a response."""

    per_try_timeout_seconds: int
    """Wait in seconds after which a GET or HEAD is asked of another replica; 0 is no shorter wait."""

    write_per_try_timeout_seconds: int
    """Wait in seconds after which a write that may be repeated is asked of another replica; 0 is no shorter wait."""


class HeaderMatchArgs(TypedDict):
    """A request header that leads to a canary."""

    header: str
    """Name of the header."""

    value: str
    """Its value."""


class CanaryArgs(TypedDict):
    """The share of a service's requests that its canary gets."""

    weight: int
    """Share of the clients in percent, 0 to 100."""

    matches: Sequence[HeaderMatchArgs]
    """Headers that lead there whatever the weight."""


class LoadBalancerArgs(TypedDict):
    """What the load balancer of a cluster is told beside its ports."""

    annotations: Mapping[str, pulumi.Input[str]]
    """Annotations of its Service."""

    load_balancer_class: NotRequired[str]
    """Class of the controller that makes it; the cluster's default when it is not given."""

    host: NotRequired[str]
    """Host name by which this region, and no other, is reached; the first of `IngressArgs.hosts` by default."""

    outside: NotRequired[pulumi.Input[str]]
    """Host name of a load balancer that is made outside of the cluster and leads to the pods themselves; given, the
    cluster makes none."""

    drain_seconds: NotRequired[int]
    """Time in seconds that it needs to notice that a pod goes; 5 when it is not given."""


class IngressArgs(TypedDict):
    """Inputs of a region's ingress."""

    region: RegionReference
    """Region that it leads into."""

    other_regions: Sequence[str]
    """Regions that take over when no replica is left here, in this order."""

    consul: ConsulReference
    """Datacenter that knows the replicas."""

    image: pulumi.Input[str]
    """Image of Nginx, 1.28 or newer."""

    pause_image: pulumi.Input[str]
    """Image that holds a pod's network namespace; empty on a platform that brings its own."""

    hosts: Sequence[str]
    """Host names and addresses that are served."""

    routes: Sequence[RouteArgs]
    """Paths and the services behind them."""

    canaries: Mapping[str, CanaryArgs]
    """Service to its canary, for those that have one."""

    certificate: pulumi.Input[str]
    """Certificate for `hosts`, PEM, with what it takes to verify it."""

    private_key: pulumi.Input[str]
    """Its private key, PEM (secret)."""

    bind_address: str
    """On Docker: address of this machine on which the ports listen."""

    https_port: int
    """Port for TLS: of this machine on Docker, of the load balancer on Kubernetes."""

    http_port: int
    """Port that redirects to the one for TLS."""

    worker_connections: int
    """Connections of an Nginx worker."""

    load_balancer: NotRequired[LoadBalancerArgs]
    """On Kubernetes: what the load balancer is told beside its ports."""

    labels: Mapping[str, str]
    """Labels that every object of the stack carries."""

"""What the cluster is made of: addresses, ports, nodes, names and folders. Everything to configure is here."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from tools.gostack.environment.locations import PROJECT_ROOT, state_folder

KUBERNETES_VERSION = "1.36.1"
CONTEXT = "gostack"
"""The name of the context in the kubeconfig."""
CLUSTER_DOMAIN = "cluster.local"

REGISTRY_HOST = "127.0.0.1"
REGISTRY_PORT = 5001
"""The only port that is opened on this host's own addresses; `localhost:5001/name` in image references."""

HOST_CIDR = IPv4Network("10.245.0.0/24")
"""Addresses of the control plane and of the nodes. Nothing outside of this machine can reach them."""
LOAD_BALANCER_CIDR = IPv4Network("10.245.1.0/24")
"""Addresses for Services of type LoadBalancer, reachable from this machine and its containers."""
POD_CIDR = IPv4Network("10.244.0.0/16")
SERVICE_CIDR = IPv4Network("10.96.0.0/16")

CONTROL_PLANE = HOST_CIDR[1]
API_PORT = 6443
ETCD_PORT = 2379
ETCD_PEER_PORT = 2380
METRICS_PORT = 4443
PROXY_HEALTH_PORT = 10256
KUBELET_PORT = 10250
API_SERVICE = SERVICE_CIDR[1]
DNS_SERVICE = SERVICE_CIDR[10]

DEVICE = "gostack0"
"""The network device that carries `HOST_CIDR` and `LOAD_BALANCER_CIDR`."""
CGROUP_ROOT = "gostack-cluster"
"""The folder, below the root of the control groups, of all pods."""
FIREWALL_CHAIN = "GOSTACK-CLUSTER"
PAUSE_IMAGE = "gostack.dev/pause:1"
"""The image that holds a pod's network; imported into every node, never pulled."""
STORAGE_PROVISIONER = "gostack.dev/local-volume"


@dataclass(frozen=True)
class Node:
    """A machine of the cluster: a kubelet with a container runtime, a network and control groups of its own."""

    number: int
    """From 1 on; decides address, pod network and names."""
    region: str
    """The label `topology.kubernetes.io/region`."""
    zone: str
    """The label `topology.kubernetes.io/zone`."""

    @property
    def name(self) -> str:
        """The name in the API."""
        return f"node-{self.number}"

    @property
    def address(self) -> IPv4Address:
        """The node's address, on `DEVICE`."""
        return HOST_CIDR[10 + self.number]

    @property
    def pod_cidr(self) -> IPv4Network:
        """The addresses of the node's pods: one /24 of the cluster's."""
        return list(POD_CIDR.subnets(new_prefix=24))[self.number]

    @property
    def bridge(self) -> str:
        """The network device that the node's pods are connected to."""
        return f"gostack-{self.name}"

    @property
    def cgroup(self) -> str:
        """The control group of the node's pods, from the root of the control groups."""
        return f"/{CGROUP_ROOT}/{self.name}"


NODES = (
    Node(1, "local", "local-a"),
    Node(2, "local", "local-b"),
    Node(3, "local", "local-c"),
)
"""Three zones of one region: a quorum of three survives the loss of one of them."""


@dataclass(frozen=True)
class Folders:
    """Where the cluster of one checkout keeps its files."""

    project: Path = PROJECT_ROOT
    run: Path = Path("/run/gostack-cluster")
    """Sockets, process records and mounts. The same for every checkout, as there can be one cluster on a machine."""

    @property
    def state(self) -> Path:
        """Everything that survives `gostack offline cluster down`, and goes with PURGE=1."""
        return state_folder(self.project) / "cluster"

    @property
    def kubeconfig(self) -> Path:
        """For the users of the cluster: full rights."""
        return state_folder(self.project) / "kubeconfig"

    @property
    def certificates(self) -> Path:
        """Certificate authorities, certificates and keys."""
        return self.state / "certificates"

    @property
    def configuration(self) -> Path:
        """Rendered files of the components."""
        return self.state / "configuration"

    @property
    def logs(self) -> Path:
        """One file a component, from its last start."""
        return self.state / "logs"

    @property
    def data(self) -> Path:
        """What the components store, and the folders of the volumes."""
        return self.state / "data"

    def node_data(self, node: Node) -> Path:
        """The data of one node: images, containers, pods."""
        return self.data / node.name

    def containerd_socket(self, node: Node) -> Path:
        """Where a node's container runtime listens."""
        return self.run / node.name / "containerd.sock"

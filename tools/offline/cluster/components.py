"""The processes of the cluster: their command lines, what they wait for, and what makes them start anew."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.offline.cluster.layout import (
    API_PORT,
    CONTROL_PLANE,
    DEVICE,
    ETCD_PEER_PORT,
    ETCD_PORT,
    KUBELET_PORT,
    LOAD_BALANCER_CIDR,
    METRICS_PORT,
    NODES,
    POD_CIDR,
    SERVICE_CIDR,
    STORAGE_PROVISIONER,
    Folders,
    Node,
)
from tools.offline.cluster.programs import Programs


@dataclass(frozen=True)
class Component:
    """One process of the cluster."""

    name: str
    """The name of its log, its record and its line in `status`."""
    command: tuple[str, ...]
    files: tuple[Path, ...] = ()
    """Files that it reads only when it starts: a change of one starts it anew."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Added to this process's environment."""

    def fingerprint(self) -> str:
        """A hash of all that decides how it runs."""
        digest = hashlib.sha256()
        parts = [*self.command, *(f"{key}={value}" for key, value in sorted(self.environment.items()))]
        for part in (*(part.encode() for part in parts), *(file.read_bytes() for file in self.files)):
            # Length first, so that no two different sequences read the same.
            digest.update(str(len(part)).encode() + b":" + part)
        return digest.hexdigest()[:16]


def etcd(folders: Folders, programs: Programs) -> Component:
    """The store of the API server: reachable with a certificate of its own authority only."""
    own = folders.certificates
    client, peer = f"https://{CONTROL_PLANE}:{ETCD_PORT}", f"https://{CONTROL_PLANE}:{ETCD_PEER_PORT}"
    certificate = [own / "etcd-ca.crt", own / "etcd.crt", own / "etcd.key"]
    arguments = {
        "name": "default",
        "data-dir": folders.data / "etcd",
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
        "log-level": "warn",
        "auto-compaction-retention": "1h",
    }
    for kind in ("", "peer-"):
        arguments |= {
            f"{kind}trusted-ca-file": certificate[0],
            f"{kind}cert-file": certificate[1],
            f"{kind}key-file": certificate[2],
            f"{kind}client-cert-auth": "true",
        }
    return _program("etcd", arguments, programs, certificate)


def api_server(folders: Folders, programs: Programs) -> Component:
    """The API server, on an address that only this machine and the pods reach."""
    own, encryption = folders.certificates, folders.configuration / "encryption.yaml"
    files = {
        "etcd-cafile": own / "etcd-ca.crt",
        "etcd-certfile": own / "etcd-client.crt",
        "etcd-keyfile": own / "etcd-client.key",
        "tls-cert-file": own / "kube-apiserver.crt",
        "tls-private-key-file": own / "kube-apiserver.key",
        "client-ca-file": own / "cluster-ca.crt",
        "service-account-key-file": own / "service-accounts.pub",
        "service-account-signing-key-file": own / "service-accounts.key",
        "kubelet-client-certificate": own / "kubelet-client.crt",
        "kubelet-client-key": own / "kubelet-client.key",
        "kubelet-certificate-authority": own / "cluster-ca.crt",
        "requestheader-client-ca-file": own / "front-proxy-ca.crt",
        "proxy-client-cert-file": own / "front-proxy.crt",
        "proxy-client-key-file": own / "front-proxy.key",
        "encryption-provider-config": encryption,
    }
    arguments = {
        "etcd-servers": f"https://{CONTROL_PLANE}:{ETCD_PORT}",
        "bind-address": CONTROL_PLANE,
        "advertise-address": CONTROL_PLANE,
        "secure-port": API_PORT,
        "service-cluster-ip-range": SERVICE_CIDR,
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "kubelet-preferred-address-types": "InternalIP",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        # metrics-server runs outside of the pod network: its endpoint is reached, not its Service's address.
        "enable-aggregator-routing": "true",
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": "true",
        "profiling": "false",
    }
    return _program("kube-apiserver", {**arguments, **files}, programs, list(files.values()))


def controller_manager(folders: Folders, programs: Programs) -> Component:
    """The controllers, faster than by default where a test would wait for them."""
    own = folders.certificates
    arguments = {
        **_kubeconfigs(folders, "kube-controller-manager"),
        "bind-address": CONTROL_PLANE,
        "cluster-cidr": POD_CIDR,
        "service-cluster-ip-range": SERVICE_CIDR,
        # A node's range follows from its number: its bridge has it before the node is known here.
        "allocate-node-cidrs": "false",
        "root-ca-file": own / "cluster-ca.crt",
        "service-account-private-key-file": own / "service-accounts.key",
        "use-service-account-credentials": "true",
        "cluster-signing-cert-file": own / "cluster-ca.crt",
        "cluster-signing-key-file": own / "cluster-ca.key",
        "leader-elect": "false",
        "node-monitor-period": "2s",
        "node-monitor-grace-period": "16s",
        "horizontal-pod-autoscaler-sync-period": "5s",
        "horizontal-pod-autoscaler-downscale-stabilization": "30s",
        "profiling": "false",
    }
    files = [own / "cluster-ca.crt", own / "service-accounts.key", _kubeconfig(folders, "kube-controller-manager")]
    return _program("kube-controller-manager", arguments, programs, files)


def scheduler(folders: Folders, programs: Programs) -> Component:
    """Chooses a node for every pod."""
    arguments = {**_kubeconfigs(folders, "kube-scheduler"), "bind-address": CONTROL_PLANE}
    arguments |= {"leader-elect": "false", "profiling": "false"}
    return _program("kube-scheduler", arguments, programs, [_kubeconfig(folders, "kube-scheduler")])


def kube_proxy(folders: Folders, programs: Programs) -> Component:
    """The addresses of Services."""
    configuration = folders.configuration / "kube-proxy.yaml"
    files = [configuration, _kubeconfig(folders, "kube-proxy")]
    return _program("kube-proxy", {"config": configuration}, programs, files)


def network_policy(folders: Folders, programs: Programs) -> Component:
    """NetworkPolicies, enforced in this host's packet filter by kube-router's controller."""
    kubeconfig = _kubeconfig(folders, "network-policy")
    arguments = {
        "kubeconfig": kubeconfig,
        "node": NODES[0].name,
        "node-address": NODES[0].address,
        "service-cidr": SERVICE_CIDR,
        "load-balancer-cidr": LOAD_BALANCER_CIDR,
    }
    return _program("network-policy", arguments, programs, [kubeconfig], programs.debian.environment())


def local_cloud(folders: Folders, programs: Programs) -> Component:
    """Addresses for Services of type LoadBalancer, and volumes."""
    kubeconfig = _kubeconfig(folders, "local-cloud")
    arguments = {
        "kubeconfig": kubeconfig,
        "load-balancer-cidr": LOAD_BALANCER_CIDR,
        "device": DEVICE,
        "volumes": folders.data / "volumes",
        "provisioner": STORAGE_PROVISIONER,
    }
    return _program("local-cloud", arguments, programs, [kubeconfig])


def metrics_server(folders: Folders, programs: Programs) -> Component:
    """Use of processors and memory, for `kubectl top` and the horizontal autoscaler."""
    own = folders.certificates
    certificate = [own / "metrics-server-serving.crt", own / "metrics-server-serving.key"]
    arguments = {
        "kubeconfig": _kubeconfig(folders, "metrics-server"),
        "authentication-kubeconfig": _kubeconfig(folders, "metrics-server"),
        "authorization-kubeconfig": _kubeconfig(folders, "metrics-server"),
        "bind-address": CONTROL_PLANE,
        "secure-port": METRICS_PORT,
        "tls-cert-file": certificate[0],
        "tls-private-key-file": certificate[1],
        "kubelet-certificate-authority": own / "cluster-ca.crt",
        "kubelet-preferred-address-types": "InternalIP",
        "kubelet-port": KUBELET_PORT,
        "metric-resolution": "10s",
        "kubelet-request-timeout": "5s",
    }
    files = [*certificate, own / "cluster-ca.crt", _kubeconfig(folders, "metrics-server")]
    return _program("metrics-server", arguments, programs, files)


def registry(folders: Folders, programs: Programs) -> Component:
    """The image registry (https://distribution.github.io/distribution)."""
    configuration = folders.configuration / "registry.yaml"
    command = (str(programs.kubernetes), "registry", "serve", str(configuration))
    return Component("registry", command, (configuration,), {"OTEL_TRACES_EXPORTER": "none"})


def containerd(folders: Folders, programs: Programs, node: Node) -> Component:
    """A node's container runtime."""
    configuration = folders.configuration / node.name / "containerd.toml"
    command = (str(programs.debian.program("containerd")), "--config", str(configuration))
    return Component(f"{node.name}-containerd", command, (configuration,), programs.debian.environment())


def kubelet(folders: Folders, programs: Programs, node: Node) -> Component:
    """A node's kubelet."""
    own, configuration = folders.certificates, folders.configuration / node.name / "kubelet.yaml"
    kubeconfig = _kubeconfig(folders, node.name)
    arguments = {
        "config": configuration,
        "kubeconfig": kubeconfig,
        "hostname-override": node.name,
        "node-ip": node.address,
        "root-dir": folders.node_data(node) / "kubelet",
        "node-labels": f"topology.kubernetes.io/region={node.region},topology.kubernetes.io/zone={node.zone}",
    }
    files = [configuration, kubeconfig, own / "cluster-ca.crt", own / f"{node.name}-serving.crt"]
    component = _program("kubelet", arguments, programs, files, programs.debian.environment())
    return Component(f"{node.name}-kubelet", component.command, component.files, component.environment)


def _kubeconfig(folders: Folders, user: str) -> Path:
    return folders.configuration / f"{user}.kubeconfig"


def _kubeconfigs(folders: Folders, user: str) -> dict[str, object]:
    path = _kubeconfig(folders, user)
    return {"kubeconfig": path, "authentication-kubeconfig": path, "authorization-kubeconfig": path}


def _program(
    name: str,
    arguments: Mapping[str, object],
    programs: Programs,
    files: list[Path],
    environment: Mapping[str, str] | None = None,
) -> Component:
    command = (str(programs.kubernetes), name, *(f"--{key}={value}" for key, value in arguments.items()))
    return Component(name, command, tuple(files), environment or {})

"""Rendered configuration files of the components: pure functions from the layout to text."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import yaml

from tools.offline.cluster.layout import (
    API_PORT,
    CLUSTER_DOMAIN,
    CONTEXT,
    CONTROL_PLANE,
    DNS_SERVICE,
    HOST_CIDR,
    KUBELET_PORT,
    NODES,
    PAUSE_IMAGE,
    POD_CIDR,
    PROXY_HEALTH_PORT,
    REGISTRY_HOST,
    REGISTRY_PORT,
    Folders,
    Node,
)

_HEADER = "# Written by `make cluster`; a change here is overwritten.\n"


def as_yaml(document: dict[str, Any]) -> str:
    """One document, in the order in which it was written."""
    return _HEADER + yaml.safe_dump(document, sort_keys=False, default_flow_style=False)


def kubeconfig(authority: bytes, certificate: bytes, key: bytes) -> str:
    """A complete kubeconfig with one context, its certificates inside."""

    def embedded(content: bytes) -> str:
        return base64.b64encode(content).decode()

    server = f"https://{CONTROL_PLANE}:{API_PORT}"
    user = {"client-certificate-data": embedded(certificate), "client-key-data": embedded(key)}
    return as_yaml(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": CONTEXT, "cluster": {"server": server, "certificate-authority-data": embedded(authority)}}
            ],
            "users": [{"name": CONTEXT, "user": user}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
            "current-context": CONTEXT,
        }
    )


def encryption(key: bytes) -> str:
    """How the API server encrypts Secrets in etcd; `key` has 32 bytes."""
    keys = [{"name": "key1", "secret": base64.b64encode(key).decode()}]
    return as_yaml(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [{"resources": ["secrets"], "providers": [{"secretbox": {"keys": keys}}, {"identity": {}}]}],
        }
    )


def containerd(folders: Folders, node: Node, plugins: Path) -> str:
    """A node's container runtime, apart from any other one on this machine; `plugins` has the CNI programs."""
    data, run = folders.node_data(node), folders.run / node.name
    return f"""{_HEADER}version = 2
root = {json.dumps(str(data / "containerd"))}
state = {json.dumps(str(run / "containerd"))}
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
  address = {json.dumps(str(folders.containerd_socket(node)))}

[plugins."io.containerd.internal.v1.opt"]
  path = {json.dumps(str(data / "containerd-opt"))}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = {json.dumps(PAUSE_IMAGE)}
  stream_server_address = "127.0.0.1"
  # A network namespace is a mount: with the others of this cluster, where `gostack offline cluster down` finds it.
  netns_mounts_under_state_dir = true
  # As newer releases do by default: a process that is not root may listen on port 443 of its pod.
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  disable_apparmor = true
  # A machine that is a container itself may not lower it.
  restrict_oom_score_adj = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = {json.dumps(str(plugins))}
    conf_dir = {json.dumps(str(folders.configuration / node.name / "cni"))}

  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""


def pod_network(folders: Folders, node: Node) -> str:
    """The CNI configuration of a node: a bridge and addresses of the node's own range."""
    ipam = {
        "type": "host-local",
        # Forgotten with the pods when the machine starts again.
        "dataDir": str(folders.run / node.name / "addresses"),
        "ranges": [[{"subnet": str(node.pod_cidr)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": node.bridge, "isGateway": True, "ipMasq": False, "hairpinMode": True}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    plugins = [{**bridge, "ipam": ipam}, ports]
    return json.dumps({"cniVersion": "0.4.0", "name": "gostack", "plugins": plugins}, indent=2) + "\n"


def kubelet(folders: Folders, node: Node) -> str:
    """A node's kubelet."""
    certificates, data = folders.certificates, folders.node_data(node)
    return as_yaml(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": str(node.address),
            "port": KUBELET_PORT,
            "readOnlyPort": 0,
            "healthzPort": 0,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(certificates / "cluster-ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(certificates / f"{node.name}-serving.crt"),
            "tlsPrivateKeyFile": str(certificates / f"{node.name}-serving.key"),
            "clusterDomain": CLUSTER_DOMAIN,
            "clusterDNS": [str(DNS_SERVICE)],
            "resolvConf": str(folders.configuration / "resolv.conf"),
            "containerRuntimeEndpoint": f"unix://{folders.containerd_socket(node)}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": node.cgroup,
            "enforceNodeAllocatable": ["pods"],
            # Version 1 of the control groups is refused by default, and is what some machines have.
            "failCgroupV1": False,
            "failSwapOn": False,
            "hairpinMode": "hairpin-veth",
            # A lost node is noticed after 16 s instead of 40 s.
            "nodeStatusUpdateFrequency": "4s",
            "nodeLeaseDurationSeconds": 8,
            "podLogsDir": str(data / "pod-logs"),
            "volumePluginDir": str(data / "volume-plugins"),
            "containerLogMaxSize": "10Mi",
            "containerLogMaxFiles": 2,
            "serializeImagePulls": False,
            # The disk is shared with everything else on this machine: images are removed only when it is nearly full.
            "imageGCHighThresholdPercent": 99,
            "imageGCLowThresholdPercent": 98,
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "2%", "imagefs.available": "2%"},
        }
    )


def kube_proxy(folders: Folders) -> str:
    """kube-proxy: one for all nodes, as they share the network of this host."""
    return as_yaml(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "iptables",
            "clusterCIDR": str(POD_CIDR),
            "hostnameOverride": NODES[0].name,
            "clientConnection": {"kubeconfig": str(folders.configuration / "kube-proxy.kubeconfig")},
            # Node ports on this machine only, not on the network that it is connected to.
            "nodePortAddresses": ["127.0.0.0/8", str(HOST_CIDR)],
            "healthzBindAddress": f"{CONTROL_PLANE}:{PROXY_HEALTH_PORT}",
            "metricsBindAddress": f"{CONTROL_PLANE}:{PROXY_HEALTH_PORT - 7}",
            # The limits of this host's connection tracking are not ours to change.
            "conntrack": {
                "maxPerCore": 0,
                "min": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
            },
            "iptables": {"minSyncPeriod": "0s"},
        }
    )


def registry(folders: Folders) -> str:
    """The image registry: on this host's loopback address, without TLS, as Docker and containerd expect there."""
    return as_yaml(
        {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(folders.data / "registry")},
                "delete": {"enabled": True},
                "maintenance": {"uploadpurging": {"enabled": True, "age": "24h", "interval": "24h", "dryrun": False}},
            },
            "http": {"addr": f"{REGISTRY_HOST}:{REGISTRY_PORT}", "headers": {"X-Content-Type-Options": ["nosniff"]}},
        }
    )


def resolver(host: str, fallback: str = "1.1.1.1") -> str:
    """The resolv.conf of pods that use the node's name servers, from that of the host.

    A name server on the host's loopback address cannot be reached from a pod and is left out.
    """
    servers = [line.split()[1] for line in host.splitlines() if line.startswith("nameserver") and len(line.split()) > 1]
    reachable = [server for server in servers if not server.startswith("127.") and server != "::1"] or [fallback]
    return "".join(f"nameserver {server}\n" for server in reachable)

"""Examples of containers on a Docker engine."""

from __future__ import annotations

from policy.rule import Environment
from tests.policy.examples.example import Example
from tests.support.dotted_paths import REMOVED
from tests.support.graphs import changed, graph, resource, without

DEV = Environment.DEV
HARDENED = {
    "image": "sha256:" + "a1" * 32,
    "user": "nginx",
    "readOnly": True,
    "capabilities": {"drops": ["ALL"]},
    "securityOpts": ["no-new-privileges:true"],
    "memory": 256,
    "memorySwap": 256,
    "logDriver": "json-file",
    "logOpts": {"max-size": "10m"},
    "ports": [{"internal": 8443, "external": 8443, "ip": "127.0.0.1"}],
    "volumes": [{"volumeName": "x", "containerPath": "/x"}],
    "healthcheck": {"tests": ["CMD-SHELL", "true"]},
    "wait": True,
    "labels": [{"label": "gostack.project", "value": "gostack"}, {"label": "gostack.stack", "value": "dev"}],
}
SERVER = resource("docker:index/container:Container", "server", HARDENED, stack="dev")
CONTAINER = graph(SERVER)
APPLICATION = resource("docker:index/container:Container", "application", {"mustRun": True}, stack="dev")
REGISTRATION = resource("gostack:index:ConsulAgent", "registration", stack="dev", after=(APPLICATION,))
AGENT = resource(
    "docker:index/container:Container",
    "agent",
    {"healthcheck": {"tests": ["CMD-SHELL", "true"]}, "wait": True},
    stack="dev",
    parent=REGISTRATION,
)
WATCHED = graph(SERVER, APPLICATION, REGISTRATION, AGENT)
IMAGE = graph(resource("docker:index/remoteImage:RemoteImage", "nginx", {"name": "nginx:1.30"}, stack="dev"), SERVER)

EXAMPLES = {
    "loopback-ports": Example(
        CONTAINER,
        {
            "every address": changed(CONTAINER, "server", "ports.0.ip", "0.0.0.0"),
            "every address by default": changed(CONTAINER, "server", "ports.0.ip", REMOVED),
            "an address of the network": changed(CONTAINER, "server", "ports.0.ip", "192.168.1.9"),
        },
        DEV,
    ),
    "container-hardened": Example(
        CONTAINER,
        {
            "capabilities": changed(CONTAINER, "server", "capabilities", REMOVED),
            "new privileges": changed(CONTAINER, "server", "securityOpts", []),
            "writable": changed(CONTAINER, "server", "readOnly", False),
            "root": changed(CONTAINER, "server", "user", "0:0"),
        },
        DEV,
    ),
    "container-apart-from-the-machine": Example(
        CONTAINER,
        {
            "privileged": changed(CONTAINER, "server", "privileged", True),
            "the machine's network": changed(CONTAINER, "server", "networkMode", "host"),
            "the machine's processes": changed(CONTAINER, "server", "pidMode", "host"),
            "the engine's socket": changed(CONTAINER, "server", "volumes.0.hostPath", "/var/run/docker.sock"),
            "the machine's files": changed(CONTAINER, "server", "mounts", [{"type": "bind", "source": "/etc/"}]),
        },
        DEV,
    ),
    "container-limits": Example(
        CONTAINER,
        {
            "no limit": changed(CONTAINER, "server", "memory", REMOVED),
            "swap": changed(CONTAINER, "server", "memorySwap", 512),
            "an endless log": changed(CONTAINER, "server", "logOpts", REMOVED),
        },
        DEV,
    ),
    "container-health": Example(
        WATCHED,
        {
            "none": changed(WATCHED, "server", "healthcheck", REMOVED),
            "not waited for": changed(WATCHED, "server", "wait", False),
            "nobody watches": without(WATCHED, "agent"),
        },
        DEV,
    ),
    "pinned-container": Example(CONTAINER, {"a tag": changed(CONTAINER, "server", "image", "nginx:1.30")}, DEV),
    "no-latest": Example(
        IMAGE,
        {
            "latest": changed(IMAGE, "nginx", "name", "nginx:latest"),
            "no tag": changed(IMAGE, "nginx", "name", "localhost:5000/nginx"),
            "a container's": changed(IMAGE, "server", "image", "nginx"),
        },
        DEV,
    ),
}

"""Docker containers: nothing that a broken one could use to reach the machine or to starve its neighbours."""

from __future__ import annotations

from policy.resource import Graph, Marker, Resource, listing, mapping
from policy.rule import Finding, Findings, resource_rule, stack_rule

_CONTAINER = "docker:index/container:Container"
_SOCKETS = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock")
_SYSTEM = ("/", "/etc", "/proc", "/sys", "/var", "/root", "/dev", "/boot", "/usr")


@resource_rule("container-hardened")
def container_hardened(resource: Resource) -> Findings:
    """A container drops every capability, takes no new privileges, writes to volumes alone and is not root; one that
    never starts writes nothing."""
    if resource.type != _CONTAINER:
        return
    if "ALL" not in listing(resource.at("capabilities.drops")):
        yield Finding(resource, "capabilities.drops", "does not hold ALL", 'set it to ["ALL"] and add the ones needed')
    options = [str(option).replace("=", ":") for option in listing(resource.at("securityOpts"))]
    if not {"no-new-privileges", "no-new-privileges:true"} & set(options):
        yield Finding(resource, "securityOpts", "lets programs gain privileges", 'add "no-new-privileges:true"')
    if resource.at("readOnly") is not True and resource.at("start") is not False:
        yield Finding(resource, "readOnly", "is not true: an intruder can change the program", "set it to True")
    if str(resource.at("user", "")).split(":")[0] in ("root", "0"):
        yield Finding(resource, "user", "is root", "name another user")


@resource_rule("container-apart-from-the-machine")
def container_apart_from_the_machine(resource: Resource) -> Findings:
    """No container is privileged, shares the machine's namespaces, or mounts its files or the engine's socket."""
    if resource.type != _CONTAINER:
        return
    if resource.at("privileged") is True:
        yield Finding(resource, "privileged", "is true: the container is root on the machine", "remove it")
    for key in ("networkMode", "pidMode", "ipcMode", "usernsMode"):
        if resource.at(key) == "host":
            yield Finding(resource, key, "is the machine's own namespace", "remove it")
    if resource.at("devices"):
        yield Finding(resource, "devices", "gives devices of the machine away", "remove it")
    mounted = [
        *((f"volumes.{index}.hostPath", mapping(item).get("hostPath")) for index, item in _items(resource, "volumes")),
        *(
            (f"mounts.{index}.source", mapping(item).get("source"))
            for index, item in _items(resource, "mounts")
            if mapping(item).get("type") == "bind"
        ),
    ]
    for path, source in mounted:
        if not isinstance(source, str) or not source:
            continue
        if source in _SOCKETS:
            yield Finding(resource, path, "is the engine's socket, which is root on the machine", "remove it")
        elif (source.rstrip("/") or "/") in _SYSTEM:
            yield Finding(resource, path, f"is {source} of the machine", "use a volume")


@resource_rule("container-limits")
def container_limits(resource: Resource) -> Findings:
    """A container has a memory limit without swap, and its log is rotated."""
    if resource.type != _CONTAINER:
        return
    memory = resource.at("memory")
    if memory is None or memory == 0:
        yield Finding(resource, "memory", "is missing: one leak takes the machine down", "set it, in MiB")
    elif resource.at("memorySwap") != memory and not isinstance(memory, Marker):
        yield Finding(
            resource, "memorySwap", "differs from memory: the container swaps instead of ending", "set it to memory"
        )
    if resource.at("logDriver") in (None, "json-file") and not resource.at("logOpts.max-size"):
        yield Finding(
            resource, "logOpts", "do not rotate the log: it fills the disk", 'set max-size, for example "10m"'
        )


@stack_rule("container-health")
def container_health(graph: Graph) -> Findings:
    """A container that serves is watched by a health check, and the update waits until it passes.

    It is its own, or that of a container which depends on it, as an agent that registers it does.
    """
    for container in graph.of_type(_CONTAINER):
        if container.at("mustRun") is False or _only_holds_a_namespace(container):
            continue
        after = graph.used_by(container)
        beside = [container, *after, *(child for item in after for child in graph.children(item))]
        watchers = [item for item in beside if listing(item.at("healthcheck.tests"))]
        if not watchers:
            yield Finding(container, "healthcheck", "is missing: a release that does not answer looks well", "add one")
        # Its own check is the first, where it has one.
        elif watchers[0].at("wait") is not True:
            yield Finding(container, "wait", "is not true: the update goes on while it is not well", "set it to True")


def _items(resource: Resource, key: str) -> list[tuple[int, object]]:
    return list(enumerate(listing(resource.at(key))))


def _only_holds_a_namespace(resource: Resource) -> bool:
    labels = {mapping(item).get("label"): mapping(item).get("value") for item in listing(resource.at("labels"))}
    return labels.get("gostack.role") == "sandbox"

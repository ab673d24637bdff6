"""One replica, one node or one zone may go at any time."""

from __future__ import annotations

from policy.kubernetes import beside, labels_match, pod_labels, pod_of
from policy.resource import Graph, Marker, Resource, listing, mapping
from policy.rule import PROD_ALONE, SHARED, Finding, Findings, Level, resource_rule, stack_rule


@stack_rule("replicas", environments=PROD_ALONE)
def replicas(graph: Graph) -> Findings:
    """Whatever serves runs at least twice, whether it is told so or an autoscaler decides."""
    scaled = _scaled(graph)
    for workload in graph.of_kind("kubernetes", "Deployment", "StatefulSet"):
        scaler = _scaler_of(workload, scaled)
        if scaler is not None:
            least = scaler.at("spec.minReplicas", 1)
            if isinstance(least, int) and least < 2:
                yield Finding(
                    scaler, "spec.minReplicas", f"is {least}: one lost pod is an outage", "set it to 2 or more"
                )
            continue
        count = workload.at("spec.replicas", 1)
        if isinstance(count, int) and count < 2:
            yield Finding(workload, "spec.replicas", f"is {count}: one lost pod is an outage", "set it to 2 or more")


@stack_rule("disruption-budget", environments=PROD_ALONE)
def disruption_budget(graph: Graph) -> Findings:
    """Whatever serves has a PodDisruptionBudget, so that draining nodes never takes all of it, and still can go on."""
    budgets = graph.of_kind("kubernetes", "PodDisruptionBudget")
    for workload in graph.of_kind("kubernetes", "Deployment", "StatefulSet"):
        known = not isinstance(workload.at("spec.template.metadata.labels"), Marker)
        if known and not any(_covers(budget, workload) for budget in budgets):
            yield Finding(
                workload,
                "pod disruption budget",
                "is missing: a node drain may take every pod",
                "add one for its labels",
            )
    for budget in budgets:
        if budget.at("spec.maxUnavailable") in (0, "0", "0%") or budget.at("spec.minAvailable") == "100%":
            yield Finding(budget, "spec", "lets no pod go: no node can ever be drained", "allow one")


@resource_rule("autoscaler-bounds", environments=SHARED)
def autoscaler_bounds(resource: Resource) -> Findings:
    """An autoscaler has a range to move in, and something to judge by."""
    if resource.package != "kubernetes" or resource.kind != "HorizontalPodAutoscaler":
        return
    least, most = resource.at("spec.minReplicas", 1), resource.at("spec.maxReplicas")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield Finding(resource, "spec.maxReplicas", f"is {most}, below minReplicas {least}", "raise it")
    if not listing(resource.at("spec.metrics")) and resource.at("spec.targetCPUUtilizationPercentage") is None:
        yield Finding(resource, "spec.metrics", "is missing: nothing says when to scale", "add the CPU's utilization")


@stack_rule("autoscaler-owns-replicas", environments=SHARED)
def autoscaler_owns_replicas(graph: Graph) -> Findings:
    """A workload with an autoscaler does not write `replicas`: each update would undo what load has decided."""
    scaled = _scaled(graph)
    for workload in graph.of_kind("kubernetes", "Deployment", "StatefulSet"):
        if _scaler_of(workload, scaled) is not None and isinstance(workload.at("spec.replicas"), int):
            yield Finding(workload, "spec.replicas", "is written though an autoscaler owns it", "leave it out")


@resource_rule("rolling-update", environments=SHARED)
def rolling_update(resource: Resource) -> Findings:
    """A release never has fewer replicas than before: a new one is ready before an old one goes, unless the only one
    has a disk, which two could not mount."""
    if resource.package != "kubernetes" or resource.kind != "Deployment":
        return
    in_place = resource.at("spec.strategy.type", "RollingUpdate") == "Recreate"
    if in_place and _mounts_claim(resource) and resource.at("spec.replicas", 1) in (1, Marker.UNKNOWN):
        return
    if in_place:
        yield Finding(
            resource, "spec.strategy.type", "stops all pods before new ones start", 'set it to "RollingUpdate"'
        )
    elif resource.at("spec.strategy.rollingUpdate.maxUnavailable", "25%") not in (0, "0", "0%", Marker.UNKNOWN):
        yield Finding(
            resource,
            "spec.strategy.rollingUpdate.maxUnavailable",
            "is not 0: a release takes pods away before others are ready",
            "set it to 0",
        )


def _mounts_claim(resource: Resource) -> bool:
    pod = pod_of(resource)
    volumes = listing(pod.get("volumes")) if pod is not None else []
    return any("persistentVolumeClaim" in mapping(volume) for volume in volumes)


@resource_rule("spread", level=Level.ADVISORY, environments=PROD_ALONE)
def spread(resource: Resource) -> Findings:
    """Replicas are spread over zones: one zone's loss must not take all of them."""
    pod = pod_of(resource)
    if pod is None or resource.kind not in ("Deployment", "StatefulSet"):
        return
    keys = {mapping(item).get("topologyKey") for item in listing(pod.get("topologySpreadConstraints"))}
    if "topology.kubernetes.io/zone" not in keys and not mapping(pod.get("affinity")).get("podAntiAffinity"):
        yield Finding(
            resource,
            "topologySpreadConstraints",
            "does not name topology.kubernetes.io/zone",
            "add it with whenUnsatisfiable ScheduleAnyway",
        )


@stack_rule("database-in-several-zones", level=Level.ADVISORY, environments=PROD_ALONE)
def database_in_several_zones(graph: Graph) -> Findings:
    """A database cluster that is written to has a second instance to fail over to."""
    for cluster in graph.of_type("aws:rds/cluster:Cluster"):
        instances = [item for item in graph.used_by(cluster) if item.type == "aws:rds/clusterInstance:ClusterInstance"]
        if len(instances) == 1:
            yield Finding(cluster, "instances", "is one: its loss is an outage", "add a reader in another zone")
    for instance in graph.of_type("aws:rds/instance:Instance"):
        if instance.at("multiAz") is not True and not instance.at("replicateSourceDb"):
            yield Finding(instance, "multiAz", "is not true: one zone's loss is an outage", "set it to True")


def _scaled(graph: Graph) -> list[Resource]:
    return graph.of_kind("kubernetes", "HorizontalPodAutoscaler")


def _scaler_of(workload: Resource, scalers: list[Resource]) -> Resource | None:
    """The autoscaler of a workload: it names it, or depends on it where the name is the platform's own."""
    for scaler in scalers:
        if scaler.at("spec.scaleTargetRef.kind") != workload.kind:
            continue
        # The same name in another region's cluster or in another namespace is another workload.
        name = workload.at("metadata.name", workload.name)
        named = isinstance(name, Marker) or scaler.at("spec.scaleTargetRef.name") == name
        if workload.urn in scaler.dependencies or (named and beside(scaler, workload)):
            return scaler
    return None


def _covers(budget: Resource, workload: Resource) -> bool:
    selector = budget.at("spec.selector")
    return beside(budget, workload) and (isinstance(selector, Marker) or labels_match(selector, pod_labels(workload)))

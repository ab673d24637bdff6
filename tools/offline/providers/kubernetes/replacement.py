"""Which properties of an object cannot be changed in place: the list of the official provider.

Its source is provider/pkg/provider/diff.go.

A path stands for everything below it; `[*]` for every element of a list.
"""

from __future__ import annotations

from tools.offline.providers.kubernetes.cluster import Manifest

_METADATA = ("metadata.name", "metadata.namespace")

_POD_SPEC = """
    affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork hostPID
    hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName readinessGates
    restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName shareProcessNamespace
    subdomain terminationGracePeriodSeconds volumes
"""
_CONTAINER = """
    args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext stdin
    stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir
"""
_VOLUME_SOURCES = """
    awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs
    hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume
"""

_BY_KIND: dict[tuple[str, str], tuple[str, ...]] = {
    ("apps/v1", "DaemonSet"): ("spec.selector",),
    ("apps/v1", "Deployment"): ("spec.selector",),
    ("apps/v1", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch/v1", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io/v1", "StorageClass"): ("parameters", "provisioner"),
    ("v1", "ConfigMap"): ("binaryData", "data"),
    ("v1", "PersistentVolume"): tuple(f"spec.{source}" for source in _VOLUME_SOURCES.split()),
    # Not the requests: a claim may grow (pulumi-kubernetes #1705).
    ("v1", "PersistentVolumeClaim"): (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    ("v1", "Pod"): (
        *(f"spec.{key}" for key in _POD_SPEC.split()),
        *(
            f"spec.{containers}[*].{key}"
            for containers in ("containers", "initContainers")
            for key in _CONTAINER.split()
        ),
    ),
    ("v1", "ResourceQuota"): ("spec.scopes",),
    ("v1", "Secret"): ("type", "stringData", "data"),
    ("v1", "Service"): ("spec.clusterIP",),
}


def replacing_paths(manifest: Manifest, mutable: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The paths whose change replaces the object.

    `mutable` are the kinds (`ConfigMap`, `Secret`) that the provider's configuration lets change in place, unless the
    object is marked `immutable`.
    """
    kind = str(manifest.get("kind"))
    if kind in mutable and not manifest.get("immutable"):
        return (*_METADATA, *(("type",) if kind == "Secret" else ()))
    return (*_METADATA, *_BY_KIND.get((str(manifest.get("apiVersion")), kind), ()))


def steps(pattern: str) -> tuple[str, ...]:
    """A path as its steps: `spec.containers[*].image` is `spec`, `containers`, `[*]`, `image`."""
    return tuple(pattern.replace("[*]", ".[*]").split("."))

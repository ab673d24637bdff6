"""A stack on one Kubernetes cluster that exists already, named by kubeconfig and context."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pulumi
import pulumi_docker as docker
import pulumi_kubernetes as kubernetes

from components.accessory.args import AccessoryArgs
from components.accessory.kubernetes import Accessory
from components.consul.args import ConsulDatacenterArgs
from components.consul.kubernetes import ConsulDatacenter
from components.images.args import ReleasedImageArgs, ServiceImageArgs, UpstreamImagesArgs
from components.images.kubernetes import KubernetesServiceImageArgs, ReleasedImage, ServiceImage, UpstreamImages
from components.ingress.args import IngressArgs
from components.ingress.kubernetes import Ingress, KubernetesIngressArgs
from components.kubernetes.job import Job
from components.kubernetes.names import service_host
from components.microservice.args import MicroserviceArgs
from components.microservice.kubernetes import Microservice
from components.microservice.kubernetes_hook import hook_job
from components.microservice.task import Task
from components.mysql.args import MySqlClusterArgs
from components.mysql.database import Database
from components.mysql.kubernetes import MySqlCluster
from components.region.kubernetes import Region, RegionArgs
from components.runtime_config.args import DynamicConfigurationArgs
from components.runtime_config.kubernetes import DynamicConfiguration
from components.scheduled_tasks.args import ScheduledTasksArgs
from components.scheduled_tasks.kubernetes import ScheduledTasks
from components.service_database.args import ServiceDatabaseArgs
from components.service_database.kubernetes import ServiceDatabase
from components.service_volumes.args import ServiceVolumesArgs
from components.service_volumes.kubernetes import ServiceVolumes
from components.telemetry.args import TelemetryArgs
from components.telemetry.configuration import CONSOLE_PORT, HOST, OTLP_PORT
from components.telemetry.kubernetes import Telemetry
from infra.platforms import base
from infra.platforms.base import Platform
from infra.platforms.kubeconfig import chosen_context
from infra.settings.cluster_demand import region_quota
from infra.settings.ingress import is_reachable_by_name
from infra.settings.names import namespace_prefix, namespaces

PROJECT = Path(__file__).resolve().parents[2]

EXTERNAL_DNS = "external-dns.alpha.kubernetes.io/hostname"
"""Annotation by which ExternalDNS, where a cluster has it, makes the records of a load balancer:
https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations/."""


class KubernetesPlatform(Platform):
    """One cluster, which holds every region in a namespace of its own."""

    # What holds a pod's network belongs to the cluster.
    THIRD_PARTY_IMAGES = frozenset(
        {"alertmanager", "consul", "mysql", "nginx", "oauth2-proxy", "valkey"}
        | {"victoria-logs", "victoria-metrics", "vmalert"}
    )

    def provision(self) -> None:
        """Connect to the cluster and, where images are built here, to the Docker engine that pushes them."""
        cluster = self.settings.cluster()
        self._cluster = kubernetes.Provider(
            "cluster",
            # The text, never a path or the ambient file: what runs against which cluster is decided here alone.
            kubeconfig=pulumi.Output.secret(chosen_context(PROJECT / cluster.kubeconfig, cluster.context)),
            context=cluster.context,
            # Renewed credentials of the same cluster are no reason to make everything anew.
            cluster_identifier=cluster.context,
            # A namespace outlives its stack, because the disks are in it: the next `up` takes it over.
            upsert_existing_objects=True,
            # What somebody edited by hand is put right by the next `up`, and no reason for it to fail.
            enable_patch_force=True,
        )
        self._engine = pushing_engine(self.settings.registry) if self.settings.needs_engine() else None

    def options(self, region: str, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return options with the cluster's provider."""
        del region
        return pulumi.ResourceOptions(provider=self._cluster, depends_on=list(depends_on) or None)

    def third_party_images(self, name: str, args: UpstreamImagesArgs) -> UpstreamImages:
        """Name the images as nodes pull them."""
        return UpstreamImages(name, args)

    def region(self, name: str) -> Region:
        """Create the namespace of a region."""
        arguments: RegionArgs = {
            "region": name,
            "namespace": namespace_prefix(self.stack, self.settings),
            "quota": region_quota(self.settings, name),
            "labels": self.labels,
        }
        if self.settings.expires is not None:
            arguments["expires"] = self.settings.expires
        settings = self.settings.kubernetes
        if settings is not None and settings.storage_class is not None:
            arguments["storage_class"] = settings.storage_class
        if settings is not None and settings.image_registries is not None:
            arguments["image_registries"] = settings.image_registries
        return Region(name, arguments, self.options(name))

    def consul_datacenter(
        self, name: str, args: ConsulDatacenterArgs, opts: pulumi.ResourceOptions
    ) -> ConsulDatacenter:
        """Create Consul servers with disks of their own."""
        return ConsulDatacenter(name, args, opts)

    def mysql(self, name: str, args: MySqlClusterArgs, opts: pulumi.ResourceOptions) -> Database:
        """Create the members of the database."""
        cluster = MySqlCluster(name, args, opts)
        return Database(cluster.reference, cluster.primary, cluster.replicas, cluster.members, [cluster])

    def accessory(self, name: str, args: AccessoryArgs, opts: pulumi.ResourceOptions) -> base.Accessory:
        """Create a StatefulSet of one pod, with disks of its own."""
        return Accessory(name, args, opts)

    def built_image(self, name: str, args: ServiceImageArgs) -> ServiceImage:
        """Build the image on this machine and push it to the registry from which nodes pull."""
        arguments: KubernetesServiceImageArgs = {**args, "registry": self.settings.registry}
        if self.settings.signatures is not None:
            arguments["signatures"] = self.settings.signatures
        return ServiceImage(name, arguments, pulumi.ResourceOptions(provider=self._engine))

    def prebuilt_image(self, name: str, args: ReleasedImageArgs) -> ReleasedImage:
        """Name the image as nodes pull it."""
        return ReleasedImage(name, args)

    def service_database(self, name: str, args: ServiceDatabaseArgs, opts: pulumi.ResourceOptions) -> ServiceDatabase:
        """Create the accounts over the network, then migrate."""
        return ServiceDatabase(name, args, opts)

    def runtime_config(
        self, name: str, args: DynamicConfigurationArgs, opts: pulumi.ResourceOptions
    ) -> DynamicConfiguration:
        """Create the Deployment that keeps the document in Consul."""
        return DynamicConfiguration(name, args, opts)

    def service_volumes(self, name: str, args: ServiceVolumesArgs, opts: pulumi.ResourceOptions) -> ServiceVolumes:
        """Create claims."""
        return ServiceVolumes(name, args, opts)

    def microservice(self, name: str, args: MicroserviceArgs, opts: pulumi.ResourceOptions) -> Microservice:
        """Create a Deployment whose pods have a Consul agent as a sidecar."""
        return Microservice(name, args, opts)

    def hook(self, name: str, task: Task, args: MicroserviceArgs, opts: pulumi.ResourceOptions) -> Job:
        """Create a Job."""
        return hook_job(name, task, args, opts)

    def scheduled_tasks(self, name: str, args: ScheduledTasksArgs, opts: pulumi.ResourceOptions) -> ScheduledTasks:
        """Create CronJobs."""
        return ScheduledTasks(name, args, opts)

    def ingress(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions) -> Ingress:
        """Create the Nginx Deployment and its load balancer, which the cluster makes, with the names for its DNS."""
        arguments: KubernetesIngressArgs = {**args}
        ingress = self.settings.ingress
        others = [name for site in ingress.sites.values() for name in site.redirect_from]
        names = [name for name in [*ingress.hosts, *others] if is_reachable_by_name(name)]
        if names:
            arguments["load_balancer"] = {"annotations": {EXTERNAL_DNS: ",".join(names)}}
        return Ingress(name, arguments, opts)

    def ingress_address(self, region: str) -> str:
        """Return the name of its Service, as which `infra/stack.py` makes it."""
        return f"{self._host(f'ingress-{region}', region)}:{self.settings.regions[region].https_port}"

    @property
    def otlp_endpoint(self) -> str:
        """Return the Service of the telemetry, by the name that leads there from every namespace."""
        return f"http://{self._host(HOST, self.regions[0])}:{OTLP_PORT}"

    def telemetry(self, name: str, args: TelemetryArgs, opts: pulumi.ResourceOptions) -> Telemetry:
        """Create a pod in the first region's namespace."""
        ports = {receiver.port for receiver in self.settings.telemetry.receivers.values()}
        # The console is where a forwarded port is: at its own.
        return Telemetry(name, {**args, "port": CONSOLE_PORT, "receiver_ports": sorted(ports)}, opts)

    def _host(self, name: str, region: str) -> str:
        return service_host(name, namespaces(self.stack, self.settings)[region])


def pushing_engine(registry: str) -> docker.Provider:
    """Return the Docker engine of this machine, with the credentials of `docker login` for a registry (host/prefix).

    A registry on this machine itself has none, and speaks plain HTTP.
    """
    host = registry.partition("/")[0]
    if host.partition(":")[0] in ("localhost", "127.0.0.1"):
        login = docker.ProviderRegistryAuthArgs(address=f"http://{host}", auth_disabled=True)
    else:
        login = docker.ProviderRegistryAuthArgs(address=host)
    return docker.Provider("engine", registry_auth=[login])

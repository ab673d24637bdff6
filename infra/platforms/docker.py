"""A stack on one machine: containers on its Docker engine, and a network between the regions."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.accessory.args import AccessoryArgs
from components.accessory.docker import Accessory
from components.certificate_client.args import CertificateClientArgs
from components.certificate_client.docker import CertificateClient
from components.consul.args import ConsulDatacenterArgs
from components.consul.docker import ConsulDatacenter
from components.docker.job import Job
from components.images.args import ReleasedImageArgs, ServiceImageArgs, UpstreamImagesArgs
from components.images.docker import ReleasedImage, ServiceImage, UpstreamImages
from components.ingress import HTTPS_PORT
from components.ingress.args import IngressArgs
from components.ingress.docker import Ingress, ingress_host_name
from components.ingress.docker_gateway import ServiceGateway
from components.microservice.args import MicroserviceArgs
from components.microservice.docker import Microservice
from components.microservice.docker_hook import hook_job
from components.microservice.task import Task
from components.mysql.args import MySqlClusterArgs
from components.mysql.database import Database
from components.mysql.docker import MySqlCluster
from components.region.docker import Backbone, Region
from components.runtime_config.args import DynamicConfigurationArgs
from components.runtime_config.docker import DynamicConfiguration
from components.scheduled_tasks.args import ScheduledTasksArgs
from components.scheduled_tasks.docker import ScheduledTasks
from components.service_database.args import ServiceDatabaseArgs
from components.service_database.docker import ServiceDatabase
from components.service_volumes.args import ServiceVolumesArgs
from components.service_volumes.docker import ServiceVolumes
from components.telemetry.args import TelemetryArgs
from components.telemetry.docker import Telemetry
from infra.platforms.base import Platform
from infra.settings.ingress import loopback_hosts
from infra.settings.mysql import WITNESS
from infra.settings.regions import CONSUL_ADDRESS

_ON_LOOPBACK = ("127.0.0.1", "0.0.0.0")  # noqa: S104


class DockerPlatform(Platform):
    """One Docker engine, which runs every region."""

    # Go runs only while an image is built, by name.
    THIRD_PARTY_IMAGES = frozenset(
        {"alertmanager", "consul", "grafana", "mysql", "nginx", "oauth2-proxy", "pause", "valkey"}
        | {"victoria-logs", "victoria-metrics", "vmalert"}
    )

    HAS_SCHEDULER = False

    def provision(self) -> None:
        """Create the network that every region joins."""
        self._backbone = Backbone("backbone", {"cidr": self.settings.backbone.cidr, "labels": self.labels})

    def options(self, region: str, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return options without a provider: there is one engine."""
        del region
        return pulumi.ResourceOptions(depends_on=list(depends_on) or None)

    def third_party_images(self, name: str, args: UpstreamImagesArgs) -> UpstreamImages:
        """Pull the images."""
        images = UpstreamImages(name, args)
        self._pause_image = images.image_ids["pause"]
        return images

    def region(self, name: str) -> Region:
        """Create the network of a region."""
        witness = self.settings.mysql.witness
        cidr = witness.cidr if witness is not None and name == WITNESS else self.settings.regions[name].cidr
        return Region(
            name,
            {
                "region": name,
                "cidr": cidr or "",
                "backbone_network": self._backbone.network,
                "backbone_cidr": self.settings.backbone.cidr,
                "pause_image": self._pause_image,
                "labels": self.labels,
            },
            self.options(name),
        )

    def consul_datacenter(
        self, name: str, args: ConsulDatacenterArgs, opts: pulumi.ResourceOptions
    ) -> ConsulDatacenter:
        """Create Consul servers with fixed addresses; a port of this machine leads to their UI."""
        region = self.settings.regions[args["region"]["region"]]
        return ConsulDatacenter(name, {**args, "bind_address": CONSUL_ADDRESS, "http_port": region.consul_port}, opts)

    def mysql(self, name: str, args: MySqlClusterArgs, opts: pulumi.ResourceOptions) -> Database:
        """Create the members of the database."""
        cluster = MySqlCluster(name, args, opts)
        return Database(cluster.reference, cluster.primary, cluster.replicas, cluster.members, [cluster])

    def accessory(self, name: str, args: AccessoryArgs, opts: pulumi.ResourceOptions) -> Accessory:
        """Create a pod with the program, its registration and its volumes."""
        return Accessory(name, args, opts)

    def built_image(self, name: str, args: ServiceImageArgs) -> ServiceImage:
        """Build the image on the engine that runs it."""
        return ServiceImage(name, args)

    def prebuilt_image(self, name: str, args: ReleasedImageArgs) -> ReleasedImage:
        """Pull the image."""
        return ReleasedImage(name, args)

    def service_database(self, name: str, args: ServiceDatabaseArgs, opts: pulumi.ResourceOptions) -> ServiceDatabase:
        """Create the accounts through the socket of a member, then migrate."""
        return ServiceDatabase(name, args, opts)

    def runtime_config(
        self, name: str, args: DynamicConfigurationArgs, opts: pulumi.ResourceOptions
    ) -> DynamicConfiguration:
        """Create the container that keeps the document in Consul."""
        return DynamicConfiguration(name, args, opts)

    def service_volumes(self, name: str, args: ServiceVolumesArgs, opts: pulumi.ResourceOptions) -> ServiceVolumes:
        """Create volumes of the engine."""
        return ServiceVolumes(name, args, opts)

    def microservice(self, name: str, args: MicroserviceArgs, opts: pulumi.ResourceOptions) -> Microservice:
        """Create a pod for each replica: sandbox, application and Consul agent."""
        return Microservice(name, args, opts)

    def hook(self, name: str, task: Task, args: MicroserviceArgs, opts: pulumi.ResourceOptions) -> Job:
        """Create a container that runs to its end."""
        return hook_job(name, task, args, opts)

    @property
    def scheduling_regions(self) -> list[str]:
        """Return every region: what is due runs in one of those that are left."""
        return self.regions

    def scheduled_tasks(self, name: str, args: ScheduledTasksArgs, opts: pulumi.ResourceOptions) -> ScheduledTasks:
        """Create a pod with the service's image and a scheduler."""
        return ScheduledTasks(name, {**args, "regions": self.scheduling_regions}, opts)

    def ingress(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions) -> Ingress:
        """Create the Nginx to which ports of this machine lead, and where there is more than one service, another one
        by which they call each other."""
        address = self.settings.regions[args["region"]["region"]].bind_address
        loopback = loopback_hosts(self.settings) if address in _ON_LOOPBACK else []
        made = Ingress(name, {**args, "bind_addresses": [address, *loopback]}, opts)
        if args["configuration"].internal:
            ServiceGateway(
                f"{name}-gateway",
                {
                    "region": args["region"],
                    "consul": args["consul"],
                    "image": args["image"],
                    "releases": made.releases,
                    "names": sorted(args["configuration"].internal),
                    "memory_mib": args["memory_mib"],
                    "labels": args["labels"],
                },
                # A name is there once there is something behind it.
                self.options(args["region"]["region"], [made]),
            )
        return made

    def ingress_address(self, region: str) -> str:
        """Return the alias of its pod."""
        return f"{ingress_host_name(region)}:{HTTPS_PORT}"

    def certificate_client(
        self, name: str, args: CertificateClientArgs, opts: pulumi.ResourceOptions
    ) -> CertificateClient:
        """Create a pod in the network between the regions."""
        # Its token and the key of its volume stay those of the client that only knew ACME.
        opts.aliases = [pulumi.Alias(name="acme", type_="gostack:index:AcmeClient")]
        return CertificateClient(name, args, opts)

    def telemetry(self, name: str, args: TelemetryArgs, opts: pulumi.ResourceOptions) -> Telemetry:
        """Create a pod in the networks of all regions; a port of this machine leads to its console."""
        return Telemetry(name, {**args, "docker_root": self.settings.telemetry.docker_root}, opts)

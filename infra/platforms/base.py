"""What every platform gives a stack: the components that it is composed of, in the form that runs there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import pulumi

from components.accessory.args import AccessoryArgs
from components.certificate_client.args import CertificateClientArgs
from components.consul.args import ConsulDatacenterArgs
from components.images.args import ReleasedImageArgs, ServiceImageArgs, UpstreamImagesArgs
from components.ingress.args import IngressArgs
from components.microservice.args import MicroserviceArgs
from components.microservice.task import Task
from components.mysql.args import MySqlClusterArgs
from components.mysql.database import Database
from components.runtime_config.args import DynamicConfigurationArgs
from components.scheduled_tasks.args import ScheduledTasksArgs
from components.service_database.args import ServiceDatabaseArgs
from components.service_volumes.args import ServiceVolumesArgs
from components.telemetry.args import TelemetryArgs
from components.telemetry.configuration import OTLP_ENDPOINT
from infra.settings import Settings

if TYPE_CHECKING:
    from components.accessory import docker as docker_accessory
    from components.accessory import kubernetes as kubernetes_accessory
    from components.aws.elasticache.cache import ElastiCache
    from components.certificate_client import docker as docker_client
    from components.consul import docker as docker_consul
    from components.consul import kubernetes as kubernetes_consul
    from components.docker import job as docker_job
    from components.images import docker as docker_images
    from components.images import kubernetes as kubernetes_images
    from components.ingress import docker as docker_ingress
    from components.ingress import kubernetes as kubernetes_ingress
    from components.kubernetes import job as kubernetes_job
    from components.microservice import docker as docker_microservice
    from components.microservice import kubernetes as kubernetes_microservice
    from components.region import docker as docker_region
    from components.region import kubernetes as kubernetes_region
    from components.runtime_config import docker as docker_runtime_config
    from components.runtime_config import kubernetes as kubernetes_runtime_config
    from components.scheduled_tasks import docker as docker_scheduled_tasks
    from components.scheduled_tasks import kubernetes as kubernetes_scheduled_tasks
    from components.service_database import docker as docker_service_database
    from components.service_database import kubernetes as kubernetes_service_database
    from components.service_volumes import docker as docker_service_volumes
    from components.service_volumes import kubernetes as kubernetes_service_volumes
    from components.telemetry import docker as docker_telemetry
    from components.telemetry import kubernetes as kubernetes_telemetry

Region: TypeAlias = "docker_region.Region | kubernetes_region.Region"
ConsulDatacenter: TypeAlias = "docker_consul.ConsulDatacenter | kubernetes_consul.ConsulDatacenter"
ThirdPartyImages: TypeAlias = "docker_images.UpstreamImages | kubernetes_images.UpstreamImages"
BuiltImage: TypeAlias = "docker_images.ServiceImage | kubernetes_images.ServiceImage"
PrebuiltImage: TypeAlias = "docker_images.ReleasedImage | kubernetes_images.ReleasedImage"
Image: TypeAlias = "BuiltImage | PrebuiltImage"
ServiceDatabase: TypeAlias = "docker_service_database.ServiceDatabase | kubernetes_service_database.ServiceDatabase"
ServiceVolumes: TypeAlias = "docker_service_volumes.ServiceVolumes | kubernetes_service_volumes.ServiceVolumes"
RuntimeConfig: TypeAlias = "docker_runtime_config.DynamicConfiguration | kubernetes_runtime_config.DynamicConfiguration"
Accessory: TypeAlias = "docker_accessory.Accessory | kubernetes_accessory.Accessory | ElastiCache"
Microservice: TypeAlias = "docker_microservice.Microservice | kubernetes_microservice.Microservice"
ScheduledTasks: TypeAlias = "docker_scheduled_tasks.ScheduledTasks | kubernetes_scheduled_tasks.ScheduledTasks"
Job: TypeAlias = "docker_job.Job | kubernetes_job.Job"
Ingress: TypeAlias = "docker_ingress.Ingress | kubernetes_ingress.Ingress"
CertificateClient: TypeAlias = "docker_client.CertificateClient"
Telemetry: TypeAlias = "docker_telemetry.Telemetry | kubernetes_telemetry.Telemetry"


class Platform(ABC):
    """A platform. Its methods create components as `infra/stack.py` asks for them, and add what only it knows: networks
    and ports of a machine, namespaces and storage classes of a cluster, load balancers of a cloud."""

    THIRD_PARTY_IMAGES: ClassVar[frozenset[str]]
    """Names of the third-party images that run on the platform."""

    HAS_SCHEDULER: ClassVar[bool] = True
    """Whether the platform itself begins what is due at certain times."""

    def __init__(self, stack: str, settings: Settings) -> None:
        self.stack, self.settings = stack, settings
        self.labels = {"gostack.project": "gostack", "gostack.stack": stack}
        self.regions = settings.ordered_regions()

    def peers(self, region: str) -> list[str]:
        """Return the other regions whose replicas this one reaches, nearest first; empty where each region is a failure
        domain of its own, and DNS moves clients from one to another."""
        return [other for other in self.regions if other != region]

    def released_before(self, region: str, created: Mapping[str, pulumi.Resource]) -> list[pulumi.Resource]:
        """Return what a component of a region waits for: where regions are no peers, the same component of the region
        before, so that a change that fails in one never reaches the next."""
        return list(created.values())[-1:] if not self.peers(region) else []

    def regional_image(self, region: str, image: pulumi.Input[str]) -> pulumi.Input[str]:
        """Return the name under which a region pulls an image."""
        del region
        return image

    @abstractmethod
    def provision(self) -> None:
        """Create what must be there before anything can run."""

    @abstractmethod
    def options(self, region: str, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return the options of a component in a region: the provider of its cluster, and what it waits for."""

    @abstractmethod
    def third_party_images(self, name: str, args: UpstreamImagesArgs) -> ThirdPartyImages:
        """Create the images that others publish."""

    @abstractmethod
    def region(self, name: str) -> Region:
        """Create a region, or the failure domain of a witness."""

    @abstractmethod
    def consul_datacenter(
        self, name: str, args: ConsulDatacenterArgs, opts: pulumi.ResourceOptions
    ) -> ConsulDatacenter:
        """Create the Consul datacenter of a region."""

    @abstractmethod
    def mysql(self, name: str, args: MySqlClusterArgs, opts: pulumi.ResourceOptions) -> Database:
        """Create the database."""

    @abstractmethod
    def accessory(self, name: str, args: AccessoryArgs, opts: pulumi.ResourceOptions) -> Accessory:
        """Create a program of others in one region, under its name."""

    @abstractmethod
    def built_image(self, name: str, args: ServiceImageArgs) -> BuiltImage:
        """Create the image of a service from its source."""

    @abstractmethod
    def prebuilt_image(self, name: str, args: ReleasedImageArgs) -> PrebuiltImage:
        """Create the image of a service that was built elsewhere."""

    @abstractmethod
    def service_database(self, name: str, args: ServiceDatabaseArgs, opts: pulumi.ResourceOptions) -> ServiceDatabase:
        """Create the schema of a service, its accounts, and the jobs that migrate it."""

    @abstractmethod
    def runtime_config(self, name: str, args: DynamicConfigurationArgs, opts: pulumi.ResourceOptions) -> RuntimeConfig:
        """Create the document in Consul that a service reads while it runs."""

    @abstractmethod
    def service_volumes(self, name: str, args: ServiceVolumesArgs, opts: pulumi.ResourceOptions) -> ServiceVolumes:
        """Create the volumes of a service in one region."""

    @abstractmethod
    def microservice(self, name: str, args: MicroserviceArgs, opts: pulumi.ResourceOptions) -> Microservice:
        """Create the replicas of one track of a service in one region, registered in Consul."""

    @abstractmethod
    def hook(self, name: str, task: Task, args: MicroserviceArgs, opts: pulumi.ResourceOptions) -> Job:
        """Create the job that runs a task of a service, with what the service's replicas in a region are given."""

    @property
    def scheduling_regions(self) -> list[str]:
        """Return the regions that have a service's schedules; between them each run is that of one."""
        return self.regions[:1]

    @abstractmethod
    def scheduled_tasks(self, name: str, args: ScheduledTasksArgs, opts: pulumi.ResourceOptions) -> ScheduledTasks:
        """Create what runs tasks of a service at certain times."""

    @abstractmethod
    def ingress(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions) -> Ingress:
        """Create the Nginx of a region."""

    @abstractmethod
    def ingress_address(self, region: str) -> str:
        """Return host and port at which the rest of the stack reaches the Nginx of a region, by TLS."""

    def dns(self, ingresses: Mapping[str, Ingress]) -> pulumi.Input[str]:
        """Create one name for the ingresses of all regions and return the stack's URL; without one, the URL is that of
        the first region's ingress."""
        return next(iter(ingresses.values())).url

    def certificate_client(
        self, name: str, args: CertificateClientArgs, opts: pulumi.ResourceOptions
    ) -> CertificateClient:
        """Create what hands certificates to the ingresses; the settings refuse it where they have another way."""
        raise NotImplementedError

    @property
    def otlp_endpoint(self) -> str:
        """Return where replicas of a stack with telemetry send their spans, in whichever region they are."""
        return OTLP_ENDPOINT

    def telemetry(self, name: str, args: TelemetryArgs, opts: pulumi.ResourceOptions) -> Telemetry:
        """Create what keeps metrics, logs and traces of the stack; the settings refuse it where it cannot be yet."""
        raise NotImplementedError

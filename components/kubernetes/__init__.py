"""The platform Kubernetes: every part of a stack as objects of a cluster, whose provider the caller gives in `opts`."""

from components.kubernetes.consul_datacenter import ConsulDatacenter
from components.kubernetes.dynamic_configuration import DynamicConfiguration
from components.kubernetes.ingress import Ingress
from components.kubernetes.microservice import Microservice
from components.kubernetes.mysql_cluster import MySqlCluster
from components.kubernetes.region import Region
from components.kubernetes.released_image import ReleasedImage
from components.kubernetes.service_database import ServiceDatabase
from components.kubernetes.service_image import ServiceImage
from components.kubernetes.upstream_images import UpstreamImages

RUNNING_IMAGES = frozenset({"consul", "mysql", "nginx"})
"""Names of the upstream images that run here; what holds a pod's network belongs to the cluster."""

__all__ = [
    "RUNNING_IMAGES",
    "ConsulDatacenter",
    "DynamicConfiguration",
    "Ingress",
    "Microservice",
    "MySqlCluster",
    "Region",
    "ReleasedImage",
    "ServiceDatabase",
    "ServiceImage",
    "UpstreamImages",
]

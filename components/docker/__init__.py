"""The platform Docker: every part of a stack as containers on one engine."""

from components.docker.consul_datacenter import ConsulDatacenter
from components.docker.dynamic_configuration import DynamicConfiguration
from components.docker.ingress import Ingress
from components.docker.microservice import Microservice
from components.docker.mysql_cluster import MySqlCluster
from components.docker.region import Backbone, Region
from components.docker.released_image import ReleasedImage
from components.docker.service_database import ServiceDatabase
from components.docker.service_image import ServiceImage
from components.docker.upstream_images import UpstreamImages

RUNNING_IMAGES = frozenset({"consul", "mysql", "nginx", "pause"})
"""Names of the upstream images that run here; Go itself runs only while an image is built, by name."""

__all__ = [
    "RUNNING_IMAGES",
    "Backbone",
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

"""What the components of every platform take: the same names and meanings on Docker and Kubernetes."""

from components.args.consul import ConsulDatacenterArgs, ConsulReference
from components.args.dynamic_configuration import DynamicConfigurationArgs
from components.args.images import ReleasedImageArgs, ServiceImageArgs, UpstreamImagesArgs
from components.args.ingress import IngressArgs, LoadBalancerArgs
from components.args.instances import CheckArgs, ServiceInstanceArgs
from components.args.microservice import AutoscalingArgs, EgressArgs, MicroserviceArgs
from components.args.mysql import MySqlAdministration, MySqlClusterArgs, MySqlReference
from components.args.regions import BackboneArgs, QuotaArgs, RegionArgs, RegionReference
from components.args.service_database import ServiceDatabaseArgs

__all__ = [
    "AutoscalingArgs",
    "BackboneArgs",
    "CheckArgs",
    "ConsulDatacenterArgs",
    "ConsulReference",
    "DynamicConfigurationArgs",
    "EgressArgs",
    "IngressArgs",
    "LoadBalancerArgs",
    "MicroserviceArgs",
    "MySqlAdministration",
    "MySqlClusterArgs",
    "MySqlReference",
    "QuotaArgs",
    "RegionArgs",
    "RegionReference",
    "ReleasedImageArgs",
    "ServiceDatabaseArgs",
    "ServiceImageArgs",
    "ServiceInstanceArgs",
    "UpstreamImagesArgs",
]

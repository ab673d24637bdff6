"""What a stack stands on in AWS: network, cluster, registry, database, and the name by which clients find a region."""

from components.aws.alarm_topic import AlarmTopic
from components.aws.budget import Budget
from components.aws.cluster import Cluster
from components.aws.cluster_defaults import ClusterDefaults
from components.aws.database import Database
from components.aws.database_member import DatabaseMember
from components.aws.dns_drain import DnsDrain
from components.aws.encryption_key import EncryptionKey
from components.aws.global_dns import GlobalDns
from components.aws.network import Network
from components.aws.network_load_balancer import NetworkLoadBalancer
from components.aws.public_certificate import PublicCertificate
from components.aws.registry import Registry
from components.aws.target_binding import TargetBinding

__all__ = [
    "AlarmTopic",
    "Budget",
    "Cluster",
    "ClusterDefaults",
    "Database",
    "DatabaseMember",
    "DnsDrain",
    "EncryptionKey",
    "GlobalDns",
    "Network",
    "NetworkLoadBalancer",
    "PublicCertificate",
    "Registry",
    "TargetBinding",
]

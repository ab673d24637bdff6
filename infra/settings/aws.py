"""Settings of a stack that stands on AWS: account, regions, sizes, who pays and who is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.aws.network.addresses import ZONES, default_zones, plan_subnets
from components.ingress import HEALTH_PATH
from components.ingress.names import HostName
from infra.settings.base import FilePath, NetworkAddress, Section, shaped

_RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def _vpc(value: str) -> str:
    plan_subnets(value)
    return value


def _anywhere_is_named(value: str) -> str:
    try:
        network = IPv4Network(value)
    except ValueError:
        raise ValueError(f'"{value}" is not a network; write it like "203.0.113.0/24".') from None
    if network.prefixlen < 8:
        raise ValueError(f'"{value}" opens the API server to the world: name the networks of your offices and runners.')
    return value


def _instance_class(value: str) -> str:
    if value.startswith("db.t"):
        raise ValueError(
            f'"{value}" cannot be in a global database: use a memory-optimised class such as "db.r6g.large".'
        )
    return value


def _retention(value: int) -> int:
    if value not in _RETENTIONS:
        near = min(_RETENTIONS, key=lambda days: abs(days - value))
        raise ValueError(f"CloudWatch keeps no logs for {value} days: use {near}.")
    return value


_ENGINE = re.compile(r"8\.[0-9]+\.mysql_aurora\.([0-9]+)\.([0-9]+)\.[0-9]+")
_OLDEST_ENGINE = (3, 5)
"""Aurora MySQL that takes every statement that makes accounts; `REVOKE IF EXISTS` is the youngest of them."""


def _engine_version(value: str) -> str:
    version = _ENGINE.fullmatch(value)
    if version is None:
        raise ValueError(f'"{value}" is not a version of Aurora MySQL; write it like "8.0.mysql_aurora.3.10.1".')
    if (int(version[1]), int(version[2])) < _OLDEST_ENGINE:
        raise ValueError(f'"{value}" is too old: use 8.0.mysql_aurora.3.05.2 or a newer one.')
    return value


AwsService = Annotated[
    str, shaped("[a-z0-9]+([.-][a-z0-9]+)*", "the last part of the name of a service of AWS", "ecr.api")
]
"""A service of AWS, by the last part of its name."""

PublicEmail = Annotated[str, shaped(r"[^\s@,<>]+@[^\s@,<>]+\.[^\s@,<>]+", "an e-mail address", "on-call@example.com")]
"""An e-mail address that is reached over the internet, without the name of its owner."""

Tag = Annotated[str, shaped(r"[\w .:/=+@-]{1,128}", "the value of a tag on AWS", "platform-team")]
"""The value of a tag, with the characters that every service of AWS takes."""

# A shape and not a list: AWS opens regions more often than this file changes.
AwsRegion = Annotated[
    str,
    shaped(
        "(af|ap|ca|cn|eu|il|me|mx|sa|us)(-gov)?-(central|(north|south)(east|west)?|east|west)-[1-9]",
        "a region of AWS",
        "eu-central-1",
    ),
]
"""A region of AWS."""

_IAM, _NAME = "arn:(aws|aws-cn|aws-us-gov):iam::", "/[A-Za-z0-9+=,.@_/-]{1,512}"
_ROLE = _IAM + "[0-9]{12}:role" + _NAME
_POLICY = _IAM + "([0-9]{12}|aws):policy" + _NAME

RoleArn = Annotated[str, shaped(_ROLE, "the ARN of a role", "arn:aws:iam::123456789012:role/gostack-deploy")]
"""The ARN of an IAM role."""

PolicyArn = Annotated[str, shaped(_POLICY, "the ARN of a policy", "arn:aws:iam::123456789012:policy/gostack-boundary")]
"""The ARN of an IAM policy."""

InstanceClass = Annotated[
    str,
    shaped(r"db\.[a-z0-9]+\.[a-z0-9]+", "a class of database instances", "db.r8g.large"),
    AfterValidator(_instance_class),
]
"""A class of database instances that a global database takes."""


class AwsRegionSettings(Section):
    """What a region has in AWS."""

    cidr: Annotated[NetworkAddress, AfterValidator(_vpc)]
    """Network of the region in CIDR notation, /16 to /20; it must not overlap with another region's. It cannot be
    changed: everything stands on it."""

    availability_zones: Annotated[list[str], Field(min_length=ZONES, max_length=ZONES)] | None = None
    """Names of three availability zones; the region's a, b and c when it is not given. Some accounts lack one."""

    retiring: bool = False
    """True takes the region out of DNS and lifts the protection of what is in it, as the step before it is removed."""


class AwsDomainSettings(Section):
    """The name by which clients find the stack."""

    name: HostName
    """Host name, for example "api.example.com". Each region also has a name below it."""

    zone_id: Annotated[str, shaped("Z[A-Z0-9]{3,31}", "the identity of a hosted zone", "Z0123456789EXAMPLE")]
    """Identity of the hosted zone of Route 53 that the name is in. The zone is not the stack's: others live in it."""

    health_path: Annotated[str, shaped("/[A-Za-z0-9._~/-]*", "a URL path", HEALTH_PATH)] = HEALTH_PATH
    """Path that Route 53 asks in every region; a region that does not answer 200 gets no clients. The default says that
    the ingress is well; a route of a service says that it is too."""

    drain_seconds: Annotated[int, Field(ge=61, le=900)] = 120
    """Time in seconds between the end of a region's records and the end of its ingress. Resolvers keep an address for
    60 s, some clients longer."""


class AwsDatabaseSettings(Section):
    """Aurora MySQL Global Database. The region that takes writes is `gostack:mysql.primary`."""

    engine_version: Annotated[str, AfterValidator(_engine_version)]
    """Version, for example "8.0.mysql_aurora.3.10.1"; a higher one upgrades all regions in place."""

    instance_class: InstanceClass | None = None
    """Class of the instances; by `gostack:aws.size` when it is not given."""

    instances: Annotated[int, Field(ge=1, le=15)] | None = None
    """Instances in each region; by `gostack:aws.size` when it is not given."""

    backup_retention_days: Annotated[int, Field(ge=1, le=35)] = 14
    """Days back to any second of which the data can be restored."""

    password_lifetime_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Age in days from which `up` makes a new password of the account that makes accounts."""

    certificate_authority: Annotated[FilePath, Field(min_length=1)]
    """File, relative to the project, with the certificates of the authorities that sign Aurora's, for the stack's
    regions: `gostack rds-certificates` writes it, to be committed."""


@dataclass(frozen=True)
class Sizing:
    """What a size stands for."""

    instance_class: str
    instances: int
    single_nat: bool
    interface_endpoints: tuple[str, ...]


_ENDPOINTS = ("ecr.api", "ecr.dkr", "eks-auth", "logs", "secretsmanager", "sts")

SIZES = {
    "small": Sizing("db.r6g.large", 1, True, ()),
    "large": Sizing("db.r8g.xlarge", 2, False, _ENDPOINTS),
}


class AwsSettings(Section):
    """The account and the regions of a stack on AWS."""

    account: Annotated[str, shaped("[0-9]{12}", "the identity of an account", "123456789012")]
    """Identity of the account, in quotes. With credentials of another one nothing is done."""

    deploy_role: RoleArn
    """ARN of the role that everything is done with: whoever deploys must be allowed to take it."""

    permissions_boundary: PolicyArn | None = None
    """ARN of the policy that bounds every role that the stack makes; `infra/platforms/aws/state/` makes
    `gostack-boundary`, without which its deploy role makes none."""

    home_region: AwsRegion
    """Region of what exists once: the registry that releases are pushed to, and the declaration of the global database.
    It cannot be changed; `gostack:mysql.primary`, the region that takes writes, can."""

    regions: Annotated[dict[AwsRegion, AwsRegionSettings], Field(min_length=1, max_length=11)]
    """Region of AWS to what it has there; the names are those of `gostack:regions`. An Aurora Global Database has one
    region that takes writes and at most ten others (AWS, 21 May 2025)."""

    domain: AwsDomainSettings
    """The name by which clients find the stack."""

    database: AwsDatabaseSettings
    """The database."""

    size: Literal["small", "large"] = "large"
    """`large`: two database instances and a NAT gateway for each zone, private endpoints. `small`: one instance and one
    NAT gateway a region, for a stack that may be away for minutes when a zone is."""

    single_nat: bool | None = None
    """True shares one NAT gateway among a region's zones; by `size` when it is not given."""

    interface_endpoints: list[AwsService] | None = None
    """Services of AWS that are reached without leaving the network ("ecr.api"); by `size` when it is not given."""

    kubernetes_version: Annotated[str, shaped("1\\.[0-9]{2}", "a version of Kubernetes", "1.36")]
    """Version of Kubernetes, in quotes. A higher one upgrades one region after the other; none goes back."""

    api_access: list[Annotated[str, AfterValidator(_anywhere_is_named)]] = Field(default_factory=list[str])
    """Networks in CIDR notation from which the clusters' API servers are reached over the internet. Empty closes them
    to all but their own network: then the program has to run inside it."""

    administrators: list[RoleArn] = Field(default_factory=list[RoleArn])
    """ARNs of the roles of people who may do everything in the clusters, beside `deploy_role`."""

    owner: Tag
    """Team that answers for the stack: tag `owner`."""

    cost_centre: Tag
    """Who pays, in quotes if it is a number: tag `cost-centre`."""

    alarm_emails: Annotated[list[PublicEmail], Field(min_length=1)]
    """Addresses that alarms and budgets tell; each confirms one message a region."""

    monthly_budget_usd: Annotated[int, Field(ge=1)]
    """What a month may cost in US dollars: told at 80 % spent, and when the forecast passes it."""

    insights: bool = True
    """True collects container logs and metrics of the nodes; without it there is no alarm on them."""

    log_retention_days: Annotated[int, AfterValidator(_retention)] = 90
    """Days for which logs are kept."""

    kept_releases: Annotated[int, Field(ge=2, le=1000)] = 50
    """Releases of each service that the registry keeps."""

    protect: bool = True
    """True refuses to delete or replace networks, clusters, keys and data, here and (deletion protection) in AWS."""

    def sizing(self) -> Sizing:
        """Return what the size stands for, with what was given instead."""
        usual = SIZES[self.size]
        return Sizing(
            instance_class=self.database.instance_class or usual.instance_class,
            instances=self.database.instances or usual.instances,
            single_nat=usual.single_nat if self.single_nat is None else self.single_nat,
            interface_endpoints=usual.interface_endpoints
            if self.interface_endpoints is None
            else tuple(self.interface_endpoints),
        )

    def zones(self, region: str) -> list[str]:
        """Return the availability zones of a region."""
        return self.regions[region].availability_zones or default_zones(region)

    def protected(self, region: str) -> bool:
        """Whether what is in a region is protected."""
        return self.protect and not self.regions[region].retiring

"""The foundation of a stack on AWS: a cluster of its own in every region, one database over all, one name before them.

What is declared follows from the settings alone; nothing is looked up. Each region's ground comes after that of the
region before, so that a change that fails in one never reaches the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pulumi

from components.args import LoadBalancerArgs, MySqlReference
from components.aws import Budget, DnsDrain, GlobalDns, PublicCertificate, Registry, TargetBinding
from components.aws.global_dns import DnsEntryArgs
from components.rendering.aws_addresses import plan_subnets
from components.rendering.aws_database import ADMINISTRATOR, PORT, service_addresses
from components.rendering.aws_images import copied_repository, own_repository, regional_image
from infra.environments.aws_boundary import bound_roles
from infra.environments.aws_database import make_database
from infra.environments.aws_providers import GLOBAL_REGION, make_providers
from infra.environments.aws_region import Ground, Plan, make_ground, make_notices
from infra.foundation import Database
from infra.labels import stack_labels
from infra.platforms import Ingress
from infra.settings import Settings
from infra.settings.aws import AwsSettings

if TYPE_CHECKING:
    from components.kubernetes import Ingress as ClusterIngress

PROJECT = Path(__file__).resolve().parent.parent.parent
HTTPS, HTTP = 443, 80
NOTICE_SECONDS = 60
"""Time in seconds in which a network load balancer sends no new connection any more to a target that goes."""


class AwsFoundation:
    """Networks, clusters, registries, an Aurora Global Database, and Route 53 in front."""

    def __init__(self, stack: str, settings: Settings, aws: AwsSettings) -> None:
        self._stack, self._settings, self._aws = stack, settings, aws
        bound_roles(aws.permissions_boundary)
        self._tags = {
            "project": "gostack",
            "stack": stack,
            "service": "platform",
            "owner": aws.owner,
            "cost-centre": aws.cost_centre,
        }
        self._plan = Plan(stack, aws, self._tags)
        self._order = settings.ordered_regions()
        self._providers = make_providers(aws, self._tags)
        worldwide = self._providers.worldwide
        self._worldwide_topic = make_notices(self._plan, "worldwide", GLOBAL_REGION, worldwide).topic
        self._notices = {
            region: make_notices(self._plan, region, region, self._providers.regions[region]) for region in self._order
        }
        self._budget()
        self._registries = self._make_registries()
        self._grounds = self._make_grounds()
        self._database = make_database(self._plan, self._grounds, self._order, settings.rotation.passwords)

    def backbone(self) -> pulumi.Input[str]:
        """Return nothing: regions share no network. Aurora forwards writes, and Route 53 moves clients."""
        return ""

    def options(self, region: str, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return options with the provider of the region's cluster; what is in it comes after the region's data."""
        return pulumi.ResourceOptions(
            provider=self._grounds[region].kubernetes,
            depends_on=[self._database.members[region], *depends_on],
        )

    def image_options(self) -> pulumi.ResourceOptions:
        """Return options without a provider: what runs here was built and proven before, and is named by its digest."""
        return pulumi.ResourceOptions()

    def joined(self, region: str) -> list[str]:
        """Return none: a region is a failure domain of its own."""
        del region
        return []

    def image(self, region: str, image: pulumi.Input[str]) -> pulumi.Input[str]:
        """Return the name of an image in the region's own registry."""
        return pulumi.Output.from_input(image).apply(
            lambda reference: regional_image(reference, account=self._aws.account, region=region)
        )

    def database(self, client_image: pulumi.Input[str]) -> Database | None:
        """Return Aurora, as services take a database."""
        database, members = self._database.database, self._database.members
        writer = self._database.writer
        writers = {region: _with_port(member.writer_host) for region, member in members.items()}
        readers = {region: _with_port(member.reader_host) for region, member in members.items()}
        reference: MySqlReference = {
            "primary_address": writers[writer],
            "member_addresses": readers,
            "writer_addresses": service_addresses(writer, writers, readers),
            "authority_certificate": (PROJECT / self._aws.database.certificate_authority).read_text(encoding="utf-8"),
            "image": self.image(writer, client_image),
            "administration_volumes": {},
            "group_addresses": [],
            "primary_datacenters": [],
            "administration": {
                "address": writers[writer],
                "user": ADMINISTRATOR,
                "password": database.administrator_password,
            },
            "networks": [
                subnet for settings in self._aws.regions.values() for subnet in plan_subnets(settings.cidr).database
            ],
        }
        return Database(
            reference=reference,
            primary=writers[writer],
            replicas=pulumi.Output.all(**{name: host for name, host in readers.items() if name != writer}).apply(
                # Without any, `Output.all` gives a list.
                dict[str, str]
            ),
            members=pulumi.Output.all(**readers).apply(dict[str, str]),
            resources=list(members.values()),
        )

    def load_balancer(self, region: str) -> LoadBalancerArgs | None:
        """Return that the cluster makes none: it is a resource here, reviewed, tagged and watched like the others."""
        return {
            "annotations": {},
            "host": f"{region}.{self._aws.domain.name}",
            "outside": self._grounds[region].load_balancer.dns_name,
            "drain_seconds": NOTICE_SECONDS,
        }

    def publish(self, ingresses: Mapping[str, Ingress]) -> pulumi.Input[str]:
        """Let the load balancers lead to the ingresses, and Route 53 to the load balancers; return the one URL."""
        entries: list[DnsEntryArgs] = []
        for region, ingress in ingresses.items():
            # AWS has one platform.
            entry = self._entry(region, cast("ClusterIngress", ingress))
            if not self._aws.regions[region].retiring:
                entries.append(entry)
        dns = GlobalDns(
            "dns",
            {
                "domain": self._aws.domain.name,
                "zone_id": self._aws.domain.zone_id,
                "entries": entries,
                "health_path": self._aws.domain.health_path,
                "topic_arn": self._worldwide_topic.arn,
                "tags": {**self._tags, "region": GLOBAL_REGION},
            },
            pulumi.ResourceOptions(provider=self._providers.worldwide),
        )
        return dns.url

    def _entry(self, region: str, ingress: ClusterIngress) -> DnsEntryArgs:
        balancer = self._grounds[region].load_balancer
        labels = {**stack_labels(self._stack), "gostack.region": region}
        provider = self._grounds[region].kubernetes
        binding = TargetBinding(
            f"binding-{region}",
            {
                "namespace": ingress.namespace,
                "service": ingress.service,
                "ports": {"https": HTTPS, "http": HTTP},
                "target_group_arns": {
                    "https": balancer.https_target_group_arn,
                    "http": balancer.http_target_group_arn,
                },
                "labels": labels,
            },
            pulumi.ResourceOptions(provider=provider, depends_on=[ingress]),
        )
        drain = DnsDrain(
            f"drain-{region}",
            {
                "namespace": ingress.namespace,
                "image": self.image(region, self._settings.images.pause),
                "seconds": self._aws.domain.drain_seconds,
                "address": balancer.dns_name,
                "labels": labels,
            },
            pulumi.ResourceOptions(provider=provider, depends_on=[ingress, binding]),
        )
        return {"region": region, "address": drain.address, "address_zone_id": balancer.zone_id}

    def _make_registries(self) -> dict[str, Registry]:
        """Make every region's registry, the home region's last: what is pushed there is copied to the others."""
        home = self._aws.home_region
        registries: dict[str, Registry] = {}
        for region in [*(other for other in self._order if other != home), home]:
            others = [other for other in self._order if other != home] if region == home else []
            registries[region] = Registry(
                f"registry-{region}",
                {
                    "account": self._aws.account,
                    "region": region,
                    "repositories": self._own_repositories(),
                    "copies": self._copied_repositories(),
                    "replicated_to": others,
                    "kept_releases": self._aws.kept_releases,
                    "protect": self._aws.protected(region),
                    "tags": {**self._tags, "region": region},
                },
                pulumi.ResourceOptions(
                    provider=self._providers.regions[region], depends_on=[registries[other] for other in others]
                ),
            )
        return registries

    def _own_repositories(self) -> list[str]:
        images = [track.image for service in self._settings.services.values() for track in service.tracks()]
        found = {own_repository(image, self._aws.account) for image in images if image is not None}
        return sorted(repository for repository in found if repository is not None)

    def _copied_repositories(self) -> list[str]:
        images = self._settings.images
        found = {copied_repository(image) for image in (images.consul, images.mysql, images.nginx, images.pause)}
        return sorted(repository for repository in found if repository is not None)

    def _make_grounds(self) -> dict[str, Ground]:
        """Make the regions one after the other; the certificate of the home region proves the name for all."""
        home = self._aws.home_region
        certificates = {home: self._certificate(home, [])}
        grounds: dict[str, Ground] = {}
        for region in self._order:
            if region not in certificates:
                certificates[region] = self._certificate(region, [certificates[home]])
            before = [grounds[other].cluster for other in list(grounds)[-1:]]
            grounds[region] = make_ground(
                self._plan,
                region,
                self._providers.regions[region],
                self._notices[region],
                certificates[region],
                [self._registries[region], *before],
            )
        return grounds

    def _certificate(self, region: str, before: Sequence[pulumi.Resource]) -> PublicCertificate:
        return PublicCertificate(
            f"certificate-{region}",
            {
                "domain": self._aws.domain.name,
                "zone_id": self._aws.domain.zone_id,
                "proves": not before,
                "topic_arn": self._notices[region].topic.arn,
                "tags": {**self._tags, "region": region},
            },
            pulumi.ResourceOptions(provider=self._providers.regions[region], depends_on=list(before)),
        )

    def _budget(self) -> None:
        Budget(
            "budget",
            {
                "account": self._aws.account,
                "stack": self._stack,
                "monthly_usd": self._aws.monthly_budget_usd,
                "topic_arn": self._worldwide_topic.arn,
                "tags": {**self._tags, "region": GLOBAL_REGION},
            },
            pulumi.ResourceOptions(provider=self._providers.worldwide),
        )


def _with_port(host: pulumi.Output[str]) -> pulumi.Output[str]:
    return pulumi.Output.concat(host, f":{PORT}")

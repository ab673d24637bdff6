"""A stack on AWS: a cluster of its own in every region, one database over all, one name before them.

What is declared follows from the settings alone; nothing is looked up but secrets that they refer to. Each region comes
after the one before, so that a change that fails in one never reaches the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import pulumi

from components.accessory.args import AccessoryArgs
from components.aws.alarms.budget import Budget
from components.aws.aurora.parameters import ADMINISTRATOR, PORT, service_addresses
from components.aws.dns.drain import DnsDrain
from components.aws.dns.global_dns import DnsEntryArgs, GlobalDns
from components.aws.dns.public_certificate import PublicCertificate
from components.aws.elasticache.cache import ElastiCache
from components.aws.image_names import copied_repository, own_repository, regional_image
from components.aws.network.addresses import GLOBAL_REGION, plan_subnets
from components.aws.network.target_binding import TargetBinding
from components.aws.registry import Registry
from components.ingress.args import IngressArgs
from components.ingress.kubernetes import Ingress
from components.mysql.args import MySqlClusterArgs
from components.mysql.database import Database
from components.names import replication_group
from infra.platforms import base
from infra.platforms.aws.boundary import bound_roles
from infra.platforms.aws.database import create_database
from infra.platforms.aws.providers import make_providers
from infra.platforms.aws.region import Alerts, RegionInfra, Shared, create_alerts, create_region
from infra.platforms.aws.secrets_manager import secrets_manager
from infra.platforms.kubernetes import PROJECT, KubernetesPlatform
from infra.secret_stores.resolution import with_secrets
from infra.settings import Settings
from infra.settings.aws import AwsSettings
from infra.settings.secret_references import AWS

HTTPS, HTTP = 443, 80
DEREGISTRATION_SECONDS = 60
"""Time in seconds in which a network load balancer sends no new connection any more to a target that goes."""


class AwsPlatform(KubernetesPlatform):
    """VPCs, EKS clusters, registries, an Aurora Global Database, and Route 53 in front."""

    def __init__(self, stack: str, settings: Settings, aws: AwsSettings) -> None:
        super().__init__(stack, settings)
        self._aws = aws
        # Images were built and proven before, and are named by their digests.
        self._engine = None
        tags = {
            "project": "gostack",
            "stack": stack,
            "service": "platform",
            "owner": aws.owner,
            "cost-centre": aws.cost_centre,
        }
        self._shared = Shared(stack, aws, tags)
        self._global_tags = {**tags, "region": GLOBAL_REGION}

    def provision(self) -> None:
        """Create everything in AWS that the clusters' own objects need: alerts and budget; in each region a registry, a
        certificate, a VPC, an EKS cluster and a load balancer; then the database over all of them."""
        bound_roles(self._aws.permissions_boundary)
        self._providers = make_providers(self._aws, self._shared.tags)
        self.settings = with_secrets(self.settings, {AWS: secrets_manager(self._providers.regions[self.regions[0]])})
        self._global_alerts = create_alerts(self._shared, "worldwide", GLOBAL_REGION, self._providers.worldwide)
        alerts = {
            region: create_alerts(self._shared, region, region, self._providers.regions[region])
            for region in self.regions
        }
        self._create_budget()
        registries = self._create_registries()
        certificates = self._create_certificates(alerts)
        self._infra: dict[str, RegionInfra] = {}
        for region in self.regions:
            before = [infra.cluster for infra in list(self._infra.values())[-1:]]
            self._infra[region] = create_region(
                self._shared,
                region,
                self._providers.regions[region],
                alerts[region],
                certificates[region],
                [registries[region], *before],
            )
        self._database = create_database(self._shared, self._infra, self.regions, self.settings.rotation.passwords)

    def peers(self, region: str) -> list[str]:
        """Return none: regions share no network. Aurora forwards writes, and Route 53 moves clients."""
        del region
        return []

    def options(self, region: str, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return options with the provider of the region's cluster; what is in it comes after the region's data."""
        return pulumi.ResourceOptions(
            provider=self._infra[region].kubernetes,
            depends_on=[self._database.members[region], *depends_on],
        )

    def regional_image(self, region: str, image: pulumi.Input[str]) -> pulumi.Input[str]:
        """Return the name of an image in the region's own registry."""
        return pulumi.Output.from_input(image).apply(
            lambda reference: regional_image(reference, account=self._aws.account, region=region)
        )

    def mysql(self, name: str, args: MySqlClusterArgs, opts: pulumi.ResourceOptions) -> Database:
        """Return Aurora, which `provision` created, as services take a database."""
        del name, opts
        database, members = self._database.database, self._database.members
        writer = self._database.writer
        writers = {region: _with_port(member.writer_host) for region, member in members.items()}
        readers = {region: _with_port(member.reader_host) for region, member in members.items()}
        return Database(
            reference={
                "primary_address": writers[writer],
                "member_addresses": readers,
                "writer_addresses": service_addresses(writer, writers, readers),
                "ca_certificate": (PROJECT / self._aws.database.certificate_authority).read_text(encoding="utf-8"),
                "image": self.regional_image(writer, args["image"]),
                "administration_volumes": {},
                "group_addresses": [],
                "primary_datacenters": [],
                "administration": {
                    "address": writers[writer],
                    "user": ADMINISTRATOR,
                    "password": database.administrator_password,
                },
                "networks": [
                    subnet for region in self._aws.regions.values() for subnet in plan_subnets(region.cidr).database
                ],
            },
            primary=writers[writer],
            replicas=pulumi.Output.all(**{name: host for name, host in readers.items() if name != writer}).apply(
                # Without any, `Output.all` gives a list.
                dict[str, str]
            ),
            members=pulumi.Output.all(**readers).apply(dict[str, str]),
            resources=list(members.values()),
        )

    def accessory(self, name: str, args: AccessoryArgs, opts: pulumi.ResourceOptions) -> base.Accessory:
        """Create a Valkey in ElastiCache, and any other image in the region's cluster."""
        region = args["region"]["region"]
        if "valkey" not in args:
            return super().accessory(name, {**args, "image": self.regional_image(region, args["image"])}, opts)
        infra, asked = self._infra[region], args["valkey"]
        return ElastiCache(
            name,
            {
                "identifier": replication_group(self.stack, args["accessory"]),
                "region": region,
                "namespace": args["region"]["network"],
                "password": asked["password"],
                "memory_mib": args["memory_mib"],
                "nodes": self._aws.sizing().instances,
                "persistence": asked["persistence"],
                "eviction": asked["eviction"],
                "vpc_id": infra.network.vpc_id,
                "subnet_ids": infra.network.database_subnet_ids,
                "subnets": plan_subnets(self._aws.regions[region].cidr).database,
                "client_security_group_id": infra.cluster.security_group_id,
                "key_arn": infra.data_key.arn,
                "topic_arn": infra.alerts.topic.arn,
                "protect": self._aws.protected(region),
                "labels": self.labels,
                "tags": {**self._shared.tags, "region": region},
            },
            pulumi.ResourceOptions(providers=[infra.provider, infra.kubernetes], depends_on=[infra.cluster]),
        )

    def ingress(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions) -> Ingress:
        """Create the Nginx Deployment. The cluster makes no load balancer: it is a resource of `provision`, reviewed,
        tagged and watched like the others."""
        region = args["region"]["region"]
        return Ingress(
            name,
            {
                **args,
                "load_balancer": {
                    "annotations": {},
                    "host": f"{region}.{self._aws.domain.name}",
                    "external_hostname": self._infra[region].load_balancer.dns_name,
                    "drain_seconds": DEREGISTRATION_SECONDS,
                },
            },
            opts,
        )

    def dns(self, ingresses: Mapping[str, base.Ingress]) -> pulumi.Input[str]:
        """Let the load balancers lead to the ingresses, and Route 53 to the load balancers; return the one URL."""
        entries: list[DnsEntryArgs] = []
        for region, ingress in ingresses.items():
            # AWS has one platform.
            entry = self._create_entry(region, cast("Ingress", ingress))
            if not self._aws.regions[region].retiring:
                entries.append(entry)
        dns = GlobalDns(
            "dns",
            {
                "domain": self._aws.domain.name,
                "zone_id": self._aws.domain.zone_id,
                "entries": entries,
                "health_path": self._aws.domain.health_path,
                "topic_arn": self._global_alerts.topic.arn,
                "tags": self._global_tags,
            },
            pulumi.ResourceOptions(provider=self._providers.worldwide),
        )
        return dns.url

    def _create_entry(self, region: str, ingress: Ingress) -> DnsEntryArgs:
        balancer = self._infra[region].load_balancer
        labels = {**self.labels, "gostack.region": region}
        provider = self._infra[region].kubernetes
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
                "image": self.regional_image(region, self.settings.images.pause),
                "seconds": self._aws.domain.drain_seconds,
                "address": balancer.dns_name,
                "labels": labels,
            },
            pulumi.ResourceOptions(provider=provider, depends_on=[ingress, binding]),
        )
        return {"region": region, "address": drain.address, "address_zone_id": balancer.zone_id}

    def _create_registries(self) -> dict[str, Registry]:
        """Create every region's registry, the home region's last: what is pushed there is copied to the others."""
        home = self._aws.home_region
        registries: dict[str, Registry] = {}
        for region in [*(other for other in self.regions if other != home), home]:
            others = [other for other in self.regions if other != home] if region == home else []
            registries[region] = Registry(
                f"registry-{region}",
                {
                    "account": self._aws.account,
                    "region": region,
                    "repositories": self._own_repositories(),
                    "pull_through_repositories": self._pull_through_repositories(),
                    "replicated_to": others,
                    "max_images": self._aws.kept_releases,
                    "protect": self._aws.protected(region),
                    "tags": {**self._shared.tags, "region": region},
                },
                pulumi.ResourceOptions(
                    provider=self._providers.regions[region], depends_on=[registries[other] for other in others]
                ),
            )
        return registries

    def _own_repositories(self) -> list[str]:
        found = {own_repository(image, self._aws.account) for image in self.settings.prebuilt_images().values()}
        return sorted(repository for repository in found if repository is not None)

    def _pull_through_repositories(self) -> list[str]:
        accessories = [one.image for one in self.settings.accessories.values() if one.image is not None]
        own = self.settings.pulled_images().values()
        found = {copied_repository(image) for image in (*own, *accessories)}
        return sorted(repository for repository in found if repository is not None)

    def _create_certificates(self, alerts: Mapping[str, Alerts]) -> dict[str, PublicCertificate]:
        """Create every region's certificate; that of the home region proves the name for all."""
        home = self._aws.home_region
        certificates: dict[str, PublicCertificate] = {}
        for region in [home, *(other for other in self.regions if other != home)]:
            before = list(certificates.values())[:1]
            certificates[region] = PublicCertificate(
                f"certificate-{region}",
                {
                    "domain": self._aws.domain.name,
                    "zone_id": self._aws.domain.zone_id,
                    "create_validation_record": not before,
                    "topic_arn": alerts[region].topic.arn,
                    "tags": {**self._shared.tags, "region": region},
                },
                pulumi.ResourceOptions(provider=self._providers.regions[region], depends_on=before),
            )
        return certificates

    def _create_budget(self) -> None:
        Budget(
            "budget",
            {
                "account": self._aws.account,
                "stack": self.stack,
                "monthly_usd": self._aws.monthly_budget_usd,
                "topic_arn": self._global_alerts.topic.arn,
                "tags": self._global_tags,
            },
            pulumi.ResourceOptions(provider=self._providers.worldwide),
        )


def _with_port(host: pulumi.Output[str]) -> pulumi.Output[str]:
    return pulumi.Output.concat(host, f":{PORT}")

"""The composition: regions times services, and what every region needs. Written once, for every environment."""

from __future__ import annotations

import pulumi

from components import docker as platform
from components.args import CanaryArgs, MySqlClusterArgs, MySqlReference, RouteArgs
from components.certificates import Certificate, CertificateAuthority
from components.rendering.nginx_tracks import CANARY, STABLE
from components.secrets import GossipKey
from infra.outputs import ImageOutput, ServiceOutput, StackOutputs
from infra.settings import Settings
from infra.settings.model import WITNESS
from infra.settings.regions import CONSUL_ADDRESS, RegionSettings
from infra.settings.services import ServiceSettings, Track


def build_stack(stack: str, settings: Settings, images: dict[str, ImageOutput]) -> StackOutputs:
    """Register every resource of the stack and return what it exports."""
    return _Stack(stack, settings, images).outputs()


Image = platform.ServiceImage | platform.ReleasedImage
"""The image of a service, built here or elsewhere."""


class _Stack:
    """One stack while it is put together: each part in the order in which it comes up."""

    def __init__(self, stack: str, settings: Settings, images: dict[str, ImageOutput]) -> None:
        self.settings = settings
        self.images = images
        self.labels = {"gostack.project": "gostack", "gostack.stack": stack}
        self.regions = settings.ordered_regions()
        self.image_ids = platform.UpstreamImages(
            "upstream",
            # Go itself runs only while an image is built, by name.
            {"references": {name: image["reference"] for name, image in images.items() if name != "golang"}},
        ).image_ids
        self.authority = CertificateAuthority(
            "authority",
            {
                "common_name": f"gostack {stack} certificate authority",
                "lifetime_days": settings.certificates.authority_lifetime_days,
                "rotation": settings.rotation.authority,
            },
        )
        self.networks = self._networks()
        self.consul = self._discovery()
        self.mysql = self._database(stack)
        self.service_images = {name: self._images(name, service) for name, service in settings.services.items()}
        self.microservices = {name: self._service(name, service) for name, service in settings.services.items()}
        self.ingresses = self._ingresses()

    def outputs(self) -> StackOutputs:
        first = self.regions[0]
        return {
            "url": self.ingresses[first].url,
            "regions": {region: ingress.url for region, ingress in self.ingresses.items()},
            "services": {name: self._service_output(name, service) for name, service in self.settings.services.items()},
            "consul": {region: datacenter.http_url for region, datacenter in self.consul.items()},
            "dashboards": {f"consul-{region}": datacenter.http_url for region, datacenter in self.consul.items()},
            "ca_certificate": self.authority.certificate,
            "mysql": {
                "topology": self.settings.mysql.topology,
                "primary": self.mysql.primary,
                "replicas": self.mysql.replicas,
                "members": self.mysql.members,
            },
            "images": self.images,
        }

    def _networks(self) -> dict[str, platform.Region]:
        backbone = platform.Backbone("backbone", {"cidr": self.settings.backbone.cidr, "labels": self.labels})
        cidrs = {region: settings.cidr for region, settings in self._places()}
        if self.settings.mysql.witness is not None:
            # A place with one member of the database and nothing else.
            cidrs[WITNESS] = self.settings.mysql.witness.cidr
        return {
            place: platform.Region(
                place,
                {
                    "region": place,
                    "cidr": cidr,
                    "backbone_network": backbone.network,
                    "backbone_cidr": self.settings.backbone.cidr,
                    "labels": self.labels,
                },
            )
            for place, cidr in cidrs.items()
        }

    def _discovery(self) -> dict[str, platform.ConsulDatacenter]:
        gossip_key = GossipKey("gossip-key", {"rotation": self.settings.rotation.gossip_key}).value
        return {
            region: platform.ConsulDatacenter(
                f"consul-{region}",
                {
                    "region": self.networks[region].reference,
                    "servers": self.settings.consul.servers,
                    "other_regions": self._others(region),
                    "gossip_key": gossip_key,
                    "image": self.image_ids["consul"],
                    "bind_address": CONSUL_ADDRESS,
                    "http_port": settings.consul_port,
                    "labels": self.labels,
                },
            )
            for region, settings in self._places()
        }

    def _database(self, stack: str) -> platform.MySqlCluster:
        settings = self.settings.mysql
        members = self.regions[:1] if settings.topology == "single" else self.regions
        cluster: MySqlClusterArgs = {
            "topology": settings.topology,
            "regions": [self.networks[region].reference for region in members],
            "consul": [self.consul[region].reference for region in members],
            "image": self.image_ids["mysql"],
            "pause_image": self.image_ids["pause"],
            "authority_key_pair": self.authority.key_pair,
            "authority_certificate": self.authority.certificate,
            "certificate_lifetime_days": self.settings.certificates.authority_lifetime_days,
            "password_rotation": self.settings.rotation.passwords,
            "authority_rotation": self.settings.rotation.authority,
            "buffer_pool_mib": settings.buffer_pool_mib,
            "memory_mib": settings.memory_mib,
            "max_connections": settings.max_connections,
            "protect": settings.protect,
            "volume_prefix": f"gostack-{stack}",
            "labels": self.labels,
        }
        if settings.witness is not None:
            cluster["witness"] = self.networks[WITNESS].reference
        return platform.MySqlCluster("mysql", cluster)

    def _images(self, name: str, service: ServiceSettings) -> dict[str, Image]:
        """Return track to image; a canary that differs by its environment alone has the stable track's."""
        stable, *others = service.tracks()
        images = {stable.name: self._image(name, service, stable)}
        for track in others:
            images[track.name] = self._image(name, service, track) if track.has_source else images[stable.name]
        return images

    def _image(self, name: str, service: ServiceSettings, track: Track) -> Image:
        if track.image is not None:
            return platform.ReleasedImage(f"{name}{track.suffix}", {"reference": track.image})
        return platform.ServiceImage(
            f"{name}{track.suffix}",
            {
                "service": name,
                "track": track.name,
                "context": track.context or "",
                "dockerfile": service.dockerfile,
                "main_package": service.main_package,
                "golang_image": self.images["golang"]["reference"],
                "labels": self.labels,
            },
        )

    def _service(self, name: str, service: ServiceSettings) -> dict[str, dict[str, platform.Microservice]]:
        """Return track to region to replicas."""
        database = self._schema(name, service)
        told = self._told_while_running(name, service)
        return {track.name: self._track(name, service, track, database, told) for track in service.tracks()}

    def _track(
        self,
        name: str,
        service: ServiceSettings,
        track: Track,
        database: platform.ServiceDatabase | None,
        told: dict[str, platform.DynamicConfiguration],
    ) -> dict[str, platform.Microservice]:
        image = self.service_images[name][track.name]
        regions: dict[str, platform.Microservice] = {}
        for region in self.regions:
            regions[region] = platform.Microservice(
                f"{name}-{region}{track.suffix}",
                {
                    "service": name,
                    "track": track.name,
                    "region": self.networks[region].reference,
                    "consul": self.consul[region].reference,
                    "image": image.image_id,
                    "pause_image": self.image_ids["pause"],
                    "version": image.version,
                    "port": service.port,
                    "replicas": track.replicas,
                    "environment": {**track.environment, **self._connection(region, track, database)},
                    "check": {
                        "path": service.check.path,
                        "interval": service.check.interval,
                        "timeout": service.check.timeout,
                        "deregister_after": service.check.deregister_after,
                    },
                    "memory_mib": service.memory_mib,
                    "cpus": service.cpus,
                    "drain_seconds": service.drain_seconds,
                    "stop_seconds": service.stop_seconds,
                    "start_seconds": service.start_seconds,
                    "labels": self.labels,
                },
                # A release that does not get healthy in one region never reaches the next one; and a first replica
                # starts with the document in force.
                pulumi.ResourceOptions(depends_on=[*list(regions.values())[-1:], *_given(told.get(region))]),
            )
        return regions

    def _told_while_running(self, name: str, service: ServiceSettings) -> dict[str, platform.DynamicConfiguration]:
        document = service.document()
        if document is None:
            return {}
        return {
            region: platform.DynamicConfiguration(
                f"{name}-{region}-settings",
                {
                    "service": name,
                    "region": self.networks[region].reference,
                    "consul": self.consul[region].reference,
                    "document": document,
                    "labels": self.labels,
                },
            )
            for region in self.regions
        }

    def _schema(self, name: str, service: ServiceSettings) -> platform.ServiceDatabase | None:
        schema = service.database_name(name)
        if service.database is None or schema is None:
            return None
        return platform.ServiceDatabase(
            f"{name}-database",
            {
                "database": schema,
                "mysql": self.mysql.reference,
                "region": self.networks[self.regions[0]].reference,
                "service_images": {
                    track.name: self.service_images[name][track.name].image_id
                    for track in service.tracks()
                    if track.name == STABLE or track.has_source
                },
                "migrate": service.database.migrate or [],
                "password_rotation": self.settings.rotation.passwords,
                "labels": {**self.labels, "gostack.service": name},
            },
            # Replicas read from the member of their region, whichever that is.
            pulumi.ResourceOptions(depends_on=[self.mysql]),
        )

    def _connection(
        self, region: str, track: Track, database: platform.ServiceDatabase | None
    ) -> dict[str, pulumi.Input[str]]:
        if database is None:
            return {}
        reference: MySqlReference = self.mysql.reference
        nearest = reference["member_addresses"].get(region, reference["primary_address"])
        environment = database.environments.get(track.name, database.environments[STABLE])
        return {**environment, "MYSQL_REPLICA_ADDRESS": nearest}

    def _ingresses(self) -> dict[str, platform.Ingress]:
        settings = self.settings.ingress
        certificate = Certificate(
            "ingress-certificate",
            {
                "authority_key_pair": self.authority.key_pair,
                "names": settings.hosts,
                "lifetime_days": self.settings.certificates.lifetime_days,
                "rotation": self.settings.rotation.certificates,
            },
        )
        return {
            region: platform.Ingress(
                f"ingress-{region}",
                {
                    "region": self.networks[region].reference,
                    "other_regions": self._others(region),
                    "consul": self.consul[region].reference,
                    "image": self.image_ids["nginx"],
                    "pause_image": self.image_ids["pause"],
                    "hosts": settings.hosts,
                    "routes": self._routes(),
                    "canaries": self._canaries(),
                    "certificate": certificate.certificate,
                    "private_key": certificate.private_key,
                    "bind_address": place.bind_address,
                    "https_port": place.https_port,
                    "http_port": place.http_port,
                    "worker_connections": settings.worker_connections,
                    "labels": self.labels,
                },
                # Nobody is sent to a canary that is not there yet.
                pulumi.ResourceOptions(depends_on=self._canary_replicas()),
            )
            for region, place in self._places()
        }

    def _canaries(self) -> dict[str, CanaryArgs]:
        return {
            name: {
                "weight": service.canary.weight,
                "matches": [{"header": match.header, "value": match.value} for match in service.canary.match],
            }
            for name, service in self.settings.services.items()
            if service.canary is not None
        }

    def _canary_replicas(self) -> list[platform.Microservice]:
        return [
            microservice for tracks in self.microservices.values() for microservice in tracks.get(CANARY, {}).values()
        ]

    def _routes(self) -> list[RouteArgs]:
        return [
            {
                "path": route.path,
                "match": route.match,
                "service": name,
                "idempotent": route.idempotent,
                "static": route.static,
                "body_limit_kib": route.body_limit_kib,
                "rate_limit_per_second": route.rate_limit_per_second,
                "rate_limit_burst": route.rate_limit_burst,
                "timeout_seconds": route.timeout_seconds,
                "per_try_timeout_seconds": route.per_try_timeout_seconds,
            }
            for name, service in self.settings.services.items()
            for route in service.routes
        ]

    def _service_output(self, name: str, service: ServiceSettings) -> ServiceOutput:
        path = next((route.path for route in service.routes if route.match != "regex"), None)
        return {
            "url": pulumi.Output.concat(self.ingresses[self.regions[0]].url, path) if path else "",
            "image": self.service_images[name][STABLE].reference,
            "tracks": {track: _replicas(regions) for track, regions in self.microservices[name].items()},
        }

    def _places(self) -> list[tuple[str, RegionSettings]]:
        return [(region, self.settings.regions[region]) for region in self.regions]

    def _others(self, region: str) -> list[str]:
        return [other for other in self.regions if other != region]


def _given(part: pulumi.Resource | None) -> list[pulumi.Resource]:
    return [] if part is None else [part]


def _replicas(regions: dict[str, platform.Microservice]) -> pulumi.Output[int]:
    return pulumi.Output.all(*(part.replicas for part in regions.values())).apply(lambda counts: sum(counts))

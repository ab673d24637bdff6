"""The composition: regions times services, and what every region needs. Written once, for every environment."""

from __future__ import annotations

import pulumi

from components.certificate_client.args import CERTIFICATE_CLIENT, CLIENT_SOURCE
from components.certificates import Certificate, CertificateAuthority
from components.images.build_context import PROJECT
from components.ingress import login_proxy
from components.ingress.args import IngressArgs
from components.ingress.login import oidc_logins
from components.ingress.token_verifier import VERIFIER, VERIFIER_SOURCE, token_logins
from components.ingress.tracks import CANARY, STABLE
from components.microservice.task import Hooks
from components.mysql.configuration import PROXY, PROXY_SOURCE
from components.names import track_name
from components.scheduled_tasks.args import SCHEDULER, SCHEDULER_SOURCE
from components.secrets import GeneratedPassword, GossipKey
from components.service_database.migrations import TRACK as MIGRATIONS
from components.signing_keys import SigningKeys
from components.telemetry.configuration import COLLECTOR, COLLECTOR_SOURCE, CONSOLE, CONSOLE_SOURCE
from infra.arguments import (
    accessory_arguments,
    image_arguments,
    microservice_arguments,
    migrations_image_arguments,
    mysql_arguments,
    own_image_arguments,
    released_after,
    service_database_arguments,
)
from infra.certificates import certificate_client_arguments
from infra.edge import edge_files, login_proxy_arguments, token_verifier_arguments
from infra.images import golang_image
from infra.outputs import ImageOutput, StackOutputs, outputs
from infra.platforms import platform_for
from infra.platforms.base import (
    Accessory,
    ConsulDatacenter,
    Image,
    Ingress,
    Microservice,
    ServiceDatabase,
    ServiceVolumes,
)
from infra.settings import Settings
from infra.settings.ingress import certificate_names, ingress_configuration
from infra.settings.migration_files import migrations_folder
from infra.telemetry import telemetry_arguments


def build_stack(stack: str, settings: Settings, images: dict[str, ImageOutput]) -> StackOutputs:
    """Register every resource of the stack and return what it exports."""
    platform = platform_for(stack, settings)
    labels = platform.labels

    # Docker: the network between the regions. Kubernetes: the connection to the cluster. AWS: a registry, a VPC, an EKS
    # cluster and a load balancer for each region, and one Aurora database.
    platform.provision()
    # With the secrets that only the platform may read.
    settings = platform.settings

    ca = CertificateAuthority(
        "authority",
        {
            "common_name": f"gostack {stack} certificate authority",
            "lifetime_days": settings.certificates.authority_lifetime_days,
            "rotation": settings.rotation.authority,
        },
    )

    def own_program(name: str, source: str) -> Image:
        """Build the image of a program of the stack's own."""
        return platform.built_image(name, own_image_arguments(name, source, images["golang"]["reference"], labels))

    references = {name: image["reference"] for name, image in images.items() if name in platform.THIRD_PARTY_IMAGES}
    third_party = platform.third_party_images("upstream", {"references": references}).image_ids

    regions = {name: platform.region(name) for name in settings.failure_domains()}

    # In each region Consul knows which replicas are healthy; regions that are peers tell each other.
    gossip_key = GossipKey("gossip-key", {"rotation": settings.rotation.gossip_key})
    consul: dict[str, ConsulDatacenter] = {}
    for region in platform.regions:
        consul[region] = platform.consul_datacenter(
            f"consul-{region}",
            {
                "region": regions[region].reference,
                "servers": settings.consul.servers,
                "other_regions": platform.peers(region),
                "gossip_key": gossip_key.value,
                "image": platform.regional_image(region, third_party["consul"]),
                "labels": labels,
            },
            platform.options(region, platform.released_before(region, consul)),
        )

    # One database serves all regions; on AWS it is there already.
    primary_region = platform.regions[0]
    # The primary of a group moves: in each region a proxy is its one address.
    proxy = own_program(PROXY, PROXY_SOURCE) if settings.mysql.topology == "group" else None
    mysql = platform.mysql(
        "mysql",
        mysql_arguments(platform, regions, consul, third_party["mysql"], ca, proxy),
        platform.options(primary_region),
    )

    # What services use beside it: a cache, a queue, any image of others, known to them by its name.
    accessories: dict[str, dict[str, Accessory]] = {}
    for name, accessory in settings.accessories.items():
        if accessory.image is not None:
            accessory_image, password = platform.prebuilt_image(name, {"reference": accessory.image}).image_id, None
        else:
            # Where the platform has it as a service, there is no image of it.
            accessory_image = third_party.get(accessory.kind, "")
            password = GeneratedPassword(f"{name}-password", {"rotation": settings.rotation.passwords}).value
        accessories[name] = {}
        for region in accessory.runs_in(platform.regions):
            accessories[name][region] = platform.accessory(
                f"{name}-{region}",
                accessory_arguments(
                    platform,
                    name,
                    accessory,
                    regions=regions,
                    region=region,
                    consul=consul[region],
                    image=accessory_image,
                    password=password,
                ),
                platform.options(region),
            )
    beside = [one for found in accessories.values() for one in found.values()]

    scheduled = any(service.schedules for service in settings.services.values())
    scheduler = own_program(SCHEDULER, SCHEDULER_SOURCE) if scheduled and not platform.HAS_SCHEDULER else None

    # A service is an image for each track, a schema, a document that it reads while it runs, and replicas: the stable
    # track and perhaps a canary, in each region, one region after the other.
    signing_keys = {
        name: SigningKeys(f"{name}-tokens", {"rotation": settings.rotation.tokens})
        for name, service in settings.services.items()
        if service.tokens is not None
    }
    service_images: dict[str, dict[str, Image]] = {}
    schemas: dict[str, ServiceDatabase] = {}
    services: dict[str, dict[str, dict[str, Microservice]]] = {}
    for name, service in settings.ordered_services():
        service_images[name] = {}
        for track in service.tracks():
            if track.image is not None:
                image = platform.prebuilt_image(f"{name}{track.suffix}", {"reference": track.image})
            elif track.context is not None:
                arguments = image_arguments(
                    name, service, track, golang_image(images["golang"], track.build.go), labels
                )
                image = platform.built_image(f"{name}{track.suffix}", arguments)
            else:
                # A canary that differs by its environment alone.
                image = service_images[name][STABLE]
            service_images[name][track.name] = image

        # SQL files are applied by a program of the stack's own.
        if (sql_files := migrations_folder(service, PROJECT)) is not None:
            service_images[name][MIGRATIONS] = platform.built_image(
                f"{name}-{MIGRATIONS}",
                migrations_image_arguments(stack, name, service, sql_files, images["golang"]["reference"], labels),
            )
        elif service.migrations is not None:
            service_images[name][MIGRATIONS] = platform.prebuilt_image(
                f"{name}-{MIGRATIONS}", {"reference": service.migrations.image or ""}
            )

        if service.own_schema is not None:
            schemas[name] = platform.service_database(
                f"{name}-database",
                service_database_arguments(
                    platform, name, service, mysql, regions[primary_region], service_images[name], accessories
                ),
                # Replicas read from the member of their region, whichever that is.
                platform.options(primary_region, mysql.resources),
            )
        owner = service.database_owner(name)

        runtime_configs: dict[str, pulumi.Resource] = {}
        document = service.document()
        for region in platform.regions if document is not None else []:
            runtime_configs[region] = platform.runtime_config(
                f"{name}-{region}-settings",
                {
                    "service": name,
                    "region": regions[region].reference,
                    "consul": consul[region].reference,
                    "document": document or "",
                    "labels": labels,
                },
                platform.options(region),
            )

        # Files that it keeps, in each region its own, and the same for all of its tracks and jobs there.
        volumes: dict[str, ServiceVolumes] = {}
        for region in platform.regions if service.volumes else []:
            volumes[region] = platform.service_volumes(
                f"{name}-{region}-volumes",
                {
                    "service": name,
                    "region": regions[region].reference,
                    "consul": consul[region].reference,
                    "volumes": service.volumes,
                    "replicas": service.replicas,
                    "volume_prefix": f"gostack-{stack}",
                    "labels": labels,
                },
                platform.options(region),
            )

        services[name] = {}
        for track in service.tracks():
            given = {
                region: microservice_arguments(
                    platform,
                    name,
                    service,
                    track,
                    region=regions[region],
                    consul=consul[region],
                    image=service_images[name][track.name],
                    mysql=mysql,
                    schema=schemas[owner] if owner is not None else None,
                    volumes=volumes.get(region),
                    accessories=accessories,
                    signing_keys=signing_keys.get(name),
                )
                for region in platform.regions
            }
            hooks = service.hooks if track.name == STABLE else Hooks()
            if hooks.before is not None:
                first = platform.hook(
                    f"{name}-hook-before",
                    service.tasks[hooks.before],
                    given[primary_region],
                    platform.options(primary_region, [*runtime_configs.values(), *beside]),
                )
                given[primary_region] = released_after(first, given[primary_region])

            replicas: dict[str, Microservice] = {}
            for region in platform.regions:
                # A release that does not get healthy in one region never reaches the next one; and a first replica
                # starts with the document in force.
                document_first = [runtime_configs[region]] if region in runtime_configs else []
                before = [*list(replicas.values())[-1:], *document_first, *beside]
                replicas[region] = platform.microservice(
                    track_name(name, region, track.suffix), given[region], platform.options(region, before)
                )
            services[name][track.name] = replicas

            if hooks.after is not None:
                last = platform.options(primary_region, list(replicas.values())[-1:])
                platform.hook(f"{name}-hook-after", service.tasks[hooks.after], given[primary_region], last)

            # Once over all regions, with the image of the release that is healthy in the last one.
            for region in platform.scheduling_regions if track.name == STABLE and service.schedules else []:
                platform.scheduled_tasks(
                    f"{name}-schedules-{region}",
                    {
                        **given[region],
                        "schedules": service.schedules,
                        "tasks": service.tasks,
                        "scheduler_image": scheduler.image_id if scheduler is not None else "",
                    },
                    platform.options(region, list(replicas.values())[-1:]),
                )

    # Clients come in through one Nginx a region, which asks Consul where the replicas are.
    certificate = Certificate(
        "ingress-certificate",
        {
            "ca_key_pair": ca.key_pair,
            "names": certificate_names(settings),
            "lifetime_days": settings.certificates.lifetime_days,
            "in_advance": settings.certificates_in_advance,
            "rotation": settings.rotation.certificates,
        },
    )
    # Others follow without an update: those that were signed in advance, or those of an authority that every client
    # trusts.
    certificate_client = None
    if settings.has_certificate_client:
        client_image = own_program(CERTIFICATE_CLIENT, CLIENT_SOURCE)
        certificate_client = platform.certificate_client(
            "certificates",
            certificate_client_arguments(platform, certificate, regions, consul, client_image, ca),
            platform.options(primary_region),
        )
    # What was signed anew is handed out before an ingress asks; an order by ACME delays none.
    signed_first = [certificate_client] if certificate_client is not None and settings.certificates.acme is None else []
    # Bearer tokens are verified by a program of the stack's own beside each Nginx.
    verifier = None
    if token_logins(settings.ingress.logins):
        verifier_image = own_program(VERIFIER, VERIFIER_SOURCE).image_id
        verifier = token_verifier_arguments(settings, PROJECT, verifier_image, signing_keys)
    # Who logs in with an issuer of OpenID Connect has a session that is good in every region: its key is the same.
    login_proxies: list[Microservice] = []
    for name in oidc_logins(settings.ingress.logins):
        sessions = GeneratedPassword(f"login-{name}-sessions", {"rotation": settings.rotation.sessions})
        made: list[Microservice] = []
        for region in platform.regions:
            arguments = login_proxy_arguments(
                platform,
                PROJECT,
                name,
                region=regions[region],
                consul=consul[region],
                image=third_party[login_proxy.IMAGE],
                cookie_secret=sessions.value,
            )
            made.append(
                platform.microservice(
                    f"{login_proxy.login_service(name)}-{region}", arguments, platform.options(region, made[-1:])
                )
            )
        login_proxies += made
    # No client is sent to a canary that is not there yet.
    canaries = [replicas for tracks in services.values() for replicas in tracks.get(CANARY, {}).values()]
    files = edge_files(settings, PROJECT)
    ingresses: dict[str, Ingress] = {}
    for region in platform.regions:
        entry: IngressArgs = {
            "region": regions[region].reference,
            "consul": consul[region].reference,
            "image": platform.regional_image(region, third_party["nginx"]),
            "configuration": ingress_configuration(settings, region, platform.peers(region)),
            "certificate": certificate.certificate,
            "private_key": certificate.private_key,
            "edge_files": files,
            "token_verifier": verifier,
            "http_port": settings.regions[region].http_port,
            "memory_mib": settings.ingress.memory_mib,
            "labels": labels,
        }
        if certificate_client is not None:
            entry["certificate_source"] = certificate_client.connection
        ingresses[region] = platform.ingress(
            f"ingress-{region}",
            entry,
            platform.options(
                region, [*canaries, *login_proxies, *signed_first, *platform.released_before(region, ingresses)]
            ),
        )
    url = platform.dns(ingresses)

    # Services send their spans to an address that is the same everywhere, and nobody waits for whoever takes them: it
    # comes last, so that clients are served even where it does not come up.
    telemetry = None
    if settings.has_telemetry:
        collector, console = own_program(COLLECTOR, COLLECTOR_SOURCE), own_program(CONSOLE, CONSOLE_SOURCE)
        telemetry = platform.telemetry(
            "telemetry",
            telemetry_arguments(platform, regions, consul, mysql, third_party, collector, console),
            platform.options(primary_region, list(ingresses.values())),
        )

    return outputs(
        settings,
        url=url,
        ca_certificate=ca.certificate,
        images=images,
        consul=consul,
        mysql=mysql,
        service_images=service_images,
        services=services,
        ingresses=ingresses,
        telemetry=telemetry,
    )

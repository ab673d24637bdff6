"""The way into a region: Nginx with TLS, which learns from Consul where the replicas are."""

import re
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_docker as docker

from components.certificate_client.args import CertificateSource
from components.consul.docker_agent import ConsulAgent
from components.demands import TOKEN_VERIFIER
from components.docker.container import ContainerSpec, HealthCheck, hardened_container
from components.docker.files import secrets_mount, secrets_volume
from components.docker.pod import Pod
from components.docker.volumes import volume_labels
from components.ingress import HTTP_PORT, HTTPS_PORT, IPV6_HTTP_PORT, IPV6_HTTPS_PORT, IPV6_LOOPBACK, render_ingress
from components.ingress.args import IngressArgs
from components.ingress.releases import INGRESS_HEALTH, RELEASE_HEALTH, RELEASES
from components.ingress.token_verifier import READY, verifier_environment
from components.names import CALLED_PORT
from components.text import script

# The official image's user `nginx`; the volume in memory must belong to it.
NGINX_USER = 101

EVERYWHERE = "0.0.0.0"

CERTIFICATE_SECONDS = 10
"""Time in seconds after which an ingress asks again whether there is another certificate."""

SCRATCH_MIB = 32
"""Memory in MiB for the scratch folder of an Nginx, which writes no body there."""
_FILE_NAME = re.compile(r"[a-z0-9_][a-z0-9_.-]*(/[a-z0-9_][a-z0-9_.-]*)*")
_ESCAPED = {"_": "__", ".": "_0", "-": "_1", "/": "_2"}


class DockerIngressArgs(IngressArgs):
    """Inputs of an ingress on Docker."""

    bind_addresses: Sequence[str]
    """Addresses of this machine on which the ports listen."""


class Ingress(pulumi.ComponentResource):
    """Terminates TLS and spreads requests over the healthy replicas, its own region's first."""

    url: pulumi.Output[str]
    """URL of the region's entry."""

    address: pulumi.Output[str]
    """Host and port at which this machine reaches it."""

    def __init__(self, name: str, args: DockerIngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:Ingress", name, {}, opts)
        region, configuration = args["region"], args["configuration"]
        labels = {**args["labels"], "gostack.region": region["region"], "gostack.service": "ingress"}
        releases = docker.Volume(
            f"{name}-releases",
            driver="local",
            # In memory, so that a private key that the certificate client has given is never written to a disk.
            driver_opts={
                "type": "tmpfs",
                "device": "tmpfs",
                "o": f"size=16m,uid={NGINX_USER},gid={NGINX_USER},mode=0700",
            },
            labels=volume_labels(labels),
            opts=pulumi.ResourceOptions(parent=self),
        )
        pod = Pod(
            f"{name}-pod",
            {
                "networks": [region["network"], region["backbone_network"]],
                "pause_image": region["pause_image"],
                "host_names": [ingress_host_name(region["region"])],
                "ports": [
                    port
                    for address in args["bind_addresses"]
                    for port in (
                        _port(_inside(HTTPS_PORT, address), configuration.https_port, address),
                        _port(_inside(HTTP_PORT, address), args["http_port"], address),
                    )
                ],
                "labels": labels,
            },
            pulumi.ResourceOptions(parent=self),
        )
        agent = ConsulAgent(
            f"{name}-discovery",
            {
                "network_mode": pod.network_mode,
                "node": f"ingress-{region['region']}",
                "region": region,
                "consul": args["consul"],
                "services": [],
                "replaced_with_pod": False,
                "drain_seconds": 0,
                "start_seconds": 60,
                "labels": labels,
            },
            pulumi.ResourceOptions(parent=self),
        )
        server = hardened_container(
            f"{name}-nginx",
            nginx_spec(args["image"], args["memory_mib"], releases.name, labels, role="nginx"),
            parent=self,
            network_mode=pod.network_mode,
            # Both listen on the same ports while one takes over from the other.
            create_first=True,
            depends_on=[agent],
        )
        verifiers: list[docker.Container] = []
        if (verifier := args["token_verifier"]) is not None:
            spec = ContainerSpec(
                image=verifier["image"],
                labels=labels,
                role="token-verifier",
                memory_mib=TOKEN_VERIFIER.memory_limit_mib,
                environment=verifier_environment(verifier),
                health=HealthCheck(test=["CMD", *READY], wait_seconds=30),
                stop_seconds=2,
            )
            verifiers.append(
                hardened_container(
                    f"{name}-token-verifier",
                    spec,
                    parent=self,
                    network_mode=pod.network_mode,
                    # Another configuration has another port.
                    create_first=True,
                )
            )
        files: ConfigurationReleaseArgs = {
            "network_mode": pod.network_mode,
            "image": args["image"],
            "volume": releases.name,
            # The engine's DNS maps no port, so that Nginx itself listens on the one of the names; in a container's
            # network namespace every user may (net.ipv4.ip_unprivileged_port_start, since Docker 20.10).
            "files": {
                **render_ingress(args["configuration"], internal_port=CALLED_PORT),
                "certificate.pem": args["certificate"],
            },
            "secret_files": {"private_key.pem": args["private_key"], **args["edge_files"]},
            "labels": labels,
        }
        if "certificate_source" in args:
            files["certificate_source"] = args["certificate_source"]
        release = ConfigurationRelease(
            f"{name}-release",
            files,
            pulumi.ResourceOptions(parent=self, depends_on=[server, *verifiers]),
        )
        # Not as soon as the release is in force: a preview of every route would show whoever follows it replaced.
        self._releases = releases.name
        host, https_port = configuration.hosts[0], configuration.https_port
        port = "" if https_port == 443 else f":{https_port}"
        self.url = release.identity.apply(lambda _: f"https://{host}{port}")
        address = args["bind_addresses"][0]
        reached = "127.0.0.1" if address == EVERYWHERE else address
        self.address = release.identity.apply(lambda _: f"{reached}:{https_port}")
        self.register_outputs({"url": self.url, "address": self.address})

    @property
    def releases(self) -> pulumi.Output[str]:
        """Volume with the configuration releases."""
        return self._releases


def ingress_host_name(region: str) -> str:
    """Return the name under which the region's network and the backbone know its ingress."""
    return f"ingress-{region}"


def nginx_spec(
    image: pulumi.Input[str], memory_mib: int, releases: pulumi.Input[str], labels: Mapping[str, str], *, role: str
) -> ContainerSpec:
    """Return what the container of an Nginx is made of that follows the releases in a volume."""
    return ContainerSpec(
        image=image,
        labels=labels,
        role=role,
        memory_mib=memory_mib,
        scratch_mib=SCRATCH_MIB,
        user="nginx",
        entrypoint=["/bin/sh", "-c"],
        command=[script("ingress/ingress.sh")],
        volumes=[docker.ContainerVolumeArgs(volume_name=releases, container_path=RELEASES)],
        health=HealthCheck(test=["CMD-SHELL", INGRESS_HEALTH], wait_seconds=30),
        stop_signal="SIGQUIT",
        stop_seconds=40,
    )


class ConfigurationReleaseArgs(TypedDict):
    """Inputs of a configuration release."""

    network_mode: pulumi.Input[str]
    """`Pod.network_mode` of the ingress."""

    image: pulumi.Input[str]
    """Image of Nginx, which judges the files."""

    volume: pulumi.Input[str]
    """Volume with the releases."""

    files: Mapping[str, pulumi.Input[str]]
    """Path in the release to text, none of them a secret. One text has at most 128 KiB."""

    secret_files: Mapping[str, pulumi.Input[str]]
    """Path in the release to text that is a secret or may be one."""

    certificate_source: NotRequired[CertificateSource]
    """Where other certificates than that of the files come from; the release follows them."""

    labels: Mapping[str, str]
    """Labels of the container, that of the region among them."""


class ConfigurationRelease(pulumi.ComponentResource):
    """Nginx's files, put in force without replacing Nginx: tested, made current in one step, loaded.

    Files that Nginx refuses fail the update, and the ones in force stay.
    """

    identity: pulumi.Output[str]
    """Identity of the release."""

    def __init__(self, name: str, args: ConfigurationReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:ConfigurationRelease", name, {}, opts)
        secrets = secrets_volume(name, _secrets(args), image=args["image"], labels=args["labels"], parent=self)
        container = hardened_container(
            f"{name}-files",
            ContainerSpec(
                image=args["image"],
                labels=args["labels"],
                role="configuration",
                memory_mib=64,
                user="nginx",
                entrypoint=["/bin/sh", "-c"],
                command=[script("ingress/release.sh")],
                environment={
                    "FILES": " ".join(sorted([*args["files"], *args["secret_files"]])),
                    **{variable_name(file): text for file, text in args["files"].items()},
                    **_followed(args),
                },
                volumes=[
                    docker.ContainerVolumeArgs(volume_name=args["volume"], container_path=RELEASES),
                    secrets_mount(secrets),
                ],
                health=HealthCheck(test=["CMD-SHELL", RELEASE_HEALTH], wait_seconds=30, start_period_seconds=20),
                stop_seconds=2,
            ),
            parent=self,
            network_mode=args["network_mode"],
            create_first=True,
        )
        self.identity = container.id
        self.register_outputs({"identity": self.identity})


def _secrets(args: ConfigurationReleaseArgs) -> dict[str, pulumi.Input[str]]:
    token = {"CERTIFICATE_TOKEN": args["certificate_source"]["token"]} if "certificate_source" in args else {}
    return {**{variable_name(file): text for file, text in args["secret_files"].items()}, **token}


def _followed(args: ConfigurationReleaseArgs) -> dict[str, pulumi.Input[str]]:
    """The variables by which a release follows the certificates of a client."""
    if "certificate_source" not in args:
        return {}
    source = args["certificate_source"]
    return {
        "CERTIFICATE_URL": source["url"],
        "CERTIFICATE_CA": source["ca_certificate"],
        "CERTIFICATE_SECONDS": str(CERTIFICATE_SECONDS),
        "REGION": args["labels"]["gostack.region"],
    }


def variable_name(file: str) -> str:
    """Return the variable, or the file of secrets, that carries a file of a release: another one for each file.

    Raises ValueError for what is no relative path of lower-case letters, digits, `.`, `-` and `_`.
    """
    if not _FILE_NAME.fullmatch(file):
        raise ValueError(f"{file!r} cannot be a file of a release")
    return f"FILE_{''.join(_ESCAPED.get(letter, letter) for letter in file).upper()}"


def _inside(port: int, address: str) -> int:
    ipv6 = {HTTP_PORT: IPV6_HTTP_PORT, HTTPS_PORT: IPV6_HTTPS_PORT}
    return ipv6[port] if address == IPV6_LOOPBACK else port


def _port(internal: int, external: int, address: str) -> docker.ContainerPortArgs:
    return docker.ContainerPortArgs(internal=internal, external=external, ip=address, protocol="tcp")

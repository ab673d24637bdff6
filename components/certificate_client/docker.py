"""The certificate client of a stack on Docker: one pod on the network between the regions."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_docker as docker

from components.certificate_client.args import (
    CERTIFICATE_CLIENT,
    CERTIFICATE_PORT,
    CHALLENGE_PORT,
    CertificateClientArgs,
    CertificateSource,
)
from components.certificates import Certificate
from components.docker.container import ContainerSpec, HealthCheck, hardened_container
from components.docker.files import file_mounts
from components.docker.pod import Pod
from components.docker.volumes import kept_volume, opened_volume
from components.secrets import GeneratedPassword, StateKey

_STATE = "/data"
_CONFIGURATION = "/etc/gostack/certificates.json"
_VOLUME_OWNER = "gostack-acme"
_START_SECONDS = 60


class CertificateClient(pulumi.ComponentResource):
    """Hands the certificate of all ingresses to them, and in time the next one: no update is needed.

    By ACME it orders them. Account and private key are in a volume, encrypted with a key that is in the stack's state.
    Who can read the whole disk of the machine reads both; who gets the volume, or a copy of it, reads nothing.

    Those of the stack's own authority it has from the update that signed them in advance: the authority's key stays in
    the encrypted state.
    """

    connection: CertificateSource
    """How an ingress gets the certificate."""

    def __init__(self, name: str, args: CertificateClientArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:CertificateClient", name, {}, opts)
        region, labels = args["regions"][0], {**args["labels"], "gostack.service": CERTIFICATE_CLIENT}
        token = GeneratedPassword(
            f"{name}-token", {"rotation": args["rotation"]}, pulumi.ResourceOptions(parent=self)
        ).value
        own = Certificate(
            f"{name}-certificate",
            {
                "ca_key_pair": args["ca_key_pair"],
                "names": [CERTIFICATE_CLIENT],
                "lifetime_days": args["lifetime_days"],
                "rotation": args["authority_rotation"],
            },
            pulumi.ResourceOptions(parent=self),
        )
        source, volumes = self._source(name, args, labels)
        configuration = pulumi.Output.secret(
            pulumi.Output.json_dumps(
                {
                    **source,
                    "names": args["names"],
                    "regions": [one["region"] for one in args["regions"]],
                    "token": token,
                    "certificate": own.certificate,
                    "private_key": own.private_key,
                    "listen": f":{CHALLENGE_PORT}",
                    "listen_tls": f":{CERTIFICATE_PORT}",
                },
                sort_keys=True,
            )
        )
        pod = Pod(
            f"{name}-pod",
            {
                "networks": [region["backbone_network"]],
                "pause_image": region["pause_image"],
                "host_names": [CERTIFICATE_CLIENT],
                "labels": labels,
            },
            pulumi.ResourceOptions(parent=self),
        )
        program = hardened_container(
            f"{name}-program",
            ContainerSpec(
                image=args["image"],
                role="certificates",
                labels=labels,
                memory_mib=64,
                cpus=1.0,
                volumes=[
                    *volumes,
                    *file_mounts(
                        name,
                        {_CONFIGURATION: {"content": configuration}},
                        image=args["consul"]["image"],
                        labels=labels,
                        parent=self,
                    ),
                ],
                health=HealthCheck(test=["CMD", "/service", "health"], wait_seconds=_START_SECONDS),
            ),
            parent=self,
            network_mode=pod.network_mode,
            # Two of them would order twice.
            create_first=False,
        )
        self.connection = {
            "url": f"https://{CERTIFICATE_CLIENT}:{CERTIFICATE_PORT}/certificate",
            "ca_certificate": args["ca_certificate"],
            "token": token,
        }
        self.register_outputs({"program": program.id})

    def _source(
        self, name: str, args: CertificateClientArgs, labels: Mapping[str, str]
    ) -> tuple[dict[str, Any], list[docker.ContainerVolumeArgs]]:
        """Where its certificates come from, as its configuration has it, and the volume that it takes."""
        if (order := args.get("order")) is None:
            return {"series": pulumi.Output.secret(args["series"]).apply(json.loads)}, []
        key = StateKey(f"{name}-state-key", {"rotation": args["rotation"]}, pulumi.ResourceOptions(parent=self)).value
        # Name and labels are those that it was first made with: the engine gives a volume that exists no others.
        first = {**labels, "gostack.service": _VOLUME_OWNER}
        kept = kept_volume(f"{name}-data", f"{args['volume_prefix']}-acme", _VOLUME_OWNER, first, self)
        opened = opened_volume(name, kept, args["consul"]["image"], labels, self, kept=True)
        volume = docker.ContainerVolumeArgs(volume_name=opened, container_path=_STATE)
        return {**order, "state": _STATE, "state_key": key}, [volume]

"""The ACME client of a stack on Docker: one pod on the network between the regions."""

import pulumi
import pulumi_docker as docker

from components.acme.args import ACME, CERTIFICATE_PORT, CHALLENGE_PORT, AcmeClientArgs, AcmeConnection
from components.certificates import Certificate
from components.docker.container import ContainerSpec, HealthCheck, hardened_container
from components.docker.files import file_mounts
from components.docker.pod import Pod
from components.docker.volumes import kept_volume, opened_volume
from components.secrets import GeneratedPassword, StateKey

_STATE = "/data"
_CONFIGURATION = "/etc/gostack/acme.json"
_START_SECONDS = 60


class DockerAcmeClientArgs(AcmeClientArgs):
    """Inputs of an ACME client on Docker."""

    pause_image: pulumi.Input[str]
    """Image that holds a pod's network namespace."""


class AcmeClient(pulumi.ComponentResource):
    """Orders the certificate of all ingresses, renews it, and hands it to them: no update is needed.

    Its account and the private key are in a volume, encrypted with a key that is in the stack's state. Who can read the
    whole disk of the machine reads both; who gets the volume, or a copy of it, reads nothing.
    """

    connection: AcmeConnection
    """How an ingress gets the certificate."""

    def __init__(self, name: str, args: DockerAcmeClientArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:AcmeClient", name, {}, opts)
        region, labels = args["regions"][0], {**args["labels"], "gostack.service": ACME}
        token = GeneratedPassword(
            f"{name}-token", {"rotation": args["rotation"]}, pulumi.ResourceOptions(parent=self)
        ).value
        key = StateKey(f"{name}-state-key", {"rotation": args["rotation"]}, pulumi.ResourceOptions(parent=self)).value
        own = Certificate(
            f"{name}-certificate",
            {
                "ca_key_pair": args["ca_key_pair"],
                "names": [ACME],
                "lifetime_days": args["lifetime_days"],
                "rotation": args["authority_rotation"],
            },
            pulumi.ResourceOptions(parent=self),
        )
        configuration = pulumi.Output.secret(
            pulumi.Output.json_dumps(
                {
                    **args["order"],
                    "regions": [one["region"] for one in args["regions"]],
                    "state_key": key,
                    "token": token,
                    "certificate": own.certificate,
                    "private_key": own.private_key,
                    "state": _STATE,
                    "listen": f":{CHALLENGE_PORT}",
                    "listen_tls": f":{CERTIFICATE_PORT}",
                },
                sort_keys=True,
            )
        )
        shell = args["consul"]["image"]
        kept = kept_volume(f"{name}-data", f"{args['volume_prefix']}-acme", ACME, labels, self)
        pod = Pod(
            f"{name}-pod",
            {
                "networks": [region["backbone_network"]],
                "pause_image": args["pause_image"],
                "host_names": [ACME],
                "labels": labels,
            },
            pulumi.ResourceOptions(parent=self),
        )
        program = hardened_container(
            f"{name}-program",
            ContainerSpec(
                image=args["image"],
                role="acme",
                labels=labels,
                memory_mib=64,
                cpus=1.0,
                volumes=[
                    docker.ContainerVolumeArgs(
                        volume_name=opened_volume(name, kept, shell, labels, self, kept=True), container_path=_STATE
                    ),
                    *file_mounts(
                        name, {_CONFIGURATION: {"content": configuration}}, image=shell, labels=labels, parent=self
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
            "url": f"https://{ACME}:{CERTIFICATE_PORT}/certificate",
            "ca_certificate": args["ca_certificate"],
            "token": token,
        }
        self.register_outputs({"program": program.id})

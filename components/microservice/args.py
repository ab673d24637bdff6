"""The replicas of a service in one region."""

from collections.abc import Mapping, Sequence
from typing import NotRequired

import pulumi

from components.consul.args import RegionalArgs
from components.files import GivenFile
from components.microservice.workload import Workload


class MicroserviceArgs(RegionalArgs):
    """Inputs of one track of a service in one region."""

    service: str
    """Name of the service."""

    track: str
    """`stable`, or the name of another track of the same service."""

    image: pulumi.Input[str]
    """Image of the service."""

    version: pulumi.Input[str]
    """Version of the service, in its variable SERVICE_VERSION."""

    workload: Workload
    """What every replica of the service is."""

    replicas: int
    """Number of replicas."""

    environment: Mapping[str, pulumi.Input[str]]
    """Environment variables, none of them a secret."""

    secrets: Mapping[str, pulumi.Input[str]]
    """Environment variables that are secrets; on Kubernetes they come from a Secret."""

    given_files: NotRequired[Mapping[str, GivenFile]]
    """Path to a file that the program finds there, for secrets too."""

    region_volumes: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Path to the volume, or on Kubernetes the claim, that all programs of the service in the region share."""

    replica_volumes: NotRequired[Sequence[Mapping[str, pulumi.Input[str]]]]
    """For each replica, path to the volume or claim that is its own."""

    arguments: NotRequired[Sequence[pulumi.Input[str]]]
    """Arguments in the place of the workload's."""

    otlp_endpoint: NotRequired[str]
    """On Docker: URL that takes spans by OTLP over HTTP; where it is not given, nobody takes them."""

    database_networks: NotRequired[Sequence[pulumi.Input[str]]]
    """On Kubernetes: networks in CIDR notation with a database that is no pod of the stack."""

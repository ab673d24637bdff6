"""The foundation of a stack on one Kubernetes cluster that exists already, named by kubeconfig and context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi
import pulumi_docker as docker
import pulumi_kubernetes as kubernetes

from components.args import LoadBalancerArgs
from infra.foundation import Database, first_url
from infra.kubeconfig import chosen_context
from infra.platforms import Ingress
from infra.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent.parent


class ClusterFoundation:
    """One cluster, which holds every region in a namespace of its own; the stack runs its own database."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        cluster = settings.cluster()
        self._provider = kubernetes.Provider(
            "cluster",
            # The text, never a path or the ambient file: what runs against which cluster is decided here alone.
            kubeconfig=pulumi.Output.secret(chosen_context(PROJECT / cluster.kubeconfig, cluster.context)),
            context=cluster.context,
            # Renewed credentials of the same cluster are no reason to make everything anew.
            cluster_identifier=cluster.context,
            # A namespace outlives its stack, because the disks are in it: the next `up` takes it over.
            upsert_existing_objects=True,
            # What somebody edited by hand is put right by the next `up`, and no reason for it to fail.
            enable_patch_force=True,
        )
        self._engine = pushing_engine(settings.registry) if settings.needs_engine() else None

    def backbone(self) -> pulumi.Input[str]:
        """Return nothing: the cluster's network joins all namespaces."""
        return ""

    def options(self, region: str, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return options with the cluster's provider."""
        del region
        return pulumi.ResourceOptions(provider=self._provider, depends_on=list(depends_on) or None)

    def image_options(self) -> pulumi.ResourceOptions:
        """Return options with the provider of this machine's Docker engine, which may push to the registry."""
        return pulumi.ResourceOptions(provider=self._engine)

    def joined(self, region: str) -> list[str]:
        """Return all other regions: they are in the same cluster."""
        return [other for other in self._settings.ordered_regions() if other != region]

    def image(self, region: str, image: pulumi.Input[str]) -> pulumi.Input[str]:
        """Return the image as it is: all regions pull from the same place."""
        del region
        return image

    def database(self, client_image: pulumi.Input[str]) -> Database | None:
        """Return None: the stack runs its own."""
        del client_image
        return None

    def load_balancer(self, region: str) -> LoadBalancerArgs | None:
        """Return None: the cluster's own defaults."""
        del region
        return None

    def publish(self, ingresses: Mapping[str, Ingress]) -> pulumi.Input[str]:
        """Return the first region's URL."""
        return first_url(ingresses)


def pushing_engine(registry: str) -> docker.Provider:
    """Return the Docker engine of this machine, with the credentials of `docker login` for a registry (host/prefix).

    A registry on this machine itself has none, and speaks plain HTTP.
    """
    host = registry.partition("/")[0]
    if host.partition(":")[0] in ("localhost", "127.0.0.1"):
        login = docker.ProviderRegistryAuthArgs(address=f"http://{host}", auth_disabled=True)
    else:
        login = docker.ProviderRegistryAuthArgs(address=host)
    return docker.Provider("engine", registry_auth=[login])

"""`gostack offline`: what only a machine without registries needs, and the Go programs that are built here."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tools.gostack.cli.guard import add
from tools.gostack.cli.options import Purge
from tools.gostack.environment.locations import PROJECT_ROOT

app = typer.Typer(no_args_is_help=True, help="What only a machine without registries needs.")
cluster = typer.Typer(no_args_is_help=True, help="A real Kubernetes cluster on this machine (root).")


class Program(StrEnum):
    """A Go program that is built from its pinned module."""

    ACTIONLINT = "actionlint"
    COSIGN = "cosign"
    CRANE = "crane"
    DOCKER_COMPOSE = "docker-compose"
    GRYPE = "grype"
    KUBE_SCORE = "kube-score"
    STATICCHECK = "staticcheck"
    SYFT = "syft"
    VEGETA = "vegeta"
    VMALERT_TOOL = "vmalert-tool"


def toolchain() -> int:
    """Print the folder of the Pulumi toolchain, fetched or built if need be."""
    from tools.gostack.environment.progress import Progress
    from tools.gostack.environment.toolchain import ensure_toolchain

    print(ensure_toolchain(PROJECT_ROOT, Progress()).bin_folder)
    return 0


def program(name: Annotated[Program, typer.Argument(help="Its name.")]) -> int:
    """Print the path of a Go program, built if need be."""
    from tools.gostack.environment.progress import Progress
    from tools.offline.toolchain import programs

    print(getattr(programs, name.value.replace("-", "_"))(PROJECT_ROOT, Progress()))
    return 0


def engine() -> int:
    """Print the address of the Docker engine, installed and started if need be."""
    from tools.gostack.environment.docker_engine import ensure_engine
    from tools.gostack.environment.progress import Progress

    print(ensure_engine(Progress()).endpoint)
    return 0


def remove_images() -> int:
    """Remove the images that were built here in place of registries' own; the next `up` decides anew."""
    from tools.gostack.images.resolve import remove_stand_ins

    remove_stand_ins(progress=print)
    return 0


def cluster_up() -> int:
    """Bring the cluster up, or start what does not run."""
    from tools.offline.cluster.commands import up

    return up()


def cluster_down(purge: Purge = False) -> int:
    """Stop the cluster and remove it from this machine; --purge removes volumes, images and objects too."""
    from tools.offline.cluster.commands import down

    return down(purge=purge)


def cluster_status() -> int:
    """Say what runs, and how much memory it takes."""
    from tools.offline.cluster.commands import status

    return status()


def cluster_stop_node(node: Annotated[str, typer.Argument(help="For example node-2.")]) -> int:
    """Take a node away as if its machine had lost power; `up` brings it back."""
    from tools.offline.cluster.commands import stop_node

    return stop_node(node)


for _function in (toolchain, program, engine, remove_images):
    add(app, _function)
for _function in (cluster_up, cluster_down, cluster_status, cluster_stop_node):
    add(cluster, _function, name=_function.__name__.removeprefix("cluster_").replace("_", "-"))
app.add_typer(cluster, name="cluster")

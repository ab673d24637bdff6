"""What a mutation is, and which tests are asked about it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]

_COMPONENTS = "tests/components"
_DOCKER = (
    f"{_COMPONENTS}/test_docker_network.py",
    f"{_COMPONENTS}/test_docker_microservice.py",
    f"{_COMPONENTS}/test_docker_consul.py",
    f"{_COMPONENTS}/test_docker_ingress.py",
    f"{_COMPONENTS}/test_docker_mysql.py",
    f"{_COMPONENTS}/test_shared.py",
)
_KUBERNETES = (
    f"{_COMPONENTS}/test_kubernetes_region.py",
    f"{_COMPONENTS}/test_kubernetes_microservice.py",
    f"{_COMPONENTS}/test_kubernetes_ingress.py",
    f"{_COMPONENTS}/test_kubernetes_mysql.py",
    f"{_COMPONENTS}/test_shared.py",
)
_AWS = (
    f"{_COMPONENTS}/test_aws_network.py",
    f"{_COMPONENTS}/test_aws_cluster.py",
    f"{_COMPONENTS}/test_aws_database.py",
)

TESTS: dict[str, tuple[str, ...]] = {
    "components/aws/*": (*_AWS, "tests/graph/aws", "tests/unit/test_aws_rendering.py"),
    "*.sh": (f"{_COMPONENTS}/test_scripts.py", "tests/unit/test_scripts.py"),
    "components/*docker*": (*_DOCKER, "tests/graph/test_jobs.py", "tests/graph/test_promises.py"),
    "components/*kubernetes*": (
        *_KUBERNETES,
        "tests/graph/test_kubernetes.py",
        "tests/graph/test_kubernetes_network.py",
    ),
    "components/ingress/*": (f"{_COMPONENTS}/test_nginx.py", "tests/unit/test_ingress.py"),
    "components/mysql/*.j2": ("tests/unit/test_rendering.py", "tests/unit/test_mysql_group.py"),
    "components/*/configuration.py": (
        "tests/unit/test_rendering.py",
        f"{_COMPONENTS}/test_docker_mysql.py",
        f"{_COMPONENTS}/test_docker_consul.py",
        f"{_COMPONENTS}/test_docker_microservice.py",
        "tests/graph/test_mysql_group.py",
    ),
    "components/*": (*_DOCKER, *_KUBERNETES),
    "infra/settings/*": ("tests/unit/test_settings_mistakes.py", "tests/unit/test_settings.py"),
    "infra/*": (
        "tests/graph/test_shape.py",
        "tests/graph/test_dynamic_configuration.py",
        "tests/graph/test_promises.py",
        "tests/graph/test_kubernetes.py",
    ),
}
"""Pattern of a path, the first that fits, to the tests that are run, in their order. None of them reads
`tests/graph/golden`."""


@dataclass(frozen=True)
class Mutation:
    """One wrong line of the program."""

    name: str
    file: str
    old: str
    """What is replaced; it stands in the file exactly once."""

    new: str
    breaks: str
    """The promise that no longer holds."""

    def mutated(self, text: str) -> str:
        """The text of the file with the mutation; raises ValueError when the old text is not there exactly once."""
        found = text.count(self.old)
        if found != 1:
            raise ValueError(f"{self.name}: {self.file} holds {self.old!r} {found} times: correct tests/mutations")
        return text.replace(self.old, self.new)

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests that are asked about it."""
        return next(tests for pattern, tests in TESTS.items() if fnmatch(self.file, pattern))


def catalogue() -> list[Mutation]:
    """Every mutation of catalogue.yaml: file, name, and what is wrong then."""
    files = yaml.safe_load((Path(__file__).parent / "catalogue.yaml").read_text(encoding="utf-8"))
    return [Mutation(name, file, **parts) for file, found in files.items() for name, parts in found.items()]


@dataclass(frozen=True)
class Outcome:
    """What became of a mutation."""

    mutation: Mutation
    caught_by: str
    """The first test that failed; empty for a survivor."""

    cpu_seconds: float
    """Time on a processor that its tests took."""

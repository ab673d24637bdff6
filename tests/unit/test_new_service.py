"""A new service is a module that compiles and passes its test, and an entry that leaves the stack file as it was.

Does not prove that it runs in a stack: tests/integration/test_21_verbs.py brings one up.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from infra.settings import load_stack_file
from tools.gostack.environment.errors import UserError
from tools.gostack.new.command import GREETER, new_service, with_service
from tools.gostack.new.kind import Kind

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path in ("Pulumi.dev.yaml", "Pulumi.yaml"):
        shutil.copy(PROJECT / path, tmp_path / path)
    for path in ("services/users", str(GREETER)):
        shutil.copytree(PROJECT / path, tmp_path / path)
    shutil.copy(PROJECT / "services" / "Dockerfile", tmp_path / "services" / "Dockerfile")
    shutil.copy(tmp_path / "Pulumi.dev.yaml", tmp_path / "Pulumi.other.yaml")
    return tmp_path


@pytest.mark.parametrize("kind", list(Kind))
def test_a_new_service_passes_its_test_and_fits_into_the_stack(project: Path, kind: Kind) -> None:
    assert new_service(project, "shop-cart", kind, ["dev", "other"]) == 0
    folder = project / "services" / "shop-cart"
    assert (folder / "go.mod").read_text().startswith("module example.com/shop-cart\n")
    assert len((folder / "README.md").read_text().splitlines()) == 10
    for stack in ("dev", "other"):
        service = load_stack_file(project / f"Pulumi.{stack}.yaml", project).services["shop-cart"]
        assert service.kind == ("worker" if kind is Kind.WORKER else "service")
        assert bool(service.routes) is (kind is not Kind.WORKER)
    if shutil.which("go") is None:
        pytest.skip("there is no go here to compile it")
    unformatted = subprocess.run(["gofmt", "-l", "."], cwd=folder, capture_output=True, text=True, check=True)
    assert unformatted.stdout == ""
    done = subprocess.run(["go", "test", "./..."], cwd=folder, capture_output=True, text=True, check=False)
    if "dial tcp" in done.stderr or "403 Forbidden" in done.stderr:
        pytest.skip("a module is not here and no proxy gives it")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_line_of_the_stack_file_stays(project: Path) -> None:
    before = (project / "Pulumi.dev.yaml").read_text().splitlines()
    with (project / "Pulumi.dev.yaml").open() as reader:
        new_service(project, "cart", Kind.HTTP, ["dev"])
        # Whoever reads it meanwhile has all of what was there.
        assert reader.read().splitlines() == before
    after = (project / "Pulumi.dev.yaml").read_text().splitlines()
    assert after[: len(before)] == before
    assert after[len(before)] == "    cart:"
    assert "        - path: /cart" in after


def test_a_path_that_is_taken_is_left_to_its_service() -> None:
    text = "config:\n  gostack:services:\n    shop:\n      image: shop:1\n      routes:\n        - path: /cart # ours\n"
    text += "        # of the shop\n  # of nobody\n  gostack:platform: docker"
    lines = with_service(text, "Pulumi.dev.yaml", "cart", Kind.HTTP).splitlines()
    assert lines[5:9] == [
        "        - path: /cart # ours",
        "        # of the shop",
        "    cart:",
        "      context: services/cart",
    ]
    assert "        - path: /cart-2" in lines
    assert lines[-2:] == ["  # of nobody", "  gostack:platform: docker"]


def test_a_file_without_a_place_for_lines_gets_none() -> None:
    text = "config:\n  gostack:services: {shop: {image: 'shop:1'}}\n"
    with pytest.raises(UserError, match=r"no place for lines: add there\n  cart:\n    context: services/cart"):
        with_service(text, "Pulumi.dev.yaml", "cart", Kind.WORKER)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("users", "services/users exists already"),
        ("Cart", '"Cart" is not a usable name: use 1 to 30 lower-case letters'),
        ("../cart", "is not a usable name"),
    ],
)
def test_a_name_that_cannot_be_is_refused_before_anything_is_written(project: Path, name: str, problem: str) -> None:
    before = sorted(project.rglob("*"))
    with pytest.raises(UserError, match=problem):
        new_service(project, name, Kind.HTTP, ["dev"])
    assert sorted(project.rglob("*")) == before


def test_what_does_not_fit_into_one_stack_is_written_into_none(project: Path) -> None:
    other = project / "Pulumi.other.yaml"
    other.write_text(other.read_text().replace("    users:", "    cart:").replace("services/users", "services/greeter"))
    before = {file: file.read_text() for file in project.glob("Pulumi.*.yaml")}
    with pytest.raises(UserError, match=r"Pulumi.other.yaml has gostack:services.cart already"):
        new_service(project, "cart", Kind.HTTP, ["dev", "other"])
    assert {file: file.read_text() for file in before} == before
    assert not (project / "services" / "cart").exists()

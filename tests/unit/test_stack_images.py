"""Which images a deployed stack has, and where they come from.

Does not prove that Pulumi's state looks so: it is written by hand here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.gostack.images.provenance import provenance
from tools.gostack.images.stack_images import StackImage, stack_images

PROJECT = Path(__file__).resolve().parents[2]
DIGEST = f"sha256:{'a' * 64}"
ROOT = "urn:pulumi:staging::gostack::"


def resource(kind: str, called: str, /, **outputs: str) -> dict[str, Any]:
    return {"urn": f"{ROOT}{kind}::{called}", "outputs": outputs}


def test_images_are_known_by_their_digest_whoever_built_them() -> None:
    state = {
        "resources": [
            resource("gostack:index:ServiceImage", "users", image_id=f"registry/staging-users@{DIGEST}"),
            resource("gostack:index:ReleasedImage", "orders", image_id=f"registry/orders@{DIGEST}"),
            resource("gostack:index:Microservice", "users-east", image_id="another thing"),
        ]
    }
    assert stack_images(state) == [
        StackImage("orders", f"registry/orders@{DIGEST}", built=False),
        StackImage("users", f"registry/staging-users@{DIGEST}", built=True),
    ]


def test_an_image_that_was_pushed_and_refused_is_known_by_what_the_registry_said() -> None:
    pushed = "gostack:index:ServiceImage$docker:index/registryImage:RegistryImage"
    state = {
        "resources": [
            resource("gostack:index:ServiceImage", "users"),
            resource(pushed, "users-push", name="localhost:5001/gostack/staging-users:0123", sha256Digest=DIGEST),
        ]
    }
    (image,) = stack_images(state)
    assert (image.name, image.reference) == ("users", f"localhost:5001/gostack/staging-users@{DIGEST}")
    assert image.source == f"registry:{image.reference}"


def test_the_image_before_it_which_is_not_deleted_yet_is_not_the_stacks() -> None:
    pushed = "gostack:index:ServiceImage$docker:index/registryImage:RegistryImage"
    before = resource(pushed, "users-push", name="localhost:5001/gostack/users:0122", sha256Digest=f"sha256:{'b' * 64}")
    now = resource(pushed, "users-push", name="localhost:5001/gostack/users:0123", sha256Digest=DIGEST)
    (image,) = stack_images({"resources": [now, {**before, "delete": True}]})
    assert image.reference.endswith(DIGEST)


def test_what_only_the_docker_engine_has_is_asked_of_it() -> None:
    assert StackImage("users", DIGEST, built=True).source == f"docker:{DIGEST}"


def test_the_provenance_of_a_workflow_names_its_run_and_commit() -> None:
    image = StackImage("users", f"registry/users@{DIGEST}", built=True)
    run = {"GITHUB_REPOSITORY": "acme/gostack", "GITHUB_RUN_ID": "7", "GITHUB_WORKFLOW_REF": "acme/gostack/main.yml@x"}
    predicate = provenance(PROJECT, "staging", image, run)
    (source,) = predicate["buildDefinition"]["resolvedDependencies"]
    assert source["uri"] == "git+https://github.com/acme/gostack"
    assert len(source["digest"]["gitCommit"]) == 40
    assert predicate["runDetails"]["builder"]["id"] == "https://github.com/acme/gostack/main.yml@x"
    assert predicate["runDetails"]["metadata"]["invocationId"].endswith("/acme/gostack/actions/runs/7")

"""What is pinned is updated by pull requests: Renovate is told where versions stand that it would not find by itself.

Does not prove that Renovate accepts its configuration: its own validator is not run here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.settings.images import ImageSettings
from tools.gostack.notice.dependencies import image_references

PROJECT = Path(__file__).resolve().parents[2]
CONFIGURATION: dict[str, Any] = json.loads((PROJECT / "renovate.json").read_text(encoding="utf-8"))


def matched(file: str) -> list[dict[str, str]]:
    """What Renovate's own patterns find in a file; JavaScript writes named groups without Python's P."""
    found: list[dict[str, str]] = []
    for manager in CONFIGURATION["customManagers"]:
        if any(re.search(pattern.strip("/"), file) for pattern in manager["managerFilePatterns"]):
            for pattern in manager["matchStrings"]:
                text = (PROJECT / file).read_text(encoding="utf-8")
                found += [hit.groupdict() for hit in re.finditer(pattern.replace("(?<", "(?P<"), text, re.M)]
    return found


def test_every_image_of_others_is_found_where_its_version_stands() -> None:
    found = {f"{one['depName']}:{one['currentValue']}" for one in matched("infra/settings/images.py")}
    assert found == {reference.partition("@")[0] for reference in image_references().values()}


def test_an_image_without_a_digest_gets_one_by_its_first_update() -> None:
    assert "docker:pinDigests" in CONFIGURATION["extends"]
    manager = CONFIGURATION["customManagers"][0]
    pattern = manager["matchStrings"][0].replace("(?<", "(?P<")
    (image,) = re.finditer(pattern, '    nginx: ImageReference = "nginx:1.30"')
    digest = f"sha256:{'a' * 64}"
    # What Renovate puts in the place of what it has found.
    written = manager["autoReplaceStringTemplate"].replace("{{#if newDigest}}", "").replace("{{/if}}", "")
    for name, value in {"depName": image["depName"], "newValue": "1.31", "newDigest": digest}.items():
        written = written.replace(f"{{{{{{{name}}}}}}}", value)
    (updated,) = re.finditer(pattern, written)
    assert updated.groupdict() == {"depName": "nginx", "currentValue": "1.31", "currentDigest": digest}
    assert ImageSettings(nginx=written.split('"')[1]).nginx == f"nginx:1.31@{digest}"


def test_images_of_a_stack_file_are_found_with_their_digest() -> None:
    found = {one["depName"].rpartition("/")[2]: one["currentDigest"] for one in matched("Pulumi.prod.yaml")}
    assert set(found) == {"mysql", "consul", "nginx", "pause"}


@pytest.mark.parametrize("file", ["requirements.txt", "tests/aws/requirements.txt", "tests/explorer/requirements.txt"])
def test_python_packages_are_pinned_by_their_hash_and_found(file: str) -> None:
    (pattern,) = CONFIGURATION["pip-compile"]["managerFilePatterns"]
    assert re.search(pattern.strip("/"), file)
    text = (PROJECT / file).read_text(encoding="utf-8")
    pinned = re.findall(r"^\S+==.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", text, re.M)
    assert len(pinned) == len(re.findall(r"^\S+==", text, re.M)) > 0


def test_the_major_version_of_what_holds_data_is_moved_by_a_person() -> None:
    (rule,) = [rule for rule in CONFIGURATION["packageRules"] if rule.get("enabled") is False]
    images = ImageSettings()
    for reference in (images.mysql, images.consul, images.valkey):
        name = reference.partition(":")[0]
        assert any(re.search(pattern.strip("/"), name) for pattern in rule["matchPackageNames"]), name

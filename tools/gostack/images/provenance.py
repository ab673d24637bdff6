"""Where an image comes from, as SLSA writes it: https://slsa.dev/spec/v1.0/provenance."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.gostack.environment.processes import capture
from tools.gostack.images.stack_images import StackImage

BUILD_TYPE = "https://gostack.dev/build/v1"
"""`gostack up`: the stack's own program builds the image from a folder of the repository."""


def provenance(project: Path, stack: str, image: StackImage, variables: Mapping[str, str] = os.environ) -> Any:
    """Return the predicate: which commit an image was built from, and by whom: a run of GitHub's, or this machine."""
    remote = capture(["git", "-C", str(project), "remote", "get-url", "origin"]) or project.name
    # Everybody who reads the registry reads it: without a token that somebody has put before the host.
    source = re.sub(r"//[^/@]+@", "//", remote)
    commit = capture(["git", "-C", str(project), "rev-parse", "HEAD"]) or ""
    builder, run = "https://gostack.dev/machine", ""
    if repository := variables.get("GITHUB_REPOSITORY"):
        server = variables.get("GITHUB_SERVER_URL", "https://github.com")
        source = f"{server}/{repository}"
        builder = f"{server}/{variables.get('GITHUB_WORKFLOW_REF', repository)}"
        run = f"{source}/actions/runs/{variables.get('GITHUB_RUN_ID', '')}"
    changed = bool(capture(["git", "-C", str(project), "status", "--porcelain", "--untracked-files=no"]))
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"stack": stack, "image": image.name},
            # A build from files that no commit has says so.
            "internalParameters": {"uncommittedChanges": changed},
            "resolvedDependencies": [{"uri": f"git+{source}", "digest": {"gitCommit": commit}}],
        },
        "runDetails": {"builder": {"id": builder}, "metadata": {"invocationId": run}},
    }

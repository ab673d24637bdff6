"""A canary of a running stack: its weight, its version and its figures."""

from __future__ import annotations

import hashlib

from components.ingress.tracks import CANARY
from infra.settings import SettingsError, require_service
from infra.settings.canary import CanarySettings
from tools.gostack.canary.figures import SETTLED_SECONDS, Sample, TrackMetrics
from tools.gostack.canary.traffic import everybody_to_stable
from tools.gostack.canary.walk import ShiftError
from tools.gostack.lifecycle import lifecycle
from tools.gostack.lifecycle.objects import StackObjects
from tools.gostack.lifecycle.workspace import PulumiError, Workspace
from tools.gostack.release.stack_file import set_weight
from tools.gostack.telemetry.console import console_of


class StackRollout:
    """The canary of one service. Its weight is what the stack file says: traffic follows by an update."""

    def __init__(self, workspace: Workspace, service: str) -> None:
        """Raise UserError where nobody can tell what clients get."""
        settings = workspace.settings
        if not settings.has_telemetry:
            raise PulumiError(
                f"a canary is judged by the stack's metrics, and gostack:telemetry.enabled is false in "
                f"{workspace.stack_file.name}: set it to true and run `make up`."
            )
        self._workspace = workspace
        self._service = service
        console = console_of(workspace.outputs(), workspace.stack)
        self._metrics = TrackMetrics(console, service, settings.ordered_regions())
        self._metrics.check()
        self._objects = StackObjects.of(workspace.stack, workspace.variables)

    def release(self) -> str:
        """Identity of what runs as the canary: a digest over its pods' own."""
        wanted = {"gostack.service": self._service, "gostack.track": CANARY, "gostack.role": "sandbox"}
        identities: set[str] = set()
        for container in self._objects.containers():
            if container.status == "running" and wanted.items() <= container.labels.items():
                # Every pod of a replica carries the digest of all that is in it.
                environment: list[str] = container.attrs["Config"]["Env"]
                identities |= {item for item in environment if item.startswith("POD_IDENTITY=")}
        return hashlib.sha256("\n".join(sorted(identities)).encode()).hexdigest()

    def shift(self, weight: int) -> None:
        """Send this share of the clients in percent to the canary; raises ShiftError."""
        set_weight(self._workspace, self._service, weight)
        try:
            code = lifecycle.update(self._workspace)
        except (PulumiError, SettingsError) as error:
            raise ShiftError(str(error)) from error
        if code != 0:
            raise ShiftError(f"the update to {weight} % failed")

    def watch(self) -> float:
        """Forget what was measured so far, and return the time in seconds until it is kept apart from what follows."""
        self._metrics.restart()
        return SETTLED_SECONDS

    def seconds_in_traffic(self) -> float:
        """Time since the canary's first request after `watch`; 0.0 without any."""
        return self._metrics.seconds_since_first()

    def sample(self) -> Sample:
        """Figures of the canary and of the stable track since `watch`."""
        return self._metrics.sample()

    def roll_back(self) -> None:
        """Send everybody to the stable track; raises PulumiError."""
        take_back(self._workspace, self._service, self._objects)


def take_back(workspace: Workspace, service: str, objects: StackObjects) -> None:
    """Send everybody to the stable track: the traffic first, then the state; raises PulumiError."""
    # Written first: whatever is interrupted from here on, the next update agrees with it.
    set_weight(workspace, service, 0)
    refusal = ""
    try:
        # At once, whatever else works on the stack: an update that is under way may put its own weights back, and
        # the one below, which waits for its end, takes them away again.
        everybody_to_stable(objects, workspace.settings, service)
    except PulumiError as error:
        # An ingress that refuses is no reason to leave the clients of the others with the canary.
        refusal = str(error)
    if lifecycle.update(workspace) != 0:
        found = refusal or "the canary has no traffic"
        raise PulumiError(f"{found}; the update to 0 % failed: correct the cause and run `make up`")


def refuse_elsewhere(workspace: Workspace) -> None:
    """Raise PulumiError for a stack that is not on Docker: no canary is judged, or moved, there yet."""
    platform = workspace.settings.platform
    if platform != "docker":
        raise PulumiError(
            f"a canary is judged by the stack's metrics on Docker alone, and {workspace.stack} is on "
            f"{platform.capitalize()}: release there with `gostack set-image` and `make up` (docs/pipeline.md)."
        )


def canary_of(workspace: Workspace, service: str) -> CanarySettings:
    """Return the settings of the service's canary; raises SettingsError with the fix when there is none."""
    found = require_service(workspace.settings, service)
    canary = found.canary
    if canary is None:
        raise SettingsError(
            f"gostack:services.{service}.canary is missing: write what the new version is made of, for example "
            "its context, and run `make up`."
        )
    if not found.routes:
        raise SettingsError(
            f"gostack:services.{service} has no route: without requests through the ingress no canary can be judged."
        )
    return canary

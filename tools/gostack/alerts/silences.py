"""`gostack alerts silence`, `unsilence` and `silences`: who is told of alerts is told nothing of some, for a while."""

from __future__ import annotations

import getpass
import json
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from components.telemetry.alertmanager import URL
from components.telemetry.configuration import HOST
from components.telemetry.rules import alert_names
from infra.settings.errors import meant
from infra.settings.names import namespaces
from tools.gostack.columns import aligned
from tools.gostack.documents import listing, mapping, mappings
from tools.gostack.environment.errors import UserError
from tools.gostack.kubernetes.kubectl import kubectl
from tools.gostack.lifecycle.objects import StackObjects, printed, running
from tools.gostack.lifecycle.workspace import Workspace
from tools.gostack.telemetry.console import TelemetryError

WATCHDOG = "Watchdog"
"""The alert that always fires while rules are evaluated."""

_POD = f"{HOST}-0"
_DURATION = re.compile(r"[1-9][0-9]*[mhdw]")


@dataclass(frozen=True)
class Matcher:
    """What a label of an alert must be, as Alertmanager's API describes it."""

    name: str
    value: str
    is_regex: bool
    """Whether the value is a regular expression for all of the label."""
    is_equal: bool
    """False: the alerts that it does not fit."""

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels is meant; a label that is missing is empty."""
        found = labels.get(self.name, "")
        same = re.fullmatch(self.value, found) is not None if self.is_regex else found == self.value
        return same == self.is_equal

    def __str__(self) -> str:
        sign = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
        return f"{self.name}{sign[self.is_regex, self.is_equal]}{self.value}"


@dataclass(frozen=True)
class Silence:
    """A silence that has not ended."""

    id: str
    matchers: tuple[Matcher, ...]
    until: str
    """Time at which it ends, in UTC."""
    author: str
    comment: str

    def fits(self, labels: Mapping[str, str]) -> bool:
        """Whether nobody is told of an alert with these labels."""
        return all(matcher.fits(labels) for matcher in self.matchers)


@dataclass(frozen=True)
class Alertmanager:
    """A stack's Alertmanager, asked by its own client in its container: it listens there alone, as it has no login.

    Whoever may use the engine, or run commands in the cluster's pod, may silence; nobody who only reaches the console.
    """

    name: str
    """Name of its container, or of its pod."""

    run: Callable[[Sequence[str]], str]
    """Runs a command there and returns what it prints; raises TelemetryError."""

    def silences(self) -> list[Silence]:
        """Return the silences that have not ended, the first to end first; raises TelemetryError."""
        text = self._client("silence", "query", "--output=json")
        try:
            found = [_silence(one) for one in mappings(json.loads(text))]
        except ValueError:
            raise TelemetryError(f"{self.name} answers what is no JSON ({text[:200]}).") from None
        return sorted(found, key=lambda silence: (silence.until, silence.id))

    def add(self, labels: Mapping[str, str], duration: str, comment: str) -> str:
        """Silence the alerts that have these labels, and return the id of the silence; raises TelemetryError."""
        matchers = [f"{name}={json.dumps(value)}" for name, value in labels.items()]
        options = [f"--duration={duration}", f"--comment={comment}", f"--author={getpass.getuser()}"]
        return self._client("silence", "add", *options, *matchers).strip()

    def expire(self, silences: Sequence[Silence]) -> None:
        """End silences now; raises TelemetryError."""
        self._client("silence", "expire", *(silence.id for silence in silences))

    def _client(self, *arguments: str) -> str:
        return self.run(["amtool", f"--alertmanager.url={URL}", *arguments])


def alertmanager_of(workspace: Workspace) -> Alertmanager | None:
    """Return a stack's Alertmanager, None where nobody is told of alerts; raises TelemetryError where it is away."""
    if not workspace.settings.telemetry.receivers:
        return None
    if workspace.settings.platform == "kubernetes":
        return Alertmanager(_POD, partial(_printed_in_pod, workspace))
    found = running(StackObjects.of(workspace.stack, workspace.variables), "alertmanager")
    if not found:
        raise TelemetryError(f"Alertmanager of the stack {workspace.stack} does not run: run `make up`.")
    return Alertmanager(str(found[0].name), lambda command: printed(found[0], command, TelemetryError))


def _printed_in_pod(workspace: Workspace, command: Sequence[str]) -> str:
    settings = workspace.settings
    namespace = namespaces(workspace.stack, settings)[settings.ordered_regions()[0]]
    entered = kubectl(
        *(settings, workspace.project, namespace, "getting into the telemetry's pod"),
        *("exec", "--quiet", _POD, "--container", "alertmanager", "--", *command),
    )
    done = subprocess.run(entered, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TelemetryError(f"{_POD} refuses: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def silence(
    workspace: Workspace,
    alert: str,
    duration: str,
    comment: str,
    *,
    region: str | None = None,
    service: str | None = None,
) -> int:
    """Tell nobody of an alert for a while, everywhere or in one region or of one service; prints the silence's id.

    The console and `gostack alerts` go on to show it. Raises UserError.
    """
    if alert == WATCHDOG:
        raise UserError(f"{WATCHDOG} says that alerts arrive, to somebody outside of the stack: silence it there.")
    names = alert_names()
    if alert not in names:
        raise UserError(f'there is no alert "{alert}": {meant(alert, names, "docs/alerts.md lists them.")}')
    if not _DURATION.fullmatch(duration):
        raise UserError(f'"{duration}" is no duration for --for: write one like 30m, 2h, 1d or 1w.')
    if not comment.strip():
        raise UserError("--comment is empty: say why, for whoever wonders why nothing is told.")
    labels = {"alertname": alert, "region": region, "service": service}
    made = _needed(workspace).add({name: value for name, value in labels.items() if value}, duration, comment)
    print(made)
    return 0


def unsilence(workspace: Workspace, what: str) -> int:
    """End the silences of an alert, or the one with this id; raises UserError where there is none."""
    alertmanager = _needed(workspace)
    meant = [one for one in alertmanager.silences() if one.id == what or _alert(one) == what]
    if not meant:
        raise UserError(f'nothing silences "{what}": `gostack alerts silences` lists what is silenced.')
    alertmanager.expire(meant)
    print("\n".join(f"{one.id} has ended" for one in meant))
    return 0


def silences(workspace: Workspace, *, as_json: bool = False) -> int:
    """Show the silences that have not ended.

    `as_json` prints a list of objects with the keys of `Silence`. Raises UserError.
    """
    found = _needed(workspace).silences()
    print(json.dumps([asdict(one) for one in found]) if as_json else as_text(found))
    return 0


def as_text(found: Sequence[Silence]) -> str:
    """Return aligned columns."""
    if not found:
        return "nothing is silenced."
    heading = ("silenced", "until", "by", "because", "id")
    rows = [(" ".join(map(str, one.matchers)), one.until, one.author, one.comment, one.id) for one in found]
    return "\n".join(aligned([heading, *rows]))


def _needed(workspace: Workspace) -> Alertmanager:
    found = alertmanager_of(workspace)
    if found is None:
        raise UserError(
            f"the stack {workspace.stack} tells nobody of alerts, so there is nothing to silence: "
            "name somebody in gostack:telemetry.receivers."
        )
    return found


def _alert(silence: Silence) -> str | None:
    return next((str(one.value) for one in silence.matchers if str(one) == f"alertname={one.value}"), None)


def _silence(found: Mapping[str, Any]) -> Silence:
    return Silence(
        id=str(found.get("id", "")),
        matchers=tuple(_matcher(one) for one in map(mapping, listing(found.get("matchers")))),
        until=at(found.get("endsAt")),
        author=str(found.get("createdBy", "")),
        comment=str(found.get("comment", "")),
    )


def _matcher(found: Mapping[str, Any]) -> Matcher:
    # Older ones do not say that they are for what is equal.
    return Matcher(
        str(found["name"]), str(found["value"]), bool(found.get("isRegex")), found.get("isEqual") is not False
    )


def at(time: object) -> str:
    """Return a time of RFC 3339 in UTC as a reader wants it."""
    return str(time or "").partition(".")[0].removesuffix("Z").replace("T", " ")

"""The environment variables that put the project's own toolchain, state and secrets in reach of plain `pulumi`."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.gostack.environment.docker_engine import DEFAULT_SOCKET, find_endpoint
from tools.gostack.environment.locations import cache_folder, state_folder
from tools.gostack.environment.progress import Progress
from tools.gostack.environment.toolchain import Toolchain, ensure_toolchain, find_toolchain
from tools.offline.plugins import stand_in_plugins

SALT_FILTER = (
    "awk '/^encryptionsalt:/ {salt = $0; next} /(^|[ {])secure:/ {used = 1} {print} END {if (used && salt) print salt}'"
)
"""Program that reads a stack file and writes it as it is committed."""


def environment(project_root: Path, progress: Progress | None = None, *, cluster: bool = True) -> dict[str, str]:
    """The variables to set so that `pulumi` works on this project; everything else of the environment stays.

    Makes what they point at: the toolchain (built if it has to be), the state folder, the passphrase. Applying the
    result and asking again gives the same. `cluster` says whether the stack is on Kubernetes.

    Raises `BootstrapError` when there is no toolchain and none can be built.
    """
    toolchain = find_toolchain(project_root) or ensure_toolchain(project_root, progress or Progress())
    state = state_folder(project_root)
    (state / "state").mkdir(parents=True, exist_ok=True)
    ensure_passphrase(state / "passphrase")
    if toolchain.plugin_folder is not None:
        _link_plugins(state / "pulumi", toolchain.plugin_folder)
    _keep_salt_out_of_commits(project_root)
    return render(project_root, toolchain, os.environ, engine=find_endpoint(os.environ), cluster=cluster)


def render(
    project_root: Path,
    toolchain: Toolchain,
    variables: Mapping[str, str],
    engine: str | None = None,
    home: Path | None = None,
    *,
    cluster: bool = True,
) -> dict[str, str]:
    """The variables for a toolchain, given the user's own (`variables`), which win wherever they express a choice."""
    state = state_folder(project_root)
    result = {
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # How the state is encrypted stands in the state: the stack file under version control need not say it.
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    }
    folders = [toolchain.bin_folder, project_root / ".venv" / "bin"]

    own_home = _users(variables, "PULUMI_HOME", ".gostack/pulumi")
    if toolchain.plugin_folder is not None:
        # Nothing that the built CLI lacks can be fetched from where it had to be built.
        result["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
        if own_home is None:
            # A home of the checkout's own keeps the Docker plugin, which is not the official one, out of the user's.
            result["PULUMI_HOME"] = str(state / "pulumi")
            # Where `pulumi login` has left its mark stays the user's.
            credentials = variables.get("PULUMI_CREDENTIALS_PATH") or str((home or Path.home()) / ".pulumi")
            result["PULUMI_CREDENTIALS_PATH"] = credentials
        else:
            folders[1:1] = sorted(toolchain.plugin_folder.glob("resource-docker-v*"))
        if cluster:
            folders += stand_in_plugins(project_root, toolchain.plugin_folder, variables.get("PATH", ""))
    result["PATH"] = prepend(folders, variables.get("PATH", ""), cache_folder(variables))
    result["VIRTUAL_ENV"] = str(project_root / ".venv")

    login = Path(variables.get("PULUMI_CREDENTIALS_PATH") or own_home or (home or Path.home()) / ".pulumi")
    own_backend = _users(variables, "PULUMI_BACKEND_URL", ".gostack/state")
    if not own_backend and not variables.get("PULUMI_ACCESS_TOKEN") and not logged_in(login / "credentials.json"):
        result["PULUMI_BACKEND_URL"] = f"file://{state / 'state'}"
    own_file = _users(variables, "PULUMI_CONFIG_PASSPHRASE_FILE", ".gostack/passphrase")
    # An empty passphrase is a choice too.
    if own_file is None and "PULUMI_CONFIG_PASSPHRASE" not in variables:
        result["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(state / "passphrase")
    if engine is not None and engine != DEFAULT_SOCKET and not variables.get("DOCKER_HOST"):
        # The plugin knows the default socket and DOCKER_HOST, but not the contexts of the docker command.
        result["DOCKER_HOST"] = engine
    return result


def exports(variables: Mapping[str, str]) -> str:
    """The variables as lines that a POSIX shell can evaluate, any number of times."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))


def prepend(folders: list[Path], path: str, cache: Path) -> str:
    """PATH with the folders first, each once, and without what an earlier toolchain of ours has left there."""
    ours = [str(folder) for folder in folders]
    earlier = tuple(f"{base}{os.sep}" for base in {str(cache), str(cache.resolve())})
    rest = [entry for entry in path.split(os.pathsep) if entry and entry not in ours and not entry.startswith(earlier)]
    return os.pathsep.join([*ours, *rest])


def ensure_passphrase(path: Path) -> None:
    """Make the passphrase that encrypts the secrets in the state: once, random, readable by its owner alone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        # Never overwritten: without it the secrets of every stack in the state are lost.
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32))


def logged_in(credentials: Path) -> bool:
    """Whether `pulumi login` has chosen a backend, which the user will then want to be used."""
    try:
        return bool(json.loads(credentials.read_text()).get("current"))
    except (OSError, ValueError, AttributeError):
        return False


def _keep_salt_out_of_commits(project_root: Path) -> None:
    """Plain `pulumi` writes into the stack file how this checkout's state is encrypted; nobody else can use that line,
    unless the file holds secrets, which only it can decrypt.

    `.gitattributes` names the filter; git runs it only where it is defined, which is here.
    """
    if not (project_root / ".git").exists():
        return
    command = ["git", "-C", str(project_root), "config", "--local", "filter.encryption-salt.clean"]
    subprocess.run([*command, SALT_FILTER], check=False, capture_output=True)


def _users(variables: Mapping[str, str], name: str, ours: str) -> str | None:
    """The user's own value of a variable; None when unset or set by `make env`, perhaps of another checkout."""
    value = variables.get(name)
    return None if not value or value.endswith(f"/{ours}") else value


def _link_plugins(home: Path, plugins: Path) -> None:
    """Let the checkout's Pulumi home use the toolchain's plugin store."""
    home.mkdir(parents=True, exist_ok=True)
    link = home / "plugins"
    if link.is_symlink() and link.readlink() == plugins:
        return
    if link.exists() and not link.is_symlink():
        return
    temporary = home / f".plugins-{os.getpid()}"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(plugins)
    # Atomic, so that a command that runs meanwhile always finds a store.
    temporary.replace(link)

"""`gostack kubeconfig`: the way to a stack's cluster, from a pipeline's secret to where the settings look."""

from __future__ import annotations

from pathlib import Path

from tools.gostack.lifecycle.workspace import PulumiError, Workspace


def write_kubeconfig(workspace: Workspace, content: str) -> int:
    """Write the file that `gostack:kubernetes.kubeconfig` names, for its owner alone, and return the exit code.

    A stack that needs none (on Docker or AWS) gets none. Raises PulumiError when one is needed and `content` is empty.
    """
    settings = workspace.settings
    named = settings.kubernetes.kubeconfig if settings.kubernetes is not None else None
    if settings.platform != "kubernetes" or named is None:
        print(f"{workspace.stack} needs no kubeconfig")
        return 0
    if not content.strip():
        raise PulumiError(
            f"{workspace.stack} is on the cluster of {named}, and KUBECONFIG_CONTENT is empty: give the environment "
            "the secret KUBECONFIG (docs/pipeline.md)."
        )
    file = workspace.project / Path(named).expanduser()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(content.rstrip("\n") + "\n", encoding="utf-8")
    print(f"{named} is written")
    return 0

"""`python -m tools.offline.cluster <command>`: a real Kubernetes cluster on this machine."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from types import FrameType

from tools.gostack.environment.errors import BootstrapError
from tools.gostack.environment.processes import stop_children
from tools.gostack.environment.progress import Progress, duration
from tools.offline.cluster.layout import CONTEXT, NODES, REGISTRY_PORT, Folders


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 failed with one message, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tools.offline.cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("up", help="bring the cluster up, or mend it")
    down = commands.add_parser("down", help="stop the cluster and remove it from this machine")
    down.add_argument("--purge", action="store_true", help="remove its data too: volumes, images, objects")
    commands.add_parser("status", help="what runs, and how much memory it takes")
    lost = commands.add_parser(
        "stop-node", help="take a node away as if its machine had lost power; `up` brings it back"
    )
    lost.add_argument("node", choices=[node.name for node in NODES])
    chosen = parser.parse_args(arguments)

    # Ends the same way as Ctrl-C: children first, no traceback.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _run(chosen)
    except BootstrapError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    finally:
        stop_children()


def _run(chosen: argparse.Namespace) -> int:
    folders, progress = Folders(), Progress()
    match chosen.command:
        case "up":
            from tools.offline.cluster.lifecycle import up

            began = time.monotonic()
            changed = up(folders, progress)
            taken = duration(time.monotonic() - began)
            print(f"The cluster is up ({taken})." if changed else f"The cluster is up already ({taken}).")
            print(f"  kubeconfig: {folders.kubeconfig} (context {CONTEXT})")
            print(f"  registry:   localhost:{REGISTRY_PORT}")
            print(f"  kubectl:    {folders.state / 'bin' / 'kubectl'} --kubeconfig {folders.kubeconfig} get nodes")
        case "down":
            from tools.offline.cluster.lifecycle import down

            down(folders, progress, purge=chosen.purge)
        case "stop-node":
            from tools.offline.cluster.lifecycle import stop_node

            stop_node(folders, next(node for node in NODES if node.name == chosen.node))
        case _:
            from tools.offline.cluster.status import status

            text, healthy = status(folders)
            print(text)
            return 0 if healthy else 1
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())

"""Runs a provider double as the engine expects it of a plugin: a port on stdout, and a quiet end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto.provider_pb2_grpc import add_ResourceProviderServicer_to_server

from tools.offline.providers.plugin.provider import Provider
from tools.offline.providers.plugin.service import (
    EngineLog,
    Service,
)

# Waiting for a rollout holds a thread; the engine asks for as many resources at once as it likes.
_THREADS = 256
_SECONDS_BETWEEN_LOOKS = 1.0


def start(provider: Provider, log: EngineLog) -> tuple[grpc.Server, int]:
    """Serve the double on a free port of this machine; the server and the port."""
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_GRPC_CHANNEL_OPTIONS)
    add_ResourceProviderServicer_to_server(Service(provider, log), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main(provider: Provider) -> None:
    """Serve until SIGTERM, SIGINT or the end of the engine that started this process."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    log = EngineLog()
    engine = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), None)
    if engine is not None:
        log.connect(engine)
    parent = os.getppid()
    server, port = start(provider, log)
    print(port, flush=True)
    # An engine that was killed tells nobody; its plugins would go on creating what no state records.
    while not over.wait(_SECONDS_BETWEEN_LOOKS) and os.getppid() == parent:
        pass
    provider.cancel()
    server.stop(grace=None)
    # Threads that wait for a cluster would hold the interpreter.
    os._exit(0)

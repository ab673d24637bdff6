"""Runs one Pulumi program in this process; started by host.py with the number of a pipe and the engine's address.

Exit status: 0 when the program ended well, 32 when it failed and the user has been told why, else its own.
"""

from __future__ import annotations

import asyncio
import logging
import os
import runpy
import signal
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

EXPLAINED = 32


def read_request(descriptor):
    """The serialized RunRequest; then watch the pipe, whose end means that the host is gone."""
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    length = int.from_bytes(read_exactly(pipe, 8), "big")
    payload = read_exactly(pipe, length)

    def watch():
        pipe.read(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    return payload


def read_exactly(pipe, length):
    parts = []
    while length:
        part = pipe.read(length)
        if not part:
            os._exit(1)
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def user_traceback(error, folder):
    """The traceback of `error` with the frames of the user's own files, those under `folder`.

    Frames of libraries tell how the SDK and the interpreter got there; when no frame is the user's, all are shown.
    """
    summary = traceback.TracebackException.from_exception(error)
    root = os.path.realpath(folder) + os.sep

    def is_users(frame):
        if frame.filename.startswith("<"):
            # The interpreter's own, such as <frozen runpy>.
            return False
        path = os.path.realpath(frame.filename)
        relative = path.removeprefix(root)
        return relative != path and "site-packages" not in relative

    def cut(part, seen):
        if part is None or id(part) in seen:
            return
        seen.add(id(part))
        own = [frame for frame in part.stack if is_users(frame)]
        if own:
            part.stack = traceback.StackSummary.from_list(own)
        cut(part.__cause__, seen)
        cut(part.__context__, seen)

    cut(summary, set())
    return "".join(summary.format()).rstrip()


class ExitedError(Exception):
    """The program has called sys.exit with a status other than 0."""

    def __init__(self, status):
        super().__init__(status)
        self.status = status


def main():
    # The default action: a program that is interrupted ends without a traceback of Python's own machinery.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    payload = read_request(int(sys.argv[1]))
    engine = sys.argv[2]
    # Written to a pipe, print would otherwise hold lines back until the end of the program.
    sys.stdout.reconfigure(line_buffering=True)
    # The folder of this file is not the program's.
    sys.path.pop(0)

    import grpc
    import pulumi
    import pulumi.runtime
    from pulumi.runtime.proto import language_pb2

    request = language_pb2.RunRequest.FromString(payload)
    pulumi.runtime.set_all_config(dict(request.config), list(request.configSecretKeys))
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=request.project,
            stack=request.stack,
            organization=request.organization or "organization",
            root_directory=request.info.root_directory or None,
            monitor=request.monitor_address,
            engine=engine,
            parallel=request.parallel,
            dry_run=request.dryRun,
        )
    )

    folder = request.info.program_directory or request.pwd or os.getcwd()
    entry = os.path.normpath(os.path.join(folder, request.info.entry_point or request.program or "."))
    if os.path.isdir(entry) and not os.path.isfile(os.path.join(entry, "__main__.py")):
        pulumi.log.error(f"There is no program in {entry}: a Python program is a folder with a __main__.py.")
        return EXPLAINED
    if os.path.isfile(entry):
        # A folder is put on sys.path by runpy, a file's folder is not.
        sys.path.insert(0, os.path.dirname(entry))
    sys.argv = [entry, *request.args]

    # A failed program leaves futures that nobody looked at; asyncio would report each of them.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(request.parallel, 1) * 4)
    loop.set_default_executor(executor)

    def program():
        try:
            runpy.run_path(entry, run_name="__main__")
        except SystemExit as error:
            # Not let through: what the program has registered so far would be left in the middle.
            if isinstance(error.code, int) and error.code != 0:
                raise ExitedError(error.code) from None
            if error.code:
                raise pulumi.RunError(str(error.code)) from None

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(program))
        return 0
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return EXPLAINED
    except ExitedError as error:
        return error.status
    except Exception as error:
        if isinstance(error, grpc.RpcError) and error.code() == grpc.StatusCode.UNAVAILABLE:
            # The engine is shutting down and has said why.
            return EXPLAINED
        pulumi.log.debug(f"The whole traceback:\n{traceback.format_exc()}")
        where = request.info.root_directory or folder
        pulumi.log.error(f"The program failed with an unhandled exception:\n{user_traceback(error, where)}")
        return EXPLAINED
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())

"""Pulumi's language host for Python: a gRPC server that the CLI starts and asks to run the program.

Each `Run` is a process of its own (program.py), as with the official host, so a preview and an update in one command
never share modules or settings.
"""

from __future__ import annotations

import base64
import importlib.metadata
import importlib.util
import json
import os
import queue
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import types
from concurrent import futures
from pathlib import Path

PROGRAM = Path(__file__).resolve().parent / "program.py"
# Exit status of program.py after it has shown the user what is wrong: nothing is left to say.
EXPLAINED = 32


def _load_protocol():
    """The generated messages, without the rest of the SDK: its import takes 0.3 s and is the program's business."""
    sdk = importlib.util.find_spec("pulumi")
    if sdk is None or not sdk.submodule_search_locations:
        sys.exit(
            f"The Pulumi SDK is not installed for {sys.executable}. Install the packages with `pulumi install`, "
            "or name the virtual environment in Pulumi.yaml (runtime.options.virtualenv)."
        )
    folder = sdk.submodule_search_locations[0]
    for name, path in (("pulumi", folder), ("pulumi.runtime", os.path.join(folder, "runtime"))):
        module = types.ModuleType(name)
        module.__path__ = [path]
        sys.modules[name] = module


_load_protocol()
import grpc  # noqa: E402
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2  # noqa: E402

_children = set()
_children_lock = threading.Lock()


class Environment:
    """The Python that a program runs with: the virtual environment of its options, else the one of this host."""

    def __init__(self, info, context):
        options = dict(info.options) if info is not None else {}
        virtualenv = options.get("virtualenv") or ""
        if not virtualenv:
            self.folder = Path(sys.prefix)
            self.python = sys.executable
            return
        self.folder = Path(info.root_directory, virtualenv)
        self.python = str(self.folder / "bin" / "python")
        if not os.path.exists(self.python):
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"The virtual environment {self.folder} of Pulumi.yaml does not exist: make it with `pulumi install`.",
            )

    @property
    def is_virtual(self):
        return (self.folder / "pyvenv.cfg").is_file()

    def site_packages(self):
        if os.path.realpath(self.folder) == os.path.realpath(sys.prefix):
            return [Path(path) for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        return sorted(self.folder.glob("lib/python3*/site-packages"))

    def distributions(self):
        return importlib.metadata.distributions(path=[str(path) for path in self.site_packages()])

    def version(self):
        try:
            config = (self.folder / "pyvenv.cfg").read_text()
            found = re.search(r"(?m)^version(?:_info)?\s*=\s*(\d+\.\d+\.\d+)", config)
        except OSError:
            found = None
        return found[1] if found else ".".join(map(str, sys.version_info[:3]))

    def variables(self, base=None):
        """The environment variables of a process that runs in this environment."""
        variables = dict(os.environ if base is None else base)
        if self.is_virtual:
            variables["VIRTUAL_ENV"] = str(self.folder)
            variables["PATH"] = f"{self.folder / 'bin'}{os.pathsep}{variables.get('PATH', '')}"
            variables.pop("PYTHONHOME", None)
        return variables


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    def __init__(self, engine_address):
        self._engine_address = engine_address

    def Handshake(self, request, context):
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    def GetRequiredPackages(self, request, context):
        """Every installed Pulumi package, so that the engine can fetch its plugin before the program starts.

        Where fetching is turned off, only those whose plugin is there: the engine would otherwise report each of the
        others as missing although the program may not use it. If it does, the engine says which plugin it lacks.
        """
        packages = required_packages(Environment(request.info, context).site_packages())
        if truthy(os.environ.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION")):
            packages = [package for package in packages if plugin_available(package.name)]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def Run(self, request, context):
        environment = Environment(request.info, context)
        reading, writing = os.pipe()
        command = [environment.python, str(PROGRAM), str(reading), self._engine_address]
        try:
            # Output goes where ours goes: the CLI shows it line by line.
            child = subprocess.Popen(
                command,
                cwd=request.pwd or None,
                env=environment.variables(),
                stdin=subprocess.DEVNULL,
                pass_fds=(reading,),
            )
        finally:
            os.close(reading)
        context.add_callback(lambda: stop(child))
        with tracked(child), open(writing, "wb") as pipe:
            # Through a pipe and not in variables: configuration holds secrets that the program's children need not see.
            payload = request.SerializeToString()
            try:
                pipe.write(len(payload).to_bytes(8, "big") + payload)
                pipe.flush()
            except BrokenPipeError:
                pass
            # The pipe stays open while the program runs; its end tells the program that this host is gone.
            status = child.wait()
        if status == 0:
            return language_pb2.RunResponse()
        if status == EXPLAINED:
            return language_pb2.RunResponse(bail=True)
        how = f"exited with status {status}" if status > 0 else f"was ended by {signal.Signals(-status).name}"
        return language_pb2.RunResponse(error=f"The program {how}.")

    def About(self, request, context):
        environment = Environment(request.info, context)
        return language_pb2.AboutResponse(executable=environment.python, version=environment.version())

    def GetProgramDependencies(self, request, context):
        found = {}
        required = set()
        for distribution in Environment(request.info, context).distributions():
            found[normalized(distribution.metadata["Name"])] = (distribution.metadata["Name"], distribution.version)
            for requirement in distribution.requires or []:
                if "extra ==" not in requirement:
                    required.add(normalized(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]))
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version)
                for key, (name, version) in sorted(found.items())
                if request.transitiveDependencies or key not in required
            ]
        )

    def InstallDependencies(self, request, context):
        """`pulumi install`: makes the virtual environment if there is none and installs requirements.txt into it."""
        directory = Path(request.directory)
        options = dict(request.info.options)
        virtualenv = Path(request.info.root_directory or directory, options.get("virtualenv") or "venv")
        requirements = next(
            (
                path
                for path in (directory / "requirements.txt", virtualenv.parent / "requirements.txt")
                if path.is_file()
            ),
            None,
        )
        python = virtualenv / "bin" / "python"
        uv = shutil.which("uv", path=f"{virtualenv / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}")
        commands = []
        if not python.exists():
            commands.append([uv, "venv", str(virtualenv)] if uv else [sys.executable, "-m", "venv", str(virtualenv)])
        if requirements is not None:
            install = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
            commands.append([*install, "-r", str(requirements)])
        for command in commands:
            for stream, value in run_streaming(command, str(directory), dict(os.environ), context):
                if stream == "status":
                    if value:
                        context.abort(
                            grpc.StatusCode.INTERNAL, f"`{' '.join(command)}` failed with exit status {value}."
                        )
                else:
                    yield language_pb2.InstallDependenciesResponse(**{stream: value})

    def RunPlugin(self, request, context):
        """Policy packs and component providers that are written in Python."""
        environment = Environment(request.info, context)
        base = dict(entry.split("=", 1) for entry in request.env if "=" in entry) or None
        main = os.path.join(request.info.program_directory, request.info.entry_point or ".")
        command = [environment.python, "-u", os.path.normpath(main), *request.args]
        for stream, value in run_streaming(command, request.pwd or None, environment.variables(base), context):
            if stream == "status":
                yield language_pb2.RunPluginResponse(exitcode=value)
            else:
                yield language_pb2.RunPluginResponse(**{stream: value})


def _refusal(name):
    def refuse(self, request, context):
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{name} is not offered by this Python language host.")

    return refuse


# The generated class raises in these, and gRPC would print a traceback; the CLI knows how to go on without them.
for _name in (
    "RuntimeOptionsPrompts",
    "Template",
    "GenerateProgram",
    "GenerateProject",
    "GeneratePackage",
    "Pack",
    "Link",
):
    setattr(LanguageHost, _name, _refusal(_name))
for _name in ("GetRequiredPlugins", "Cancel"):
    setattr(LanguageHost, _name, _refusal(_name))


def required_packages(folders):
    """What the `pulumi-plugin.json` files of installed packages ask for, as the engine's messages."""
    packages = {}
    for folder in folders:
        for path in sorted(folder.glob("*/pulumi-plugin.json")):
            try:
                content = json.loads(path.read_text())
            except (OSError, ValueError):
                continue
            if not isinstance(content, dict) or not content.get("resource"):
                continue
            name = content.get("name") or path.parent.name.removeprefix("pulumi_").replace("_", "-")
            version = content.get("version") or installed_version(folder, path.parent.name)
            package = plugin_pb2.PackageDependency(name=name, kind="resource", server=content.get("server") or "")
            if version:
                package.version = version if version.startswith("v") else f"v{version}"
            parameterization = content.get("parameterization")
            if parameterization:
                package.parameterization.name = parameterization["name"]
                package.parameterization.version = parameterization["version"]
                package.parameterization.value = base64.b64decode(parameterization["value"])
            packages.setdefault(name, package)
    return list(packages.values())


def installed_version(folder, package):
    for distribution in importlib.metadata.distributions(path=[str(folder)], name=package):
        return distribution.version
    return ""


def plugin_available(name):
    """Whether the engine will find the resource plugin: on PATH or among the installed plugins."""
    if shutil.which(f"pulumi-resource-{name}"):
        return True
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return any(home.glob(f"plugins/resource-{name}-v*/"))


def truthy(value):
    return (value or "").lower() in ("1", "true", "t")


def normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def run_streaming(command, folder, variables, context):
    """Run a command and yield ("stdout"|"stderr", bytes) as it writes, at last ("status", number)."""
    child = subprocess.Popen(
        command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    context.add_callback(lambda: stop(child))
    written = queue.Queue()

    def pump(name, stream):
        while chunk := stream.read1(65536):
            written.put((name, chunk))
        written.put((name, None))

    with tracked(child):
        for name, stream in (("stdout", child.stdout), ("stderr", child.stderr)):
            threading.Thread(target=pump, args=(name, stream), daemon=True).start()
        ended = 0
        while ended < 2:
            name, chunk = written.get()
            if chunk is None:
                ended += 1
            else:
                yield name, chunk
        yield "status", child.wait()


class tracked:
    """Remembers a child while it runs, so that it ends when this host is told to."""

    def __init__(self, child):
        self._child = child

    def __enter__(self):
        with _children_lock:
            _children.add(self._child)

    def __exit__(self, *_):
        with _children_lock:
            _children.discard(self._child)


def stop(child):
    if child.poll() is None:
        child.terminate()


def end(*_):
    """End at once and without a word: the CLI interrupts its plugins at the end of every command."""
    for child in list(_children):
        stop(child)
    os._exit(0)


def watch_standard_input():
    """The CLI holds our standard input open; its end means that the CLI is gone, even if it was killed."""
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        while os.read(0, 4096):
            pass
        end()


def main():
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    # Flags such as --logtostderr and -v may come first; the engine's address is always the last argument.
    positional = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    server = grpc.server(
        futures.ThreadPoolExecutor(16),
        options=[
            ("grpc.max_receive_message_length", 400 * 1024 * 1024),
            ("grpc.max_send_message_length", 400 * 1024 * 1024),
        ],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(positional[-1] if positional else ""), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    threading.Thread(target=watch_standard_input, daemon=True).start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()

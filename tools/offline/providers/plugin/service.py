"""The gRPC service `pulumirpc.ResourceProvider` in front of a provider double."""

# The names of methods are those of the gRPC service.
# ruff: noqa: N802

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, status_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer

from tools.offline.providers.plugin.provider import (
    Autonaming,
    Change,
    Difference,
    Failure,
    InitializationFailed,
    Provider,
    ProviderError,
    Resource,
)
from tools.offline.providers.plugin.values import decode, encode

_T = TypeVar("_T")
_KINDS = {change: provider_pb2.PropertyDiff.Kind.Value(change.name) for change in Change}


class _StatusFields(NamedTuple):
    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


class _Status(_StatusFields, grpc.Status):
    pass


class EngineLog:
    """Tells the engine, which shows it to the user."""

    def __init__(self) -> None:
        self._engine: engine_pb2_grpc.EngineStub | None = None

    def connect(self, address: str) -> None:
        """Talk to this engine from now on."""
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def warning(self, urn: str, text: str) -> None:
        self._log(engine_pb2.WARNING, urn, text, ephemeral=False)

    def status(self, urn: str, text: str) -> None:
        self._log(engine_pb2.INFO, urn, text, ephemeral=True)

    def _log(self, severity: Any, urn: str, text: str, ephemeral: bool) -> None:
        if self._engine is None:
            return
        try:
            self._engine.Log(engine_pb2.LogRequest(severity=severity, urn=urn, message=text, ephemeral=ephemeral))
        except grpc.RpcError:
            # The engine may be about to end; what it does not hear, nobody needs any more.
            return


class Service(ResourceProviderServicer):
    """Translates between messages and a `Provider`; its methods are those of the protocol."""

    def __init__(self, provider: Provider, log: EngineLog) -> None:
        self._provider = provider
        self._log = log

    def Handshake(self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext) -> Any:
        if request.engine_address:
            self._log.connect(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=True, supports_autonaming_configuration=True
        )

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> Any:
        self._log.connect(request.address)
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=self._provider.version)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._provider.cancel()
        return empty_pb2.Empty()

    def CheckConfig(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> Any:
        failures = _answer(context, lambda: self._provider.check_config(decode(request.news)))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> Any:
        olds = decode(request.old_inputs if request.HasField("old_inputs") else request.olds)
        return _difference(_answer(context, lambda: self._provider.diff_config(olds, decode(request.news))))

    def Configure(self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext) -> Any:
        _answer(context, lambda: self._provider.configure(decode(request.args), self._log))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=True,
            acceptOutputs=True,
            supports_autonaming_configuration=True,
        )

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> Any:
        autonaming = None
        if request.HasField("autonaming"):
            mode = provider_pb2.CheckRequest.AutonamingOptions.Mode.Name(request.autonaming.mode)
            autonaming = Autonaming(request.autonaming.proposed_name, mode)
        inputs, failures = _answer(
            context,
            lambda: self._provider.check(
                Resource(request.urn), decode(request.olds), decode(request.news), request.randomSeed, autonaming
            ),
        )
        return provider_pb2.CheckResponse(inputs=encode(inputs), failures=_failures(failures))

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> Any:
        difference = _answer(
            context,
            lambda: self._provider.diff(
                Resource(request.urn, request.id),
                decode(request.old_inputs),
                decode(request.olds),
                decode(request.news),
                list(request.ignoreChanges),
            ),
        )
        return _difference(difference)

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> Any:
        created, outputs = _answer(
            context,
            lambda: self._provider.create(
                Resource(request.urn), decode(request.properties), request.timeout, request.preview
            ),
        )
        return provider_pb2.CreateResponse(id=created, properties=encode(outputs))

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> Any:
        found = _answer(
            context,
            lambda: self._provider.read(
                Resource(request.urn, request.id), decode(request.inputs), decode(request.properties)
            ),
        )
        if found is None:
            return provider_pb2.ReadResponse()
        inputs, outputs = found
        return provider_pb2.ReadResponse(id=request.id, inputs=encode(inputs), properties=encode(outputs))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> Any:
        outputs = _answer(
            context,
            lambda: self._provider.update(
                Resource(request.urn, request.id),
                decode(request.olds),
                decode(request.news),
                request.timeout,
                list(request.ignoreChanges),
                request.preview,
            ),
        )
        return provider_pb2.UpdateResponse(properties=encode(outputs))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> Any:
        _answer(
            context,
            lambda: self._provider.delete(
                Resource(request.urn, request.id), decode(request.properties), request.timeout
            ),
        )
        return empty_pb2.Empty()

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> Any:
        result = _answer(context, lambda: self._provider.invoke(request.tok, decode(request.args)))
        response = provider_pb2.InvokeResponse()
        # `return` is a keyword of Python.
        getattr(response, "return").CopyFrom(encode(result))
        return response


def _answer(context: grpc.ServicerContext, ask: Callable[[], _T]) -> _T:
    try:
        return ask()
    except InitializationFailed as failed:
        _abort(context, str(failed), _initialization_details(failed))
    except ProviderError as error:
        _abort(context, str(error))
    except Exception as error:  # noqa: BLE001  # a mistake of the double is told with its place, not as "unknown"
        import traceback

        place = traceback.extract_tb(error.__traceback__)[-1]
        _abort(context, f"{type(error).__name__} in {place.name} ({place.filename}:{place.lineno}): {error}")


def _abort(context: grpc.ServicerContext, message: str, details: Any = None) -> NoReturn:
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
    if details is not None:
        status.details.add().Pack(details)
    trailing = (("grpc-status-details-bin", status.SerializeToString()),)
    context.abort_with_status(_Status(grpc.StatusCode.UNKNOWN, message, trailing))
    raise AssertionError("abort_with_status returned")


def _initialization_details(failed: InitializationFailed) -> provider_pb2.ErrorResourceInitFailed:
    details = provider_pb2.ErrorResourceInitFailed(
        id=failed.resource_id, properties=encode(failed.outputs), reasons=failed.reasons
    )
    if failed.inputs is not None:
        details.inputs.CopyFrom(encode(failed.inputs))
    return details


def _failures(failures: list[Failure]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=failure.property, reason=failure.reason) for failure in failures]


def _difference(difference: Difference) -> provider_pb2.DiffResponse:
    response = provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if difference.changes else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=difference.replaces,
        diffs=sorted(difference.changes),
        deleteBeforeReplace=difference.delete_first,
        hasDetailedDiff=True,
    )
    for path, change in difference.changes.items():
        kind = provider_pb2.PropertyDiff(kind=_KINDS[change], inputDiff=difference.of_inputs)
        response.detailedDiff[path].CopyFrom(kind)
    return response

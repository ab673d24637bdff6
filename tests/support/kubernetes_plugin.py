"""The Kubernetes stand-in as the engine sees it: over gRPC, with what a test says of objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from tools.offline.providers.kubernetes.provider import KubernetesProvider
from tools.offline.providers.plugin.main import start
from tools.offline.providers.plugin.service import EngineLog
from tools.offline.providers.plugin.values import decode, encode

Properties = dict[str, Any]
URN = "urn:pulumi:test::shop::gostack:index:Region$kubernetes:{}::{}"
OLD_IMAGE, NEW_IMAGE = "users:1", "users:2"


@dataclass
class Plugin:
    """The double as the engine sees it."""

    stub: provider_pb2_grpc.ResourceProviderStub

    def check(self, token: str, name: str, news: Properties, olds: Properties | None = None, seed: bytes = b"s") -> Any:
        request = provider_pb2.CheckRequest(
            urn=URN.format(token, name), news=encode(news), olds=encode(olds or {}), randomSeed=seed
        )
        return self.stub.Check(request)

    def checked(self, token: str, name: str, news: Properties, olds: Properties | None = None) -> Properties:
        answer = self.check(token, name, news, olds)
        assert not answer.failures
        return decode(answer.inputs)

    def create(self, token: str, name: str, inputs: Properties, preview: bool = False, timeout: float = 0) -> Any:
        request = provider_pb2.CreateRequest(
            urn=URN.format(token, name), properties=encode(inputs), preview=preview, timeout=timeout
        )
        return self.stub.Create(request)

    def made(self, token: str, name: str, news: Properties) -> tuple[str, Properties, Properties]:
        inputs = self.checked(token, name, news)
        answer = self.create(token, name, inputs)
        return answer.id, inputs, decode(answer.properties)

    def diff(
        self, token: str, name: str, outputs: Properties, news: Properties, ignored: tuple[str, ...] = ()
    ) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(
            urn=URN.format(token, name), id="x", olds=encode(outputs), news=encode(news), ignoreChanges=ignored
        )
        return self.stub.Diff(request)

    def update(
        self,
        token: str,
        name: str,
        outputs: Properties,
        news: Properties,
        timeout: float = 0,
        ignored: tuple[str, ...] = (),
    ) -> Properties:
        request = provider_pb2.UpdateRequest(
            urn=URN.format(token, name),
            id="default/x",
            olds=encode(outputs),
            news=encode(news),
            timeout=timeout,
            ignoreChanges=ignored,
        )
        return decode(self.stub.Update(request).properties)

    def read(self, token: str, name: str, resource_id: str, inputs: Properties, outputs: Properties) -> Any:
        request = provider_pb2.ReadRequest(
            urn=URN.format(token, name), id=resource_id, inputs=encode(inputs), properties=encode(outputs)
        )
        return self.stub.Read(request)

    def delete(self, token: str, name: str, outputs: Properties) -> None:
        request = provider_pb2.DeleteRequest(urn=URN.format(token, name), id="x", properties=encode(outputs), timeout=5)
        self.stub.Delete(request)


def configured(config: Properties) -> Iterator[Plugin]:
    server, port = start(KubernetesProvider(), EngineLog())
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            stub.Configure(provider_pb2.ConfigureRequest(args=encode(config)))
            yield Plugin(stub)
    finally:
        server.stop(grace=None)


def deployment(image: str = OLD_IMAGE, **spec: Any) -> Properties:
    container = {"name": "main", "image": image, "resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"labels": {"app": "users"}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "users"}},
            "template": {"metadata": {"labels": {"app": "users"}}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def config_map(data: Properties, **metadata: Any) -> Properties:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


DEPLOYMENT, CONFIG_MAP, SECRET = "apps/v1:Deployment", "core/v1:ConfigMap", "core/v1:Secret"


def failure(error: pytest.ExceptionInfo[grpc.RpcError]) -> tuple[str, provider_pb2.ErrorResourceInitFailed]:
    status = status_pb2.Status()
    trailing: dict[str, bytes] = dict(error.value.trailing_metadata())  # type: ignore[attr-defined]
    status.MergeFromString(trailing["grpc-status-details-bin"])
    details = provider_pb2.ErrorResourceInitFailed()
    for entry in status.details:
        entry.Unpack(details)
    return status.message, details

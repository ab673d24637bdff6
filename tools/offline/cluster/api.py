"""A few questions to the cluster's API server, without starting a program for each."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

from tools.offline.cluster.layout import API_PORT, CONTROL_PLANE, Folders


class ApiServer:
    """The API server as the cluster's administrator sees it."""

    def __init__(self, folders: Folders, seconds: float = 3.0) -> None:
        self._certificates = folders.certificates
        self._seconds = seconds

    def ready(self) -> bool:
        """Whether the API server says that it is ready."""
        return self._get("/readyz")[0] == 200

    def get(self, path: str) -> dict[str, Any] | None:
        """The object or list at `path`, or None when there is none, or no API server."""
        status, body = self._get(path)
        return json.loads(body) if status == 200 else None

    def ready_nodes(self) -> set[str]:
        """The names of the nodes that are ready."""
        nodes = (self.get("/api/v1/nodes") or {}).get("items", [])
        return {node["metadata"]["name"] for node in nodes if _condition(node, "Ready")}

    def available(self, deployment: str, namespace: str) -> bool:
        """Whether a Deployment has all its pods available."""
        found = self.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}") or {}
        wanted = found.get("spec", {}).get("replicas", 1)
        status = found.get("status", {})
        current = status.get("observedGeneration") == found.get("metadata", {}).get("generation")
        return current and status.get("availableReplicas", 0) == wanted == status.get("updatedReplicas", 0)

    def serves_metrics(self) -> bool:
        """Whether the metrics of every node can be read, which `kubectl top` and autoscaling need."""
        metrics = self.get("/apis/metrics.k8s.io/v1beta1/nodes")
        return bool(metrics and metrics["items"])

    def _get(self, path: str) -> tuple[int, bytes]:
        own = self._certificates
        try:
            context = ssl.create_default_context(cafile=str(own / "cluster-ca.crt"))
            context.load_cert_chain(own / "admin.crt", own / "admin.key")
            connection = http.client.HTTPSConnection(
                str(CONTROL_PLANE), API_PORT, timeout=self._seconds, context=context
            )
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return 0, b""


def _condition(item: dict[str, Any], kind: str) -> bool:
    conditions = item.get("status", {}).get("conditions", [])
    return any(condition["type"] == kind and condition["status"] == "True" for condition in conditions)

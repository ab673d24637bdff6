"""Settings of the images that others publish."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from infra.settings.base import IMAGE_NAME, ImageReference, Section


def _prefix(value: str) -> str:
    prefix = value.removesuffix("/")
    if prefix and not IMAGE_NAME.fullmatch(prefix):
        raise ValueError(f'"{value}" is not the prefix of a mirror; write it like "mirror.example.com/docker-hub/".')
    return f"{prefix}/" if prefix else ""


class ImageSettings(Section):
    """The upstream images, each with a fixed tag or digest."""

    registry: Annotated[str, AfterValidator(_prefix)] = ""
    """Prefix of a mirror, for example "mirror.example.com/docker-hub/"; empty for the images' own registries."""

    mysql: ImageReference = "mysql:9.7"
    """MySQL server and client, https://hub.docker.com/_/mysql."""

    consul: ImageReference = "hashicorp/consul:1.22"
    """Consul server and agent, https://hub.docker.com/r/hashicorp/consul (licence BUSL-1.1)."""

    nginx: ImageReference = "nginx:1.30"
    """Nginx 1.28 or newer (an upstream must be able to re-resolve SRV records), https://hub.docker.com/_/nginx."""

    golang: ImageReference = "golang:1.26"
    """Go toolchain that builds the services, https://hub.docker.com/_/golang."""

    pause: ImageReference = "registry.k8s.io/pause:3.10"
    """Holds a pod's network namespace, as in Kubernetes."""

    valkey: ImageReference = "valkey/valkey:8"
    """Valkey, of accessories of that kind, https://hub.docker.com/r/valkey/valkey (licence BSD-3-Clause)."""

    alertmanager: ImageReference = "prom/alertmanager:v0.28.1"
    """Alertmanager, where `telemetry.receivers` names somebody, https://hub.docker.com/r/prom/alertmanager (licence
    Apache-2.0)."""

    victoria_metrics: ImageReference = "victoriametrics/victoria-metrics:v1.151.0"
    """VictoriaMetrics, of the telemetry, https://hub.docker.com/r/victoriametrics/victoria-metrics (licence
    Apache-2.0)."""

    victoria_logs: ImageReference = "victoriametrics/victoria-logs:v1.52.1"
    """VictoriaLogs, of the telemetry, https://hub.docker.com/r/victoriametrics/victoria-logs (licence Apache-2.0)."""

    vmalert: ImageReference = "victoriametrics/vmalert:v1.151.0"
    """vmalert, of the telemetry, of the version of VictoriaMetrics, https://hub.docker.com/r/victoriametrics/vmalert
    (licence Apache-2.0)."""

    grafana: ImageReference = "grafana/grafana:12.2.0"
    """Grafana, where `telemetry.grafana` asks for it, https://hub.docker.com/r/grafana/grafana (licence
    AGPL-3.0-only)."""

    oauth2_proxy: ImageReference = "quay.io/oauth2-proxy/oauth2-proxy:v7.15.6"
    """oauth2-proxy, of logins of kind `oidc`, https://quay.io/repository/oauth2-proxy/oauth2-proxy (licence MIT)."""

    def references(self) -> dict[str, str]:
        """Return name to upstream reference, without the mirror's prefix, of what every stack runs."""
        return {name: getattr(self, name) for name in ("mysql", "consul", "nginx", "golang", "pause")}

    def telemetry_references(self) -> dict[str, str]:
        """Return name to upstream reference, without the mirror's prefix, of what the telemetry runs."""
        return {
            "victoria-metrics": self.victoria_metrics,
            "victoria-logs": self.victoria_logs,
            "vmalert": self.vmalert,
        }

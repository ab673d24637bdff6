"""`gostack dashboards`."""

from __future__ import annotations

from pathlib import Path

from components.telemetry.dashboards import dashboards


def write_dashboards(folder: Path) -> int:
    """Write each of Grafana's dashboards into a folder, and return 0."""
    folder.mkdir(parents=True, exist_ok=True)
    found = dashboards()
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8")
    print(f"{folder}: {', '.join(found)}. Their data source is one of the kind Prometheus with the stack's metrics.")
    return 0

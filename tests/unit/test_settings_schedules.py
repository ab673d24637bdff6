"""When a schedule is due, as it may be written, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Settings, SettingsError
from tests.graph.conftest import Document, dev_settings

NIGHTLY: dict[str, Any] = {"cron": "30 3 * * *", "task": "purge"}


def stack(schedule: dict[str, Any], **shop: Any) -> Settings:
    def change(document: Document) -> None:
        values = {"tasks": {"purge": {"args": ["purge"]}}, "schedules": {"nightly": schedule}, **shop}
        document["services"]["shop"] = {"context": "services/greeter", "check": {"path": "/ready"}, **values}

    return dev_settings(change)


def test_a_schedule_needs_a_time_and_a_task() -> None:
    found = stack(NIGHTLY).services["shop"].schedules["nightly"]
    assert (found.time_zone, found.concurrency, found.deadline_seconds) == ("Etc/UTC", "forbid", 3600)


@pytest.mark.parametrize(
    "cron", ["* * * * *", "*/15 8-18 * * mon-fri", "0 0 1 JAN,jul *", "5,35 0-23/2 * * 0", "@daily", "@hourly"]
)
def test_times_are_those_of_cron(cron: str) -> None:
    assert stack({**NIGHTLY, "cron": cron}).services["shop"].schedules["nightly"].cron == cron


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"cron": "30 3 * *"}, "is not a schedule: write minute, hour"),
        ({"cron": "0 30 3 * * *"}, "is not a schedule: write minute, hour"),
        ({"cron": "@every 5m"}, "is not a schedule"),
        ({"cron": "60 3 * * *"}, '"60" is no minute, which is a number from 0 to 59'),
        ({"cron": "0 3 * * 7"}, '"7" is no day of the week'),
        ({"cron": "0 18-8 * * *"}, '"18-8" is no hour'),
        ({"cron": "0 3 * foo *"}, '"foo" is no month'),
        ({"cron": "*/0 3 * * *"}, '"*/0" is no minute'),
        ({"time_zone": "Berlin"}, '"Berlin" is not a time zone; write it like "Europe/Berlin"'),
        ({"concurrency": "queue"}, "concurrency"),
        ({"task": "porge"}, 'schedules.nightly.task is "porge", which is no task of this service: use one of purge.'),
    ],
    ids=str,
)
def test_what_is_never_due_is_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        stack({**NIGHTLY, **values})
    assert sentence in str(caught.value)


def test_a_scheduler_on_docker_must_know_the_program_of_an_image_of_others() -> None:
    image = {"image": "registry.example.com/shop:1.0", "context": None}
    with pytest.raises(SettingsError, match=r"services.shop.command is missing: its schedules run a program"):
        stack(NIGHTLY, **image)
    assert stack(NIGHTLY, **image, command=["/app/shop"]).services["shop"].schedules

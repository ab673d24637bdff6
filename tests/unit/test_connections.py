"""How many connections each service may have follows from the settings, and what does not fit is refused with numbers.

Does not prove that MySQL keeps to it: tests/integration/test_rendered_sql.py does.
"""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import Settings, SettingsError, parse_settings
from infra.settings.connections import RESERVED, account_connections, replicas_at_most
from tests.support.settings import published, refused


def stack(name: str = "dev", /, **services: dict[str, Any]) -> Settings:
    document = published(name)
    document["services"]["users"].update(services.pop("users", {}))
    document["mysql"].update(services.pop("mysql", {}))
    document["services"].update({key: {"context": "services/greeter", **value} for key, value in services.items()})
    return parse_settings(document)


def refusal(**services: dict[str, Any]) -> str:
    return refused(lambda: stack(**services))


def test_on_docker_an_updates_new_replicas_stand_beside_all_old_ones() -> None:
    settings = stack()
    assert replicas_at_most(settings, settings.services["users"]) == 2 * 2 * 2
    canary = {"environment": {"A": "1"}, "replicas": 1}
    settings = stack(users={"canary": canary})
    assert replicas_at_most(settings, settings.services["users"]) == 2 * 2 * (2 + 1)


def test_on_kubernetes_an_autoscaler_counts_with_its_maximum() -> None:
    settings = stack("staging")
    assert replicas_at_most(settings, settings.services["users"]) == 10 + 1
    settings = stack("staging", users={"autoscaling": None})
    assert replicas_at_most(settings, settings.services["users"]) == 2 + 1
    settings = stack("prod")
    assert replicas_at_most(settings, settings.services["users"]) == 2 * (10 + 1)


def test_a_service_may_have_what_its_replicas_are_given() -> None:
    settings = stack(users={"database": {"max_connections": 7}})
    assert account_connections(settings, "users") == 7 * 8


def test_services_that_say_nothing_share_what_is_left_by_their_replicas() -> None:
    settings = stack(
        users={"database": {"max_connections": 5}},
        shop={"replicas": 2, "database": {}},
        stock={"replicas": 1, "database": {}},
    )
    left = 200 - RESERVED - 3 * 5 - 5 * 8
    assert account_connections(settings, "shop") == 8 * (left // 12)
    assert account_connections(settings, "stock") == 4 * (left // 12)
    assert sum(account_connections(settings, name) for name in ("users", "shop", "stock")) <= 200 - RESERVED


def test_what_does_not_fit_is_refused_with_the_numbers_and_both_ways_out() -> None:
    told = refusal(users={"database": {"max_connections": 40}}, shop={"replicas": 1, "database": {}})
    assert told == (
        "gostack:services.users.database.max_connections is 40 for each of 8 replicas (all regions and tracks, "
        "autoscaled to the maximum, while an update goes on), which is 320; the other services have 4, migrations and "
        "the stack itself 20: 344 together, and gostack:mysql.max_connections is 200: lower it to 22, or raise "
        "gostack:mysql.max_connections to 344."
    )
    fitting = {"users": {"database": {"max_connections": 22}}, "shop": {"replicas": 1, "database": {}}}
    assert stack(**fitting).services["users"].database
    fitting["users"] = {"database": {"max_connections": 40}}
    assert stack(**fitting, mysql={"max_connections": 344}).services["users"].database


def test_more_replicas_than_connections_are_refused_though_nobody_gave_a_number() -> None:
    told = refusal(users={"replicas": 20}, mysql={"max_connections": 90})
    assert "is not given, so at least 1 for each of 80 replicas" in told
    assert told.endswith("and gostack:mysql.max_connections is 90: raise gostack:mysql.max_connections to 95.")


def test_on_aws_the_class_of_the_instances_decides() -> None:
    with pytest.raises(SettingsError) as caught:
        stack("prod", users={"database": {"max_connections": 100}})
    told = str(caught.value)
    assert "which is 2200" in told
    assert "what an instance of the class db.r8g.xlarge accepts is 2000" in told


def test_a_service_without_a_database_takes_no_connections() -> None:
    settings = stack(greeter={"replicas": 20})
    assert account_connections(settings, "users") == stack_share()


def stack_share() -> int:
    return account_connections(stack(), "users")

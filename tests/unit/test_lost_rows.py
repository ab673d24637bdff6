"""A service, a schema or a volume with another name does not leave rows or files behind in silence.

Does not prove that the state holds what a component registers: tests/integration/test_15_migrations.py does.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from infra.settings import Settings, SettingsError
from tests.graph.conftest import dev_settings
from tools.gostack.lifecycle.rows import (
    abandoned,
    abandoned_volumes,
    deployed_schemas,
    deployed_volumes,
    refuse_lost_rows,
    require_data_of_regions,
)
from tools.gostack.lifecycle.workspace import Workspace


def settings(**services: Any) -> Settings:
    """Settings with these services, each with what stands below its `database`; None for one without."""

    def change(document: dict[str, Any]) -> None:
        document["services"] = {
            name: {"context": "services/greeter", **({} if database is None else {"database": database})}
            for name, database in services.items()
        }

    return dev_settings(change)


def state(**schemas: str) -> dict[str, Any]:
    urn = "urn:pulumi:dev::gostack::gostack:index:ServiceDatabase"
    found: list[dict[str, Any]] = [{"urn": "urn:pulumi:dev::gostack::pulumi:pulumi:Stack::gostack-dev"}]
    for name, schema in schemas.items():
        found.append({"urn": f"{urn}::{name}-database", "outputs": {"database": schema}})
        found.append({"urn": f"{urn}$gostack:index:Job::{name}-database-accounts", "outputs": {"completed": "x"}})
    return {"resources": found}


def test_what_is_deployed_is_known_from_the_state() -> None:
    assert deployed_schemas(state(shop="shop", orders="history")) == {"shop", "history"}
    assert deployed_schemas({}) == set()


@pytest.mark.parametrize(
    ("services", "key", "new"),
    [
        ({"orders": {}}, "orders", "orders"),
        ({"orders": {}, "shop": None}, "orders", "orders"),
        ({"shop": {"name": "shop2"}}, "shop", "shop2"),
    ],
    ids=["a service is renamed", "another service gets the database", "its schema is renamed"],
)
def test_a_rename_is_refused_with_the_schema_and_the_fix(services: dict[str, Any], key: str, new: str) -> None:
    with pytest.raises(SettingsError) as caught:
        abandoned(settings(**services), {"shop"}, ())
    assert str(caught.value) == (
        f'gostack:services.{key} would begin with the empty schema "{new}", and the rows of the schema "shop" would '
        f"stay behind without a service: write gostack:services.{key}.database.name: shop to keep them, or run "
        "`gostack up --leave-rows shop` if they are to stay behind."
    )


@pytest.mark.parametrize(
    "services",
    [{"shop": {}}, {"orders": {"name": "shop"}}, {"shop": {"name": "orders"}, "orders": {"name": "shop"}}],
    ids=["nothing changed", "a service is renamed and keeps its schema", "two exchange theirs"],
)
def test_where_rows_keep_a_service_nothing_is_said(services: dict[str, Any]) -> None:
    deployed = {"shop", "orders"} if len(services) == 2 else {"shop"}
    assert abandoned(settings(**services), deployed, ()) == []


def test_a_first_update_and_another_service_are_not_refused() -> None:
    assert abandoned(settings(shop={}, orders={}), (), ()) == []
    assert abandoned(settings(shop={}, orders={}), {"shop"}, ()) == []


def test_rows_may_stay_behind_on_purpose_and_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    for leave, services in ((("shop",), settings(orders={})), ((), settings(greeter=None))):
        workspace = SimpleNamespace(settings=services, leave_rows=leave)
        refuse_lost_rows(cast("Workspace", workspace), state(shop="shop"))
        assert capsys.readouterr().err == (
            'warning: the schema "shop" stays on the database with its rows, and no service has it any more '
            "(`gostack databases` lists it).\n"
        )


def with_volumes(**services: Any) -> Settings:
    """Settings with these services, each with what stands below its `volumes.uploads`."""

    def change(document: dict[str, Any]) -> None:
        document["services"] = {
            name: {"context": "services/greeter", "volumes": {"uploads": {"path": "/data/uploads", **volume}}}
            for name, volume in services.items()
        }

    return dev_settings(change)


def test_deployed_volumes_are_known_from_the_state() -> None:
    urn = "urn:pulumi:dev::gostack::gostack:index:ServiceVolumes"
    found: list[dict[str, Any]] = [
        {"urn": f"{urn}::shop-{region}-volumes", "outputs": {"volumes": {"shop.uploads": "region"}}}
        for region in ("east", "west")
    ]
    assert deployed_volumes({"resources": found}) == {"shop.uploads": "region"}


def test_a_rename_that_would_begin_without_the_files_is_refused_with_the_volume_and_the_fix() -> None:
    with pytest.raises(SettingsError) as caught:
        abandoned_volumes(with_volumes(orders={}), {"shop.uploads": "region"}, ())
    assert str(caught.value) == (
        "gostack:services.orders.volumes.uploads would begin empty, and the files of the volume shop.uploads would "
        "stay behind without a service: write gostack:services.orders.volumes.uploads.name: shop.uploads to keep them, "
        "or run `gostack up --leave-rows shop.uploads` if they are to stay behind."
    )


def test_another_way_of_sharing_is_refused_because_it_begins_empty() -> None:
    settings = with_volumes(shop={"shared": "replica"})
    with pytest.raises(SettingsError, match=r'shared is "replica" and was "region", whose files would stay behind'):
        abandoned_volumes(settings, {"shop.uploads": "region"}, ())
    assert abandoned_volumes(settings, {"shop.uploads": "region"}, ("shop.uploads",)) == []


@pytest.mark.parametrize(
    ("services", "left", "gone"),
    [
        ({"orders": {"name": "shop.uploads"}}, (), []),
        ({"shop": {}, "orders": {}}, (), []),
        ({"orders": {}}, ("shop.uploads",), ["shop.uploads"]),
    ],
    ids=["renamed and kept", "one more", "on purpose"],
)
def test_where_files_keep_a_service_or_may_stay_nothing_is_refused(
    services: dict[str, Any], left: tuple[str, ...], gone: list[str]
) -> None:
    assert abandoned_volumes(with_volumes(**services), {"shop.uploads": "region"}, left) == gone


def regions(*names: str, topology: str = "group", uploads: bool = False) -> Settings:
    """Settings with these regions, the first with the primary, and a service that may have a volume."""

    def change(document: dict[str, Any]) -> None:
        document["regions"] = dict(zip(names, document["regions"].values(), strict=False))
        witness = {"witness": {"cidr": "10.80.3.0/24"}} if topology == "group" else {}
        document["mysql"] = {"primary": names[0], "topology": topology, **witness}
        service: dict[str, Any] = {"context": "services/greeter"}
        document["services"] = {"shop": service}
        if uploads:
            service["volumes"] = {"uploads": {"path": "/data/uploads"}}

    return dev_settings(change)


def deployed(*places: str, members: tuple[str, ...] = (), uploads: bool = False) -> dict[str, Any]:
    """A state with these regions, and members of the database."""
    outputs = {"regions": dict.fromkeys(places, "https"), "mysql": {"members": dict.fromkeys(members, "host:3306")}}
    urn = "urn:pulumi:dev::gostack::"
    found: list[dict[str, Any]] = [{"urn": f"{urn}pulumi:pulumi:Stack::gostack-dev", "outputs": outputs}]
    if uploads:
        volumes = {"volumes": {"shop.uploads": "region"}}
        found.append({"urn": f"{urn}gostack:index:ServiceVolumes::shop-west-volumes", "outputs": volumes})
    return {"resources": found}


@pytest.mark.parametrize(
    ("names", "topology", "members"),
    [
        (("north", "west"), "single", ("east",)),
        (("west", "east"), "single", ("east",)),
        (("north", "south"), "replica", ("east", "west")),
        (("north",), "replica", ("east", "east-replica")),
    ],
    ids=["its region is renamed", "the primary is another region", "all are renamed", "the only one, on a cluster"],
)
def test_a_region_whose_rows_would_stay_behind_is_refused_with_the_fix(
    names: tuple[str, ...], topology: str, members: tuple[str, ...]
) -> None:
    settings, state = regions(*names, topology=topology), deployed("east", "west", members=members)
    with pytest.raises(SettingsError) as caught:
        require_data_of_regions(settings, state, ())
    assert str(caught.value) == (
        f'gostack:mysql.primary is "{names[0]}", where the database would begin empty, and all rows would stay '
        f"behind in {', '.join(members)}: keep the region east, or save the rows with `gostack backup`, run "
        "`gostack up --leave-rows east`, and restore them."
    )
    require_data_of_regions(settings, state, ("east",))


@pytest.mark.parametrize(
    ("names", "topology", "members"),
    [
        (("east", "west"), "single", ("east",)),
        (("east",), "single", ("east",)),
        (("north", "west"), "group", ("east", "west", "witness")),
        (("north", "west"), "single", ()),
    ],
    ids=["nothing changed", "a region without rows is gone", "others of the group have them", "a first update"],
)
def test_where_a_member_keeps_the_rows_nothing_is_said(
    names: tuple[str, ...], topology: str, members: tuple[str, ...]
) -> None:
    before = ("east", "west") if members else ()
    require_data_of_regions(regions(*names, topology=topology), deployed(*before, members=members), ())


def test_a_region_whose_files_would_stay_behind_is_refused_with_the_fix() -> None:
    settings = regions("east", "north", uploads=True)
    state = deployed("east", "west", members=("east", "west", "witness"), uploads=True)
    with pytest.raises(SettingsError) as caught:
        require_data_of_regions(settings, state, ())
    assert str(caught.value) == (
        "gostack:regions.north would begin with empty volumes, and the files of those of west would stay behind: "
        "keep the name west, or run `gostack up --leave-rows west` if they are to stay behind."
    )
    require_data_of_regions(settings, state, ("west",))
    # One more region, or one less, begins or leaves nothing that another one was.
    require_data_of_regions(
        regions("east", "west", uploads=True), deployed("east", members=("east",), uploads=True), ()
    )
    require_data_of_regions(regions("east", topology="replica", uploads=True), state, ())


def with_queue(*names: str, **queue: Any) -> Settings:
    """Settings with these regions, the first with the primary of a group, and a queue with a volume."""

    def change(document: dict[str, Any]) -> None:
        document["regions"] = dict(zip(names, document["regions"].values(), strict=False))
        document["mysql"]["primary"] = names[0]
        image = {
            "kind": "image",
            "image": "example.com/queue:3.1",
            "port": 5672,
            "volumes": {"data": {"path": "/data"}},
        }
        document["accessories"] = {"queue": {**image, **queue}}

    return dev_settings(change)


def with_disks(*places: str, kubernetes: bool = False) -> dict[str, Any]:
    """A state with east and west, a group of databases, and the disks of a queue in these regions."""
    state = deployed("east", "west", members=("east", "west", "witness"))
    disk = {"inputs": {"spec": {"volumeClaimTemplates": [{}]}}} if kubernetes else {"retainOnDelete": True}
    for place in places:
        parent = f"urn:pulumi:dev::gostack::gostack:index:Accessory::queue-{place}"
        state["resources"] += [
            {"urn": f"{parent}-program", "parent": parent, "inputs": {}},
            {"urn": f"{parent}-data", "parent": parent, **disk},
        ]
    return state


@pytest.mark.parametrize("kubernetes", [False, True])
@pytest.mark.parametrize(
    ("settings", "places", "new", "old", "keep"),
    [
        (with_queue("west", "east"), ("east",), "west", "east", "write gostack:accessories.queue.regions: [east]"),
        (
            with_queue("east", "west", regions=["west"]),
            ("east",),
            "west",
            "east",
            "write gostack:accessories.queue.regions: [east]",
        ),
        (
            with_queue("east", "north", regions=["east", "north"]),
            ("east", "west"),
            "north",
            "west",
            "keep the name west",
        ),
    ],
    ids=["the primary moves", "it moves", "a region is renamed"],
)
def test_an_accessory_that_would_begin_without_its_files_is_refused_with_the_fix(
    settings: Settings, places: tuple[str, ...], new: str, old: str, keep: str, kubernetes: bool
) -> None:
    state = with_disks(*places, kubernetes=kubernetes)
    with pytest.raises(SettingsError) as caught:
        require_data_of_regions(settings, state, ())
    assert str(caught.value) == (
        f"gostack:accessories.queue would begin with empty volumes in {new}, and its files would stay behind in {old}: "
        f"{keep}, or run `gostack up --leave-rows {old}` if they are to stay behind."
    )
    require_data_of_regions(settings, state, (old,))


@pytest.mark.parametrize(
    ("settings", "places"),
    [
        (with_queue("east", "north"), ("east",)),
        (with_queue("west", "east", regions=["east"]), ("east",)),
        (with_queue("east", "west", regions=["east", "west"]), ("east",)),
        (with_queue("east", "west"), ("east", "west")),
        (with_queue("west", "east"), ()),
    ],
    ids=["a region without it is renamed", "it stays", "one more region", "one region less", "it had no files"],
)
def test_an_accessory_that_keeps_its_files_is_not_refused(settings: Settings, places: tuple[str, ...]) -> None:
    require_data_of_regions(settings, with_disks(*places), ())

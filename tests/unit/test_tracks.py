"""A request's track and region, as nginx's maps say them.

Does not prove that nginx reads them so, nor the shares: tests/integration/test_12_canary.py asks the real one.
"""

from __future__ import annotations

import re

import pytest

from components.rendering.nginx_tracks import (
    Canary,
    HeaderMatch,
    new_client_cookie,
    render_tracks,
    render_upstreams,
    track_value,
)

REGIONS = ["east", "west"]


def tracks(canary: Canary) -> str:
    return render_tracks({"users-api": canary}, REGIONS)


def block(text: str, head: str) -> list[str]:
    found = re.search(rf"^{re.escape(head)} {{\n(.*?)^}}", text, flags=re.M | re.S)
    assert found is not None, head
    return [line.strip() for line in found.group(1).splitlines()]


def test_a_share_of_the_clients_gets_the_canary() -> None:
    assert block(tracks(Canary(5)), 'split_clients "$client users-api" $share_of_users_api') == [
        "5% canary;",
        "* stable;",
    ]


@pytest.mark.parametrize(("weight", "everybody"), [(0, "stable"), (100, "canary")])
def test_a_weight_at_either_end_leaves_nobody_out(weight: int, everybody: str) -> None:
    shares = block(tracks(Canary(weight)), 'split_clients "$client users-api" $share_of_users_api')
    assert shares == [f"* {everybody};"]


def test_the_clients_of_a_small_share_are_among_those_of_a_larger_one() -> None:
    for weight in (5, 25, 50):
        first = block(tracks(Canary(weight)), 'split_clients "$client users-api" $share_of_users_api')[0]
        assert first == f"{weight}% canary;"


def test_any_matching_header_leads_to_the_canary_whatever_the_weight() -> None:
    text = tracks(Canary(0, [HeaderMatch("X-App-Version", "2.0"), HeaderMatch("X-User-Tag", "beta")]))
    assert block(text, "map $http_x_app_version $match_0_of_users_api") == ['default "";', '"2.0" canary;']
    assert block(text, "map $http_x_user_tag $match_1_of_users_api") == ['default "";', '"beta" canary;']
    assert block(text, 'map "$match_0_of_users_api$match_1_of_users_api" $track_of_users_api') == [
        "default canary;",
        '"" $share_of_users_api;',
    ]


def test_a_login_is_never_kept_in_a_cookie() -> None:
    (cookie,) = re.findall(r'"(client=[^"]*)"', tracks(Canary(5)))
    assert cookie == "client=$request_id; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax"


def test_clients_are_told_apart_only_where_it_matters() -> None:
    assert "$client" not in render_tracks({}, REGIONS)
    assert new_client_cookie("users", {}) == []
    assert new_client_cookie("users", {"users": Canary(0)}) == []
    assert new_client_cookie("users", {"users": Canary(100)}) == []
    assert new_client_cookie("users", {"users": Canary(1)}) == ["add_header Set-Cookie $new_client_cookie always;"]


def test_a_region_that_does_not_exist_is_known_as_such() -> None:
    assert block(render_tracks({}, REGIONS), "map $http_x_region $pinned_region") == [
        "default unknown;",
        '"" "";',
        "east .east;",
        "west .west;",
    ]


def test_a_pinned_request_is_for_one_region_alone() -> None:
    text = render_upstreams("users", ["stable", "canary"], "east", ["west"])
    heads = re.findall(r"^upstream (\S+) \{$", text, flags=re.M)
    assert heads == [
        "stable.users",
        "stable.users.east",
        "stable.users.west",
        "canary.users",
        "canary.users.east",
        "canary.users.west",
    ]
    servers = [line for line in block(text, "upstream canary.users.west") if line.startswith("server")]
    assert servers == [
        "server service.west.consul service=_users._canary resolve max_fails=1 fail_timeout=2s;",
    ]
    assert sum("backup" in line for line in block(text, "upstream canary.users")) == 1


def test_a_service_without_a_canary_is_always_stable() -> None:
    assert track_value("users", {}) == "stable"
    assert track_value("users-api", {"users-api": Canary(0)}) == "$track_of_users_api"

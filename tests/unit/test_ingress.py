"""Nginx's configuration says what a route promises.

Does not prove that nginx understands it (tests/integration/test_rendered_nginx.py does), nor that requests go where
they should: tests/integration asks running stacks.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from components.ingress import CanaryTraffic, IngressConfiguration, Route, render_ingress, render_tracks
from components.ingress.configuration import memory_needed_mib
from components.ingress.nginx import HEALTH_PATH


def configuration(*routes: Route, canary: CanaryTraffic | None = None, **values: Any) -> IngressConfiguration:
    settings: dict[str, Any] = {
        "region": "east",
        "other_regions": ["west", "north"],
        "hosts": ["localhost"],
        "https_port": 8443,
        "routes": {"users-api": list(routes) or [Route(path="/users")]},
        "canaries": {} if canary is None else {"users-api": canary},
    }
    return IngressConfiguration(**{**settings, **values})


def rendered(*routes: Route, **values: Any) -> dict[str, str]:
    return dict(render_ingress(configuration(*routes, **values)))


def block(text: str, head: str) -> list[str]:
    """The lines between the braces of a block at the beginning of a line."""
    found = re.search(rf"^ *{re.escape(head)} {{\n(.*?)^ *}}", text, flags=re.M | re.S)
    assert found is not None, head
    return [line.strip() for line in found.group(1).splitlines()]


def location(files: dict[str, str], head: str, number: int = 0) -> list[str]:
    """The directives of a location, with those that every location of its route has."""
    lines = block(files[f"route-{number}.conf"], f"location {head}")
    common = files[f"route-{number}-common.conf"].splitlines()
    return [*lines, *common] if f"include route-{number}-common.conf;" in lines else lines


def locations(files: dict[str, str], number: int = 0) -> list[str]:
    return re.findall(r"^location (.*) \{$", files[f"route-{number}.conf"], flags=re.M)


@pytest.mark.parametrize(
    ("values", "heads"),
    [
        ({"path": "/users"}, ['= "/users"', '"/users/"']),
        ({"path": "/"}, ['"/"']),
        ({"path": "/users", "match": "exact"}, ['= "/users"']),
        ({"path": "^/v[0-9]+/", "match": "regex"}, ["~ ^/v[0-9]+/"]),
        ({"path": "^/(?<host>x)", "match": "regex"}, ["~ ^/(x)"]),
        ({"path": "/a%20b:batch", "match": "exact"}, ['= "/a b:batch"']),
        ({"path": "/@me", "match": "exact"}, ['= "/@me"']),
    ],
)
def test_a_route_claims_its_path_and_nothing_else(values: dict[str, Any], heads: list[str]) -> None:
    assert [head for head in locations(rendered(Route(**values))) if not head.startswith("@")] == heads


def test_no_answer_of_a_service_is_asked_again_unless_its_route_says_so() -> None:
    files = rendered()
    conditions = re.findall(r"proxy_next_upstream (.*);", files["route-0.conf"])
    assert conditions
    assert [condition for condition in conditions if "http_" in condition] == []
    assert "proxy_intercept_errors" not in "".join(files.values())
    asked = rendered(Route(path="/users", retry={"statuses": [503]}))  # type: ignore[arg-type]
    assert "proxy_next_upstream error timeout http_503;" in location(asked, '"/users/"')


def test_no_failure_of_a_request_takes_a_replica_out_of_turn() -> None:
    servers = re.findall(r"^ *server .*$", rendered()["service-users-api.conf"], flags=re.M)
    assert servers
    assert [server for server in servers if "max_fails=0" not in server] == []


def test_a_request_is_tried_twice_at_most() -> None:
    assert set(re.findall(r"proxy_next_upstream_tries (\d+);", rendered()["route-0.conf"])) == {"2", "1"}
    assert set(re.findall(r"proxy_next_upstream_tries 1;", "\n".join(location(rendered(), "@route_0_repeat"))))


def test_a_slow_request_is_not_asked_of_a_second_replica() -> None:
    lines = location(rendered(Route(path="/users", timeout_seconds=7)), '"/users/"')
    assert {"proxy_read_timeout 7s;", "proxy_next_upstream_timeout 7s;"} <= set(lines)


def test_a_read_with_a_shorter_wait_is_asked_again_after_it() -> None:
    files = rendered(Route(path="/users", timeout_seconds=8, per_try_timeout_seconds=2))
    assert "if ($reads) { return 420; }" in location(files, '"/users/"')
    assert "proxy_read_timeout 2s;" in location(files, "@route_0_read")
    assert 'if ($state = "once|late|1|1") { return 418; }' in location(files, "@route_0_again")
    assert 'if ($state = "once|late|1|1") { return 418; }' not in location(rendered(), "@route_0_again")


def test_a_write_is_repeated_only_with_a_key_or_on_an_idempotent_route() -> None:
    files = rendered()
    assert "proxy_next_upstream error timeout;" in location(files, '"/users/"')
    assert "if ($keyed) { return 421; }" in location(files, '"/users/"')
    assert "proxy_next_upstream error timeout non_idempotent;" in location(files, "@route_0_keyed")
    idempotent = rendered(Route(path="/users", idempotent=True))
    assert "proxy_next_upstream error timeout non_idempotent;" in location(idempotent, '"/users/"')


def test_another_region_is_asked_only_for_what_no_replica_has_begun() -> None:
    lines = location(rendered(), "@route_0_again")
    assert lines.index("if ($begun != none) { return 502; }") < lines.index(
        "proxy_pass http://$track.users-api.$second_region;"
    )
    assert "proxy_pass http://$track.users-api.$first_region;" in location(rendered(), "@route_0_repeat")
    assert "@route_0_last" not in locations(rendered())


def test_a_route_may_let_what_a_replica_has_begun_go_on_elsewhere_before_this_region_is_asked_once_more() -> None:
    allowed = rendered(Route(path="/users", retry={"other_regions": True}))  # type: ignore[arg-type]
    repeated = location(allowed, "@route_0_repeat")
    assert {"proxy_pass http://$track.users-api.$second_region;", "error_page 502 504 = @route_0_last;"} <= set(
        repeated
    )
    last = location(allowed, "@route_0_last")
    assert last.index("if ($begun != once) { return 502; }") < last.index(
        "proxy_pass http://$track.users-api.$first_region;"
    )


def test_the_first_try_stays_in_the_region_and_the_next_goes_to_the_others() -> None:
    text = rendered()["service-users-api.conf"]
    regions = {
        name: re.findall(r"server service\.(\w+)\.consul .*?( backup)?;", "\n".join(block(text, f"upstream {name}")))
        for name in re.findall(r"^upstream (\S+) \{$", text, flags=re.M)
    }
    assert regions == {
        "stable.users-api.east": [("east", "")],
        "stable.users-api.west": [("west", "")],
        "stable.users-api.north": [("north", "")],
        "stable.users-api.elsewhere": [("west", ""), ("north", "")],
        "stable.users-api.anywhere": [("east", ""), ("west", " backup"), ("north", " backup")],
    }


def test_a_stack_of_one_region_asks_its_own_replicas_again() -> None:
    text = rendered(other_regions=[])["service-users-api.conf"]
    assert "service.east.consul" in "".join(block(text, "upstream stable.users-api.elsewhere"))


def test_no_body_is_written_to_a_file() -> None:
    files = rendered(Route(path="/users", body_limit_kib=500 * 1024))
    assert "client_body_buffer_size 64k;" in files["nginx.conf"]
    assert "proxy_max_temp_file_size 0;" in files["proxy.conf"]
    assert "if ($large_body) { return 418; }" in location(files, '"/users/"')
    assert "proxy_request_buffering off;" in location(files, "@route_0_large")
    assert "client_max_body_size 512000k;" in location(files, "@route_0_large")


def test_what_streams_may_be_quiet_and_is_not_buffered() -> None:
    files = rendered(Route(path="/users", idle_timeout_seconds=900, buffering=True))
    stream = location(files, "@route_0_stream")
    assert {"proxy_read_timeout 900s;", "proxy_send_timeout 900s;", "proxy_buffering off;"} <= set(stream)
    assert "proxy_buffering on;" in location(files, '"/users/"')
    events = location(rendered(Route(path="/users", protocol="sse", idle_timeout_seconds=900)), '"/users/"')  # type: ignore[arg-type]
    assert "proxy_read_timeout 900s;" in events


def test_grpc_goes_over_http2_with_no_limit_on_the_stream() -> None:
    lines = location(rendered(Route(path="/echo.Echo/", protocol="grpc")), '"/echo.Echo/"')  # type: ignore[arg-type]
    assert "grpc_pass grpc://grpc.$track.users-api.$any_region;" in lines
    assert "client_max_body_size 0;" in lines
    assert "error_page 404 500 502 503 = @grpc_unavailable;" in lines


def test_no_call_of_grpc_shares_its_kept_connections_with_a_request_of_http_1() -> None:
    files = rendered(Route(path="/echo.Echo/", protocol="grpc"), Route(path="/users"))  # type: ignore[arg-type]
    groups = re.findall(r"^upstream (\S+anywhere) \{$", files["service-users-api.conf"], flags=re.M)
    assert groups == ["stable.users-api.anywhere", "grpc.stable.users-api.anywhere"]
    assert "proxy_pass http://$track.users-api." in files["route-1.conf"]


def test_a_client_cannot_say_who_it_is() -> None:
    text = rendered()["proxy.conf"]
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    assert 'proxy_set_header Forwarded "";' in text
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in text
    assert "$proxy_add_x_forwarded_for" not in text
    assert "real_ip" not in rendered()["nginx.conf"]
    trusted = rendered(trusted_proxies=["10.0.0.0/8"])["nginx.conf"]
    assert "set_real_ip_from 10.0.0.0/8;" in trusted
    assert "real_ip_header X-Forwarded-For;" in trusted


def test_a_security_header_is_added_only_where_the_service_sent_none() -> None:
    text = rendered()["nginx.conf"]
    assert block(text, "map $upstream_http_referrer_policy $referrer_policy") == [
        'default "";',
        '"" strict-origin-when-cross-origin;',
    ]
    assert "Content-Security-Policy" not in "".join(rendered().values())


def test_a_route_changes_headers() -> None:
    route = Route(path="/users", headers={"set": {"Referrer-Policy": "a$b"}, "remove": ["X-Frame-Options"]})  # type: ignore[arg-type]
    lines = location(rendered(route), '"/users/"')
    assert 'add_header Referrer-Policy "a${dollar}b" always;' in lines
    assert "add_header Referrer-Policy $referrer_policy always;" not in lines
    assert [line for line in lines if line.startswith("add_header X-Frame-Options")] == []
    assert {"proxy_hide_header Referrer-Policy;", "proxy_hide_header X-Frame-Options;"} <= set(lines)


def test_a_preflight_is_answered_by_the_ingress_where_the_route_names_origins() -> None:
    route = Route(path="/users", cors={"origins": ["https://a.example.com"], "credentials": True})  # type: ignore[arg-type]
    files = rendered(route)
    assert block(files["route-0-maps.conf"], "map $http_origin $cors_origin_0") == [
        'default "";',
        '"https://a.example.com" $http_origin;',
    ]
    assert "return 204;" in location(files, "@route_0_preflight")
    assert "add_header Access-Control-Allow-Origin $cors_origin_0 always;" in location(files, '"/users/"')
    assert "route-0-maps.conf" not in rendered()


def test_pages_of_any_origin_can_read_the_ingress_s_own_answers() -> None:
    text = rendered()["own_answers.conf"]
    for name in ("@too_large", "@too_many", "@unavailable", "@late", "@broken"):
        assert "add_header Access-Control-Allow-Origin $http_origin always;" in block(text, f"location {name}"), name


def test_a_stripped_prefix_comes_back_in_redirects_and_cookies() -> None:
    files = rendered(Route(path="/shop", strip_prefix=True))
    lines = location(files, '"/shop/"')
    assert "proxy_pass http://$track.users-api.$first_region$stripped_0;" in [
        line.replace("stable", "$track") for line in lines
    ]
    assert {"proxy_redirect / /shop/;", "proxy_cookie_path / /shop/;"} <= set(lines)
    assert 'proxy_set_header X-Forwarded-Prefix "/shop";' in lines


def test_hosts_have_the_routes_that_name_them() -> None:
    files = rendered(
        Route(path="/a", hosts=["a.example.com"]), Route(path="/b"), hosts=["a.example.com", "b.example.com"]
    )
    servers = re.findall(r"server_name (.*?);.*?(?=\n  server \{)", files["nginx.conf"], flags=re.S)
    # The first one has every other name.
    assert servers == ["~.", "a.example.com", "b.example.com"]
    of_b = files["nginx.conf"].split("server_name b.example.com")[1]
    assert "include route-1.conf;" in of_b
    assert "include route-0.conf;" not in of_b


def test_a_rate_limit_has_a_zone_and_holds_for_every_kind_of_request() -> None:
    files = rendered(Route(path="/users", rate_limit_per_second=5, rate_limit_burst=2))
    assert "zone=route_0:1m rate=5r/s;" in files["nginx.conf"]
    for head in ('"/users/"', "@route_0_keyed", "@route_0_large"):
        assert "limit_req zone=route_0 burst=2 nodelay;" in location(files, head), head
    assert "limit_req zone" not in rendered()["route-0-common.conf"]


def test_a_service_may_have_every_path_but_the_ingress_s_own() -> None:
    files = rendered(Route(path="/"))
    assert "location / { return 404; }" not in files["nginx.conf"]
    assert "location / { return 404; }" in rendered()["nginx.conf"]
    assert f"location = {HEALTH_PATH} " in files["nginx.conf"]


def test_only_current_tls_is_spoken() -> None:
    text = rendered()["nginx.conf"]
    assert re.findall(r"ssl_protocols (.*);", text) == ["TLSv1.2 TLSv1.3"]
    assert re.findall(r"ssl_ecdh_curve (.*);", text) == ["?X25519MLKEM768:X25519:prime256v1:secp384r1"]


@pytest.mark.parametrize(("port", "shown"), [(443, ""), (8443, ":8443")])
def test_a_redirect_names_the_port_that_clients_use(port: int, shown: str) -> None:
    assert f"return 308 https://$canonical_host{shown}$request_uri;" in rendered(https_port=port)["nginx.conf"]


def test_a_release_can_be_tested_where_it_lies() -> None:
    route = Route(path="/users", cors={"origins": ["*"]}, strip_prefix=True)  # type: ignore[arg-type]
    files = rendered(route, Route(path="/rpc.Rpc/", protocol="grpc"))  # type: ignore[arg-type]
    included = set(re.findall(r"include (\S+);", "\n".join(files.values())))
    assert included - set(files) == {"/etc/nginx/mime.types"}
    assert set(files) - included == {"nginx.conf"}


def test_no_file_is_larger_than_a_variable_may_be() -> None:
    routes = [Route(path=f"/r{number}", write_per_try_timeout_seconds=1) for number in range(300)]
    files = rendered(*routes)
    assert max(len(text.encode()) for text in files.values()) < 128 * 1024


def test_the_memory_that_connections_need_grows_with_them() -> None:
    assert memory_needed_mib(2, 1024) < 512 < memory_needed_mib(2, 4096)


@pytest.mark.parametrize(
    "values",
    [
        {"path": "/a//b"},
        {"path": "/a/../b"},
        {"path": "/a%2"},
        {"path": "/" + "a" * 2000},
        {"path": "/a b"},
        {"path": "(?u)x", "match": "regex"},
        {"path": "/a", "retry": {"statuses": [200]}},
        {"path": "/a", "headers": {"set": {"Connection": "close"}}},
        {"path": "/a", "headers": {"set": {"X": "a\nb"}}},
        {"path": "/a", "cors": {"origins": ["https://a.example.com/path"]}},
        {"path": "/a", "cors": {"origins": ["*"], "credentials": True}},
        {"path": "/", "strip_prefix": True},
        {"path": "/a", "protocol": "grpc", "compression": True},
        {"path": "/a", "per_try_timeout_seconds": 16},
    ],
)
def test_what_nginx_or_a_browser_could_not_use_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Value error"):
        Route(**values)


def maps(canary: CanaryTraffic) -> str:
    return render_tracks({"users-api": canary}, "east", ["west"])


def test_a_share_of_the_clients_gets_the_canary() -> None:
    for weight in (5, 25, 50):
        share = block(maps(CanaryTraffic(weight=weight)), 'split_clients "$client users-api" $share_of_users_api')
        assert share == [f"{weight}% canary;", "* stable;"]


@pytest.mark.parametrize(("weight", "everybody"), [(0, "stable"), (100, "canary")])
def test_a_weight_at_either_end_leaves_nobody_out(weight: int, everybody: str) -> None:
    share = block(maps(CanaryTraffic(weight=weight)), 'split_clients "$client users-api" $share_of_users_api')
    assert share == [f"* {everybody};"]


def test_any_matching_header_leads_to_the_canary_whatever_the_weight() -> None:
    match = [{"header": "X-App-Version", "value": "2.0"}, {"header": "X-User-Tag", "value": "beta"}]
    text = maps(CanaryTraffic(match=match))  # type: ignore[arg-type]
    assert block(text, "map $http_x_app_version $match_0_of_users_api") == ['default "";', '"2.0" canary;']
    assert block(text, 'map "$match_0_of_users_api$match_1_of_users_api" $track_of_users_api') == [
        "default canary;",
        '"" $share_of_users_api;',
    ]


@pytest.mark.parametrize("value", ["default", "Include", "volatile", "hostnames"])
def test_a_word_of_nginx_s_maps_is_no_value_to_match(value: str) -> None:
    with pytest.raises(ValidationError, match="word of nginx"):
        CanaryTraffic(match=[{"header": "X-Tag", "value": value}])  # type: ignore[arg-type]


def test_a_login_is_never_kept_in_a_cookie() -> None:
    (cookie,) = re.findall(r'"(client=[^"]*)"', maps(CanaryTraffic(weight=5)))
    assert cookie == "client=$request_id; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax"


def test_clients_are_told_apart_only_where_it_matters() -> None:
    assert "$client " not in render_tracks({}, "east", ["west"])
    for weight in (0, 100):
        assert "$new_client_cookie" not in rendered(canary=CanaryTraffic(weight=weight))["route-0-common.conf"]
    assert (
        "add_header Set-Cookie $new_client_cookie always;"
        in rendered(canary=CanaryTraffic(weight=1))["route-0-common.conf"]
    )


def test_a_request_that_asks_for_a_region_gets_that_one_alone() -> None:
    text = render_tracks({}, "east", ["west"])
    for variable, otherwise in (("first", "east"), ("second", "elsewhere"), ("any", "anywhere")):
        assert block(text, f"map $http_x_region ${variable}_region") == [
            "default unknown;",
            f'"" {otherwise};',
            '"east" east;',
            '"west" west;',
        ]

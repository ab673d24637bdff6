"""Text for nginx, Consul, MySQL and shells says what it should.

Does not prove that those programs understand it: `nginx -t` and the running stack of the integration tests do.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from components.docker.container import go_duration
from components.rendering import addresses, consul, mysql, nginx
from components.rendering.nginx_model import IngressModel, Route
from components.rendering.nginx_tracks import Canary
from components.rendering.scripts import RELEASES, script

SHELL = Path(nginx.__file__).resolve().parent / "shell"


def route(**values: object) -> Route:
    defaults: dict[str, object] = {
        "path": "/users",
        "match": "prefix",
        "service": "users",
        "idempotent": False,
        "static": False,
        "body_limit_kib": 1024,
        "rate_limit_per_second": 0,
        "rate_limit_burst": 0,
        "timeout_seconds": 15,
        "per_try_timeout_seconds": 0,
        "write_per_try_timeout_seconds": 0,
    }
    return Route(**{**defaults, **values})  # type: ignore[arg-type]


def rendered(*routes: Route, https_port: int = 8443, **canaries: Canary) -> dict[str, str]:
    model = IngressModel("east", ["west", "north"], ["localhost"], https_port, routes or [route()], 1024, canaries)
    return dict(nginx.render_ingress(model))


def block(text: str, head: str) -> str:
    found = re.search(rf"^{re.escape(head)} {{\n(.*?)^}}", text, flags=re.M | re.S)
    assert found is not None, head
    return found.group(1)


def test_a_prefix_is_its_path_and_what_is_below_it_alone() -> None:
    heads = re.findall(r"^location (.*) \{$", rendered()["routes.conf"], flags=re.M)
    assert heads == ["= /users", "/users/", "@route_0_again", "@route_0_once"]


def test_exact_and_regex_routes_are_written_as_nginx_writes_them() -> None:
    text = rendered(route(match="exact"), route(match="regex", path="^/v[0-9]+/"))["routes.conf"]
    heads = re.findall(r"^location ([^@].*) \{$", text, flags=re.M)
    assert heads == ["= /users", "~ ^/v[0-9]+/"]


def test_a_write_without_a_key_is_sent_once_and_everything_else_again() -> None:
    files = rendered()
    assert '"~^(POST|PATCH|LOCK):$" 0;' in files["nginx.conf"]
    once = block(files["routes.conf"], "location @route_0_once")
    again = block(files["routes.conf"], "location @route_0_again")
    assert "non_idempotent" not in once
    assert "non_idempotent" in again
    assert "if ($replayable = 0) { return 418; }" in block(files["routes.conf"], "location = /users")


def test_a_read_is_asked_of_another_replica_sooner_than_a_write() -> None:
    routes = rendered(route(path="/users", per_try_timeout_seconds=2, timeout_seconds=8))["routes.conf"]
    read = block(routes, "location @route_0_read")
    assert "proxy_read_timeout 2s;" in read
    assert "error_page 502 504 = @route_0_again;" in read
    assert "proxy_read_timeout 8s;" in block(routes, "location = /users")
    assert "if ($reads) { return 419; }" in block(routes, "location = /users")
    assert "proxy_read_timeout 8s;" in block(routes, "location @route_0_again")


def test_a_write_that_waited_is_asked_of_another_replica_and_takes_none_out_of_turn() -> None:
    files = rendered(route(path="/users", write_per_try_timeout_seconds=5))
    write = block(files["routes.conf"], "location @route_0_write")
    assert "proxy_read_timeout 5s;" in write
    assert "proxy_pass http://waiting.$track.users$pinned_region;" in write
    first = block(files["routes.conf"], "location = /users")
    # Whatever may not be sent twice has left before.
    assert first.index("$replayable = 0") < first.index("if ($reads = 0) { return 420; }")
    groups = re.findall(r"^upstream (\S+) \{(.*?)^\}", files["upstreams.conf"], flags=re.M | re.S)
    failures = {name: re.findall(r"max_fails=\d+", text) for name, text in groups}
    assert set(failures["stable.users"]) == {"max_fails=1"}
    assert set(failures["waiting.stable.users"]) == {"max_fails=0"}
    plain = [name for name in failures if not name.startswith("waiting.")]
    assert sorted(failures) == sorted([*plain, *(f"waiting.{name}" for name in plain)])


def test_without_a_shorter_wait_a_read_is_handled_like_everything_else() -> None:
    files = rendered(route(path="/users"))
    assert not re.search("419|420", files["routes.conf"])
    assert "waiting" not in files["upstreams.conf"]


def test_an_idempotent_route_repeats_every_write() -> None:
    text = rendered(route(idempotent=True))["routes.conf"]
    assert "@route_0_once" not in text
    assert "$replayable" not in text


def test_other_regions_are_backups_in_their_order() -> None:
    servers = re.findall(
        r"server service\.(\w+)\.consul service=_users\._stable .*?( backup)?;",
        block(rendered()["upstreams.conf"], "upstream stable.users"),
    )
    assert servers == [("east", ""), ("west", " backup"), ("north", " backup")]


def test_a_rate_limit_has_a_zone_and_a_refusal_of_its_own() -> None:
    files = rendered(route(rate_limit_per_second=5, rate_limit_burst=2))
    assert "zone=route_0:1m rate=5r/s;" in files["nginx.conf"]
    assert "limit_req_status 429;" in files["nginx.conf"]
    assert "limit_req zone=route_0 burst=2 nodelay;" in files["routes.conf"]
    assert "limit_req zone" not in rendered()["routes.conf"]


def test_static_files_are_kept_for_a_year_with_the_security_headers() -> None:
    text = block(rendered(route(static=True))["routes.conf"], "location /users/")
    assert 'add_header Cache-Control "public, max-age=31536000, immutable";' in text
    assert "include security_headers.conf;" in text


def test_a_front_end_may_have_every_path() -> None:
    files = rendered(route(path="/"))
    assert re.findall(r"^location (/) \{$", files["routes.conf"], flags=re.M) == ["/"]
    assert "location / { return 404; }" not in files["nginx.conf"]
    assert "location / { return 404; }" in rendered()["nginx.conf"]


def test_a_rate_limit_holds_for_writes_too() -> None:
    text = rendered(route(rate_limit_per_second=5))["routes.conf"]
    assert "limit_req zone=route_0;" in block(text, "location @route_0_once")


def test_only_current_tls_is_spoken() -> None:
    assert re.findall(r"ssl_protocols (.*);", rendered()["nginx.conf"]) == ["TLSv1.2 TLSv1.3"]


@pytest.mark.parametrize(("port", "shown"), [(443, ""), (8443, ":8443")])
def test_a_redirect_names_the_port_that_clients_use(port: int, shown: str) -> None:
    assert f"return 308 https://$host{shown}$request_uri;" in rendered(https_port=port)["nginx.conf"]


def test_a_release_can_be_tested_where_it_lies() -> None:
    files = rendered()
    included = set(re.findall(r"^\s*include (\S+);", "\n".join(files.values()), flags=re.M))
    assert included - set(files) == {"/etc/nginx/mime.types"}
    assert "ssl_certificate certificate.pem;" in files["nginx.conf"]


def agent(services: list[consul.ServiceInstance]) -> dict[str, object]:
    text = consul.agent_configuration(
        datacenter="east",
        lan_address=consul.address_in("10.80.1.0/24"),
        wan_address=consul.address_in("10.80.0.0/24"),
        server_addresses=["10.80.1.11"],
        services=services,
    )
    return json.loads(text)


def test_an_agent_answers_with_every_healthy_instance_and_never_from_a_cache() -> None:
    assert agent([])["dns_config"] == {
        "allow_stale": True,
        "max_stale": "87600h",
        "node_ttl": "0s",
        "service_ttl": {"*": "0s"},
        "only_passing": True,
        "enable_truncate": True,
        "udp_answer_limit": 100,
    }


def test_an_agent_listens_inside_its_pod_and_leaves_when_it_stops() -> None:
    configuration = agent([])
    assert (configuration["client_addr"], configuration["leave_on_terminate"]) == ("127.0.0.1", True)


def test_an_instance_is_checked_as_it_was_told() -> None:
    check = consul.Check(interval="10s", timeout="5s", http="http://127.0.0.1:1/ready")
    (service,) = agent([consul.ServiceInstance("users", 1, check, ["stable"])])["services"]  # type: ignore[misc]
    assert service["checks"] == [
        {
            "name": "users answers",
            "http": "http://127.0.0.1:1/ready",
            "interval": "10s",
            "timeout": "5s",
        }
    ]


def test_a_check_by_grpc_health_checking() -> None:
    check = consul.Check(grpc="10.80.1.7:9000", interval="1s", timeout="2s")
    assert check.probe() == {"grpc": "10.80.1.7:9000", "interval": "1s", "timeout": "2s"}


def test_a_check_asks_in_one_way() -> None:
    with pytest.raises(ValueError, match="exactly one of http, tcp, grpc and ttl"):
        consul.Check(grpc="10.80.1.7:9000", tcp="10.80.1.7:9000")


def test_an_agent_that_died_without_a_word_is_forgotten_though_nobody_cleans_up() -> None:
    assert agent([])["advertise_reconnect_timeout"] == "15m"


def test_more_than_one_check_in_a_row_may_have_to_fail() -> None:
    check = consul.Check(tcp="127.0.0.1:1", interval="1s", timeout="2s", failures=2)
    assert check.probe() == {"tcp": "127.0.0.1:1", "interval": "1s", "timeout": "2s", "failures_before_critical": 2}


def test_the_gossip_key_is_in_a_file_of_its_own() -> None:
    assert "encrypt" not in agent([])
    assert json.loads(consul.gossip_configuration("key")) == {"encrypt": "key"}


def test_servers_are_written_to_from_this_machine_alone() -> None:
    text = consul.server_configuration(
        datacenter="east",
        lan_address=consul.address_in("10.80.1.0/24"),
        wan_address=consul.address_in("10.80.0.0/24"),
        server_addresses=["10.80.1.11", "10.80.1.12", "10.80.1.13"],
        wan_join=["consul-west-0"],
        writers=["10.80.1.1/32"],
    )
    configuration = json.loads(text)
    assert configuration["http_config"] == {"allow_write_http_from": ["127.0.0.0/8", "10.80.1.1/32"]}
    assert configuration["bootstrap_expect"] == 3
    assert configuration["retry_join_wan"] == ["consul-west-0"]


def test_fixed_and_assigned_addresses_never_meet() -> None:
    assert addresses.gateway("10.80.1.0/24") == "10.80.1.1"
    assert addresses.assigned_range("10.80.1.0/24") == "10.80.1.128/25"
    assert addresses.consul_server_addresses("10.80.1.0/24", 3) == ["10.80.1.11", "10.80.1.12", "10.80.1.13"]


def test_a_replica_is_read_only_and_a_primary_is_not() -> None:
    def settings(read_only: bool) -> set[str]:
        text = mysql.member_configuration(server_id=1, read_only=read_only, buffer_pool_mib=64, max_connections=50)
        return {line for line in text.splitlines() if "read_only" in line}

    assert settings(True) == {"read_only = ON", "super_read_only = ON"}
    assert settings(False) == {"read_only = OFF", "super_read_only = OFF"}


def test_acknowledged_rows_are_on_disk_and_connections_encrypted() -> None:
    text = mysql.member_configuration(server_id=7, read_only=False, buffer_pool_mib=64, max_connections=50)
    assert {"sync_binlog = 1", "innodb_flush_log_at_trx_commit = 1", "gtid_mode = ON"} <= set(text.splitlines())
    assert {"require_secure_transport = ON", "server_id = 7"} <= set(text.splitlines())


def test_a_service_may_not_touch_tables_and_its_migrations_may_not_leave_the_schema() -> None:
    sql = mysql.service_accounts_sql(database="users", application_password="a", migration_password="m")
    grants = re.findall(r"^GRANT (.*) ON (\S+) TO '(\w+)'@'%';$", sql, flags=re.M)
    assert grants[0] == ("SELECT, INSERT, UPDATE, DELETE", "`users`.*", "users")
    assert {where for _, where, _ in grants} == {"`users`.*"}
    assert sql.count("REQUIRE SSL") == 2


def test_a_password_cannot_leave_its_quotes() -> None:
    sql = mysql.service_accounts_sql(database="users", application_password="a'b\\c", migration_password="m")
    assert r"IDENTIFIED BY 'a\'b\\c' REQUIRE SSL" in sql
    assert r"ALTER USER \'users\'@\'%\' IDENTIFIED BY \'a\\\'b\\\\c\' RETAIN" in sql


def test_an_old_password_stays_good_while_replicas_are_replaced() -> None:
    sql = mysql.stack_accounts_sql(mysql.StackAccounts("r", "b", "e"))
    assert sql.count("RETAIN CURRENT PASSWORD") == 3
    assert "root" not in sql


def test_an_account_name_fits_into_what_mysql_allows() -> None:
    assert mysql.migration_account("users") == "users_migration"
    assert len(mysql.migration_account("x" * 32)) == 32


def test_root_has_no_password_and_says_so_in_no_binary_log() -> None:
    assert mysql.BOOT_SQL.splitlines() == [
        "SET SQL_LOG_BIN = 0;",
        "ALTER USER 'root'@'localhost' IDENTIFIED WITH auth_socket AS 'mysql';",
    ]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (59, "59s"), (60, "1m0s"), (3661, "1h1m1s")])
def test_a_duration_is_written_as_go_prints_it(seconds: int, text: str) -> None:
    assert go_duration(seconds) == text


@pytest.mark.parametrize("file", sorted(SHELL.glob("*.sh")), ids=lambda file: file.stem)
def test_a_script_is_one_its_shell_can_read(file: Path) -> None:
    shell = "bash" if file.read_text().startswith("#!/usr/bin/env bash") else "sh"
    result = subprocess.run(
        [shutil.which(shell) or shell, "-n", str(file)], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


def test_scripts_and_their_callers_agree_on_paths() -> None:
    assert f"cd {RELEASES}\n" in script("release")
    assert f"cd {RELEASES}\n" in script("ingress")
    assert f"--socket={mysql.SOCKET}" in script("mysql-server")
    assert f"mv {mysql.DATA}.new {mysql.DATA}" in script("mysql-server")
    assert nginx.RELEASE_PLACEHOLDER in script("release")

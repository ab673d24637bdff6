"""What the program sends to MySQL does what it says, against the real server in one container without a network.

Does not prove that `up` sends it to the member that takes writes, or how Aurora reads it; needs an engine with the
stack's image of MySQL: without one it is skipped.
"""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from components.mysql.accounts import (
    BOOT_SQL,
    administration_boot_sql,
    migration_account,
    service_accounts_sql,
    stack_accounts_sql,
)
from components.mysql.names import owner_of
from tests.support.images import image_or_skip
from tools.gostack.environment.locations import PROJECT_ROOT

MADE_HERE = ("order", "stock", "rotated", "auto", "routines", "keyless", "crowded", "watched")
SOCKET = "/tmp/mysqld.sock"
START = f"""\
mysqld --no-defaults --initialize-insecure --datadir=/var/lib/mysql/data --log-error-verbosity=1
exec mysqld --no-defaults --datadir=/var/lib/mysql/data --socket={SOCKET} --mysqlx=OFF --innodb-buffer-pool-size=32M \
  --sql-require-primary-key=ON --log-bin-trust-function-creators=ON"""


@dataclass(frozen=True)
class Server:
    """A MySQL server in a container."""

    container: str

    def ask(self, statements: str, account: str = "root", password: str = "") -> tuple[bool, str]:
        """Run statements as an account; whether all of them were taken, and what came back."""
        result = subprocess.run(
            self.client(account, password), input=statements, capture_output=True, text=True, check=False
        )
        return result.returncode == 0, result.stdout if result.returncode == 0 else result.stderr

    def client(self, account: str, password: str) -> list[str]:
        """The command that runs MySQL's client as an account."""
        # All but root must come with TLS, which a socket has not.
        way = [f"--socket={SOCKET}"] if account == "root" else ["--host=127.0.0.1", "--ssl-mode=REQUIRED"]
        login = [f"--user={account}", f"--password={password}", *way]
        return ["docker", "exec", "--interactive", self.container, "mysql", *login, "--batch", "--skip-column-names"]

    def run(self, statements: str, account: str = "root", password: str = "") -> str:
        """Run statements that must be taken."""
        taken, answer = self.ask(statements, account, password)
        assert taken, answer
        return answer

    def accounts(self) -> set[str]:
        return set(self.run("SELECT user FROM mysql.user").split())

    def rights(self, account: str) -> str:
        return self.run(f"SHOW GRANTS FOR '{account}'@'%'")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    image = image_or_skip("mysql")
    name = f"gostack-test-{uuid.uuid4().hex[:12]}"
    options = ["--rm", "--detach", "--name", name, "--network", "none", "--memory", "1g", "--user", "mysql"]
    folders = ["--tmpfs", "/var/lib/mysql:uid=999,gid=999", "--tmpfs", "/tmp", "--tmpfs", "/var/run/mysqld"]
    subprocess.run(
        ["docker", "run", *options, *folders, "--entrypoint", "bash", image, "-c", START],
        check=True,
        capture_output=True,
    )
    try:
        made = Server(name)
        until = time.monotonic() + 120
        while not made.ask("SELECT 1")[0]:
            assert time.monotonic() < until, "the server did not start within two minutes"
            time.sleep(0.5)
        # The account that runs the statements where no job reaches the socket: it has less than root.
        made.run(administration_boot_sql("administration-password").replace(BOOT_SQL, ""))
        yield made
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)


def make_service(server: Server, database: str, account: str = "administration", **options: Any) -> None:
    """Do what an update does for a service with this schema."""
    statements = service_accounts_sql(
        database=database, application_password=f"{database}-rows", migration_password=f"{database}-tables", **options
    )
    server.run(statements, account, "administration-password" if account != "root" else "")


def allowed(server: Server, database: str, statement: str, *, migration: bool = False) -> bool:
    account = migration_account(database) if migration else database
    return server.ask(statement, account, f"{database}-{'tables' if migration else 'rows'}")[0]


@pytest.fixture(scope="module")
def two_services(server: Server) -> Server:
    for database in ("order_api", "order2api"):
        make_service(server, database)
        server.run(f"CREATE TABLE {database}.notes (id INT PRIMARY KEY); INSERT INTO {database}.notes VALUES (1)")
    return server


@pytest.mark.parametrize("migration", [False, True], ids=["the service", "its migrations"])
@pytest.mark.parametrize("statement", ["SELECT * FROM {}.notes", "DELETE FROM {}.notes", "DROP TABLE {}.notes"])
@pytest.mark.parametrize(("own", "other"), [("order_api", "order2api"), ("order2api", "order_api")])
def test_services_whose_names_match_as_patterns_cannot_touch_each_others_tables(
    two_services: Server, own: str, other: str, statement: str, migration: bool
) -> None:
    assert not allowed(two_services, own, statement.format(other), migration=migration)


@pytest.mark.parametrize("database", ["order_api", "order2api"])
def test_a_service_and_its_migrations_can_do_their_work(two_services: Server, database: str) -> None:
    assert allowed(two_services, database, f"INSERT INTO {database}.notes VALUES (2); DELETE FROM {database}.notes")
    assert not allowed(two_services, database, f"CREATE TABLE {database}.more (id INT PRIMARY KEY)")
    more = f"CREATE TABLE {database}.more (id INT PRIMARY KEY); DROP TABLE {database}.more"
    assert allowed(two_services, database, more, migration=True)


ROUTINE = "CREATE PROCEDURE {0}.tidy() BEGIN DELETE FROM {0}.made; END"
TRIGGER = "CREATE TRIGGER {0}.stamp BEFORE INSERT ON {0}.made FOR EACH ROW SET NEW.note = CONCAT(NEW.note, '!')"
DEFINITIONS = [
    "CREATE TABLE {0}.made (id INT PRIMARY KEY, note VARCHAR(99))",
    "ALTER TABLE {0}.made ADD COLUMN more INT, ADD INDEX by_note (note)",
    "CREATE TABLE {0}.child (id INT PRIMARY KEY, made INT, FOREIGN KEY (made) REFERENCES {0}.made (id))",
    "CREATE VIEW {0}.seen AS SELECT id FROM {0}.made",
    TRIGGER,
    f"DELIMITER //\n{ROUTINE} //\nDELIMITER ;\nCALL {{0}}.tidy()",
    "DROP VIEW {0}.seen; DROP TABLE {0}.child",
]


def test_a_service_with_the_rights_of_the_schema_makes_it_and_one_whose_rights_are_taken_back_does_not(
    server: Server,
) -> None:
    for database in ("auto_x", "auto2x"):
        make_service(server, database, rights="schema")
    for statement in DEFINITIONS:
        taken, answer = server.ask(statement.format("auto_x"), "auto_x", "auto_x-rows")
        assert taken, (statement, answer)
        assert not allowed(server, "auto_x", statement.format("auto2x")), statement
    make_service(server, "auto_x")
    assert not allowed(server, "auto_x", "CREATE TABLE auto_x.later (id INT PRIMARY KEY)")
    assert not allowed(server, "auto_x", "DROP TABLE auto_x.made")
    assert allowed(server, "auto_x", "SELECT * FROM auto_x.made; CALL auto_x.tidy()")


def test_a_migration_makes_routines_and_triggers_which_the_service_calls(server: Server) -> None:
    make_service(server, "routines")
    for statement in DEFINITIONS:
        assert allowed(server, "routines", statement.format("routines"), migration=True), statement
    assert allowed(server, "routines", "INSERT INTO routines.made (id, note) VALUES (1, 'a')")
    assert server.run("SELECT note FROM routines.made") == "a!\n"
    assert allowed(server, "routines", "CALL routines.tidy()")


def test_a_table_without_a_primary_key_fails_in_the_migration(server: Server) -> None:
    make_service(server, "keyless")
    taken, answer = server.ask("CREATE TABLE keyless.log (line INT)", "keyless_migration", "keyless-tables")
    assert not taken
    assert "ERROR 3750" in answer


def test_an_account_has_no_more_connections_than_it_may(server: Server) -> None:
    make_service(server, "crowded", max_connections=1)
    busy = subprocess.Popen(
        [*server.client("crowded", "crowded-rows"), "--execute=SELECT SLEEP(3)"], stdout=subprocess.DEVNULL
    )
    try:
        listed = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'crowded'"
        until = time.monotonic() + 20
        while server.run(listed) != "1\n":
            assert time.monotonic() < until
        taken, answer = server.ask("SELECT 1", "crowded", "crowded-rows")
        assert not taken
        assert "max_user_connections" in answer
        make_service(server, "crowded", max_connections=2)
        assert server.run("SELECT 1", "crowded", "crowded-rows") == "1\n"
    finally:
        assert busy.wait(20) == 0


def test_the_next_update_takes_back_what_an_earlier_release_granted_by_pattern(server: Server) -> None:
    make_service(server, "stock_api")
    make_service(server, "stock2api")
    rows, tables = "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX"
    # As releases before this one wrote it.
    server.run(f"GRANT {rows} ON `stock_api`.* TO 'stock_api'@'%'")
    server.run(f"GRANT {tables} ON `stock_api`.* TO 'stock_api_migration'@'%'")
    server.run("CREATE TABLE stock2api.notes (id INT PRIMARY KEY)")
    assert allowed(server, "stock_api", "SELECT * FROM stock2api.notes")
    for _ in range(2):
        make_service(server, "stock_api")
        assert not allowed(server, "stock_api", "SELECT * FROM stock2api.notes")
        assert not allowed(server, "stock_api", "DROP TABLE stock2api.notes", migration=True)
        assert "`stock_api`.*" not in server.rights("stock_api") + server.rights("stock_api_migration")


def test_the_next_update_drops_the_accounts_that_nothing_uses(server: Server) -> None:
    server.run("CREATE USER 'backup'@'%'; CREATE USER 'exporter'@'%'; GRANT SELECT ON *.* TO 'backup'@'%'")
    for _ in range(2):
        server.run(stack_accounts_sql("replication-password"), "administration", "administration-password")
        assert not {"backup", "exporter"} & server.accounts()
    assert "replication" in server.accounts()


def test_the_telemetry_may_ask_a_member_how_it_is_and_read_nothing_else(server: Server) -> None:
    make_service(server, "watched")
    server.run("CREATE TABLE watched.notes (id INT PRIMARY KEY)")
    server.run(stack_accounts_sql("replication-password", "monitoring-password"))
    source = (PROJECT_ROOT / "components/telemetry/collector/mysql.go").read_text(encoding="utf-8")
    query = source.partition("memberQuery = `")[2].partition("`")[0]
    connections, most, writable, replicates, lag = server.run(query, "monitoring", "monitoring-password").split("\t")
    assert int(connections) >= 1
    assert (most, writable, replicates, float(lag)) == ("151", "1", "NULL", 0)
    server.run("SET GLOBAL super_read_only = ON")
    try:
        assert server.run(query, "monitoring", "monitoring-password").split("\t")[2:4] == ["0", "0"]
    finally:
        server.run("SET GLOBAL super_read_only = OFF; SET GLOBAL read_only = OFF")
    for foreign in ("watched.notes", "mysql.user", "performance_schema.events_statements_history"):
        assert "denied" in server.ask(f"SELECT * FROM {foreign}", "monitoring", "monitoring-password")[1], foreign
    # Where nobody asks any more.
    server.run(stack_accounts_sql("replication-password"))
    assert "monitoring" not in server.accounts()


def test_an_old_password_is_good_until_the_one_after_the_next(server: Server) -> None:
    for password in ("first", "second", "second"):
        server.run(
            service_accounts_sql(database="rotated", application_password=password, migration_password="m"),
            "administration",
            "administration-password",
        )
    assert [server.ask("SELECT 1", "rotated", password)[0] for password in ("first", "second")] == [True, True]


def test_every_account_and_schema_of_a_new_server_is_reserved(server: Server) -> None:
    schemas = set(server.run("SELECT schema_name FROM information_schema.schemata").split())
    made_here = {name for name in schemas | server.accounts() if name.startswith(MADE_HERE)}
    reserved = (schemas | server.accounts()) - made_here
    assert {"root", "mysql.sys", "performance_schema", "administration"} <= reserved
    assert [name for name in sorted(reserved) if not owner_of(name)] == []


def test_a_schema_that_the_data_folder_has_no_place_for_is_reserved(server: Server) -> None:
    files = subprocess.run(
        ["docker", "exec", server.container, "ls", "/var/lib/mysql/data"], capture_output=True, text=True, check=True
    ).stdout.split()
    names = [name for name in files if name.isidentifier() and name == name.lower()]
    assert {"ibdata1", "undo_001"} <= set(names)
    refused = [name for name in [*names, "ib_logfile0"] if not server.ask(f"CREATE DATABASE {name}")[0]]
    made_here = [name for name in refused if name.startswith(MADE_HERE)]
    assert {"ibdata1", "undo_001", "ib_logfile0"} <= set(refused)
    assert [name for name in refused if name not in made_here and not owner_of(name)] == []

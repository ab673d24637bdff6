"""Makes the administrator of a new cluster on the local server, as `GOSTACK_RDS_SERVER` says (fake AWS provider).

Arguments: the server's container and its address, which it prints. Reads `username` and `password` as JSON; they reach
the server on the client's standard input, over the socket.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

# What the master user of Aurora MySQL version 3 has, without SET_USER_ID, which newer servers know no more:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.MasterAccounts.html
PRIVILEGES = """
SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES,
CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW,
CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, CREATE ROLE, DROP ROLE, APPLICATION_PASSWORD_ADMIN,
CONNECTION_ADMIN, ROLE_ADMIN, XA_RECOVER_ADMIN
"""


def statements(username: str, password: str) -> str:
    """SQL that makes the account; raises ValueError for what would need quotes."""
    for text in (username, password):
        if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
            raise ValueError("a name or a password with other than letters, digits, _ and -")
    # Aurora requires TLS of every account by `require_secure_transport`; the server here does too.
    account = f"'{username}'@'%'"
    return (
        f"CREATE USER {account} IDENTIFIED BY '{password}';\n"
        f"GRANT {PRIVILEGES.strip()} ON *.* TO {account} WITH GRANT OPTION;\n"
    )


def main() -> int:
    """Make the account and print the address; 1 when the server refuses."""
    container, address = sys.argv[1:]
    asked = json.load(sys.stdin)
    command = ["docker", "exec", "--interactive", container, "mysql", "--user=root"]
    command.append("--socket=/var/run/mysqld/mysqld.sock")
    text = statements(asked["username"], asked["password"])
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stderr.strip(), file=sys.stderr)
        return 1
    print(address)
    return 0


if __name__ == "__main__":
    sys.exit(main())

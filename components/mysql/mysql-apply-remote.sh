#!/usr/bin/env bash
# Runs STATEMENTS on the member that takes writes, over the network and TLS. Reads ADMINISTRATION_HOST,
# ADMINISTRATION_PORT, ADMINISTRATION_USER, ADMINISTRATION_PASSWORD and AUTHORITY, the certificate that signed the
# member's. Tries for about two minutes, as a member that starts, or whose account is being renewed, needs time.
set -euo pipefail
umask 077
mkdir -p /tmp/mysql
printf '%s' "$AUTHORITY" > /tmp/mysql/authority.pem
cat > /tmp/mysql/client.cnf << END
[client]
host = $ADMINISTRATION_HOST
port = $ADMINISTRATION_PORT
user = $ADMINISTRATION_USER
password = "$ADMINISTRATION_PASSWORD"
ssl_mode = VERIFY_IDENTITY
ssl_ca = /tmp/mysql/authority.pem
connect_timeout = 5
default_character_set = utf8mb4
END
unset ADMINISTRATION_PASSWORD
client() { mysql --defaults-file=/tmp/mysql/client.cnf "$@"; }
while [ "$SECONDS" -lt 120 ]; do
  writable=$(client --batch --skip-column-names --execute 'SELECT NOT @@global.read_only' 2> /tmp/mysql/client.log) || writable=0
  if [ "$writable" = 1 ] && printf '%s' "$STATEMENTS" | client; then
    echo "applied"
    exit 0
  fi
  sleep 1
done
echo "the statements could not be applied: $(tail -n 1 /tmp/mysql/client.log)"
exit 1

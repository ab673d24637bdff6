#!/usr/bin/env bash
# First process of a primary or of a replica, after mysql-server.sh. Reads, on a replica, PRIMARY_HOST and the secret
# REPLICATION_PASSWORD.
[ -z "${PRIMARY_HOST:-}" ] || replication_password=$(secret REPLICATION_PASSWORD)
unset REPLICATION_PASSWORD

# A server on the unfinished folder that nobody outside can reach.
start_unfinished() {
  clear_socket
  mysqld --defaults-file=/tmp/mysql/my.cnf --datadir=/var/lib/mysql/data.new --init-file=/tmp/mysql/boot.sql --skip-networking \
    --super-read-only=OFF --read-only=OFF --skip-log-bin &
  server=$!
  wait_for_server "$server"
}

# Error 3707 says that the server cannot restart itself: the copy is complete.
clone() {
  sql << SQL
SET GLOBAL clone_valid_donor_list = '$PRIMARY_HOST:3306';
CLONE INSTANCE FROM 'replication'@'$PRIMARY_HOST':3306 IDENTIFIED BY '$replication_password' REQUIRE SSL;
SQL
}

# A new replica starts from a copy of the primary: the primary's first binary logs may be gone.
clone_from_primary() {
  start_unfinished
  until clone 2> /tmp/mysql/clone.log || grep -q 'ERROR 3707' /tmp/mysql/clone.log; do
    say "the primary cannot be copied yet: $(tail -n 1 /tmp/mysql/clone.log)"
    kill -0 "$server" || return 1
    sleep 1
  done
  # A clone ends the server; the next start, in the same folder, puts the copied files in place.
  wait "$server" || true
  start_unfinished
  sql --execute 'SHUTDOWN'
  wait "$server"
}

if [ ! -d /var/lib/mysql/data ]; then
  say "first start: making the data folder"
  initialise
  if [ -n "${PRIMARY_HOST:-}" ]; then
    say "first start: copying from $PRIMARY_HOST"
    clone_from_primary
  fi
  keep_initialised
fi

clear_socket
mysqld --defaults-file=/tmp/mysql/my.cnf --init-file=/tmp/mysql/boot.sql &
server=$!
trap 'kill -TERM "$server"; wait "$server"; exit $?' TERM INT
if [ -n "${PRIMARY_HOST:-}" ]; then
  wait_for_server "$server"
  say "following $PRIMARY_HOST"
  sql << SQL
STOP REPLICA;
CHANGE REPLICATION SOURCE TO
  SOURCE_HOST = '$PRIMARY_HOST', SOURCE_PORT = 3306, SOURCE_AUTO_POSITION = 1,
  SOURCE_SSL = 1, SOURCE_SSL_CA = '/tmp/mysql/authority.pem', SOURCE_SSL_VERIFY_SERVER_CERT = 1,
  SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 0, SOURCE_HEARTBEAT_PERIOD = 2;
START REPLICA USER = 'replication' PASSWORD = '$replication_password';
SQL
fi
unset replication_password
wait "$server"

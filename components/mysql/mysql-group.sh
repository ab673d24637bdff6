#!/usr/bin/env bash
# What a member of a group knows and decides, after mysql-server.sh. Reads MEMBERS (host names of all members, always in
# the same order), MEMBER (its own), where the primary is registered in Consul PRIMARY_CHECK, and the secret GROUP_PASSWORD.
# shellcheck disable=SC2153 # It comes from the environment.
read -ra members <<< "$MEMBERS"
group_password=$(secret GROUP_PASSWORD)

# How a member answers: its state, 1 when it sees a majority, its role, 1 when it refuses writes, what it has executed.
# An empty value is a dash, so that the words keep their places.
STATUS="SELECT CONCAT_WS(' ',
  COALESCE((SELECT member_state FROM performance_schema.replication_group_members
            WHERE member_id = @@server_uuid), 'OFFLINE'),
  (SELECT IFNULL(SUM(member_state IN ('ONLINE', 'RECOVERING')) * 2 > COUNT(*), 0)
   FROM performance_schema.replication_group_members),
  COALESCE(NULLIF((SELECT member_role FROM performance_schema.replication_group_members
                   WHERE member_id = @@server_uuid), ''), '-'),
  @@super_read_only,
  COALESCE(NULLIF(REPLACE(@@global.gtid_executed, '\n', ''), ''), '-'))"

# Only members have this account, each its own copy of it: it is made at every start and never written to the binary log,
# so that it works before the member has joined and after the password was renewed.
cat > /tmp/mysql/peer.cnf << END
[client]
user = group_replication
password = $group_password
port = 3306
ssl_mode = VERIFY_IDENTITY
ssl_ca = /tmp/mysql/authority.pem
connect_timeout = 2
END

own_status() { timeout 5 mysql --user=root --socket=/var/run/mysqld/mysqld.sock --batch --skip-column-names --execute "$STATUS" 2> /dev/null; }
peer_status() { timeout 4 mysql --defaults-file=/tmp/mysql/peer.cnf --host="$1" --batch --skip-column-names --execute "$STATUS" 2>&1; }
set_or_empty() { if [ "$1" = - ]; then echo; else echo "$1"; fi; }
# Whether the second set of transactions contains the first one.
contained() {
  [ "$(sql --batch --skip-column-names --execute "SELECT GTID_SUBSET('$(set_or_empty "$1")', '$(set_or_empty "$2")')")" = 1 ]
}

# All peers at once: one that is gone takes seconds. Each answer is a file.
ask_peers() {
  local peer
  local asked=()
  for peer in "${members[@]}"; do
    [ "$peer" = "$MEMBER" ] && continue
    peer_status "$peer" > "/tmp/mysql/peer-$peer" &
    asked+=($!)
  done
  wait "${asked[@]}" || true
}

# What an offline member that has executed $1 does next, in one line: `join`, `bootstrap`, `fetch HOST`, `wait WHY`, or
# `absent WHO` when a peer that does not answer is all it waits for.
# A new group is made only when every member has answered that it is in none, by the one that has executed everything:
# then nothing that was acknowledged can be missing.
decision() {
  local mine=$1 peer state majority read_only theirs
  local silent="" busy="" ahead="" equal="" complete="" lower=1 lowest=1
  for peer in "${members[@]}"; do
    if [ "$peer" = "$MEMBER" ]; then lower=0; continue; fi
    if ! read -r state majority _ read_only theirs < "/tmp/mysql/peer-$peer" || [[ "$majority$read_only" != [01][01] ]]; then
      silent=$peer
      continue
    fi
    if [ "$state" = ONLINE ] && [ "$majority" = 1 ]; then echo "join"; return; fi
    if [ "$state" != OFFLINE ]; then busy="$peer, which is $state"; continue; fi
    if [ "$lower" = 1 ]; then lowest=0; fi
    if ! contained "$theirs" "$mine"; then
      ahead=$peer
    elif [ "$lower" = 1 ] && contained "$mine" "$theirs"; then
      equal=$peer
    fi
  done
  if [ -n "$silent" ]; then echo "absent $silent: $(tail -n 1 "/tmp/mysql/peer-$silent")"; return; fi
  if [ -n "$busy" ]; then echo "wait for $busy"; return; fi
  if [ -n "$equal" ]; then echo "wait for $equal, which is to begin"; return; fi
  if [ -z "$ahead" ]; then echo "bootstrap"; return; fi
  for peer in "${members[@]}"; do
    if [ "$peer" != "$MEMBER" ] && has_everything "$peer" "$mine"; then complete=$peer; fi
  done
  # When all members die at once, the last transactions can be on different disks: the first member collects them.
  if [ -z "$complete" ] && [ "$lowest" = 1 ]; then echo "fetch $ahead"; return; fi
  echo "wait for ${complete:-${members[0]}}, which is to begin"
}

# Whether the peer $1 has executed what every other member has, and $2, which this one has.
has_everything() {
  local candidate peer rest theirs
  read -r rest rest rest rest candidate < "/tmp/mysql/peer-$1"
  contained "$2" "$candidate" || return 1
  for peer in "${members[@]}"; do
    [ "$peer" = "$MEMBER" ] && continue
    read -r rest rest rest rest theirs < "/tmp/mysql/peer-$peer"
    contained "$theirs" "$candidate" || return 1
  done
}

# Errors of a statement are told in one line.
attempt() {
  if sql 2> /tmp/mysql/attempt.log; then return 0; fi
  say "$(tail -n 1 /tmp/mysql/attempt.log)"
  return 1
}
join_group() {
  attempt << SQL
SET GLOBAL group_replication_bootstrap_group = OFF;
START GROUP_REPLICATION USER = 'group_replication', PASSWORD = '$group_password';
SQL
}
bootstrap_group() {
  # Switched off whatever happens: a member that kept it on would make a second group at its next start.
  attempt << SQL || true
SET GLOBAL group_replication_bootstrap_group = ON;
START GROUP_REPLICATION USER = 'group_replication', PASSWORD = '$group_password';
SQL
  attempt <<< "SET GLOBAL group_replication_bootstrap_group = OFF;"
}
# Takes over from the peer $1 what it has executed and this member has not.
fetch_from() {
  local theirs rest
  read -r rest rest rest rest theirs < "/tmp/mysql/peer-$1"
  attempt << SQL || true
CHANGE REPLICATION SOURCE TO
  SOURCE_HOST = '$1', SOURCE_PORT = 3306, SOURCE_AUTO_POSITION = 1,
  SOURCE_SSL = 1, SOURCE_SSL_CA = '/tmp/mysql/authority.pem', SOURCE_SSL_VERIFY_SERVER_CERT = 1
  FOR CHANNEL 'fetch';
START REPLICA USER = 'group_replication' PASSWORD = '$group_password' FOR CHANNEL 'fetch';
SELECT WAIT_FOR_EXECUTED_GTID_SET('$theirs', 60);
SQL
  attempt <<< "STOP REPLICA FOR CHANNEL 'fetch'; RESET REPLICA ALL FOR CHANNEL 'fetch';" || true
}

# Tells the Consul agent in the same network namespace, `pass` or `fail`; no answer is as good as none.
report() {
  [ -n "${PRIMARY_CHECK:-}" ] || return 0
  (
    exec 3<> /dev/tcp/127.0.0.1/8500
    printf 'PUT /v1/agent/check/%s/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$1" "$PRIMARY_CHECK" >&3
    read -r -t 1 _ <&3
  ) 2> /dev/null || true
}

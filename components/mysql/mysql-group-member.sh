#!/usr/bin/env bash
# First process of a member of a group, after mysql-server.sh and mysql-group.sh. It brings the member into its group, and
# back whenever it falls out of it; the file /tmp/mysql/waiting is there while it can do nothing but wait for others.

# Time in seconds that peers have after a start to answer. A new member need not wait: whoever holds data will be asked.
PATIENCE=6

supervise() {
  local state majority role read_only executed next last="" reported="" since=$SECONDS
  # A server that replicated from a primary before belongs to nobody now.
  attempt <<< "STOP REPLICA FOR CHANNEL ''; RESET REPLICA ALL FOR CHANNEL '';" || true
  while kill -0 "$1" 2> /dev/null; do
    read -r state majority role read_only executed < <(own_status) || state=SILENT
    if [ "$state $majority $role $read_only" = "ONLINE 1 PRIMARY 0" ]; then
      report pass
      reported=pass
    elif [ "$reported" = pass ]; then
      report fail
      reported=fail
    fi
    case $state in
      OFFLINE)
        # Rows that only one member has would keep it out of the group for ever.
        [ "$read_only" = 1 ] || attempt <<< "SET GLOBAL super_read_only = ON;" || true
        ask_peers
        next=$(decision "$executed")
        [ "$next" = "$last" ] || say "$next"
        last=$next
        case $next in
          absent*)
            if [ "$executed" = - ] || [ $((SECONDS - since)) -ge "$PATIENCE" ]; then touch /tmp/mysql/waiting; fi
            ;;
          *)
            rm -f /tmp/mysql/waiting
            case $next in
              join) join_group || true ;;
              bootstrap) bootstrap_group || true ;;
              fetch*) fetch_from "${next#fetch }" ;;
            esac
            ;;
        esac
        ;;
      ERROR)
        say "this member was expelled or has failed: it leaves and comes back"
        attempt <<< "STOP GROUP_REPLICATION;" || true
        ;;
      *)
        rm -f /tmp/mysql/waiting
        if [ "$state" != "$last" ] && [ "$state" != SILENT ]; then say "$state $role"; fi
        last=$state
        ;;
    esac
    sleep 1
  done
}

server=""
supervisor=""
end() {
  trap '' TERM INT
  # First, so that it does not bring the member back into the group that it leaves.
  [ -z "$supervisor" ] || kill -TERM "$supervisor" 2> /dev/null || true
  if [ -n "$server" ]; then
    kill -TERM "$server" 2> /dev/null || true
    wait "$server" || true
  fi
  exit 0
}
trap end TERM INT

if [ ! -d /var/lib/mysql/data ]; then
  say "first start: making the data folder"
  initialise
  keep_initialised
fi

while true; do
  clear_socket
  rm -f /tmp/mysql/waiting
  # With this variable the server knows that somebody starts it again after it has cloned another one.
  MYSQLD_PARENT_PID=$$ mysqld --defaults-file=/tmp/mysql/my.cnf --init-file=/tmp/mysql/boot.sql &
  server=$!
  wait_for_server "$server" || { wait "$server" || exit $?; exit 1; }
  supervise "$server" &
  supervisor=$!
  code=0
  wait -n "$server" "$supervisor" || code=$?
  if kill -0 "$server" 2> /dev/null; then
    # Nobody would bring the member back any more: the engine starts all of it again.
    kill -TERM "$server"
    wait "$server" || true
    exit 1
  fi
  kill -TERM "$supervisor" 2> /dev/null || true
  if [ "$code" != 16 ]; then exit "$code"; fi
  say "the server was cloned from another member: starting it again"
done

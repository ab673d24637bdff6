#!/usr/bin/env sh
# First process of a Consul agent in a pod, after consul-member.sh. Reads AGENT_CONFIGURATION, NODE, DRAIN_SECONDS, SERVERS,
# and POD_ADDRESS; without that one, the pod's address is the one at which the way to the first server begins.
# At its stop signal it deregisters what it registered, then waits until requests on their way have arrived.
address=${POD_ADDRESS:-$(ip -4 route get "${SERVERS%% *}" | sed -n 's/.* src \([0-9.]*\).*/\1/p')}
[ -n "$address" ] || { echo "consul-agent: this pod has no address on the way to ${SERVERS%% *}" >&2; exit 1; }
printf '%s' "$AGENT_CONFIGURATION" | sed "s/address-of-this-pod\.invalid/$address/g; s/name-of-this-pod\.invalid/$(hostname)/g" \
  > /tmp/consul/agent.json
unset AGENT_CONFIGURATION
# Consul answers no DNS question about a node whose name is longer than a label.
own_name="$NODE-$(hostname)"
[ "${#own_name}" -le 63 ] || own_name=$(hostname)
printf '%s' "$own_name" > /tmp/consul/node
# The data is lost with the container, and a name that comes back under another identity is refused while the one before
# has not been missed: the identity is made of the name.
identity=$(printf '%s' "$own_name" | sha256sum | sed 's/^\(.\{8\}\)\(.\{4\}\)\(.\{4\}\)\(.\{4\}\)\(.\{12\}\).*/\1-\2-\3-\4-\5/')
agent=
leave() {
  trap '' TERM INT
  # By a call of its own: that the node leaves is told by gossip, on a busy machine after its programs have stopped.
  consul services deregister /tmp/consul/agent.json > /dev/null 2>&1 || true
  sleep "$DRAIN_SECONDS"
  consul leave > /dev/null 2>&1 || kill -TERM "$agent" 2> /dev/null || true
  wait "$agent" || true
  exit 0
}
# Before the agent: what is told to stop in its first moment deregisters, too.
trap leave TERM INT
consul agent -node "$own_name" -node-id "$identity" -config-dir /tmp/consul -data-dir /tmp/data &
agent=$!
# An agent that lost its servers looks for them twice a minute, and not at all for those that have other addresses now:
# one that knows of no leader is shown the way again.
keep_in_touch() {
  while sleep 5; do
    case $(wget -q -T 2 -O - http://127.0.0.1:8500/v1/status/leader 2> /dev/null) in *:*) continue ;; esac
    for server in $SERVERS; do
      printf 'PUT /v1/agent/join/%s HTTP/1.0\r\n\r\n' "$server" | timeout 5 nc 127.0.0.1 8500 > /dev/null 2>&1 || true
    done
  done
}
keep_in_touch &
wait "$agent"

#!/usr/bin/env sh
# First process of a Consul server, after consul-member.sh. Reads AGENT_CONFIGURATION and NODE.
printf '%s' "$AGENT_CONFIGURATION" > /tmp/consul/agent.json
unset AGENT_CONFIGURATION
exec consul agent -node "$NODE" -config-dir /tmp/consul

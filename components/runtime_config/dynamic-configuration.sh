#!/usr/bin/env sh
# First process of a dynamic configuration, after consul-member.sh: keeps DOCUMENT under KEY in Consul, through an agent of
# its own. Reads AGENT_CONFIGURATION, NODE, KEY, DOCUMENT. SIGHUP writes the document again; what others wrote stays until
# then. At its stop signal it removes the key, unless its successor has written it.
printf '%s' "$AGENT_CONFIGURATION" > /tmp/consul/agent.json
printf '%s' "$DOCUMENT" > /tmp/document
unset AGENT_CONFIGURATION DOCUMENT
# Consul keeps a number with each value: this one says who wrote it. What is written by hand has 0.
owner=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
owner=$((owner + 1))
# Consul answers no DNS question about a node whose name is longer than a label.
own_name="$NODE-$(hostname)"
[ "${#own_name}" -le 63 ] || own_name=$(hostname)
# As in consul-agent.sh: the same name has the same identity.
identity=$(printf '%s' "$own_name" | sha256sum | sed 's/^\(.\{8\}\)\(.\{4\}\)\(.\{4\}\)\(.\{4\}\)\(.\{12\}\).*/\1-\2-\3-\4-\5/')
consul agent -node "$own_name" -node-id "$identity" -config-dir /tmp/consul -data-dir /tmp/data &
agent=$!
field() {
  printf '%s\n' "$entry" | sed -n "s/^$1  *//p" | head -n 1
}
write() {
  consul kv put -flags="$owner" "$KEY" @/tmp/document > /dev/null 2>&1
}
leave() {
  trap '' TERM INT HUP
  entry=$(consul kv get -detailed "$KEY" 2> /dev/null || true)
  writer=$(field Flags)
  if [ "$writer" = "$owner" ] || [ "$writer" = 0 ]; then
    consul kv delete -cas -modify-index="$(field ModifyIndex)" "$KEY" > /dev/null 2>&1 || true
  fi
  consul leave > /dev/null 2>&1 || kill -TERM "$agent" 2> /dev/null || true
  wait "$agent" || true
  exit 0
}
trap leave TERM INT
until write; do
  kill -0 "$agent"
  sleep 0.5
done
# Before the word that it is written: whoever reads it may send the signal.
trap 'write && echo "dynamic configuration: $KEY is written again" >&2 || true' HUP
echo "dynamic configuration: $KEY is written" >&2
while kill -0 "$agent" 2> /dev/null; do wait "$agent" || true; done

#!/usr/bin/env sh
# First process of a configuration release: FILES names the files. Each is in a variable of its own, or, where it may be a
# secret, in a file of the same name in the folder SECRETS.
# The release goes live only when `nginx -t` accepts it; then the process stays, so that its health tells whether the
# release is in force; with ONCE it ends when the release is.
# With CERTIFICATE_URL the certificate is that of the stack's certificate client: it is asked for it now, and then again and
# again, and another one makes another release of the files in force. While it has none, or is away, what is there stays.
set -eu
umask 077
export LC_ALL=C
SECRETS=/run/gostack/secrets
# The same as `variable_name` of components/ingress/docker.py.
variable() {
  printf 'FILE_%s' "$(printf '%s' "$1" | sed 's/_/__/g; s/\./_0/g; s/-/_1/g; s,/,_2,g' | tr '[:lower:]' '[:upper:]')"
}
# Begins a release, in the folder $new.
begin() {
  # One at a time: a rollback runs this script beside the one of an update.
  exec 9> lock
  flock 9
  # With the lock, whatever is half made or half removed was cut off.
  rm -rf new.* removed.*
  new=$(mktemp -d new.XXXXXX)
  trap 'rm -rf "$new"' EXIT
}
end() {
  rm -rf "$new"
  trap - EXIT
  exec 9>&-
}
# Whether Nginx takes what is in $new.
accepted() {
  release=$(cd "$new" && find . -type f -exec sha256sum {} + | sort -k 2 | sha256sum | cut -c 1-16)
  sed -i "s/@RELEASE@/$release/" "$new/nginx.conf"
  nginx -t -q -p "/var/lib/ingress/$new/" -c nginx.conf -g 'pid /tmp/test.pid;' && return 0
  echo "release: refused, the one in force stays" >&2
  return 1
}
# Puts it in force.
publish() {
  if [ -d "releases/$release" ]; then touch "releases/$release"; else mv "$new" "releases/$release"; fi
  ln -sfn "releases/$release" next
  mv -T next current
  printf '%s' "$release" > /tmp/release
  echo "release: $release is current" >&2
  # Workers that still finish requests may read the one before; of the others, two stay. Each leaves its name first: what
  # is half removed must not be taken for a release.
  # shellcheck disable=SC2010,SC2012 # The names are digests.
  ls -1t releases | grep -vxF "$release" | tail -n +3 | while read -r old; do
    mv "releases/$old" "removed.$old"
    rm -rf "removed.$old"
  done
}
# Asks the client for certificate and key, in one text; $1 is the region whose ingress serves, or nothing.
fetch() {
  printf '%s\n' "$CERTIFICATE_CA" > /tmp/release-ca.pem
  # By its input: everybody in the pod sees the arguments of a program.
  printf 'header = "Authorization: Bearer %s"\n' "$(cat "$SECRETS/CERTIFICATE_TOKEN")" |
    curl -K - -fsS --max-time 3 --cacert /tmp/release-ca.pem -o /tmp/release.pem "$CERTIFICATE_URL?region=$1" 2> /dev/null
}
certify() {
  sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' "$1" > "$new/certificate.pem"
  sed -n '/BEGIN .*KEY/,/END .*KEY/p' "$1" > "$new/private_key.pem"
}
# What Nginx has taken once is there for releases while the client is away.
keep() {
  cp "$1" fetched.next
  mv fetched.next fetched.pem
}
renew() {
  if ! fetch "$REGION"; then
    [ -n "$told" ] || echo "release: the certificate client gives no certificate, the one in force stays" >&2
    told=1
    return 0
  fi
  told=
  ! cmp -s /tmp/release.pem fetched.pem || return 0
  begin
  # Once another release is in force, it renews.
  if [ "$(readlink current)" = "releases/$(cat /tmp/release)" ]; then
    cp -R current/. "$new"
    sed -i "s/$(cat /tmp/release)/@RELEASE@/" "$new/nginx.conf"
    certify /tmp/release.pem
    if accepted; then
      publish
      keep /tmp/release.pem
    fi
  fi
  end
}
cd /var/lib/ingress
mkdir -p releases
# As it was called while certificates came by ACME alone.
[ ! -e acme.pem ] || mv acme.pem fetched.pem
given=
if [ -n "${CERTIFICATE_URL:-}" ] && [ -z "${ONCE:-}" ]; then
  # After a restart of the machine the client comes up beside it. 22 is its answer that there is none yet.
  for _ in 1 2 3 4 5; do
    if fetch ""; then given=/tmp/release.pem && break; elif [ $? = 22 ]; then break; else sleep 1; fi
  done
fi
begin
for file in $FILES; do
  case $file in */*) mkdir -p "$new/${file%/*}" ;; esac
  name=$(variable "$file")
  if [ -e "$SECRETS/$name" ]; then cat "$SECRETS/$name"; else printenv "$name"; fi > "$new/$file"
done
if [ -n "${CERTIFICATE_URL:-}" ] && [ -z "$given" ] && [ -e fetched.pem ]; then given=fetched.pem; fi
[ -z "$given" ] || certify "$given"
accepted || exit 1
publish
[ "$given" != /tmp/release.pem ] || keep "$given"
end
[ -z "${ONCE:-}" ] || exit 0
trap 'exit 0' TERM INT
told=
while :; do
  sleep "${CERTIFICATE_SECONDS:-3600}" & wait $!
  [ -z "${CERTIFICATE_URL:-}" ] || renew
done

#!/usr/bin/env sh
# First process of a configuration release: FILES names the files, FILE_<NAME> holds each.
# The release goes live only when `nginx -t` accepts it; then the process stays, so that its health tells whether the
# release is in force; with ONCE it ends when the release is.
set -eu
umask 077
cd /var/lib/ingress
mkdir -p releases
rm -rf removed.*
new=$(mktemp -d releases/new.XXXXXX)
for file in $FILES; do
  printenv "FILE_$(printf '%s' "$file" | tr '.a-z-' '_A-Z_')" > "$new/$file"
done
release=$(cat "$new"/* | sha256sum | cut -c 1-16)
sed -i "s/@RELEASE@/$release/" "$new/nginx.conf"
if ! nginx -t -q -p "/var/lib/ingress/$new/" -c nginx.conf -g 'pid /tmp/test.pid;'; then
  rm -rf "$new"
  echo "release: refused, the one in force stays" >&2
  exit 1
fi
if [ -d "releases/$release" ]; then rm -rf "$new"; else mv "$new" "releases/$release"; fi
ln -sfn "releases/$release" next
mv -T next current
printf '%s' "$release" > /tmp/release
echo "release: $release is current" >&2
# Workers that still finish requests may read the one before; older ones are gone.
# Each leaves its name first: what is half removed must not be taken for a release.
ls -1dt releases/* | tail -n +4 | while read -r old; do
  mv "$old" "removed.$$"
  rm -rf "removed.$$"
done
[ -z "${ONCE:-}" ] || exit 0
unset FILE_PRIVATE_KEY_PEM
trap 'exit 0' TERM INT
while :; do sleep 3600 & wait $!; done

#!/bin/sh
# Commits the stack file that a release has changed, on the newest state of the branch, and pushes it.
#
# STACK and SERVICE say what was released. With GITHUB_TOKEN the push is done by it; it is given to git in its environment,
# so that it stands in no file and in no argument.
set -eu

export GIT_TERMINAL_PROMPT=0
branch=${GITHUB_REF_NAME:-main}
file="Pulumi.$STACK.yaml"
attempts=5

if [ -n "${GITHUB_TOKEN:-}" ]; then
	GIT_CONFIG_COUNT=1
	GIT_CONFIG_KEY_0="http.${GITHUB_SERVER_URL:-https://github.com}/.extraheader"
	GIT_CONFIG_VALUE_0="Authorization: Basic $(printf 'x-access-token:%s' "$GITHUB_TOKEN" | base64 | tr -d '\n')"
	export GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
fi

failed() {
	echo "error: $STACK runs the new $SERVICE, and $branch does not say so: $1. Commit $file by hand, before the next release." >&2
	exit 1
}

git add -- "$file"
if git diff --cached --quiet; then
	echo "$file is as it was: nothing to commit"
	exit 0
fi
export GIT_AUTHOR_NAME=release GIT_AUTHOR_EMAIL=release@localhost
export GIT_COMMITTER_NAME=release GIT_COMMITTER_EMAIL=release@localhost
git commit --quiet --message "release: $SERVICE in $STACK"

attempt=1
while ! git push --quiet origin "HEAD:refs/heads/$branch"; do
	[ "$attempt" -lt "$attempts" ] || failed "the push was refused $attempts times"
	attempt=$((attempt + 1))
	# Somebody was faster: the release goes on top.
	git fetch --quiet origin "$branch" || failed "$branch cannot be fetched"
	if ! git rebase --quiet FETCH_HEAD; then
		git rebase --abort
		failed "somebody has changed the same lines"
	fi
done
echo "$branch says what runs"

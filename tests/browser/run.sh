#!/usr/bin/env bash
# Opens the search page in headless Chromium and uses it as a person would.
#
#   tests/browser/run.sh URL [WORD]
#
# URL is what `sluice demo` printed, WORD something that its documents say. With SHOTS=DIR the pictures go there.
# Needs Node 20 or later and Chromium (on Debian: apt-get install -y chromium; elsewhere CHROMIUM=/path/to/it).
set -euo pipefail

if [[ $# -lt 1 || $# -gt 2 ]]; then
  echo "usage: $0 URL [WORD]" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
if [[ ! -x $CHROMIUM ]]; then
  echo "no browser at $CHROMIUM; install chromium or set CHROMIUM" >&2
  exit 2
fi

wanted=$(node -p "require('$here/package.json').dependencies['playwright-core']")
have=$(node -p "require('$here/node_modules/playwright-core/package.json').version" 2>/dev/null || true)
if [[ $have != "$wanted" ]]; then
  npm install --prefix "$here" --no-package-lock --no-audit --no-fund --silent
fi
exec node "$here/check.mjs" "$@"

#!/usr/bin/env bash
# Installs real Salesforce clients into a temporary directory and runs them against a simulated org.
# Usage: run.sh BASE_URL [CLIENT_ID CLIENT_SECRET]; exits with 1 when a check fails.
set -euo pipefail

if [ $# -lt 1 ]; then
  echo "usage: $0 BASE_URL [CLIENT_ID CLIENT_SECRET]" >&2
  exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
cp "$here"/package*.json "$here/jsforce_check.mjs" "$work/"
# Modules are found beside the script, so the script runs from where they are installed.
if [ -f "$work/package-lock.json" ]; then install=ci; else install=install; fi
(cd "$work" && npm "$install" --silent --no-audit --no-fund)

failed=0
"$work/venv/bin/python" "$here/simple_salesforce_check.py" "$@" || failed=1
node "$work/jsforce_check.mjs" "$@" || failed=1
exit "$failed"

#!/bin/sh
# Word recall of the built-in extraction, by format: makes a corpus, reads it, prints tables.
# usage: benches/extraction/run.sh [DIRECTORY]; needs Python 3.11, and has doc, ppt and more if LibreOffice (soffice) is installed.
# Fonts: DejaVu Sans, Noto Naskh Arabic, Noto Sans CJK.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-$(mktemp -d)}
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
cargo build --manifest-path "$here/../../Cargo.toml" --release --package sluice-extract --example recall --target-dir "${CARGO_TARGET_DIR:-$here/../../target}"
program=${CARGO_TARGET_DIR:-$here/../../target}/release/examples/recall
export PYTHONDONTWRITEBYTECODE=1
rm -rf "$work/corpus"
"$work/venv/bin/python" "$here/make_corpus.py" "$work/corpus" "$program"
"$work/venv/bin/python" "$here/score.py" "$work/corpus" "$program"
"$work/venv/bin/python" "$here/speed.py" "$work/speed" "$program"

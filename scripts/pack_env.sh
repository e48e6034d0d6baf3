#!/usr/bin/env bash
# Packs the environment for executors: scripts/pack_env.sh [env.tar.gz]. Build it on the operating system that they run.
# Use it with --archives env.tar.gz#environment and PYSPARK_PYTHON=./environment/bin/python.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
target=$(realpath -m "${1:-env.tar.gz}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$(find_python)" -m venv --copies "$work/env"
pip=("$work/env/bin/python" -m pip --disable-pip-version-check --quiet)
"${pip[@]}" install -c "$ROOT/requirements.lock" venv-pack "$ROOT[spark,extract,tokenizers]"
"$work/env/bin/venv-pack" --force --output "$target"
say "$target is ready."

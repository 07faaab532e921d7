# Sourced by the other scripts: creates .venv with the pinned dependencies, and updates it when they change.
# Usage: . launch/environment.sh [EXTRA ...]; afterwards $PYTHON is the environment's interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_python() {
  local name
  for name in ${AFFECT_JAX_PYTHON:-} python3 python3.13 python3.12 python3.11 python; do
    if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"; return
    fi
  done
  echo "error: no Python 3.11 or newer found; install it, or set AFFECT_JAX_PYTHON=/path/to/python" >&2
  exit 1
}

PYTHON=.venv/bin/python
STAMP=.venv/installed
WANTED="$(cat pyproject.toml constraints.txt | cksum) $*"
if [ ! -x "$PYTHON" ] || ! grep -qxF "$WANTED" "$STAMP" 2>/dev/null; then
  echo "Creating the environment .venv (once; takes a few minutes) ..." >&2
  if [ ! -x "$PYTHON" ]; then
    FOUND=$(find_python)  # a separate statement, so that its failure ends the script
    "$FOUND" -m venv .venv
  fi
  EXTRAS=$(IFS=,; echo "$*")
  "$PYTHON" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".${EXTRAS:+[$EXTRAS]}"
  echo "$WANTED" >> "$STAMP"
fi

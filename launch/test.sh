#!/usr/bin/env bash
# Makes .venv and passes the tests; with --torch the parity tests against PyTorch instead. Further words go to pytest.
. "$(dirname "$0")/environment.sh" decompose face test
if [ "${1:-}" = "--torch" ]; then
  shift
  "$PYTHON" -c 'import torch' 2>/dev/null || "$PYTHON" -m pip install --quiet --disable-pip-version-check torch==2.13.0
  exec "$PYTHON" -m pytest -m torch "$@"
fi
exec "$PYTHON" -m pytest -n 2 -m "not torch and not gpu" "$@"

#!/usr/bin/env bash
# Creates .venv and runs the tests; with --slow, those of whole runs and sweeps instead; with --torch, the parity tests
# against PyTorch. Further arguments are passed to pytest.
. "$(dirname "$0")/environment.sh" decompose face heif sweep test
case "${1:-}" in
  --torch)
    shift
    "$PYTHON" -c 'import torch' 2>/dev/null || "$PYTHON" -m pip install --quiet --disable-pip-version-check torch==2.13.0
    exec "$PYTHON" -m pytest -m torch "$@"
    ;;
  --slow)
    shift
    exec "$PYTHON" -m pytest -n 2 -m "slow and not torch and not gpu" "$@"
    ;;
esac
exec "$PYTHON" -m pytest -n 2 -m "not slow and not torch and not gpu" "$@"

#!/usr/bin/env bash
# Creates .venv and runs the tests; with --slow, those of whole runs and sweeps instead; with --torch, the parity tests
# against PyTorch; with --slurm, those on a real Slurm, which is installed where apt-get and root are there. Further
# arguments are passed to pytest.
. "$(dirname "$0")/environment.sh" decompose face heif sweep test
case "${1:-}" in
  --torch)
    shift
    "$PYTHON" -c 'import torch' 2>/dev/null || "$PYTHON" -m pip install --quiet --disable-pip-version-check torch==2.13.0
    exec "$PYTHON" -m pytest -m torch "$@"
    ;;
  --slow)
    shift
    exec "$PYTHON" -m pytest -n 2 -m "slow and not torch and not gpu and not slurm" "$@"
    ;;
  --slurm)
    shift
    if ! PATH="$PATH:/usr/sbin" command -v slurmctld >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      { apt-get update && apt-get install -y --no-install-recommends slurm-wlm munge; } >/dev/null 2>&1 ||
        echo "apt-get could not install slurm-wlm and munge" >&2  # the tests skip, and say what is missing
    fi
    exec "$PYTHON" -m pytest -rs -m "slurm and not torch and not gpu" "$@" tests/slurm
    ;;
esac
exec "$PYTHON" -m pytest -n 2 -m "not slow and not torch and not gpu and not slurm" "$@"

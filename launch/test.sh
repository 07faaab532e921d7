#!/usr/bin/env bash
# Creates .venv and runs the tests; with --slow, those of whole runs and sweeps instead; with --torch, the parity tests
# against PyTorch; with --slurm, those on a real Slurm. Chromium (--slow) and Slurm are installed where apt-get and root
# are there. Further arguments are passed to pytest.
. "$(dirname "$0")/environment.sh" decompose face heif sweep test

# Installs Debian packages unless a program of theirs is there: PROGRAM PACKAGE ...
install_packages() {
  if ! PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update && apt-get install -y --no-install-recommends "${@:2}"; } >/dev/null 2>&1 ||
      echo "apt-get could not install ${*:2}" >&2  # the tests skip, and say what is missing
  fi
}

case "${1:-}" in
  --torch)
    shift
    "$PYTHON" -c 'import torch' 2>/dev/null || "$PYTHON" -m pip install --quiet --disable-pip-version-check torch==2.13.0
    exec "$PYTHON" -m pytest -m torch "$@"
    ;;
  --slow)
    shift
    install_packages chromium chromium
    exec "$PYTHON" -m pytest -n 2 -m "slow and not torch and not gpu and not slurm" "$@"
    ;;
  --slurm)
    shift
    install_packages slurmctld slurm-wlm munge
    exec "$PYTHON" -m pytest -rs -m "slurm and not torch and not gpu" "$@" tests/slurm
    ;;
esac
exec "$PYTHON" -m pytest -n 2 -m "not slow and not torch and not gpu and not slurm" "$@"

#!/usr/bin/env bash
# The clip experiments, starting with the landmark trunk. Run the script again to resume after an interruption.
. "$(dirname "$0")/environment.sh"
RUNS=runs/clips
EVALUATE="--data=rendered --split=test --set=kind=clips --set=subjects=60 --set=per_subject=1 --set=frames=48"

step() { printf '\n== %s\n' "$1" >&2; shift; "$PYTHON" -m "$@"; }

step "1/6 Landmarks on rendered faces" launch.train --config=configs/quickstart.py:landmarks \
  --config.train.steps=400 --workdir=$RUNS/landmarks
step "2/6 Three static networks, and six of other ranks" \
  launch.sweep --config=configs/clips.py:static --sweep=configs/sweeps/seeds.py --workdir=$RUNS/statics
"$PYTHON" -m launch.sweep --config=configs/clips.py:static --sweep=configs/sweeps/static_ranks.py --workdir=$RUNS/ranks
for experiment in networks amounts design; do
  step "Experiment: $experiment" \
    launch.sweep --config=configs/clips.py:scratch --sweep=configs/sweeps/clip_$experiment.py $EVALUATE --workdir=$RUNS/$experiment
done
step "6/6 One plot, one table" launch.compare_sweeps --speed --sweep=$RUNS/networks --sweep=$RUNS/amounts --output=$RUNS/comparison
for static in "static, frame by frame" "static, rank 8" "static, rank 64"; do
  echo "Experiment design: differences to '$static'" >&2
  "$PYTHON" -m launch.compare_sweeps --sweep=$RUNS/design --against="$static" --output="$RUNS/design/against_$(tr " " _ <<< "${static#static, }")"
done

#!/usr/bin/env bash
# Experts on rendered people, after launch/quickstart.sh: features of nine people to learn from, of nine to choose the
# checkpoint and of nine to score; experts, the joint stage and learned clusters; and the joined network of images.
# Run the script again to resume; what is finished is not repeated.
. "$(dirname "$0")/environment.sh"
BASE=runs/quickstart/static
RUNS=runs/experts
RECORDINGS="--set=kind=clips --set=subjects=9 --set=per_subject=1 --set=frames=300 --set=fps=1 --set=rest_seconds=3 --set=individuality=2"

for pair in train:sources validation:validation test:targets; do
  [ -f $RUNS/${pair#*:}/features.json ] || "$PYTHON" -m launch.features --workdir=$BASE --data=rendered \
    --split=${pair%:*} $RECORDINGS --output=$RUNS/${pair#*:}
done
for variant in experts joint clusters; do
  "$PYTHON" -m launch.train --config=configs/experts.py:$variant --workdir=$RUNS/$variant
  "$PYTHON" -m launch.evaluate --workdir=$RUNS/$variant --data=features --data_root=$RUNS/targets --split=all
done
"$PYTHON" -m launch.join_experts --from=$BASE --experts=$RUNS/joint --workdir=$RUNS/joined

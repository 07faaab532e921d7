#!/usr/bin/env bash
# The study of personalization on rendered people, from scratch: a static network trained on stills of other people; for
# each seed, the same network trained further on source people, the features of sources and targets, and the comparison
# of all methods on the targets, for 9 sources and 9 targets and then for 90 and 90. For 9, the whole network is
# fine-tuned on each target, too. Run the script again to resume after an interruption; what is finished is not
# repeated. SEEDS and PEOPLE choose a part, as in
#   SEEDS="0 1" PEOPLE=9 bash launch/personal_experiments.sh
. "$(dirname "$0")/environment.sh"
RUNS=runs/personal
SEEDS=${SEEDS:-0 1 2 3 4}
PEOPLE=${PEOPLE:-9 90}
CONFIGS=$(cat configs/base.py configs/quickstart.py configs/personal.py | cksum)
# Recordings of 300 s at 5 frames per second; at 1 for many people. The first 3 s show a face at rest: the
# neutral segment.
RECORDINGS="--set=kind=clips --set=per_subject=1 --set=rest_seconds=3 --set=individuality=2"

. "$(dirname "$0")/steps.sh"

step landmarks "Landmark trunk" launch.train --config=configs/personal.py:landmarks \
  --workdir=$RUNS/landmarks
step others "Static network trained on other people" launch.train --config=configs/personal.py:others \
  --workdir=$RUNS/others
for people in $PEOPLE; do
  PAIRS=
  FOLDER=$RUNS/people_$people
  FRAMES="--set=frames=1500 --set=fps=5"
  [ "$people" -lt 50 ] || FRAMES="--set=frames=300 --set=fps=1"
  for seed in $SEEDS; do
    SEED=$FOLDER/seed_$seed
    step people_$people/seed_$seed/static "Seed $seed: network trained on $people source people" launch.train \
      --config=configs/personal.py:static --config.seed=$seed --config.data.train.rendered.subjects="$people" \
      --workdir=$SEED/static
    for role in sources targets; do
      split=train
      [ $role = sources ] || split=test
      step people_$people/seed_$seed/$role "Seed $seed: features of $people $role" launch.features --workdir=$SEED/static \
        --data=rendered --split=$split --set=subjects="$people" --set=seed=$seed $RECORDINGS \
        $FRAMES --output=$SEED/$role
    done
    PAIRS+=" --sources=$SEED/sources --targets=$SEED/targets"
    [ "$people" -ge 50 ] || step people_$people/seed_$seed/whole "Seed $seed: whole network fine-tuned on each target" \
      launch.fine_tune_whole --workdir=$SEED/static --sources=$SEED/sources --targets=$SEED/targets --data=rendered \
      --split=test --set=subjects="$people" --set=seed=$seed $RECORDINGS $FRAMES --output=$SEED/whole_network.csv
  done
  printf '\n== Comparison of all methods, %s people\n' "$people" >&2
  "$PYTHON" -m launch.compare_adaptation $PAIRS --output=$FOLDER/comparison
done

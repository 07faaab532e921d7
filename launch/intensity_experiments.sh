#!/usr/bin/env bash
# The study of emotion intensity on rendered people, from scratch. A network of stills learns from other people. For each
# seed, I3D, inflated from it, and the clip network learn from 26 people, rate 15 others, and are calibrated to each of
# them by a neutral face; the clip network also with ordinal and regression heads, and with 400 people and 150 others.
# The whole I3D is adapted for the first seed. Run the script again to resume after an interruption; what is finished is
# not repeated. Parts can run side by side, a core each, after the starts and before the calibration:
#   PARTS="i3d whole many" taskset -c 0 bash launch/intensity_experiments.sh
#   PARTS="clip forms" taskset -c 1 bash launch/intensity_experiments.sh
. "$(dirname "$0")/environment.sh"
RUNS=runs/intensity/study
SEEDS=${SEEDS:-0 1 2 3 4}
PARTS=${PARTS:-starts i3d whole clip forms many calibration}
METHODS=none,neutral_subtraction,siamese,prior,adaptive_learning
CONFIGS=$(cat configs/base.py configs/quickstart.py configs/intensity.py configs/intensity_stills.py | cksum)
# Recordings whose first 3 s show a face at rest: the neutral segment.
RECORDED=(--data=rendered --set=kind=clips --set=per_subject=1 --set=fps=30 --set=rest_seconds=3
  '--set=intensities=["happy"]')
# 15 s, and 10 s of people who are learned from.
TARGETS=(--split=test "${RECORDED[@]}" --set=frames=450 --set=subjects=15)
SOURCES=(--split=train "${RECORDED[@]}" --set=frames=300 --set=subjects=26)
MANY_TARGETS=(--split=test "${RECORDED[@]}" --set=frames=300 --set=subjects=150 --set=seed=10)
MANY_SOURCES=(--split=train "${RECORDED[@]}" --set=frames=300 --set=subjects=60 --set=seed=10)

. "$(dirname "$0")/steps.sh"

train() {  # FOLDER VARIANT SEED STEPS OPTION...: one evaluation, at the end, so that no step is chosen by it
  local folder=$1 variant=$2 seed=$3 steps=$4
  shift 4
  step "$folder" "$folder: training" launch.train --config=configs/intensity.py:"$variant" --workdir="$RUNS/$folder" \
    --config.seed="$seed" --config.evaluations.validation.subjects=4 --config.train.steps="$steps" \
    --config.train.evaluate_every="$steps" "$@"
}

features() {  # FOLDER ROLE OPTION...
  local folder=$1 role=$2
  shift 2
  step "${folder}_$role" "$folder: features of the $role" launch.features --workdir="$RUNS/$folder" \
    --output="$RUNS/${folder}_$role" "$@"
}

scores() {  # NAME WORKDIR SEED
  step "$1" "$1: scores of 15 new people" launch.evaluate --workdir="$2" "${TARGETS[@]}" --set=seed="$3" \
    --output="$RUNS/$1"
}

calibrate() {  # NETWORK FOLDER METHODS OPTION...: all seeds
  local network=$1 folder=$2 methods=$3 pairs=() seed
  shift 3
  for seed in $SEEDS; do
    pairs+=(--sources="$RUNS/$folder$seed/${network}_sources" --targets="$RUNS/$folder$seed/${network}_targets")
  done
  printf '\n== %s%s: calibration\n' "$folder" "$network" >&2
  "$PYTHON" -m launch.calibrate_intensity "${pairs[@]}" --methods="$methods" --output="$RUNS/${folder%_}_$network" "$@"
}

starts() {
  step stills "Network of stills" launch.train --config=configs/intensity_stills.py --workdir=runs/intensity/stills
  [ -d runs/quickstart/clip/checkpoints ] || bash launch/quickstart.sh
}

people_41() {  # NETWORK VARIANT
  local seed
  for seed in $SEEDS; do
    train people41_$seed/"$1" "$2" "$seed" 300 --config.data.train.rendered.seed="$seed"
    features people41_$seed/"$1" sources "${SOURCES[@]}" --set=seed="$seed"
    features people41_$seed/"$1" targets "${TARGETS[@]}" --set=seed="$seed"
  done
}

i3d() {
  people_41 i3d small
  for seed in $SEEDS; do
    scores people41_$seed/stills_scores runs/intensity/stills "$seed"
  done
}

whole() {  # adaptive learning of all layers, as published
  local folder=$RUNS/people41_0
  step people41_0/whole "I3D of seed 0: the whole network adapted to 15 new people" launch.fine_tune_whole \
    --workdir="$folder/i3d" --sources="$folder/i3d_sources" --targets="$folder/i3d_targets" "${TARGETS[@]}" \
    --set=seed=0 --iterations=1,3,10,30 --output="$folder/whole.csv"
}

clip() {
  people_41 clip clip
}

forms() {
  local seed form
  for seed in $SEEDS; do
    scores people41_$seed/clip_scores "$RUNS/people41_$seed/clip" "$seed"
    for form in ordinal regression; do
      train people41_$seed/$form clip "$seed" 300 --config.data.train.rendered.seed="$seed" --config.model.form=$form
      scores people41_$seed/${form}_scores "$RUNS/people41_$seed/$form" "$seed"
    done
  done
}

many() {  # the same 550 people for all seeds
  local seed
  for seed in $SEEDS; do
    train people550_$seed/clip clip "$seed" 600 --config.data.train.rendered.seed=10 \
      --config.data.train.rendered.subjects=400 --config.data.train.rendered.per_subject=1
    features people550_$seed/clip sources "${MANY_SOURCES[@]}"
    features people550_$seed/clip targets "${MANY_TARGETS[@]}"
  done
}

calibration() {
  calibrate i3d people41_ "$METHODS,bias_scale,ridge,similar_sources" --whole="$RUNS/people41_0/whole.csv"
  calibrate clip people41_ "$METHODS,bias_scale,ridge,similar_sources"
  calibrate clip people550_ "$METHODS"
}

for part in $PARTS; do $part; done

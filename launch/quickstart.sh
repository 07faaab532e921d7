#!/usr/bin/env bash
# The whole pipeline on rendered faces: landmarks -> static network -> inflation -> clip network -> evaluation on
# held-out subjects, with a flat average as a baseline -> prediction for a video -> report. Run the script again to
# resume after an interruption; what is finished is not repeated. To start from scratch, delete runs/quickstart.
. "$(dirname "$0")/environment.sh"
RUNS=runs/quickstart
HELD_OUT="--data=rendered --split=test --set=kind=clips --set=subjects=60 --set=per_subject=1 --set=frames=48 --name=held_out"
CONFIGS=$(cat configs/base.py configs/quickstart.py | cksum)
. "$(dirname "$0")/steps.sh"
mkdir -p "$RUNS"

beside() {  # FUNCTION: runs steps on cores that the others leave idle, in a process group that an interruption ends too
  set -m
  (NICE="nice -n 19"; "$1") > "$RUNS/$1.log" 2>&1 &
  set +m
  BESIDE+=($!)
}

finish() {  # FUNCTION PROCESS: waits for steps that run beside the others, and shows their output
  local status=0
  wait "$2" || status=$?
  cat "$RUNS/$1.log" >&2
  [ $status = 0 ] || exit $status
}

BESIDE=()
trap 'for group in "${BESIDE[@]}"; do kill -- -$group 2>/dev/null || true; done' EXIT

rendering() {
  step clip_data "Clips for the clip network" launch.prepare_data --config=configs/quickstart.py:clip
  step video "Sample videos" launch.render_faces --output=$RUNS/rendered
}

baselines() {  # everything that needs the static network only
  step stills "Static network on stills of held-out subjects" \
    launch.evaluate --workdir=$RUNS/static --data=rendered --split=test --set=subjects=100 --set=per_subject=6
  step static_clips "Static network on clips of held-out subjects" launch.evaluate --workdir=$RUNS/static $HELD_OUT
  # The baseline for a clip network: equal weights over 9 frames, without training.
  step flat_average "Flat average of the static network's outputs" launch.inflate --from=$RUNS/static \
    --workdir=$RUNS/flat_average --layers=none --time_pool=1 --output_average=flat --output_frames=9
  step flat_clips "Flat average on the same clips" launch.evaluate --workdir=$RUNS/flat_average $HELD_OUT
}

prediction() {
  step prediction "Prediction for a video" launch.predict --workdir=$RUNS/clip --input=$RUNS/rendered/crops.mp4 \
    --output=$RUNS/prediction --faces=whole_frame --overlay
}

beside rendering
step landmarks "1/6 Landmarks on rendered faces" launch.train --config=configs/quickstart.py:landmarks --workdir=$RUNS/landmarks
step static "2/6 Static network" launch.train --config=configs/quickstart.py:static --workdir=$RUNS/static
# The baselines are evaluated beside inflation and training; their output follows when all are done.
beside baselines
step inflated "3/6 Inflation" launch.inflate --from=$RUNS/static --workdir=$RUNS/inflated
finish rendering "${BESIDE[0]}"
step clip "4/6 Clip network, and the baselines beside it" launch.train --config=configs/quickstart.py:clip --workdir=$RUNS/clip
finish baselines "${BESIDE[1]}"
beside prediction
step clips "5/6 Clip network on the same clips, and on a video" launch.evaluate --workdir=$RUNS/clip $HELD_OUT
finish prediction "${BESIDE[2]}"
step report "6/6 Report" launch.report --workdir=$RUNS/static --workdir=$RUNS/flat_average --workdir=$RUNS/clip \
  --evaluation=held_out --output=$RUNS/report

#!/usr/bin/env bash
# The whole pipeline on rendered faces: landmarks -> static network -> inflation -> clip network -> evaluation on
# held-out subjects, with a flat average as a baseline -> prediction for a video. Run the script again to resume after
# an interruption.
. "$(dirname "$0")/environment.sh"
RUNS=runs/quickstart
HELD_OUT="--data=rendered --split=test --set=kind=clips --set=subjects=60 --set=per_subject=1 --set=frames=48 --name=held_out"

step() { printf '\n== %s\n' "$1" >&2; shift; "$PYTHON" -m "$@"; }

step "1/9 Landmarks on rendered faces" launch.train --config=configs/quickstart.py:landmarks --workdir=$RUNS/landmarks
step "2/9 Static network" launch.train --config=configs/quickstart.py:static --workdir=$RUNS/static
step "3/9 Inflation" launch.inflate --from=$RUNS/static --workdir=$RUNS/inflated
step "4/9 Clip network" launch.train --config=configs/quickstart.py:clip --workdir=$RUNS/clip
step "5/9 Static network on held-out subjects: stills, then clips" \
  launch.evaluate --workdir=$RUNS/static --data=rendered --split=test --set=subjects=100 --set=per_subject=6
"$PYTHON" -m launch.evaluate --workdir=$RUNS/static $HELD_OUT
# The baseline for a clip network: equal weights over 9 frames, without training.
step "6/9 Flat average of the static network's outputs" launch.inflate --from=$RUNS/static --workdir=$RUNS/flat_average \
  --layers=none --time_pool=1 --output_average=flat --output_frames=9
"$PYTHON" -m launch.evaluate --workdir=$RUNS/flat_average $HELD_OUT
step "7/9 Clip network on held-out subjects" launch.evaluate --workdir=$RUNS/clip $HELD_OUT
step "8/9 Prediction for a video" launch.render_faces --output=$RUNS/rendered
"$PYTHON" -m launch.predict --workdir=$RUNS/clip --input=$RUNS/rendered/crops.mp4 --output=$RUNS/prediction --faces=whole_frame
step "9/9 Report" launch.report --workdir=$RUNS/static --workdir=$RUNS/flat_average --workdir=$RUNS/clip \
  --evaluation=held_out --output=$RUNS/report

#!/usr/bin/env bash
# The whole pipeline on rendered faces: landmarks -> static network -> inflation -> clip network -> evaluation on
# held-out subjects -> prediction for a video. Run the script again to resume after an interruption.
. "$(dirname "$0")/environment.sh"
RUNS=runs/quickstart
HELD_OUT="--data=rendered --split=test --set=kind=clips --set=subjects=40 --set=per_subject=1 --set=frames=48 --name=held_out"

step() { printf '\n== %s\n' "$1" >&2; shift; "$PYTHON" -m "$@"; }

step "1/8 Landmarks on rendered faces" launch.train --config=configs/quickstart.py:landmarks --workdir=$RUNS/landmarks
step "2/8 Static network" launch.train --config=configs/quickstart.py:static --workdir=$RUNS/static
step "3/8 Inflation" launch.inflate --from=$RUNS/static --workdir=$RUNS/inflated
step "4/8 Clip network" launch.train --config=configs/quickstart.py:clip --workdir=$RUNS/clip
step "5/8 Static network on held-out subjects: stills, then clips" \
  launch.evaluate --workdir=$RUNS/static --data=rendered --split=test --set=subjects=100 --set=per_subject=6
"$PYTHON" -m launch.evaluate --workdir=$RUNS/static $HELD_OUT
step "6/8 Clip network on held-out subjects" launch.evaluate --workdir=$RUNS/clip $HELD_OUT
step "7/8 Prediction for a video" launch.render_faces --output=$RUNS/rendered
"$PYTHON" -m launch.predict --workdir=$RUNS/clip --input=$RUNS/rendered/crops.mp4 --output=$RUNS/prediction --faces=whole_frame
step "8/8 Report" launch.report --workdir=$RUNS/static --workdir=$RUNS/clip \
  --evaluation=held_out --output=$RUNS/report

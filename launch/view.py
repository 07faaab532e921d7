"""Writes a page that shows a prediction over its video, in any browser and without a server.

  python -m launch.view --input=predictions/interview.csv
  python -m launch.view --input=predictions/interview.csv --video=videos/interview.mp4 --compare=other/interview.csv

Writes <name>_viewer.html beside the table: one file that refers to the video by a relative path, and loads nothing
else. It shows faces with landmarks and emotions over the video, and valence and arousal or intensities over time, with
a cursor to drag; marks (event, exclude, your own words) are exported as CSV. A video that is not beside the table is
named with --video, or chosen in the page. Browsers play MP4 and WebM; of other recordings, name the MP4 that
launch.predict writes with the overlay. --compare adds a second prediction, or a table with time_seconds and labels
(label_valence and label_arousal, or label_intensity_happy and so on, with or without label_). Exit code 1 if a table of
a folder could not be shown.
"""

import pathlib

from affect_jax.experiment import cli
from launch.flags import define_output_folder, define_path, require

INPUT = define_path("input", "Table that launch.predict wrote, or a folder of them.")
VIDEO = define_path("video", "Video of the table, if it is not beside it.")
COMPARE = define_path("compare", "Second table of the recording, with predictions or labels; or a folder of them.")
OUTPUT = define_output_folder()
require("input")


def main() -> None:
    from affect_jax.experiment.view import view

    path = lambda holder: pathlib.Path(holder.value) if holder.value else None
    view(path(INPUT), path(VIDEO), path(COMPARE), path(OUTPUT))


if __name__ == "__main__":
    cli.run(main)

"""Renders sample faces: a sheet of expressions, a sheet of action units, and a clip.

  python -m launch.render_faces --output=out

Writes faces.png, action_units.png, clip.mp4 (with its labels below) and crops.mp4 (the same clip, cropped as for a
network's input, for launch.predict --faces=whole_frame).
"""

import pathlib

from absl import flags

from affect_jax.experiment import cli
from launch.flags import define_output_folder, require

OUTPUT = define_output_folder()
SIZE_PX = flags.DEFINE_integer(
    "size_px", 128, "Height and width of a face image in pixels.", lower_bound=32, upper_bound=512
)
SEED = flags.DEFINE_integer("seed", 0, "Seed of the subjects.", lower_bound=0)
SUBJECT = flags.DEFINE_integer("subject", 3, "Index of the subject that shows the action units.", lower_bound=0)
SECONDS = flags.DEFINE_float("seconds", 12.0, "Length of the clip in seconds.", lower_bound=0.2, upper_bound=600.0)
FPS = flags.DEFINE_float("fps", 12.5, "Frames per second of the clip.", lower_bound=1.0, upper_bound=120.0)
require("output")


def main() -> None:
    from affect_jax.data.readers.rendered import RenderedConfig, rendered
    from affect_jax.data.render import sheet

    folder = pathlib.Path(OUTPUT.value)
    frames = max(1, round(SECONDS.value * FPS.value))
    size_px = SIZE_PX.value + SIZE_PX.value % 2  # video needs even sides
    clip = RenderedConfig(
        kind="clips", subjects=1, per_subject=1, frames=frames, fps=FPS.value, size_px=2 * size_px, seed=SEED.value
    )
    folder.mkdir(parents=True, exist_ok=True)
    sheet.write_image(folder / "faces.png", sheet.expressions(SEED.value, size_px))
    sheet.write_image(folder / "action_units.png", sheet.action_units(SEED.value, SUBJECT.value, size_px))
    source = rendered(clip)
    sheet.write_clip(folder / "clip.mp4", source, FPS.value)
    sheet.write_crops(folder / "crops.mp4", source, FPS.value, size_px)
    print(f"wrote faces.png, action_units.png, clip.mp4 and crops.mp4 to {folder}")


if __name__ == "__main__":
    cli.run(main)

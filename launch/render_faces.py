"""Draws what the rendered faces look like: a sheet of expressions, one of action units, and a clip."""

import pathlib
import sys

from absl import app, flags

from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.data.render import sheet

OUTPUT = flags.DEFINE_string("output", None, "folder for faces.png, action_units.png and clip.mp4; made if absent")
SIZE_PX = flags.DEFINE_integer("size_px", 128, "side of one face in pixels", lower_bound=32, upper_bound=512)
SEED = flags.DEFINE_integer("seed", 0, "another seed draws other people", lower_bound=0)
SUBJECT = flags.DEFINE_integer("subject", 3, "who shows the action units", lower_bound=0)
SECONDS = flags.DEFINE_float("seconds", 12.0, "length of the clip", lower_bound=0.2, upper_bound=600.0)
FPS = flags.DEFINE_float("fps", 12.5, "frames per second of the clip", lower_bound=1.0, upper_bound=120.0)


def main(argv: list[str]) -> int:
    if len(argv) > 1 or not OUTPUT.value:
        wrong = f"unexpected argument '{argv[1]}'" if len(argv) > 1 else "--output=DIR is missing"
        sys.stderr.write(f"render_faces: {wrong}; say --output=DIR where the pictures shall go, or --help\n")
        return 2
    folder, frames = pathlib.Path(OUTPUT.value), max(1, round(SECONDS.value * FPS.value))
    size_px = SIZE_PX.value + SIZE_PX.value % 2  # video needs even sides
    clip = RenderedConfig(
        kind="clips", subjects=1, per_subject=1, frames=frames, fps=FPS.value, size_px=2 * size_px, seed=SEED.value
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sheet.write_picture(folder / "faces.png", sheet.expressions(SEED.value, size_px))
        sheet.write_picture(folder / "action_units.png", sheet.action_units(SEED.value, SUBJECT.value, size_px))
        sheet.write_clip(folder / "clip.mp4", rendered(clip), FPS.value)
    except OSError as error:
        sys.stderr.write(f"render_faces: cannot write to '{folder}': {error.strerror or error}\n")
        return 1
    sys.stdout.write(f"wrote faces.png, action_units.png and clip.mp4 to {folder}\n")
    return 0


def run() -> None:
    """Entry point: exit code 2 for wrong usage, 1 for a failure."""

    def parse(argv: list[str]) -> list[str]:
        try:
            return flags.FLAGS(argv)
        except flags.Error as error:
            sys.stderr.write(f"render_faces: {error}\nTry --help.\n")
            sys.exit(2)

    app.run(main, flags_parser=parse)


if __name__ == "__main__":
    run()

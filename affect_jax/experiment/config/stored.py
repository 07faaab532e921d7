"""Whether stored crops can give the crops of a run."""

from affect_jax.data.stored_faces import reach
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.ops.geometry import ANTIALIASED


def check_stored(options: Options) -> None:
    """UsageError if stored crops could not give the crops of a run."""
    form, furthest = options.data.stored, reach(options.augment)
    if not form.crop_px:
        return
    if form.margin < furthest:
        raise UsageError(
            f"data.stored.margin is {form.margin:g}, but augment reaches {furthest:.3g} times as far as the crop; "
            f"expected at least that, or less augment.rotation_degrees, scale and shift"
        )
    if form.crop_px < options.contract.input_px:
        raise UsageError(
            f"data.stored.crop_px is {form.crop_px}, but the network takes {options.contract.input_px} px: its images "
            "would be enlarged; expected at least as many"
        )
    if options.crop.one_box:
        raise UsageError(
            "crop.one_box is on, but each stored crop is cut around its own frame: set data.stored.crop_px=0 to store "
            "whole images"
        )
    if options.crop.warp != ANTIALIASED:
        raise UsageError(
            f"crop.warp is '{options.crop.warp}', which resamples the image itself; set data.stored.crop_px=0 to store "
            "whole images"
        )

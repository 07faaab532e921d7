"""Whether the network and the data of a run agree on clips or single images, and on the windows of clips."""

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.run import Run


def check_clips(run: Run) -> None:
    """Checks that temporal networks get clips, and that the task gets the frames and predictions its terms need."""
    options = run.options
    if options.contract.over_time and not options.data.frames:
        raise UsageError(
            f"the network '{options.model_name}' is temporal, but data.frames is 0, which means single images: set "
            "data.frames to the frames per clip, such as 16, or use a static network"
        )
    if 0 < options.data.frames < options.contract.least_frames:
        raise UsageError(
            f"data.frames is {options.data.frames}, but the network '{options.model_name}' takes clips of "
            f"{options.contract.least_frames} frames or more"
        )
    if options.crop.one_box and (options.contract.causal or not options.data.frames):
        kind = "causal, and sees one frame after another" if options.contract.causal else "static"
        raise UsageError(
            f"crop.one_box is on, but the network '{options.model_name}' is {kind}, so there are no windows whose "
            "frames could be cropped alike: turn it off"
        )
    options.task.require(options.contract.predicts, options.data.frames, options.contract.experts)

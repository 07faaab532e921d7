"""One video: the table, the plot and the overlay."""

import pathlib

import numpy as np
from absl import logging
from tqdm import tqdm

from affect_jax.predict.decode import Video
from affect_jax.predict.estimate import Finder, crop_name, estimate
from affect_jax.predict.overlay import write_overlay
from affect_jax.predict.plot import Thumbnails, plot_series
from affect_jax.predict.predictor import AFFECT, Predictor
from affect_jax.predict.result import Result
from affect_jax.predict.series import SeriesWriter, read_series
from affect_jax.predict.spool import Spool


def predict_video(
    predictor: Predictor,
    source: pathlib.Path,
    folder: pathlib.Path,
    stem: str,
    finder: Finder | None,
    overlay: bool = True,
) -> Result:
    """Writes `<stem>.csv`, `<stem>.png` and `<stem>_overlay.mp4` into the folder.

    Without a finder every frame is taken for a face crop. A video that breaks off is told up to the break, and the
    result names the problem. The plot is left out for a network without valence and arousal.
    """
    table = folder / f"{stem}.csv"
    thumbnails = Thumbnails()
    with Spool(AFFECT + len(predictor.emotions)) as spool:
        with Video(source) as video:
            crop = crop_name(predictor, finder is None)
            with SeriesWriter(table, predictor.emotions, predictor.name, crop) as writer:
                rows = estimate(predictor, video, finder)
                for row in tqdm(rows, source.name, video.expected_frames(), unit="frame", leave=False):
                    writer.write(row)
                    spool.append(row)
                    if row.values is not None:
                        thumbnails.offer(row.time_seconds, row.crop)
        if video.problem:
            logging.warning("%s; the rows up to there are kept in %s", video.problem, table)
        result = Result(writer.rows, writer.rows_with_face, [table], [], [video.problem] if video.problem else [])
        series = read_series(table)
        if not writer.rows_with_face or not np.isnan(series["valence"]).all():
            result.pictures.append(folder / f"{stem}.png")
            plot_series(result.pictures[-1], source.name, series, thumbnails.chosen())
        if overlay:
            result.pictures.append(folder / f"{stem}_overlay.mp4")
            write_overlay(source, spool, result.pictures[-1], predictor.emotions)
    return result

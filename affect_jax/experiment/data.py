"""Sources and batches from options."""

import dataclasses
import os
import pathlib

from affect_jax.data import loader, store
from affect_jax.data.coverage import check_emotions
from affect_jax.data.folds import take_fold
from affect_jax.data.label_clock import with_label_clock
from affect_jax.data.registry import READERS
from affect_jax.data.source import Concatenated, with_label_set
from affect_jax.data.stored_faces import AS_THEY_ARE, CutFaces, StoredConfig
from affect_jax.data.training_batches import TrainingBatches
from affect_jax.data.training_rows import WHOLE_BATCH, Share
from affect_jax.data.windows import TrainingWindows
from affect_jax.experiment.config.data import SourceConfig
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.config.options import Options
from affect_jax.experiment.face_sizes import check_face_sizes
from affect_jax.files.paths import first_existing
from affect_jax.ops.geometry import DEFAULT_CROP, CropConfig
from affect_jax.types import Source

SKIPPED = "skipped.csv"


@dataclasses.dataclass(frozen=True)
class Storage:
    """Where a run keeps its data sets, and how."""

    folder: str = ""  # "" = nowhere
    form: StoredConfig = AS_THEY_ARE
    crop: CropConfig = DEFAULT_CROP  # of the network

    @classmethod
    def of(cls, options: Options) -> "Storage":
        """That of a run."""
        return cls(options.data.store, options.data.stored, options.crop)

    def place(self, config: SourceConfig) -> pathlib.Path:
        """The folder of a data set, whose name ends in its fingerprint."""
        form = (self.form, self.crop) if self.form.crop_px else (self.form,) if self.form != AS_THEY_ARE else ()
        return pathlib.Path(self.folder) / f"{config.reader}_{store.fingerprint(config.reader, config.options, *form)}"

    def cut(self, source: Source) -> Source:
        """A source in the form in which it is kept."""
        return CutFaces(source, self.form, self.crop) if self.form.crop_px else source


NOWHERE = Storage()


def open_source(config: SourceConfig, label_set: str, storage: Storage = NOWHERE, skipped_csv: str = "") -> Source:
    """Opens a data set with the run's label set, cached in the folder of `storage` if there is one.

    Rows skipped by its reader are listed in `skipped_csv`, unless its options name another file.
    """
    options = config.options
    if getattr(options, "skipped_csv", None) == "":
        options = dataclasses.replace(options, skipped_csv=skipped_csv)

    def read() -> Source:
        try:
            source = READERS[config.reader][0](options)
        except FileNotFoundError as error:
            raise UsageError(str(error)) from error
        if not getattr(options, "allow_whole_images", True):
            check_face_sizes(source, config.reader, options.root)
        return source

    place = storage.place(config)
    mark = place.name.removeprefix(f"{config.reader}_")
    # A store of other people's can be used for what it already holds.
    if storage.folder and (place.is_dir() or os.access(first_existing(storage.folder), os.W_OK)):
        whole = store.materialize(lambda: storage.cut(read()), place, mark, encoding=storage.form.encoding)
    else:
        whole = read()
    return with_label_set(with_label_clock(take_fold(whole, config.fold), config.clock), label_set)


def existing_store(options: Options) -> Storage:
    """The run's store for uses of the trained network, which may run anywhere: a missing store is not created."""
    return Storage.of(options) if os.path.isdir(options.data.store) else NOWHERE


def skipped_file(workdir: pathlib.Path, share: Share) -> str:
    """The file that lists what is skipped; "" in all training processes except the first, which alone writes."""
    return "" if share.process else str(workdir / SKIPPED)


def open_training_source(options: Options, workdir: pathlib.Path, share: Share = WHOLE_BATCH) -> Concatenated:
    """The training data sets of a run, concatenated."""
    skipped_csv = skipped_file(workdir, share)
    parts = options.data.train.values()
    joined = Concatenated([open_source(part, options.label_set, Storage.of(options), skipped_csv) for part in parts])
    if options.predicts_affect:
        check_emotions(joined, options.data.balanced)
    return joined


def training_windows(options: Options, source: Source) -> TrainingWindows:
    """The windows that a run cuts from one of its data sets, as `training_batches` does."""
    data, contract = options.data, options.contract
    return TrainingWindows(source, data.frames, data.hop or None, data.windows, contract.newest, contract.predicts)


def training_batches(
    options: Options, data: Concatenated, workdir: pathlib.Path, share: Share = WHOLE_BATCH
) -> TrainingBatches:
    """Infinite batches from the run's mixture of data sets; of several training processes, each passes its share.

    Only the first of them lists unreadable images.
    """
    return loader.training_batches(
        data,
        crop_px=options.contract.input_px,
        batch=options.batch_size,
        seed=options.seed,
        augment=options.augment,
        crop=options.crop,
        frames=options.data.frames or None,
        hop=options.data.hop or None,
        windows=options.data.windows,
        newest=options.contract.newest,
        predicts=options.contract.predicts,
        balanced=options.data.balanced,
        takes=(options.contract.takes,),
        mixture=[part.weight for part in options.data.train.values()],
        max_skipped_fraction=options.data.max_skipped_fraction,
        skipped_csv=skipped_file(workdir, share),
        workers=options.data.workers,
        share=share,
    )


def evaluation_batches(options: Options, data: Source, workdir: pathlib.Path, share: Share = WHOLE_BATCH):
    """Each face or frame of a source once, in order, padded to full batches; of each batch, the rows of the share."""
    return loader.evaluation_batches(
        data,
        crop_px=options.contract.input_px,
        batch=options.batch_size,
        frames=options.data.frames or None,
        every=options.data.windows.every,
        latest=options.contract.causal,
        newest=options.contract.newest,
        crop=options.crop,
        takes=(options.contract.takes,),
        max_skipped_fraction=options.data.max_skipped_fraction,
        skipped_csv=skipped_file(workdir, share),
        share=share,
    )

"""Every data set by name."""

from collections.abc import Callable

from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet
from affect_jax.data.readers.folder import FolderConfig, folder
from affect_jax.data.readers.rendered import RenderedConfig, rendered

READERS: dict[str, tuple[Callable, type]] = {
    "affectnet": (affectnet, AffectNetConfig),
    "folder": (folder, FolderConfig),
    "rendered": (rendered, RenderedConfig),
}

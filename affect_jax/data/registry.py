"""Every data set by name."""

from collections.abc import Callable

from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet
from affect_jax.data.readers.affectnet_npy import AffectNetNpyConfig, affectnet_npy
from affect_jax.data.readers.ck_plus import CKPlusConfig, ck_plus
from affect_jax.data.readers.fer2013 import FER2013Config, fer2013
from affect_jax.data.readers.ferplus import FERPlusConfig, ferplus
from affect_jax.data.readers.folder import FolderConfig, folder
from affect_jax.data.readers.raf_db import RAFDBConfig, raf_db
from affect_jax.data.readers.rendered import RenderedConfig, rendered

READERS: dict[str, tuple[Callable, type]] = {
    "affectnet": (affectnet, AffectNetConfig),
    "affectnet_npy": (affectnet_npy, AffectNetNpyConfig),
    "ck_plus": (ck_plus, CKPlusConfig),
    "fer2013": (fer2013, FER2013Config),
    "ferplus": (ferplus, FERPlusConfig),
    "folder": (folder, FolderConfig),
    "raf_db": (raf_db, RAFDBConfig),
    "rendered": (rendered, RenderedConfig),
}

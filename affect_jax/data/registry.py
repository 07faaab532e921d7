"""Registry of data sets."""

from collections.abc import Callable

from affect_jax.data.readers.action_units import ActionUnitsConfig, action_units
from affect_jax.data.readers.afew_va import AFEWVAConfig, afew_va
from affect_jax.data.readers.aff_wild2 import AffWild2Config, aff_wild2
from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet
from affect_jax.data.readers.affectnet_npy import AffectNetNpyConfig, affectnet_npy
from affect_jax.data.readers.ck_plus import CKPlusConfig, ck_plus
from affect_jax.data.readers.features import FeaturesConfig, features
from affect_jax.data.readers.fer2013 import FER2013Config, fer2013
from affect_jax.data.readers.ferplus import FERPlusConfig, ferplus
from affect_jax.data.readers.folder import FolderConfig, folder
from affect_jax.data.readers.omg import OMGConfig, omg
from affect_jax.data.readers.raf_db import RAFDBConfig, raf_db
from affect_jax.data.readers.recola import RECOLAConfig, recola
from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.data.readers.sewa import SEWAConfig, sewa

READERS: dict[str, tuple[Callable, type]] = {
    "action_units": (action_units, ActionUnitsConfig),
    "aff_wild2": (aff_wild2, AffWild2Config),
    "affectnet": (affectnet, AffectNetConfig),
    "affectnet_npy": (affectnet_npy, AffectNetNpyConfig),
    "afew_va": (afew_va, AFEWVAConfig),
    "ck_plus": (ck_plus, CKPlusConfig),
    "features": (features, FeaturesConfig),
    "fer2013": (fer2013, FER2013Config),
    "ferplus": (ferplus, FERPlusConfig),
    "folder": (folder, FolderConfig),
    "omg": (omg, OMGConfig),
    "raf_db": (raf_db, RAFDBConfig),
    "recola": (recola, RECOLAConfig),
    "rendered": (rendered, RenderedConfig),
    "sewa": (sewa, SEWAConfig),
}
WITHOUT_IMAGES = frozenset({"features"})  # readers for networks that take features

"""The networks of a face landmarker file, as functions of regions of an image."""

import dataclasses
import os
from collections.abc import Iterable

from affect_jax.faces.blendshapes import Blendshapes
from affect_jax.faces.detector import Detection, Detector
from affect_jax.faces.face import Face, Image
from affect_jax.faces.face_mesh import Mesh
from affect_jax.faces.interpreter import require_interpreter
from affect_jax.faces.landmarks68 import mesh_landmarks
from affect_jax.faces.model_file import BLENDSHAPES, DETECTOR, MESH, load_models
from affect_jax.faces.quality import quality_of
from affect_jax.ops.geometry import Crop

PRESENCE_THRESHOLD = 0.5


class Landmarker:
    """Detects faces in regions of an image, and fits the mesh of one face."""

    def __init__(self, model_path: str | os.PathLike | None = None, threads: int = 1, blendshapes: bool = False):
        """`model_path`: the user's own face_landmarker.task; None uses the cached or downloaded one."""
        require_interpreter()
        members = (DETECTOR, MESH, BLENDSHAPES) if blendshapes else (DETECTOR, MESH)
        models = load_models(model_path, members)
        self._detector = Detector(models[DETECTOR], threads)
        self._mesh = Mesh(models[MESH], threads)
        self._blendshapes = Blendshapes(models[BLENDSHAPES]) if blendshapes else None

    def detect(self, image: Image, regions: Iterable[Crop]) -> list[Detection]:
        """Detects faces in all regions, largest first; a face in several regions is detected several times."""
        detections = []
        for region in regions:
            detections.extend(self._detector(image, region))
        return sorted(detections, key=lambda detection: detection.side_px, reverse=True)

    def fit(self, image: Image, region: Crop) -> Face | None:
        """Fits the mesh in a region; None if there is no face in it, or only one that has left the image."""
        mesh, presence = self._mesh(image, region)
        if presence < PRESENCE_THRESHOLD:
            return None
        low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
        if (high < 0).any() or (low > (image.shape[1] - 1, image.shape[0] - 1)).any():
            return None
        left, top = low.tolist()
        width, height = (high - low).tolist()
        return Face(mesh_landmarks(mesh), (left, top, width, height), presence, mesh)

    def describe(self, image: Image, face: Face) -> Face:
        """Adds the quality of a face, and its blendshapes if they were asked for."""
        quality = quality_of(image, face.box, face.mesh, face.score)
        shapes = self._blendshapes(face.mesh) if self._blendshapes is not None else None
        return dataclasses.replace(face, quality=quality, blendshapes=shapes)

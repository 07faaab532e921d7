"""Rendered faces: a data set that needs no files and has exact ground truth."""

import numpy as np
from absl import logging
from jaxtyping import Float, UInt8

from affect_jax.data import without_effect
from affect_jax.data.action_units.unit_traces import UnitTraces
from affect_jax.data.au_norm import intensities
from affect_jax.data.intensity_labels import intensity_labels, label_notes
from affect_jax.data.readers.rendered_options import SPLITS, SUBJECTS_PER_SPLIT, RenderedConfig
from affect_jax.data.render import affect, camera, motion, raters, shape
from affect_jax.data.render.identity import PURPOSE, Identity, show
from affect_jax.data.render.individuality import draw_person
from affect_jax.data.render.paint import View, paint
from affect_jax.data.render.scene import draw_scene
from affect_jax.data.source import label_row
from affect_jax.emotions import names
from affect_jax.types import Example, Label, Labels


class RenderedFaces:
    """A `Source` whose labels are computed on creation and whose images are rendered on access."""

    label_set = affect.LABEL_SET

    def __init__(self, config: RenderedConfig):
        self.config = config
        first = SPLITS.index(config.split) * SUBJECTS_PER_SPLIT
        self._frames = config.frames if config.kind == "clips" else 1
        subjects, numbers = np.divmod(np.arange(config.subjects * config.per_subject), config.per_subject)
        self._subject = np.repeat(subjects + first, self._frames)
        self._number = np.repeat(numbers + config.first, self._frames)
        self._frame = np.tile(np.arange(self._frames), len(subjects))
        self._take = self._perform()
        self._shown, self._framing, landmarks = self._geometry()
        self.examples = self._examples(landmarks)

    def _times(self) -> np.ndarray:
        return np.arange(self._frames) / self.config.fps

    def _perform(self) -> motion.Take:
        if self.config.kind == "stills":
            return motion.stills(self.config.seed, self._subject, self._number)
        starts = zip(self._subject[:: self._frames], self._number[:: self._frames], strict=True)
        seed, rest = self.config.seed, self.config.rest_seconds
        return motion.concatenate([motion.clip(seed, int(s), int(n), self._times(), rest) for s, n in starts])

    def _geometry(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Computes visible action units, framing and landmarks (px), subject by subject."""
        shown, framing, landmarks = [], [], []
        block = self.config.per_subject * self._frames
        for start in range(0, len(self._subject), block):
            rows = slice(start, start + block)
            identity = self.person(start)
            shown.append(show(identity, self._take.units[rows], self._take.speech[rows]).astype(np.float32))
            rest = np.broadcast_to(identity.rest, (block, *identity.rest.shape))
            turned = camera.turn_all(shape.deform(rest, shown[-1]), self._take.pose_degrees[rows])
            framing.append(self._camera(identity, rows, turned))
            landmarks.append(camera.landmarks_px(turned, framing[-1], self.config.size_px).astype(np.float32))
        return np.concatenate(shown), np.concatenate(framing), np.concatenate(landmarks)

    def _camera(self, identity, rows: slice, turned: np.ndarray) -> np.ndarray:
        """Frames a still around its face; the camera of a clip is fixed and set up for the face at rest."""
        if self.config.kind == "clips":
            clips = rows.start // self._frames + np.arange(self.config.per_subject)
            subject, numbers = int(self._subject[rows.start]), self._number[clips * self._frames]
            pose = np.stack([motion.base_pose(self.config.seed, subject, int(number)) for number in numbers])
            resting = show(identity, np.zeros((1, len(affect.ACTION_UNITS))), np.zeros((1, len(affect.ACTION_UNITS))))
            points = np.repeat(shape.deform(identity.rest[None], resting), len(pose), axis=0)
            turned = np.repeat(camera.turn_all(points, pose), self._frames, axis=0)
        framing = camera.framing(turned)
        zoom = self._take.zoom[rows, None]
        framing[:, 1:] = 0.5 + (framing[:, 1:] - 0.5) * zoom + self._take.shift[rows]
        framing[:, :1] *= zoom
        return np.round(framing, 9)  # because the last bits depend on the number of faces computed together

    def _examples(self, landmarks: np.ndarray) -> list[Example]:
        affects = affect.valence_arousal(self._take.units).astype(np.float32)
        if self.config.labels == "annotators":
            groups = zip(self._subject[:: self._frames], self._number[:: self._frames], strict=True)
            affects = np.concatenate([self._ratings(int(s), int(n)).mean(0) for s, n in groups]).astype(np.float32)
        named, self._intensity = affect.emotion(self._take.units)
        emotions = np.eye(len(names(self.label_set)), dtype=np.float32)[named]
        clips = self.config.kind == "clips"
        one = np.float32(1)
        felt = self._felt()
        examples = []
        for row, (number, frame) in enumerate(zip(self._number, self._frame, strict=True)):
            subject_name = self._subject_name(row)
            clip = f"{subject_name}/clip_{number:02d}" if clips else ""
            labels = Labels(
                valence_arousal=Label(affects[row], one),
                emotion=Label(emotions[row], one),
                landmarks=Label(landmarks[row], one),
                **label_row(felt, row),
            )
            name = f"{clip}/{frame:05d}" if clips else f"{subject_name}/still_{number:05d}"
            examples.append(Example(name, subject_name, clip, int(frame), float(frame / self.config.fps), labels))
        return examples

    def _felt(self) -> Labels:
        """The intensities of emotions, each relative to the maxima of all faces of its subject."""
        people = {}
        block = self.config.per_subject * self._frames
        for start in range(0, len(self._subject) if self.config.intensities else 0, block):
            units = self._take.units[start : start + block]
            # What it is called does not matter, and neither do times.
            traces = UnitTraces(
                "rendered faces", affect.ACTION_UNITS, units, units, np.ones(block, bool), np.zeros(block)
            )
            people[self._subject_name(start)] = intensities([traces], scale=1.0)
        for note in label_notes(people, self.config.intensities):
            logging.warning("rendered faces: %s", note)
        recordings = [recording for person in people.values() for recording in person]
        return Labels(**intensity_labels(recordings, self.config.intensities))

    def _subject_name(self, index: int) -> str:
        return f"{self.config.split}/subject_{self._subject[index] % SUBJECTS_PER_SPLIT:03d}"

    def image(self, index: int) -> UInt8[np.ndarray, "size_px size_px 3"]:
        """Renders the face; deterministic."""
        subject, number, frame = (int(table[index]) for table in (self._subject, self._number, self._frame))
        seed, take = self.config.seed, self._take
        view = View(
            shown=self._shown[index],
            pose_degrees=take.pose_degrees[index],
            gaze=take.gaze[index],
            framing=self._framing[index],
            blur_px=float(take.blur_px[index]),
            smear_px=take.smear_px[index],
            gain=float(take.gain[index]),
            occluder=take.occluder[index],
        )
        # Clips and stills of the same number have different scenes.
        scene_number = number if self.config.kind == "stills" else number + 2**32
        pixels = np.random.default_rng((seed, PURPOSE["pixels"], subject, scene_number, frame))
        scene = draw_scene(seed, subject, scene_number)
        return paint(self.person(index), scene, view, self.config.size_px, pixels)

    def person(self, index: int) -> Identity:
        """Returns the subject of a face, with the true expressiveness, asymmetry and resting face."""
        config = self.config
        return draw_person(config.seed, int(self._subject[index]), config.individuality, config.expressiveness)

    def action_units(self, index: int) -> Float[np.ndarray, "unit"]:
        """Returns the true affective intensities, in the order of `render.affect.ACTION_UNITS`, in [0, 1]."""
        return self._take.units[index]

    def intensity(self, index: int) -> float:
        """Returns the true intensity of the emotion, in [0, 1]."""
        return float(self._intensity[index])

    def annotators(self, clip: str) -> Float[np.ndarray, "3 frame 2"]:
        """Returns the valence and arousal traces of three annotators for a clip, named as in `examples[i].clip`."""
        if self.config.kind == "stills":
            raise ValueError("rendered faces: annotators exist for clips only; set kind to 'clips'")
        rows = [row for row in range(0, len(self.examples), self._frames) if self.examples[row].clip == clip]
        if not rows:
            raise ValueError(f"rendered faces: no clip '{clip}'; the first is '{self.examples[0].clip}'")
        return self._ratings(int(self._subject[rows[0]]), int(self._number[rows[0]]))

    def _ratings(self, subject: int, number: int) -> np.ndarray:
        return raters.annotate(self.config.seed, subject, number, self._times(), self.config.rest_seconds)


def rendered(config: RenderedConfig) -> RenderedFaces:
    """Creates rendered faces; ValueError names an option that is out of range."""
    idle = {"root": "nothing is read"}
    if config.kind == "stills":
        idle |= dict.fromkeys(("frames", "fps", "rest_seconds"), "kind is 'stills'")
    without_effect.warn(config, idle, "rendered")
    return RenderedFaces(config)

"""Pixels follow the geometry."""

import cv2
import numpy as np
import pytest

from affect_jax.data.render import affect, camera, outline, shape, surface
from affect_jax.data.render.identity import draw_identity, show
from affect_jax.data.render.paint import View, paint
from affect_jax.data.render.scene import draw_scene

SIZE_PX = 96
SUBJECT = 3
# Landmarks around which each unit must change the image.
REGION = {
    **{1: (21, 22), 2: (18, 25), 4: (21, 22), 5: (37, 44), 6: (40, 47), 7: (40, 47), 9: (31, 35), 12: (48, 54)},
    **{14: (48, 54), 15: (48, 54), 16: (57, 58), 17: (57, 8), 18: (48, 54), 20: (48, 54), 23: (51, 57)},
    **{25: (62, 66), 26: (57, 66), 43: (37, 44)},
}


def draw(units: dict[int, float], pose=(0.0, 0.0, 0.0), subject: int = SUBJECT, size_px: int = SIZE_PX, **changes):
    identity = draw_identity(0, subject)
    felt = np.zeros((1, len(affect.ACTION_UNITS)))
    for unit, strength in units.items():
        felt[0, affect.UNIT[unit]] = strength
    shown, at_rest = show(identity, felt, felt * 0), show(identity, felt * 0, felt * 0)
    pose = np.array(pose)
    framing = camera.framing(camera.turn_all(shape.deform(identity.rest[None], at_rest), pose[None]))
    turned = camera.turn_all(shape.deform(identity.rest[None], shown), pose[None])
    view = {
        "blur_px": 0.0,
        "smear_px": np.zeros(2),
        "gain": 1.0,
        "occluder": np.zeros(6),
        "gaze": np.zeros(2),
    } | changes
    view = View(shown=shown[0], pose_degrees=pose, framing=framing[0], **view)
    image = paint(identity, draw_scene(0, subject, 0), view, size_px, np.random.default_rng(0))
    return image, camera.landmarks_px(turned, framing, size_px)[0]


@pytest.mark.parametrize("unit", affect.ACTION_UNITS)
def test_unit_changes_the_image_where_it_acts(unit):
    rest, points = draw({})
    acted, _ = draw({unit: 1.0})
    change = cv2.GaussianBlur(np.abs(acted.astype(np.float32) - rest).mean(-1), (0, 0), 2)
    near = max(change[tuple(np.round(points[landmark, ::-1]).astype(int))] for landmark in REGION[unit])
    assert near > 3.0
    assert near > 4 * change[:, :8].mean()  # the background stays


def test_open_mouth_is_dark_inside_and_eyes_are_white():
    image, points = draw({25: 1.0, 26: 1.0})
    gray = image.mean(-1)
    inside = points[[61, 62, 63, 65, 66, 67]].mean(0)
    assert gray[int(inside[1]), int(inside[0])] < 0.7 * gray[int(points[29, 1]), int(points[29, 0])]
    wide, points = draw({5: 1.0}, size_px=256)
    white = points[36] * 0.6 + points[36:42].mean(0) * 0.4
    cheek = points[[31, 2]].mean(0)
    blue = wide[..., 2].astype(float)
    assert blue[round(white[1]), round(white[0])] > blue[round(cheek[1]), round(cheek[0])]


def test_same_arguments_same_pixels_and_sizes_agree():
    small, _ = draw({12: 0.8}, (10.0, 3.0, 2.0))
    again, _ = draw({12: 0.8}, (10.0, 3.0, 2.0))
    np.testing.assert_array_equal(small, again)
    large, _ = draw({12: 0.8}, (10.0, 3.0, 2.0), size_px=192)
    halved = cv2.resize(large, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)
    smooth = [cv2.GaussianBlur(image, (0, 0), 2).astype(float) for image in (small, halved)]
    assert np.abs(smooth[0] - smooth[1]).mean() < 3


def test_disturbances_change_the_image():
    plain, _ = draw({})
    sharp = cv2.Laplacian(plain, cv2.CV_32F).std()
    assert cv2.Laplacian(draw({}, smear_px=np.array([9.0, 0.0]))[0], cv2.CV_32F).std() < 0.8 * sharp
    assert cv2.Laplacian(draw({}, blur_px=2.0)[0], cv2.CV_32F).std() < 0.6 * sharp
    assert draw({}, gain=0.5)[0].mean() < 0.65 * plain.mean()
    for kind in (1.0, 2.0, 3.0):
        hidden = draw({}, occluder=np.array([kind, 0.5, 0.55, 0.7, 1.0, 0.4]))[0].astype(float)
        assert np.abs(hidden - plain).mean() > 1.5


def test_spline_runs_through_its_points():
    points = np.random.default_rng(0).normal(size=(5, 2))
    for closed in (False, True):
        curve = outline.smooth(points, closed)
        np.testing.assert_allclose(curve[:: outline.STEPS][:5], points, atol=1e-12)
    straight = np.stack([np.linspace(0, 1, 6), np.linspace(2, 5, 6)], axis=1)
    np.testing.assert_allclose(np.diff(np.diff(outline.smooth(straight), axis=0)[5:-6], axis=0), 0, atol=1e-12)


def test_flat_skin_has_lambert_shade_and_a_slope_turns_dark():
    flat = np.zeros((surface.ROWS, surface.COLUMNS), np.float32)
    light = np.array([0.6, 0.0, 0.8])
    even = surface.shading(flat, light, 0.3, 0.0)
    assert even.max() == pytest.approx(0.3 + 1.10 * 0.7 * (0.8 * 0.72 + 0.28), rel=1e-5)
    away = flat - 0.5 * surface.CELL * np.arange(
        surface.COLUMNS, dtype=np.float32
    )  # falls to the right: faces the lamp
    inside = (slice(2, -2), slice(2, -2))
    assert (surface.shading(-away, light, 0.3, 0.0)[inside] < even[inside]).all()
    # Slope 1/2: normal (0.5, 0, 1) / sqrt(1.25), so cosine = (0.3 + 0.8) / sqrt(1.25)
    lit = surface.shading(away, light, 0.3, 0.0)[inside] / even[inside]
    expected = (0.3 + 0.77 * (1.1 / 1.25**0.5 * 0.72 + 0.28)) / (0.3 + 0.77 * (0.8 * 0.72 + 0.28))
    np.testing.assert_allclose(lit, expected, rtol=1e-5)

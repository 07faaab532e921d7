"""The page, read as a browser reads it."""

import urllib.error
import urllib.request

import cv2
import numpy as np
import pytest

from affect_jax.predict.live.page import Page


@pytest.fixture
def page():
    page = Page()
    yield page
    page.close()


def test_only_this_machine_and_only_who_knows_the_address_sees_the_page(page):
    host = page.address.split("/")[2]
    assert host.startswith("127.0.0.1:") and len(page.address.split("/")[3]) >= 16
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://{host}/", timeout=10)
    with urllib.request.urlopen(page.address, timeout=10) as answer:
        text = answer.read().decode()
    assert '<img src="frames"' in text and "http" not in text.replace("<!doctype html>", "")  # nothing from elsewhere


def test_the_numbers_are_those_of_the_session(page):
    page.write("12 s  25.0 frames/s\nface 8.1/9.9 ms")
    with urllib.request.urlopen(f"{page.address}numbers", timeout=10) as answer:
        assert answer.read().decode() == "12 s  25.0 frames/s\nface 8.1/9.9 ms"


def test_a_browser_gets_the_newest_pictures_and_without_one_none_are_needed(page):
    assert not page.is_watched
    first, second = (np.full((48, 64, 3), level, np.uint8) for level in ((200, 40, 90), (10, 220, 30)))
    page.show(first)
    with urllib.request.urlopen(f"{page.address}frames", timeout=10) as answer:
        assert answer.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=frame"
        assert np.abs(_picture(answer).astype(int) - first).max() < 12
        assert page.is_watched
        page.show(second)
        assert np.abs(_picture(answer).astype(int) - second).max() < 12


def _picture(answer):
    assert answer.readline() == b"--frame\r\n"
    assert answer.readline() == b"Content-Type: image/jpeg\r\n"
    length = int(answer.readline().split(b":")[1])
    answer.readline()
    data = answer.read(length)
    answer.readline()
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]

"""The page in a real browser: clicks, drags, keys, playing, exports, a phone, and what it never does."""

import base64
import csv
import io
import json
import pathlib
import time

import chromium
import films
import numpy as np
import PIL.Image
import pytest
import viewed

from affect_jax.predict.viewer import film
from affect_jax.predict.viewer.page import Recording, write_page
from affect_jax.predict.viewer.trace import read_traces

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium.find_program() is None, reason=f"needs Chromium ({chromium.INSTALL})"),
]
NAME = "\"'><img src=x onerror=hacked=1> #1 50%41 ü.mp4"
READY = "typeof keys !== 'undefined' && clock.hasVideo && !clock.isFresh && !clock.moving"
GUTTERS = (34, 8)  # px beside the curves


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    running = chromium.Browser(tmp_path_factory.mktemp("browser"))
    yield running
    running.close()


def write(folder: pathlib.Path, times, video: pathlib.Path, start_seconds: float = 0.0) -> pathlib.Path:
    """A page about two faces in a video."""
    table = folder / "film.csv"
    viewed.write_table(table, video.name, times)
    name, traces = read_traces(table)
    page = folder / "film_viewer.html"
    write_page(Recording(name, film.film(video, folder), start_seconds, traces, [table.name]), page)
    return page


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """(page, times of the frames) of a video of variable frame rate with a hostile name."""
    folder = tmp_path_factory.mktemp("a b#1 50%41")
    times = viewed.write_video(folder / NAME)
    return write(folder, times, folder / NAME), np.array(times)


@pytest.fixture
def opened(browser, recording):
    """The browser with the page as a new visitor sees it."""
    browser.resize(1100, 900)
    browser.open(recording[0])
    browser.evaluate("localStorage.clear()")
    browser.open(recording[0])
    browser.wait(READY)
    return browser


def share_of(seconds, times, width):
    """Where a time stands in the curves, as a share of their whole width."""
    end = times[-1] + (times[-1] - times[0]) / (len(times) - 1)
    left, right = GUTTERS
    return (left + (seconds - times[0]) / (end - times[0]) * (width - left - right)) / width


def shown_number(browser):
    """The number of the image that the video shows, out of the pixels of the window."""
    browser.evaluate(
        "for (const id of ['show-box', 'show-landmarks', 'show-emotion']) if (byId(id).checked) byId(id).click()"
    )
    browser.wait(READY)
    browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    places = [browser.place("#video", across, 0.5) for across in (0.25, 0.75)]
    image = PIL.Image.open(io.BytesIO(browser.screenshot())).convert("L")
    return viewed.number_of(*(image.getpixel((round(x), round(y))) for x, y in places))


def wait_shown(browser, number):
    """Waits until the window shows an image; a decoder may be a moment behind."""
    for _ in range(40):
        if (found := shown_number(browser)) == number:
            return
        time.sleep(0.05)
    assert found == number


def frame_of(browser):
    return browser.evaluate("clock.trace.frameNumber(clock.place)")


def test_a_click_in_the_curves_shows_the_frame_of_that_time(opened, recording):
    times = recording[1]
    width = opened.evaluate("byId('curves').getBoundingClientRect().width")
    for seconds in (0.2, 2.17, times[-1] - 0.01, 1.0, times[57] + 0.2):  # the last lies in the long frame
        opened.click("#curves", share_of(seconds, times, width))
        opened.wait(READY)
        expected = int(np.searchsorted(times, seconds, "right")) - 1
        assert abs(frame_of(opened) - expected) <= 1  # a pixel is more than a millisecond
        wait_shown(opened, frame_of(opened))
        assert opened.evaluate("byId('now').textContent").endswith(f"frame {frame_of(opened)}")


@pytest.mark.parametrize("kind", ["start", "reordered", "sound first", "matroska"])
def test_frames_are_those_of_the_table_whatever_the_clock_of_the_file(browser, tmp_path, kind):
    ticks = [45000 * (kind == "start") + tick for tick in viewed.UNEVEN]
    path = tmp_path / ("film.mkv" if kind == "matroska" else "film.mp4")
    if kind == "sound first":
        films.write(path, viewed.numbered_images(100), start=10, sound="aac", options={"crf": "4"})
        with film.Video(path) as video:
            times = [frame.time_seconds for frame in video]
    else:
        bframes = {"options": {"crf": "4", "bf": "3"}} if kind == "reordered" else {"options": {"crf": "4"}}
        films.write(path, viewed.numbered_images(len(ticks)), ticks=ticks, **bframes)
        with film.Video(path) as video:
            times = [frame.time_seconds for frame in video]
    with film.Video(path) as video:
        next(iter(video))
        start_seconds = video.start_seconds
    browser.resize(1100, 900)
    browser.open(write(tmp_path, times, path, start_seconds))
    browser.wait(READY)
    for place in (0, 1, 40, 57, len(times) - 1, 5):
        browser.evaluate(f"clock.go({place})")
        wait_shown(browser, place)
        assert browser.evaluate("clock.place") == place


def test_the_cursor_can_be_dragged_and_the_video_follows(opened, recording):
    times = recording[1]
    width = opened.evaluate("byId('curves').getBoundingClientRect().width")
    opened.drag("#curves", share_of(0.5, times, width), share_of(2.5, times, width), steps=20)
    opened.wait(READY)
    assert abs(opened.evaluate("clock.seconds") - 2.5) < 0.1
    wait_shown(opened, frame_of(opened))


def test_frames_are_stepped_through_one_by_one_by_keys_and_buttons(opened):
    for press, expected in [
        *((lambda: opened.key("ArrowRight"), frame) for frame in range(1, 8)),
        (lambda: opened.key("ArrowLeft"), 6),
        (lambda: opened.click("#forward"), 7),
        (lambda: opened.click("#back"), 6),
        (lambda: opened.key("Home"), 0),
    ]:
        press()
        opened.wait(READY)
        assert frame_of(opened) == expected
    wait_shown(opened, 0)


def test_playing_moves_the_cursor_with_the_video_and_stops_at_the_frame_it_shows(opened, recording):
    times = recording[1]
    opened.click("#play")
    opened.wait("clock.seconds > 1")
    assert opened.evaluate("byId('play').getAttribute('aria-label')") == "Pause"
    opened.key("k")
    opened.wait("video.paused")
    time.sleep(0.2)
    wait_shown(opened, frame_of(opened))
    assert 1 < times[frame_of(opened)] < times[-1]


def test_marks_are_made_by_keys_and_dragging_and_exported_with_their_frames(opened, recording, tmp_path):
    page, times = recording
    opened.keep_downloads(tmp_path)
    go = lambda place: (opened.evaluate(f"clock.go({place})"), opened.wait(READY))
    go(5)
    opened.key("e")
    go(40)
    opened.key("x")
    go(30)  # backwards: a stretch has no direction
    opened.key("x")
    opened.click("#word")
    opened.write('smile, "broad"')
    width = opened.evaluate("byId('curves').getBoundingClientRect().width")
    inside = lambda seconds: (share_of(seconds, times, width) * width - 34) / (width - 42)
    opened.drag("#lane", inside(times[60] + 0.005), inside(times[80] + 0.005))
    opened.wait(READY)
    ends = opened.evaluate("marks.list.map((mark) => [mark.start, mark.end])")[-1]
    assert np.abs(np.array(ends) - times[[60, 80]]).max() < 0.06
    opened.click("#export")
    path = tmp_path / f"{pathlib.Path(NAME).stem}_marks.csv"
    for _ in range(100):
        found = [each for each in tmp_path.iterdir() if each.suffix == ".csv"]
        if found:
            break
        time.sleep(0.05)
    with found[0].open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert path.name.startswith('"') and found[0].name.endswith("_marks.csv")
    assert [row["name"] for row in rows] == ["event", "exclude", 'smile, "broad"']
    assert {row["source"] for row in rows} == {NAME}
    for row, (start, stop) in zip(rows, [(5, 5), (30, 40), (None, None)], strict=True):
        if start is not None:
            assert (int(row["start_frame"]), int(row["end_frame"])) == (start, stop)
        for end in ("start", "end"):
            assert abs(float(row[f"{end}_seconds"]) - times[int(row[f"{end}_frame"])]) < 0.001
    opened.open(page)  # nothing is lost
    opened.wait(READY)
    assert opened.evaluate("marks.list.map((mark) => mark.name)") == [row["name"] for row in rows]
    assert opened.evaluate("document.querySelectorAll('#lane button.mark').length") == 3
    before = opened.evaluate("marks.toCsv()")
    opened.evaluate("localStorage.clear()")
    opened.open(page)
    opened.wait(READY)
    assert opened.evaluate("marks.list.length") == 0
    for expected in ("3 marks imported from", "has no marks that are not here already"):
        opened.choose_file("#import", found[0])
        opened.wait(f"byId('status').textContent.includes({json.dumps(expected)})")
        assert opened.evaluate("marks.toCsv()") == before


def test_a_file_that_is_no_list_of_marks_changes_nothing(opened, tmp_path):
    opened.key("e")
    for content, message in [
        ("a,b\n1,2\n", 'its first line is "a,b"; expected source,name,start_seconds'),
        ("name,start_seconds,end_seconds\nx,1,2\ny,5,4\n", 'mark 2 is "y,5,4"'),
        ("name,start_seconds,end_seconds\nx,,2\n", 'mark 1 is "x,,2"'),
        ("", 'its first line is ""'),
    ]:
        (tmp_path / "marks.csv").write_text(content)
        opened.choose_file("#import", tmp_path / "marks.csv")
        opened.wait(f"byId('status').textContent.includes({json.dumps(message)})")
        assert opened.evaluate("marks.list.length") == 1


def test_a_stretch_that_is_not_ended_outlives_the_page(opened, recording):
    page, times = recording
    opened.evaluate("clock.go(7)")
    opened.wait(READY)
    opened.key("x")
    opened.click("#export")
    assert opened.evaluate("byId('status').textContent").endswith("not yet ended, and not in it: exclude")
    opened.open(page)
    opened.wait(READY)
    assert opened.evaluate("byId('mark-exclude').getAttribute('aria-pressed')") == "true"
    opened.evaluate("clock.go(19)")
    opened.wait(READY)
    opened.click("#mark-exclude")
    assert opened.evaluate("marks.list.map((mark) => [mark.name, mark.start, mark.end])") == [
        ["exclude", times[7], times[19]]
    ]


def test_marks_are_changed_removed_and_brought_back(opened, recording):
    times = recording[1]
    opened.key("e")
    opened.evaluate("clock.go(12)")
    opened.wait(READY)
    opened.key("]")
    assert opened.evaluate("marks.list[0].end") == times[12]
    opened.click("#marks input[aria-label='Name of mark 1']")
    opened.evaluate("document.activeElement.select()")
    opened.write("blink")
    opened.key("Tab")
    opened.evaluate("document.activeElement.blur()")
    assert opened.evaluate("marks.list[0].name") == "blink"
    opened.key("Delete")
    assert opened.evaluate("marks.list.length") == 0
    opened.key("z", modifiers=2)
    assert opened.evaluate("marks.list[0].name") == "blink"
    opened.click("#undo")
    assert opened.evaluate("marks.list[0].name") == "event"


def test_a_page_asks_for_itself_and_the_video_and_complains_of_nothing(opened, recording):
    assert sorted(set(opened.requests())) == sorted([recording[0].as_uri(), (recording[0].parent / NAME).as_uri()])
    assert opened.complaints() == [] and opened.evaluate("typeof hacked") == "undefined"
    assert NAME in opened.evaluate("byId('title').textContent")
    tried = "new Promise((done, fail) => setTimeout(() => { try { ATTEMPT.then(done, fail) } catch (e) { fail(e) } }))"
    for attempt in ("fetch('data:,x')", "Promise.resolve(eval('1'))", "import('data:text/javascript,1')"):
        with pytest.raises(RuntimeError):
            opened.evaluate(tried.replace("ATTEMPT", attempt))


def test_the_help_lists_what_the_keys_do(opened):
    opened.key("?", modifiers=8)
    opened.wait("byId('help').open")
    listed = opened.evaluate("byId('key-list').textContent")
    assert all(text in listed for text in ("Play or pause", "exclude", "Undo", "own word"))
    opened.key("e")
    assert opened.evaluate("marks.list.length") == 0  # keys rest while it is open
    opened.click("#close-help")
    assert not opened.evaluate("byId('help').open")


def test_every_control_has_a_name(opened):
    opened.key("e")
    nodes = opened.call("Accessibility.getFullAXTree")["nodes"]
    controls = ("button", "checkbox", "slider", "textbox", "combobox", "spinbutton")
    found = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if node.get("role", {}).get("value") in controls and not node["ignored"]
    ]
    assert len(found) > 20 and all(name.strip() for _, name in found), found
    opened.key("Tab")
    assert opened.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_nothing_is_cut_off_and_a_finger_moves_the_cursor(opened, recording, theme):
    opened.resize(390, 844, touch=True)
    opened.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
    opened.open(recording[0])
    opened.wait(READY)
    assert opened.evaluate("document.documentElement.dataset.theme") == theme
    assert opened.evaluate("document.documentElement.scrollWidth") == 390
    x, y = opened.place("#curves", 0.6)
    for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchEnd", [])):
        opened.call("Input.dispatchTouchEvent", type=kind, touchPoints=points)
    opened.wait(READY)
    assert opened.evaluate("clock.place") > 20
    opened.call("Emulation.setEmulatedMedia", features=[])


def test_without_its_video_a_page_works_and_takes_one_that_is_chosen(browser, recording, tmp_path):
    page, _ = recording
    (tmp_path / "film_viewer.html").write_bytes(page.read_bytes())
    browser.resize(1100, 900)
    browser.open(tmp_path / "film_viewer.html")
    browser.wait("typeof keys !== 'undefined' && !byId('absent').hidden")
    assert "is not where this page expects it" in browser.evaluate("byId('absent-text').textContent")
    browser.click("#play")
    browser.wait("clock.seconds > 0.2")
    browser.click("#play")
    browser.evaluate("clock.go(33)")
    browser.choose_file("#choose-video", page.parent / NAME)
    browser.wait(READY)
    wait_shown(browser, 33)
    assert browser.evaluate("byId('absent').hidden")


def test_hidden_faces_are_nowhere_and_zooming_keeps_the_time(opened, recording):
    times = recording[1]
    opened.evaluate("clock.go(10)")
    opened.wait(READY)
    assert opened.evaluate("traces[0].rowsAt(clock.place).length") == 2
    opened.click("#faces label:nth-child(2) input")
    assert opened.evaluate("traces[0].rowsAt(clock.place).length") == 1
    assert opened.evaluate("document.querySelectorAll('#readout tbody tr').length") == 1
    opened.key("+")
    opened.key("+")
    assert opened.evaluate("[curves.view.from, curves.view.to, clock.seconds].every(Number.isFinite)")
    length = opened.evaluate("curves.view.to - curves.view.from")
    whole = opened.evaluate("curves.whole.to - curves.whole.from")
    assert length == pytest.approx(whole / 4) and opened.evaluate("!byId('pan').disabled")
    opened.evaluate(f"clock.go({len(times) - 1})")
    assert opened.evaluate("curves.view.from <= clock.seconds && clock.seconds <= curves.view.to")
    opened.key("0")
    assert opened.evaluate("curves.isWhole")


def test_a_curve_keeps_the_least_and_greatest_value_of_each_pixel(opened):
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.01, 0.09, 5000))
    values = rng.normal(size=5000).astype(np.float32)
    values[rng.uniform(size=5000) < 0.2] = np.nan
    values[1000:1300] = np.nan
    begin, end, count = 37.3, 171.9, 217
    expected = {name: np.full(count, np.nan, np.float32) for name in ("low", "high", "first", "last")}
    edges = np.linspace(begin, end, count + 1)
    for part in range(count):
        inside = values[(times >= edges[part]) & (times < edges[part + 1])]
        if len(known := inside[~np.isnan(inside)]):
            for name, value in zip(expected, (known.min(), known.max(), known[0], known[-1]), strict=True):
                expected[name][part] = value
    pack = lambda array, kind: json.dumps({"kind": kind, "data": base64.b64encode(array.tobytes()).decode()})
    found = opened.evaluate(
        f"(() => {{ const parts = decimate(unpack({pack(times, 'f8')}), unpack({pack(values, 'f4')}), {begin}, {end}, "
        f"{count}); return Object.fromEntries(Object.entries(parts).map(([name, list]) => "
        "[name, Array.from(list, (value) => Number.isNaN(value) ? null : value)])); })()"
    )
    assert np.isnan(expected["low"]).sum() > 3
    for name, values_of in expected.items():
        np.testing.assert_array_equal(np.array(found[name], np.float32), values_of)


def test_intensities_have_curves_bars_and_a_word_without_a_circumplex(browser, tmp_path):
    times = viewed.write_video(tmp_path / "film.mp4", [3600 * number for number in range(6)])
    lines = ["source,frame,face,time_seconds,success,intensity_happy,intensity_anger,label_intensity_happy"]
    lines += [f"film.mp4,{frame},0,{seconds},1,{1.5 * frame},4.25,{frame}" for frame, seconds in enumerate(times)]
    (tmp_path / "film.csv").write_text("\n".join(lines) + "\n")
    name, traces = read_traces(tmp_path / "film.csv")
    shown = film.film(tmp_path / "film.mp4", tmp_path)
    write_page(Recording(name, shown, 0.0, traces), tmp_path / "film_viewer.html")
    browser.resize(1100, 900)
    browser.open(tmp_path / "film_viewer.html")
    browser.wait(READY)
    browser.evaluate("clock.go(5)")
    browser.wait(READY)
    text = lambda selector: browser.evaluate(
        f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.textContent)"
    )
    assert text("#readout th") == ["Face", "Strongest", "film", "film (labels)"]
    assert text("#readout td:last-child") == ["happy 7.5", "happy 5.0"]
    assert text("#bars h3") == ["Face 0, film: intensity, 0 to 10", "Face 0, film (labels): intensity, 0 to 10"]
    assert text("#bars > span") == ["happy", "7.5", "anger", "4.3", "happy", "5.0"]
    widths = "[...document.querySelectorAll('#bars .bar div')].map((each) => each.style.width)"
    assert browser.evaluate(widths) == ["75%", "42.5%", "50%"]
    assert browser.evaluate("traces[0].wordsOf(traces[0].starts[0])") == "anger 4.3"
    assert browser.evaluate("document.querySelectorAll('#circles canvas').length") == 0
    # Two plots, from 0 at the bottom to 10 at the top, 3 px from their edges.
    assert browser.evaluate("curves.shown.map((curve) => curve.title)") == ["happy", "anger"]
    assert browser.evaluate("[0, 5, 10].map((value) => curves.y(value, 106, curves.shown[0]))") == [103, 53, 3]
    assert not browser.complaints()

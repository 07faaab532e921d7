"use strict";
// Puts the page together: what it shows, and the video or a way to choose it.

const REPORT_SECONDS = 6; // in sight

function report(text) {
  const status = byId("status");
  status.textContent = text;
  status.classList.remove("old");
  clearTimeout(report.timer);
  report.timer = setTimeout(() => status.classList.add("old"), 1000 * REPORT_SECONDS);
}

const recording = JSON.parse(byId("recording").textContent);
const traces = recording.traces.map((packed, order) => new Trace(packed, order, recording.curves));
const video = byId("video");
const clock = new Clock(video, traces[0], recording.start_seconds, onFrame);
const stage = new Stage(byId("stage"), video, byId("drawing"), traces[0], recording.film);
const circles = traces
  .filter((trace) => trace.affect.valence)
  .map((trace) => new Circumplex(byId("circles"), trace, traces.length > 1));
const curves = new Curves(byId("curves"), byId("lines"), byId("cursor"), recording.curves, traces, (seconds) => clock.goTo(seconds));
const readout = new Readout(byId("readout"), byId("bars"), recording.curves, traces);
const marks = new Marks(recording.key, recording.source, traces[0], onMarks);
const lane = new Lane(byId("lane"), byId("marks"), marks, curves, clock);

function onFrame(place) {
  const seconds = traces[0].times[place];
  curves.follow(seconds);
  curves.drawCursor(seconds);
  stage.draw(place);
  for (const circle of circles) circle.draw(seconds);
  readout.draw(seconds);
  lane.moveNeedle();
  byId("now").textContent = `${clockText(seconds, 3)}  frame ${traces[0].frameNumber(place)}`;
  byId("curves").setAttribute("aria-valuenow", seconds.toFixed(3));
  byId("curves").setAttribute("aria-valuetext", `${clockText(seconds, 3)}, frame ${traces[0].frameNumber(place)}`);
  showPlaying();
}

function onMarks() {
  lane.draw();
  if (!marks.isKept) report("This browser does not keep marks here; export them before you leave the page.");
}

function showPlaying() {
  byId("play").textContent = clock.isPlaying ? "❚❚" : "▶";
  byId("play").setAttribute("aria-label", clock.isPlaying ? "Pause" : "Play");
}

function drawAll() {
  stage.fit();
  curves.draw();
  onFrame(clock.place);
  lane.draw();
}

// The video, or a way to choose it.
function showAbsent(text) {
  byId("absent-text").textContent = text;
  byId("absent").hidden = false;
}

const OTHER_FORMAT = "Choose the same recording in another format, such as the MP4 that launch.predict writes.";
video.addEventListener("loadedmetadata", () => {
  byId("absent").hidden = true;
  if (!video.videoWidth) showAbsent(`This browser cannot show the images of ${recording.film.name}. ${OTHER_FORMAT}`);
});
video.addEventListener("error", () => {
  const isThere = video.error.code === MediaError.MEDIA_ERR_DECODE || video.src.startsWith("blob:");
  showAbsent(
    isThere
      ? `This browser cannot play ${recording.film.name}. ${OTHER_FORMAT}`
      : `${recording.film.name || "The video"} is not where this page expects it, or this browser cannot play it. ` +
          "Curves and marks work without it.",
  );
});
for (const name of ["play", "pause", "ended"]) video.addEventListener(name, showPlaying);
byId("stage").addEventListener("click", (event) => event.target === video && clock.toggle());
byId("choose-video").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (!file) return;
  if (video.src.startsWith("blob:")) URL.revokeObjectURL(video.src);
  video.src = URL.createObjectURL(file);
});
if (recording.film.address) video.src = recording.film.address;
else showAbsent("The table names no video. Curves and marks work without it.");

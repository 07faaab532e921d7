"use strict";
// Buttons, boxes to check, files, keys and the theme; the page starts at the end of this file.

// Playback.
byId("play").addEventListener("click", () => (clock.toggle(), showPlaying()));
byId("back").addEventListener("click", () => clock.step(-1));
byId("forward").addEventListener("click", () => clock.step(1));
byId("speed").addEventListener("change", (event) => {
  clock.setRate(Number(event.target.value));
  event.target.blur(); // keys are for the recording again
});
function toggleSound() {
  video.muted = !video.muted;
  byId("sound").setAttribute("aria-pressed", !video.muted);
}
byId("sound").addEventListener("click", toggleSound);

// What is drawn over the video.
const toggles = { sound: toggleSound };
for (const name of ["box", "landmarks", "emotion"]) {
  const box = byId(`show-${name}`);
  box.addEventListener("change", () => {
    stage.shows[name] = box.checked;
    stage.draw(clock.place);
  });
  toggles[name] = () => box.click();
}
byId("for-landmarks").hidden = !traces[0].landmarks;

// Faces: one box to check for each, which shows or hides it everywhere.
const numbers = [...new Set(traces.flatMap((trace) => trace.faces.map((face) => face.number)))].sort((a, b) => a - b);
const seconds = (number) => (traces[0].faces.find((face) => face.number === number)?.rows.length ?? 0) * traces[0].stepSeconds;
for (const number of numbers) {
  const box = make("input", { type: "checkbox", checked: true });
  const chip = make("span", { className: "chip" });
  chip.dataset.face = number;
  box.addEventListener("change", () => {
    for (const face of traces.flatMap((trace) => trace.faces)) if (face.number === number) face.shown = box.checked;
    drawAll();
  });
  byId("faces").append(make("label", { title: `seen for ${clockText(seconds(number), 1)}` }, [box, " ", chip, `Face ${number}`]));
}
for (const trace of traces.slice(1)) {
  byId("faces").append(make("span", { className: "faint", textContent: `${trace.isLabel ? "labels" : "dashed"}: ${trace.name}` }));
}

// Zoom.
byId("zoom-in").addEventListener("click", () => curves.zoom(0.5, clock.seconds));
byId("zoom-out").addEventListener("click", () => curves.zoom(2, clock.seconds));
byId("zoom-all").addEventListener("click", () => curves.showAll());
curves.onView = () => {
  const length = curves.view.to - curves.view.from;
  Object.assign(byId("pan"), { min: curves.whole.from, max: curves.whole.to - length, disabled: curves.isWhole });
  byId("pan").value = curves.view.from;
  lane.drawMarks();
};
byId("pan").addEventListener("input", (event) => curves.show(Number(event.target.value), curves.view.to - curves.view.from));

// Marks.
byId("mark-event").addEventListener("click", () => lane.markMoment("event"));
byId("mark-exclude").addEventListener("click", () => lane.toggle("exclude"));
byId("mark-word").addEventListener("click", () => lane.toggle(lane.word()));
byId("word").addEventListener("input", () => lane.draw());
byId("undo").addEventListener("click", () => marks.undo());
byId("export").addEventListener("click", () => {
  const stem = recording.source.replace(/\.[^.]*$/, "") || "recording";
  const link = make("a", { download: `${stem}_marks.csv`, href: URL.createObjectURL(new Blob([marks.toCsv()], { type: "text/csv" })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  const open = Object.keys(marks.open);
  const rest = open.length ? `; not yet ended, and not in it: ${open.join(", ")}` : "";
  report(`${marks.list.length} marks exported as ${link.download}${rest}`);
});
byId("import").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  try {
    const count = marks.addCsv(await file.text());
    report(count ? `${count} marks imported from ${file.name}` : `${file.name} has no marks that are not here already`);
  } catch (error) {
    report(`${file.name} was not imported: ${error.message}`);
  }
  event.target.value = "";
});
window.addEventListener("storage", (event) => {
  if (event.key !== marks.key) return; // changed in another window
  marks.load();
  onMarks();
});
window.addEventListener("beforeunload", (event) => {
  if (!marks.isKept && marks.list.length) event.preventDefault();
});

// Theme: that of the system, until another is chosen.
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  knownColors.clear();
  byId("theme").textContent = theme === "dark" ? "Light" : "Dark";
  for (const chip of document.querySelectorAll("#faces .chip")) chip.style.background = faceColor(Number(chip.dataset.face));
  drawAll();
}
function remember(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    localStorage.setItem(name, value);
  } catch {
    // private windows keep nothing
  }
  return null;
}
const system = window.matchMedia("(prefers-color-scheme: dark)");
byId("theme").addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  remember("affect_jax theme", theme);
  setTheme(theme);
});
system.addEventListener("change", () => setTheme(system.matches ? "dark" : "light"));

const keys = makeKeys({ clock, curves, lane, marks, toggles });
listenToKeys(keys);
listKeys(byId("key-list"), keys);
byId("open-help").addEventListener("click", () => byId("help").showModal());
byId("close-help").addEventListener("click", () => byId("help").close());

byId("title").textContent = recording.film.name || traces[0].name;
byId("facts").textContent = recording.facts.join(" · ");
byId("curves").setAttribute("aria-valuemax", curves.whole.to.toFixed(3));
new ResizeObserver(() => drawAll()).observe(byId("curves"));
new ResizeObserver(() => stage.draw(clock.place)).observe(byId("stage"));
window.addEventListener("resize", () => stage.fit());
setTheme(remember("affect_jax theme") ?? (system.matches ? "dark" : "light"));
curves.onView();

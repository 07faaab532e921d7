"use strict";
// What the keys do, and the overlay that lists them.

function makeKeys({ clock, curves, lane, marks, toggles }) {
  const middle = () => clock.seconds;
  return [
    ["Space, K", [" ", "k"], "Play or pause", () => clock.toggle()],
    ["← →", ["ArrowLeft"], "One frame back or on", () => clock.step(-1)],
    ["", ["ArrowRight"], "", () => clock.step(1)],
    [", .", [","], "The same", () => clock.step(-1)],
    ["", ["."], "", () => clock.step(1)],
    ["Shift ← →", ["Shift+ArrowLeft"], "One second back or on", () => clock.goTo(clock.seconds - 1)],
    ["", ["Shift+ArrowRight"], "", () => clock.goTo(clock.seconds + 1)],
    ["Home, End", ["Home"], "To the beginning, to the end", () => clock.go(0)],
    ["", ["End"], "", () => clock.go(clock.trace.times.length - 1)],
    ["+ − 0", ["+", "="], "Zoom in, zoom out, the whole recording", () => curves.zoom(0.5, middle())],
    ["", ["-"], "", () => curves.zoom(2, middle())],
    ["", ["0"], "", () => curves.showAll()],
    ["E", ["e"], "Mark this moment as an event", () => lane.markMoment("event")],
    ["X", ["x"], "Begin or end a stretch to exclude", () => lane.toggle("exclude")],
    ["M", ["m"], "Begin or end a stretch with your own word", () => lane.toggle(lane.word())],
    ["[ ]", ["["], "Move the start or end of the chosen mark here", () => lane.moveEnd("start")],
    ["", ["]"], "", () => lane.moveEnd("end")],
    ["P, N", ["p"], "To the mark before, to the next one", () => lane.jump(-1)],
    ["", ["n"], "", () => lane.jump(1)],
    ["Delete", ["Delete", "Backspace"], "Remove the chosen mark", () => lane.remove()],
    ["Ctrl Z", ["Control+z", "Meta+z"], "Undo the last change of the marks", () => marks.undo()],
    ["B, L, O", ["b"], "Show or hide boxes, landmarks, emotions", () => toggles.box()],
    ["", ["l"], "", () => toggles.landmarks()],
    ["", ["o"], "", () => toggles.emotion()],
    ["S", ["s"], "Sound on or off", () => toggles.sound()],
    ["?", ["?"], "This list", () => byId("help").showModal()],
  ];
}

function listenToKeys(keys) {
  const actions = new Map(keys.flatMap(([, names, , act]) => names.map((name) => [name, act])));
  document.addEventListener("keydown", (event) => {
    if (event.altKey || byId("help").open) return;
    const target = event.target;
    const writes = target.matches("input[type=text], select") || (target.type === "range" && event.key.startsWith("Arrow"));
    const presses = target.matches("button, input, label") && event.key === " ";
    if (writes && (event.key === "Enter" || event.key === "Escape")) target.blur();
    if (writes || presses) return;
    const parts = [event.ctrlKey && "Control", event.metaKey && "Meta", event.shiftKey && event.key.length > 1 && "Shift"];
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = actions.get([...parts.filter(Boolean), name].join("+"));
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function listKeys(place, keys) {
  for (const [shown, , text] of keys) {
    if (!shown) continue;
    place.append(make("dt", {}, [make("kbd", { textContent: shown })]), make("dd", { textContent: text }));
  }
}

"use strict";
// Elements of the page, its colors, canvases, and numbers as text.

function byId(id) {
  return document.getElementById(id);
}

function make(tag, properties = {}, children = []) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const knownColors = new Map(); // of the present theme

function cssColor(name) {
  if (!knownColors.has(name)) {
    knownColors.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  }
  return knownColors.get(name);
}

function faceColor(number, onImage = false) {
  const count = Number(cssColor("faces"));
  return cssColor(`${onImage ? "on-image-" : ""}face-${((number % count) + count) % count}`);
}

/** Fits a canvas to its place on the screen; returns its context in CSS pixels, and its size. */
function prepare(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const [columns, rows] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== columns || canvas.height !== rows) [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** A number of a quantity, with a sign where it may be negative. */
function numberText(value, { low, digits }) {
  if (Number.isNaN(value)) return "–";
  const sign = low < 0 ? (value < 0 ? "−" : "+") : "";
  return sign + Math.abs(value).toFixed(digits);
}

/** Minutes and seconds, and hours where there are any. */
function clockText(seconds, digits) {
  const ticks = Math.round(Math.max(0, seconds) * 10 ** digits);
  const whole = Math.floor(ticks / 10 ** digits);
  const rest = digits ? "." + String(ticks % 10 ** digits).padStart(digits, "0") : "";
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return (hours ? `${hours}:${two(minutes)}` : `${minutes}`) + `:${two(whole % 60)}` + rest;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
// Probability over the last ten minutes, with the threshold of alarms.

import { percent } from "./words.js";
import { setText } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
// Spans that are shown: ten minutes of 2 s, all that the monitor keeps.
const SPANS = 300;
const HEIGHT = 60;

const yOf = (probability) => (1 - probability) * HEIGHT;

function draw(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// Spans in a row of which something is known, and those between them: {begin, end, known}.
function runsOf(values) {
  const runs = [];
  values.forEach((value, index) => {
    const known = value !== null;
    const last = runs.at(-1);
    if (last?.known === known) last.end = index + 1;
    else runs.push({ begin: index, end: index + 1, known });
  });
  return runs;
}

function lineOf(values, run) {
  const points = [];
  for (let i = run.begin; i < run.end; ++i) points.push(`${i} ${yOf(values[i]).toFixed(1)}`);
  // A span alone is no line yet.
  points.push(`${run.end} ${yOf(values[run.end - 1]).toFixed(1)}`);
  return `M${points.join("L")}`;
}

export class Chart {
  constructor(place) {
    this.svg_ = draw("svg", { viewBox: `0 0 ${SPANS} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
    this.svg_.classList.add("graph");
    this.number_ = document.createElement("span");
    this.number_.className = "number";
    const scale = Object.assign(document.createElement("span"), { className: "scale", textContent: "10 min" });
    place.append(this.svg_, this.number_, scale);
  }

  // `probability` and `threshold` are of now, undefined where nobody can say.
  update(history, probability, threshold) {
    const told = (history?.probabilities ?? []).slice(-SPANS);
    const values = new Array(SPANS - told.length).fill(null).concat(told);
    const runs = runsOf(values);
    const shapes = runs.map((run) => (run.known
      ? draw("path", { d: lineOf(values, run), class: "line" })
      : draw("rect", { x: run.begin, y: 0, width: run.end - run.begin, height: HEIGHT, class: "nobody" })));
    if (threshold !== undefined) {
      shapes.push(draw("path", { d: `M0 ${yOf(threshold)}H${SPANS}`, class: "threshold" }));
    }
    this.svg_.replaceChildren(...shapes);
    const known = values.filter((value) => value !== null);
    const alarm = threshold === undefined ? "" : `, alarm from ${percent(threshold)}`;
    const highest = known.length === 0 ? "nothing known" : `highest ${percent(Math.max(...known))}`;
    this.svg_.setAttribute("aria-label", `Probability of manipulation, last ten minutes: ${highest}${alarm}`);
    const now = probability === undefined ? "unknown now" : `${percent(probability)} now`;
    setText(this.number_, `${now}${alarm}`);
  }

  // What was now is not any more.
  lose() {
    setText(this.number_, "unknown now");
  }
}

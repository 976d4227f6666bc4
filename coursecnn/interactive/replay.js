// Training replayed: the curves of recorded runs, epoch by epoch.

import { range, sum } from "./arithmetic.js";
import { framed } from "./frame.js";
import { clamp, rounded } from "./numbers.js";
import { button, choice, element, integerField } from "./page.js";
import { Player } from "./player.js";
import { distance, drawnOn } from "./sketch.js";
import { asSlider, setSlider } from "./slider.js";
import { svg } from "./svg.js";

const [WIDTH, HEIGHT] = [360, 220]; // of the drawing, in units that are pixels on a phone
const EDGE = { left: 34, right: 10, top: 10, bottom: 34 };
const MOST_TICKS = 6;
const MOST_EPOCHS_NAMED = 10; // beside the axis
const HEIGHTS = 50; // that the keyboard can give a line, from the lowest to the highest
const PAIR = [0, 2]; // kinds of lines of two colours
const QUESTION = "Draw it before you look: how does the training go on?";

/**
 * The element that replays `records`, each { name, seeds, runs }, over so many `epochs`.
 *
 * A run is { loss: [...], accuracy: [...] }, with a value for each epoch of each of the `curves`.
 * The `blocks` are drawn beside them, each { title, words, kind, shortcut } in the colour of the
 * record in that place, `kind`. With a `pair`, two places, only two records are seen at once: these,
 * until the reader chooses others.
 */
export function start({ curves, epochs, records, blocks, pair }, root) {
  return framed(root, new Replay(curves, epochs, records, blocks, pair), QUESTION);
}

class Replay {
  /** The reader's lines, by curve and record. @type {Record<string, number[]>} */
  lines = {};
  isRevealed = false;
  /** @type {any[]} */
  records = [];
  /** Where the keyboard draws. */
  at = 0;

  constructor(curves, epochs, records, blocks, pair) {
    this.curves = curves;
    this.epochs = epochs;
    this.all = records;
    const names = records.map(({ name }) => name);
    this.pair = (pair ?? []).map((at, place) => {
      const picker = choice("AB"[place], names, () => this.choose(place));
      picker.list.selectedIndex = at;
      return picker;
    });
    this.known = Math.max(1, Math.floor(epochs / 4));
    this.picker = choice("Curve", curves.map(titleOf), () => this.show());
    this.whose = choice("Your line for", [], () => this.show());
    const limits = { min: 1, max: epochs, value: 1 };
    const onChange = (epoch) => this.player.step(epoch - this.epoch);
    this.field = integerField("epoch", { ...limits, onChange });
    this.player = new Player({
      move: (count) => this.look(this.epoch + count),
      isOver: () => this.epoch === this.epochs,
      begin: () => this.epoch === this.epochs && this.look(1),
    });
    this.reveal = button("Reveal", () => this.compare());
    this.drawing = element("div");
    this.hand = asSlider(
      element("span", { className: "plane" }),
      "your line",
      (step) => this.step(step),
    );
    this.hand.ariaOrientation = "vertical";
    this.told = element("p", { role: "status" });
    this.table = element("div", { role: "status" });
    const field = element("div", { className: "sketched" }, this.drawing, this.hand);
    this.listen(field);
    const drawings = element("div", { className: "blocks" }, ...blocks.map(drawingOf));
    const parts = [field, this.table, ...(blocks.length ? [drawings] : [])];
    const sides = element("div", { className: "replay" }, ...parts);
    this.node = element("div", {}, ...this.controls(), this.told, sides);
    this.epoch = this.known;
    this.gather();
    this.show();
  }

  /** The records that are seen, each with the kind of its lines. */
  gather() {
    const places = this.pair.map(({ list }) => list.selectedIndex);
    this.records = places.length
      ? places.map((at, place) => ({ ...this.all[at], kind: PAIR[place] }))
      : this.all.map((record, kind) => ({ ...record, kind }));
    const options = this.records.map(({ name }) => element("option", {}, name));
    this.whose.list.replaceChildren(...options);
    this.whose.node.hidden = options.length === 1;
  }

  /** Another record has been chosen: what was revealed of the others says nothing about it. */
  choose(place) {
    const [here, there] = [place, 1 - place].map((at) => this.pair[at].list);
    if (here.selectedIndex === there.selectedIndex) {
      there.selectedIndex = this.all.findIndex(({ name }) => name === this.records[place].name);
    }
    this.player.pause();
    this.isRevealed = false;
    this.at = 0;
    this.gather();
    this.look(this.known);
  }

  controls() {
    const pair = this.pair.map(({ node }) => node);
    return [
      ...(pair.length ? [element("div", { className: "bar" }, ...pair)] : []),
      element(
        "div",
        { className: "bar" },
        this.picker.node,
        this.whose.node,
        this.field.node,
      ),
      element("div", { className: "bar" }, this.reveal, ...this.player.buttons),
    ];
  }

  state() {
    const { epoch, lines, isRevealed } = this;
    const places = (pickers) => pickers.map(({ list }) => list.selectedIndex);
    const [curve, whose] = places([this.picker, this.whose]);
    return structuredClone({ curve, whose, epoch, lines, isRevealed, pair: places(this.pair) });
  }

  restore({ curve, epoch, whose = 0, lines = {}, isRevealed = false, pair = [] }) {
    this.player.pause();
    this.pair.forEach(({ list }, place) => (list.selectedIndex = pair[place]));
    this.gather();
    this.picker.list.selectedIndex = curve;
    this.whose.list.selectedIndex = whose;
    this.lines = structuredClone(lines);
    this.isRevealed = isRevealed;
    this.look(epoch);
  }

  look(epoch) {
    this.epoch = clamp(epoch, 1, this.epochs);
    this.show();
  }

  /** Show the whole training, and how far the reader's lines are from it. */
  compare() {
    this.isRevealed = true;
    this.player.pause();
    this.look(this.epochs);
  }

  key(record) {
    return `${this.curve} ${record.name}`;
  }

  /** The line of a record, as far as the reader has drawn it. */
  lineOf(record) {
    return this.lines[this.key(record)] ?? [];
  }

  /** The record for which the reader draws. */
  get record() {
    return this.records[this.whose.list.selectedIndex];
  }

  /** Where the line of the reader goes on: its last point, or the last one that is known. */
  end() {
    const line = this.lineOf(this.record);
    const known = meansOf(this.record, this.curve)[this.known - 1];
    return { epoch: this.known + line.length, value: line.at(-1) ?? known };
  }

  /** Draw on from a point to another. */
  draw(from, to) {
    const key = this.key(this.record);
    this.lines[key] = drawnOn(this.lines[key] ?? [], this.known, from, to);
    this.at = to.epoch;
    this.show();
  }

  /** Who draws after the lines were compared begins anew. */
  begin() {
    if (!this.isRevealed) return;
    this.isRevealed = false;
    this.lines = {};
    this.at = 0;
    this.epoch = this.known;
  }

  listen(field) {
    /** @type {import("./sketch.js").Point | null} */
    let last = null;
    const place = ({ clientX, clientY }) => {
      const { left, top, width } = field.getBoundingClientRect();
      const point = (pixels) => (pixels * WIDTH) / width;
      const { epochAt, valueAt } = this.scale();
      const epoch = clamp(epochAt(point(clientX - left)), this.known + 1, this.epochs);
      return { epoch, value: valueAt(point(clientY - top)) };
    };
    field.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      field.setPointerCapture(event.pointerId);
      this.begin();
      const [to, end] = [place(event), this.end()];
      this.draw(to.epoch > end.epoch ? end : to, to);
      last = to;
      this.hand.focus();
    });
    field.addEventListener("pointermove", (event) => {
      if (!last) return;
      const to = place(event);
      this.draw(last, to);
      last = to;
    });
    for (const over of ["pointerup", "pointercancel"]) {
      field.addEventListener(over, () => (last = null));
    }
  }

  /** Right draws on, left goes back; up and down change the height there. */
  step([down, right]) {
    this.begin();
    const end = this.end();
    const least = Math.min(this.known + 1, this.epochs);
    const epoch = clamp(
      (this.at || this.known) + right,
      least,
      Math.min(end.epoch + 1, this.epochs),
    );
    const line = this.lineOf(this.record);
    const before = line[epoch - this.known - 1] ?? end.value;
    const { lowest, highest } = this.scale();
    const value = clamp(before - (down * (highest - lowest)) / HEIGHTS, lowest, highest);
    const isNew = epoch > end.epoch;
    this.draw(isNew ? end : { epoch, value }, { epoch, value });
  }

  show() {
    this.curve = this.curves[this.picker.list.selectedIndex];
    this.field.show(this.epoch);
    this.drawing.replaceChildren(this.chart());
    this.table.replaceChildren(this.values());
    this.told.textContent = this.isRevealed ? this.verdict() : this.task();
    this.reveal.disabled = this.isRevealed || this.finished().length === 0;
    const { epoch, value } = this.end();
    const at = clamp(this.at || epoch, this.known, epoch);
    const height = this.lineOf(this.record)[at - this.known - 1] ?? value;
    const { lowest, highest } = this.scale();
    const place = Math.round((HEIGHTS * (height - lowest)) / (highest - lowest));
    setSlider(this.hand, place, HEIGHTS + 1, `epoch ${at}: ${rounded(height)}`);
  }

  /** The records for which the reader has drawn the whole line. */
  finished() {
    const isWhole = (record) => this.lineOf(record).length === this.epochs - this.known;
    return this.records.filter(isWhole);
  }

  task() {
    const epochs = this.known === 1 ? "The first epoch is known" : `${this.known} epochs are known`;
    return `${epochs}. How does the ${titleOf(this.curve)} of ${this.record.name} go on? Drag ` +
      `from its last dot to epoch ${this.epochs}, or use the arrow keys: right goes on, up and ` +
      `down change the height. Then reveal what was recorded.`;
  }

  verdict() {
    const told = this.finished().map((record) => {
      const line = this.lineOf(record);
      const recorded = meansOf(record, this.curve).slice(this.known);
      const { mean, end } = distance(line, recorded);
      const side = end > 0 ? "too high" : "too low";
      const last = Math.abs(end) < 0.0005 ? "is right" : `is ${rounded(Math.abs(end))} ${side}`;
      return `Your line for ${record.name} is ${rounded(mean)} away from the mean of the runs on ` +
        `average; at the end it ${last}.`;
    });
    return told.join(" ") || "For this curve you have drawn no line yet.";
  }

  scale() {
    const all = this.records.flatMap(({ runs }) => runs.flatMap((run) => run[this.curve]));
    return scales(this.epochs, Math.min(...all), Math.max(...all));
  }

  /** All lines up to this epoch, on axes that hold those of the whole training. */
  chart() {
    const scale = this.scale();
    const lines = this.records.flatMap(({ runs, kind }) => {
      const soFar = runs.map((run) => run[this.curve].slice(0, this.epoch));
      const thin = soFar.map((run) => line(`run kind-${kind}`, run, scale));
      return [...thin, line(`mean kind-${kind}`, means(soFar), scale), ...dots(kind, soFar, scale)];
    });
    const drawn = this.records.map((record) => this.sketched(record, scale));
    const names = this.records.map(({ name }) => name).join(", ");
    const label = `${titleOf(this.curve)} up to epoch ${this.epoch}: ${names}`;
    const attributes = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", ariaLabel: label };
    const ground = axes(this.epochs, titleOf(this.curve), scale);
    return svg("svg", attributes, ...ground, ...lines, ...drawn.flat());
  }

  /** The reader's line for a record: it begins where what is known ends. */
  sketched(record, { x, y }) {
    const { kind } = record;
    const values = this.lineOf(record);
    if (values.length === 0) return [];
    const all = [meansOf(record, this.curve)[this.known - 1], ...values];
    const places = all.map((value, index) => [x(this.known + index), y(value)]);
    const points = places.map((place) => place.join()).join(" ");
    const marks = places.slice(1).map(([cx, cy]) =>
      svg("rect", { class: `mark kind-${kind}`, x: cx - 2.5, y: cy - 2.5, width: 5, height: 5 })
    );
    return [svg("polyline", { class: `sketch kind-${kind}`, points }), ...marks];
  }

  /** The mean of each record in this epoch, and how far its runs lie apart. */
  values() {
    const titles = [`epoch ${this.epoch}`, "mean", "lowest", "highest"];
    const headings = titles.map((title) => element("th", { scope: "col" }, title));
    const head = [element("td"), ...headings];
    const rows = this.records.map(({ name, runs, kind }) => {
      const values = runs.map((run) => run[this.curve][this.epoch - 1]);
      const numbers = [sum(values) / values.length, Math.min(...values), Math.max(...values)];
      const cells = numbers.map((number) => element("td", {}, number.toFixed(3)));
      const title = element("th", { scope: "row" }, name);
      return element("tr", {}, element("td", {}, sample(kind)), title, ...cells);
    });
    const body = element("tbody", {}, ...rows);
    return element("table", {}, element("thead", {}, element("tr", {}, ...head)), body);
  }
}

/** What a curve is called. */
function titleOf(curve) {
  return /^(test|validation)_/.test(curve) ? curve.replace("_", " ") : `training ${curve}`;
}

/** The means of a record over its runs, for each epoch. */
function meansOf({ runs }, curve) {
  return means(runs.map((run) => run[curve]));
}

/** The mean over runs, for each epoch. */
function means(runs) {
  return runs[0].map((_, epoch) => sum(runs.map((run) => run[epoch])) / runs.length);
}

/** Where an epoch and a value are drawn, and the values to write beside the axis. */
function scales(epochs, lowest, highest) {
  const step = niceStep((highest - lowest) / (MOST_TICKS - 1) || 1);
  const [first, last] = [Math.floor(lowest / step), Math.ceil(highest / step)];
  const places = Math.max(0, -Math.floor(Math.log10(step)));
  const ticks = range(first, last + 1).map((index) => (index * step).toFixed(places));
  const wide = WIDTH - EDGE.left - EDGE.right;
  const high = HEIGHT - EDGE.top - EDGE.bottom;
  const x = (epoch) => EDGE.left + (wide * (epoch - 0.5)) / epochs;
  const y = (value) => EDGE.top + (high * (last * step - value)) / ((last - first) * step);
  const valueAt = (place) =>
    clamp(last - (last - first) * (place - EDGE.top) / high, first, last) * step;
  const epochAt = (place) => Math.round((epochs * (place - EDGE.left)) / wide + 0.5);
  const [bottom, top] = [first * step, last * step];
  return { x, y, ticks, valueAt, epochAt, lowest: bottom, highest: top };
}

/** The smallest of 1, 2, 5, 10, ... that is at least as large, in tenths or whatever it takes. */
function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((digit) => digit * power >= least) ?? 10);
}

function line(kind, values, { x, y }) {
  const points = values.map((value, index) => `${x(index + 1)},${y(value)}`).join(" ");
  return svg("polyline", { class: kind, points });
}

/** A dot for each run in each epoch. */
function dots(kind, runs, { x, y }) {
  return runs.flatMap((run) =>
    run.map((value, index) => {
      const place = { cx: x(index + 1), cy: y(value), r: 1.8 };
      return svg("circle", { class: `dot kind-${kind}`, ...place });
    })
  );
}

function axes(epochs, title, { x, y, ticks }) {
  const right = WIDTH - EDGE.right;
  const text = (content, attributes) => svg("text", attributes, content);
  const rows = ticks.flatMap((tick) => [
    svg("path", { class: "rule", d: `M${EDGE.left} ${y(tick)}H${right}` }),
    text(tick, { x: EDGE.left - 5, y: y(tick) + 3.5, "text-anchor": "end" }),
  ]);
  const under = HEIGHT - EDGE.bottom + 14;
  const isNamed = (epoch) => epochs <= MOST_EPOCHS_NAMED || epoch === 1 || epoch % 5 === 0;
  const columns = range(1, epochs + 1).filter(isNamed).map((epoch) =>
    text(String(epoch), { x: x(epoch), y: under, "text-anchor": "middle" })
  );
  const middle = { x: (EDGE.left + right) / 2, y: under + 14, "text-anchor": "middle" };
  return [...rows, ...columns, text(`epoch (lines: ${title})`, middle)];
}

/** A piece of the line of a record, for the table. */
function sample(kind) {
  const attributes = { viewBox: "0 0 36 10", class: "sample", ariaHidden: "true" };
  return svg("svg", attributes, svg("path", { class: `mean kind-${kind}`, d: "M1 5H35" }));
}

/** Two layers, from their input at the top to their output, perhaps with a shortcut around them. */
function drawingOf({ title, words, kind, shortcut }) {
  const [x, sum, end] = [70, 133, 168]; // the line through the layers, the addition, the output
  const beside = (text, y) => svg("text", { x: x + 8, y }, text);
  const around = [
    svg("path", { class: "mean", d: `M${x} 26H150V${sum}H${x + 8}` }),
    svg("path", { d: `M${x + 14} ${sum - 5}L${x + 8} ${sum}l6 5` }),
    svg("circle", { cx: x, cy: sum, r: 8 }),
    svg("path", { d: `M${x - 4} ${sum}h8m-4 -4v8` }),
  ];
  const stops = shortcut ? [sum - 8, sum + 8] : [end, end];
  const parts = [
    svg("text", { x, y: 12, "text-anchor": "middle" }, title),
    ...[[20, 42], [64, 88], [110, stops[0]]].map(([from, to]) => arrow(x, from, to)),
    ...[42, 88].flatMap((top) => convolution(x, top)),
    beside("ReLU", 80),
    beside("ReLU", 160),
    ...(shortcut ? [...around, arrow(x, stops[1], end)] : []),
  ];
  const attributes = { viewBox: "0 0 160 170", role: "img", ariaLabel: words };
  return svg("svg", { ...attributes, class: `block kind-${kind}` }, ...parts);
}

function arrow(x, from, to) {
  return svg("path", { d: `M${x} ${from}V${to}M${x - 5} ${to - 6}l5 6l5 -6` });
}

function convolution(x, top) {
  const middle = { x, y: top + 15, "text-anchor": "middle" };
  const box = { x: x - 60, y: top, width: 120, height: 22 };
  return [svg("rect", box), svg("text", middle, "3×3 convolution")];
}

// Training replayed: the curves of recorded runs, epoch by epoch.

import { range, sum } from "./arithmetic.js";
import { framed } from "./frame.js";
import { clamp } from "./numbers.js";
import { choice, element, integerField } from "./page.js";
import { Player } from "./player.js";
import { svg } from "./svg.js";

const [WIDTH, HEIGHT] = [360, 220]; // of the drawing, in units that are pixels on a phone
const EDGE = { left: 34, right: 10, top: 10, bottom: 34 };
const MOST_TICKS = 6;
const QUESTION = "Before you press Play: which of these will end lowest, and which highest?";

/**
 * The element that replays `records`, each { name, seeds, runs }, over so many `epochs`.
 *
 * A run is { loss: [...], accuracy: [...] }, with a value for each epoch of each of the `curves`.
 * The `blocks` are drawn beside them, each { title, words, kind, shortcut } in the colour of the
 * record in that place, `kind`.
 */
export function start({ curves, epochs, records, blocks }, root) {
  return framed(root, new Replay(curves, epochs, records, blocks), QUESTION);
}

class Replay {
  constructor(curves, epochs, records, blocks) {
    this.curves = curves;
    this.epochs = epochs;
    this.records = records;
    const names = curves.map((curve) => `training ${curve}`);
    this.picker = choice("Curve", names, () => this.show());
    const limits = { min: 1, max: epochs, value: 1 };
    const onChange = (epoch) => this.player.step(epoch - this.epoch);
    this.field = integerField("epoch", { ...limits, onChange });
    this.player = new Player({
      move: (count) => this.look(this.epoch + count),
      isOver: () => this.epoch === this.epochs,
      begin: () => this.epoch === this.epochs && this.look(1),
    });
    this.drawing = element("div");
    this.table = element("div", { role: "status" });
    const drawings = element("div", { className: "blocks" }, ...blocks.map(drawingOf));
    const parts = [this.drawing, this.table, ...(blocks.length ? [drawings] : [])];
    const sides = element("div", { className: "replay" }, ...parts);
    this.node = element("div", {}, ...this.controls(), sides);
    this.epoch = 1;
    this.show();
  }

  controls() {
    return [
      element("div", { className: "bar" }, this.picker.node, this.field.node),
      element("div", { className: "bar" }, ...this.player.buttons),
    ];
  }

  state() {
    return { curve: this.picker.list.selectedIndex, epoch: this.epoch };
  }

  restore({ curve, epoch }) {
    this.player.pause();
    this.picker.list.selectedIndex = curve;
    this.look(epoch);
  }

  look(epoch) {
    this.epoch = clamp(epoch, 1, this.epochs);
    this.field.show(this.epoch);
    this.show();
  }

  show() {
    this.curve = this.curves[this.picker.list.selectedIndex];
    this.drawing.replaceChildren(this.chart());
    this.table.replaceChildren(this.values());
  }

  /** All lines up to this epoch, on axes that hold those of the whole training. */
  chart() {
    const all = this.records.flatMap(({ runs }) => runs.flatMap((run) => run[this.curve]));
    const scale = scales(this.epochs, Math.min(...all), Math.max(...all));
    const lines = this.records.flatMap(({ runs }, kind) => {
      const soFar = runs.map((run) => run[this.curve].slice(0, this.epoch));
      const thin = soFar.map((run) => line(`run kind-${kind}`, run, scale));
      return [...thin, line(`mean kind-${kind}`, means(soFar), scale), ...dots(kind, soFar, scale)];
    });
    const names = this.records.map(({ name }) => name).join(", ");
    const label = `Training ${this.curve} up to epoch ${this.epoch}: ${names}`;
    const attributes = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", ariaLabel: label };
    return svg("svg", attributes, ...axes(this.epochs, this.curve, scale), ...lines);
  }

  /** The mean of each record in this epoch, and how far its runs lie apart. */
  values() {
    const titles = [`epoch ${this.epoch}`, "mean", "lowest", "highest"];
    const headings = titles.map((title) => element("th", { scope: "col" }, title));
    const head = [element("td"), ...headings];
    const rows = this.records.map(({ name, runs }, kind) => {
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
  return { x, y, ticks };
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

function axes(epochs, curve, { x, y, ticks }) {
  const right = WIDTH - EDGE.right;
  const text = (content, attributes) => svg("text", attributes, content);
  const rows = ticks.flatMap((tick) => [
    svg("path", { class: "rule", d: `M${EDGE.left} ${y(tick)}H${right}` }),
    text(tick, { x: EDGE.left - 5, y: y(tick) + 3.5, "text-anchor": "end" }),
  ]);
  const under = HEIGHT - EDGE.bottom + 14;
  const columns = range(1, epochs + 1).map((epoch) =>
    text(String(epoch), { x: x(epoch), y: under, "text-anchor": "middle" })
  );
  const middle = { x: (EDGE.left + right) / 2, y: under + 14, "text-anchor": "middle" };
  return [...rows, ...columns, text(`epoch (lines: training ${curve})`, middle)];
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

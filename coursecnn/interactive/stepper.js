// The convolution stepper: a layer over a small image, one window at a time, every number open.

import {
  axisSetting,
  conv2d,
  extent,
  leftOver,
  outputSize,
  pixel,
  pixelAt,
  range,
  sum,
  weightIndex,
  windowProducts,
} from "./arithmetic.js";
import { Choosing, tint } from "./choosing.js";
import { framed } from "./frame.js";
import { factor, printed, printedSum, rounded } from "./numbers.js";
import { choice, element, grid, integerField, numberBox, titled } from "./page.js";
import { Player } from "./player.js";

const QUESTION = "Which weight meets which pixel, and what will the next output be?";
const HINT =
  "Each weight has a colour, and so has the pixel that it meets. Point at an output, a pixel or a " +
  "weight; click an output to pin it, again to let go. Every number in a box can be changed, and a " +
  "copied matrix pasted.";

/**
 * @typedef {{ filter: number, row: number, column: number }} Place an output
 * @typedef {{ channel: number, row: number, column: number }} At a pixel, or a weight of a filter
 * @typedef {{ at: At, filter?: number }} Pointed a pixel, or a weight of a filter
 *
 * The weight, by its number in the kernel, through which each cell has to do with what is pointed
 * at; null if it has nothing to do with it.
 * @typedef {object} Parts
 * @property {(at: At) => number | null} pixel
 * @property {(at: At, filter: number) => number | null} weight
 * @property {(place: Place) => number | null} output
 * @property {(index: number) => number | null} product
 * @property {string} words
 */

/** The element that shows `examples`, layers with their input, to choose from and to change. */
export function start({ examples }, root) {
  const stepper = new Stepper(examples);
  const node = framed(root, stepper, QUESTION);
  stepper.player.runOnce(root);
  return node;
}

class Stepper {
  /** @type {Place} */
  place = { filter: 0, row: 0, column: 0 };
  /** What the reader points at in place of an output. @type {Pointed | null} */
  pointed = null;
  /** @type {import("./arithmetic.js").Numbers} */
  output = { shape: [], values: [] };
  /** @type {{ cell: HTMLElement, place: Place }[]} */
  outputCells = [];
  /** @type {{ cell: HTMLElement, at: At }[]} */
  pixels = [];
  /** @type {{ cell: HTMLElement, at: At, filter: number }[]} */
  weights = [];
  /** @type {HTMLElement[]} */
  products = [];
  /** @type {HTMLElement[]} */
  terms = [];
  /** @type {{ node: HTMLElement, of: number }[]} */
  kernelNodes = [];
  total = element("p", { className: "total" });
  sums = element("output");
  result = element("output");
  told = element("p", { className: "legend told-of", role: "status" });

  constructor(examples) {
    this.examples = examples;
    const names = examples.map((example) => example.name);
    this.picker = choice("Example", names, () => this.load());
    const geometry = ["stride", "padding", "dilation"];
    this.numbers = Object.fromEntries(geometry.map((name) => [name, this.geometryField(name)]));
    const nodes = Object.values(this.numbers).map(({ node }) => node);
    this.fields = element("div", { className: "fields" }, this.picker.node, ...nodes);
    this.player = new Player({ move: (count) => this.move(count), isOver: () => this.isFirst() });
    this.stage = element("div", { className: "stage" });
    const buttons = element("div", { className: "bar" }, ...this.player.buttons);
    const controls = element("div", { className: "controls" }, this.fields, buttons);
    this.node = element("div", { className: "stepper choosing" }, controls, this.stage);
    this.choosing = new Choosing(this.node, {
      choose: (place) => this.choose(place),
      isChosen: (place) => this.isHere(place),
      point: (pointed) => this.point(pointed),
    });
    this.load();
  }

  state() {
    return {
      example: this.picker.list.selectedIndex,
      layer: this.layer,
      place: this.place,
      isPinned: this.choosing.isPinned,
    };
  }

  restore({ example, layer, place, isPinned }) {
    this.picker.list.selectedIndex = example;
    this.take(structuredClone(layer), place);
    this.choosing.pin(isPinned);
  }

  /** Begin anew with the chosen example. */
  load() {
    const example = structuredClone(this.examples[this.picker.list.selectedIndex]);
    this.take({ ...example, dilation: 1 }, { filter: 0, row: 0, column: 0 });
  }

  take(layer, place) {
    this.layer = layer;
    this.place = place;
    this.choosing.pin(false);
    this.rebuild({});
  }

  /** The numbers of the layer's geometry, of which each limits the others. */
  showFields() {
    for (const [name, { min, max }] of Object.entries(geometryLimits(this.layer))) {
      this.numbers[name].limit(min, max);
      this.numbers[name].show(this.layer[name]);
    }
  }

  geometryField(name) {
    const onChange = (number) => this.rebuild({ [name]: number });
    return integerField(name, { min: 0, max: 1, value: 0, onChange });
  }

  /** Draw the layer, with another stride, padding or dilation. */
  rebuild(changes) {
    this.player.pause();
    Object.assign(this.layer, changes);
    this.showFields();
    this.pointed = null;
    this.output = outputOf(this.layer);
    const [rows, columns, filters] = this.output.shape;
    this.place.row = Math.min(this.place.row, rows - 1);
    this.place.column = Math.min(this.place.column, columns - 1);
    [this.outputCells, this.pixels, this.weights, this.kernelNodes] = [[], [], [], []];
    const maps = range(0, filters).map((filter) => this.outputGrid(filter));
    const channels = range(0, this.layer.image.shape[2]);
    const lines = channels.map((channel) => this.channelLine(channel, filters));
    const table = element("div", { className: "columns" }, ...lines.map(({ node }) => node));
    table.style.setProperty("--filters", String(filters));
    this.terms = lines.map(({ terms }) => terms);
    const outputs = element("div", { className: "outputs" }, ...maps);
    const sides = element("div", { className: "layer" }, table, outputs);
    this.stage.replaceChildren(
      this.total,
      sides,
      this.told,
      element("p", { className: "geometry" }, geometryOf(this.layer, this.output)),
      element("p", { className: "legend" }, HINT),
    );
    this.showBias();
    this.show();
  }

  /** Go on by `count` outputs, row by row, filter by filter; the first follows the last. */
  move(count) {
    const [rows, columns, filters] = this.output.shape;
    const { filter, row, column } = this.place;
    const all = filters * rows * columns;
    const next = ((filter * rows + row) * columns + column + count + all) % all;
    this.choosing.pin(false);
    this.look({
      filter: Math.floor(next / (rows * columns)),
      row: Math.floor(next / columns) % rows,
      column: next % columns,
    });
  }

  isFirst() {
    return Object.values(this.place).every((index) => index === 0);
  }

  /** The reader points at an output: that stops the play. */
  choose(place) {
    this.player.pause();
    this.look(place);
  }

  look(place) {
    const isOtherFilter = place.filter !== this.place.filter;
    this.place = place;
    this.pointed = null;
    if (isOtherFilter) this.showBias();
    this.show();
  }

  /** Point at a pixel or a weight; null leads back to the output. @param {Pointed | null} pointed */
  point(pointed) {
    if (pointed) this.player.pause();
    this.pointed = pointed;
    this.show();
  }

  outputGrid(filter) {
    const [rows, columns] = this.output.shape;
    const cells = range(0, rows).map((row) =>
      range(0, columns).map((column) => this.outputCell({ filter, row, column }))
    );
    return titled(
      `output of W${filter}`,
      (title) => grid(title, cells, (row, column) => this.choose({ filter, row, column })),
    );
  }

  outputCell(place) {
    const cell = this.choosing.choosable(element("button", { type: "button" }), place);
    this.outputCells.push({ cell, place });
    return cell;
  }

  isHere({ filter, row, column }) {
    const here = this.place;
    return filter === here.filter && row === here.row && column === here.column;
  }

  /** One channel: its input, the weights of each filter, and the products of the chosen one. */
  channelLine(channel, filters) {
    const input = titled(`input, channel ${channel}`, (title) => grid(title, this.inputs(channel)));
    const kernels = range(0, filters).map((filter) => this.weightGrid(channel, filter));
    const terms = element("div", { className: "terms" });
    return { node: element("div", { className: "channel" }, input, ...kernels, terms), terms };
  }

  inputs(channel) {
    const { image, padding } = this.layer;
    const [rows, columns, channels] = image.shape;
    return range(-padding, rows + padding).map((row) =>
      range(-padding, columns + padding).map((column) => {
        const isInside = row >= 0 && row < rows && column >= 0 && column < columns;
        const label = `input, channel ${channel}, row ${row}, column ${column}`;
        const index = (row * columns + column) * channels + channel;
        const cell = isInside
          ? this.editable(label, image.values, index)
          : element("span", {}, "0");
        const at = { channel, row, column };
        this.pixels.push({ cell, at });
        return this.choosing.pointable(cell, { at });
      })
    );
  }

  weightGrid(channel, filter) {
    const { kernels } = this.layer;
    const [height, width] = kernels.shape;
    const node = titled(`W${filter}, channel ${channel}`, (title) => {
      const cells = range(0, height).map((row) =>
        range(0, width).map((column) => {
          const index = weightIndex(kernels, row, column, channel, filter);
          const label = `${title}, row ${row}, column ${column}`;
          const cell = this.editable(label, kernels.values, index);
          const at = { channel, row, column };
          this.weights.push({ cell, at, filter });
          return this.choosing.pointable(cell, { at, filter });
        })
      );
      return grid(title, cells);
    });
    node.className = "kernel-of";
    this.kernelNodes.push({ node, of: filter });
    return node;
  }

  /** A box for one of the layer's numbers. */
  editable(label, values, index) {
    return numberBox(label, values[index], (number) => {
      values[index] = number;
      this.output = outputOf(this.layer);
      this.show();
    });
  }

  /** Show the bias of the filter that is looked at. */
  showBias() {
    const { filter } = this.place;
    const bias = this.editable(`bias of W${filter}`, this.layer.bias, filter);
    this.total.replaceChildren(this.sums, " + bias ", bias, " ", this.result);
  }

  /** Show the window, its products and their sums, and all outputs. */
  show() {
    const { filter, row, column } = this.place;
    const terms = windowProducts(this.layer.image, this.layer.kernels, this.layer, this.place);
    const sums = terms.map((ofChannel) => sum(ofChannel.map((term) => term.product)));
    const value = printed(pixel(this.output, row, column, filter));
    this.sums.textContent = `W${filter} at row ${row}, column ${column}: ${printedSum(sums)}`;
    this.result.textContent = `= ${value}`;
    this.products = [];
    this.terms.forEach((node, channel) =>
      node.replaceChildren(this.productTable(channel, terms[channel], sums[channel]))
    );
    this.outputCells.forEach((output) => this.showOutput(output));
    for (const { node, of } of this.kernelNodes) node.classList.toggle("looked-at", of === filter);
    this.colour();
  }

  showOutput({ cell, place }) {
    const { filter, row, column } = place;
    const value = printed(pixel(this.output, row, column, filter));
    cell.textContent = value;
    cell.ariaLabel = `output of W${filter}, row ${row}, column ${column}: ${value}`;
    cell.ariaPressed = String(this.isHere(place));
  }

  productTable(channel, terms, total) {
    const [, width] = this.layer.kernels.shape;
    const cells = terms.map(({ pixel, weight, product }) => {
      const factors = element("small", {}, `${rounded(pixel)}·${factor(weight)}`);
      return element("span", {}, factors, printed(product));
    });
    this.products.push(...cells);
    const rows = range(0, terms.length / width).map((row) =>
      cells.slice(row * width, (row + 1) * width)
    );
    const table = titled(`products, channel ${channel}`, (title) => grid(title, rows));
    table.append(element("p", { className: "title" }, `sum ${printed(total)}`));
    return table;
  }

  /** Give what belongs together the colour of its weight, and say what it is. */
  colour() {
    const parts = this.parts();
    this.pixels.forEach(({ cell, at }) => tint(cell, parts.pixel(at)));
    this.weights.forEach(({ cell, at, filter }) => tint(cell, parts.weight(at, filter)));
    this.outputCells.forEach(({ cell, place }) => tint(cell, parts.output(place)));
    this.products.forEach((cell, index) => tint(cell, parts.product(index)));
    this.told.textContent = parts.words;
  }

  parts() {
    if (!this.pointed) return this.partsOfOutput();
    const { at, filter } = this.pointed;
    return filter === undefined ? partsOfPixel(this, at) : partsOfWeight(this, at, filter);
  }

  /** @returns {Parts} */
  partsOfOutput() {
    const { filter } = this.place;
    return {
      pixel: ({ row, column }) => this.tapAt(row, column, this.place),
      weight: ({ row, column }, of) => (of === filter ? this.tap(row, column) : null),
      output: () => null,
      product: (index) => index % this.taps(),
      words: `Output ${this.placed(this.place)} of W${filter}: every weight meets one pixel.`,
    };
  }

  placed({ row, column }) {
    return `at row ${row}, column ${column}`;
  }

  taps() {
    const [height, width] = this.layer.kernels.shape;
    return height * width;
  }

  tap(row, column) {
    return row * this.layer.kernels.shape[1] + column;
  }

  /** Which tap of the window of an output is over a pixel; null if none is. */
  tapAt(row, column, place) {
    const [height, width] = this.layer.kernels.shape;
    const taps = [[row, place.row, height], [column, place.column, width]].map(
      ([at, output, count]) =>
        range(0, count).find((tap) => pixelAt(output, tap, this.layer) === at),
    );
    const [a, b] = taps;
    return a === undefined || b === undefined ? null : this.tap(a, b);
  }
}

/** @returns {Parts} */
function partsOfPixel(stepper, at) {
  const tapOf = (place) => stepper.tapAt(at.row, at.column, place);
  const ofFilter = stepper.outputCells.filter(({ place }) => place.filter === 0);
  const met = new Set(ofFilter.map(({ place }) => tapOf(place)).filter((tap) => tap !== null));
  const isIt = ({ channel, row, column }) =>
    channel === at.channel && row === at.row && column === at.column;
  const times = met.size === 1 ? "one output" : `${met.size} outputs`;
  const words = met.size === 0 ? "No window reads it" : `${times} of each filter read it`;
  return {
    pixel: (other) => (isIt(other) ? [...met][0] ?? null : null),
    weight: ({ channel, row, column }) => {
      const tap = stepper.tap(row, column);
      return channel === at.channel && met.has(tap) ? tap : null;
    },
    output: tapOf,
    product: () => null,
    words: `Pixel ${stepper.placed(at)} of channel ${at.channel}. ${words}` +
      `${met.size > 0 ? ", each by the weight of its colour" : ""}.`,
  };
}

/** @returns {Parts} */
function partsOfWeight(stepper, at, filter) {
  const tap = stepper.tap(at.row, at.column);
  const outputs = stepper.outputCells.filter(({ place }) => place.filter === filter);
  const isMet = ({ row, column }) =>
    outputs.some(({ place }) => stepper.tapAt(row, column, place) === tap);
  return {
    pixel: (pixel) => (pixel.channel === at.channel && isMet(pixel) ? tap : null),
    weight: (other, of) =>
      of === filter && other.channel === at.channel &&
        stepper.tap(other.row, other.column) === tap
        ? tap
        : null,
    output: (place) => (place.filter === filter ? tap : null),
    product: (index) => {
      const isIt = filter === stepper.place.filter && index === at.channel * stepper.taps() + tap;
      return isIt ? tap : null;
    },
    words: `Weight ${stepper.placed(at)} of W${filter}, channel ${at.channel}. It meets ` +
      `${outputs.length === 1 ? "one pixel" : `${outputs.length} pixels`}: one for each output.`,
  };
}

function outputOf({ image, kernels, bias, ...layer }) {
  return conv2d(image, kernels, bias, layer);
}

/** Limits that keep the kernel on the padded image, and every window on some pixel of it. */
function geometryLimits({ image, kernels, stride, padding, dilation }) {
  const axes = [0, 1].map((axis) => [image.shape[axis], kernels.shape[axis]]);
  const missing = Math.max(...axes.map(([size, kernel]) => extent(kernel, dilation) - size));
  const largest = Math.max(...axes.map(([, kernel]) => extent(kernel, dilation)));
  const room = axes.filter(([, kernel]) => kernel > 1).map(([size, kernel]) =>
    Math.floor((size + 2 * padding - 1) / (kernel - 1))
  );
  return {
    stride: { min: 1, max: Math.max(...kernels.shape.slice(0, 2), stride) },
    padding: { min: Math.max(0, Math.ceil(missing / 2)), max: Math.max(largest - 1, padding) },
    dilation: { min: 1, max: room.length > 0 ? Math.max(1, Math.min(3, ...room)) : 1 },
  };
}

/** The size of the output from the formula, and what no window reads. */
function geometryOf({ image, kernels, ...layer }, output) {
  const [rows, columns] = [0, 1].map((axis) => axisSetting(image, kernels, axis, layer));
  const { stride, padding, dilation } = layer;
  const reach = extent(rows.kernel, dilation);
  const quotient = `(${rows.size} − ${reach} + 2·${padding})/${stride} + 1`;
  const shape = `the output is ${output.shape.join("×")}`;
  const unread = Math.max(leftOver(rows), leftOver(columns));
  if (unread === 0) return `${quotient} = ${outputSize(rows)} rows: ${shape}.`;
  const lines = unread === 1 ? "the last row or column" : `the last ${unread} rows or columns`;
  return `${quotient} is not whole. Rounded down, ${shape}, and no window reads ${lines}.`;
}

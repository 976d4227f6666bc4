// The convolution stepper: a layer over a small image, one window at a time, every number open.

import {
  axisSetting,
  conv2d,
  leftOver,
  outputSize,
  pixel,
  range,
  sum,
  weightIndex,
  windowProducts,
} from "./arithmetic.js";
import { factor, printed, printedSum, rounded } from "./numbers.js";
import { button, choice, element, grid, integerField, numberBox, titled } from "./page.js";
import { Player } from "./player.js";

const HINT = "Point at an output to see what it is made of. Every number in a box can be changed.";

/** The element that shows `examples`, layers with their input, to choose from and to change. */
export function start({ examples }) {
  return new Stepper(examples).node;
}

class Stepper {
  place = { filter: 0, row: 0, column: 0 };
  /** @type {import("./arithmetic.js").Numbers} */
  output = { shape: [], values: [] };
  /** @type {{ cell: HTMLElement, place: { filter: number, row: number, column: number } }[]} */
  outputCells = [];
  /** @type {ReturnType<Stepper["channel"]>[]} */
  channels = [];
  total = element("p", { className: "total" });
  sums = element("output");
  result = element("output");

  constructor(examples) {
    this.examples = examples;
    const names = examples.map((example) => example.name);
    this.picker = choice("Example", names, () => this.load());
    this.fields = element("div", { className: "fields" });
    this.player = new Player({ move: (count) => this.move(count), isOver: () => this.isFirst() });
    this.stage = element("div", { className: "stage" });
    this.node = element("div", {}, this.fields, this.buttons(), this.stage);
    this.load();
  }

  buttons() {
    const again = button("Start over", () => this.load());
    return element("div", { className: "bar" }, ...this.player.buttons, again);
  }

  /** Begin anew with the chosen example. */
  load() {
    this.layer = structuredClone(this.examples[this.picker.list.selectedIndex]);
    this.place = { filter: 0, row: 0, column: 0 };
    const limits = geometryLimits(this.layer);
    const fields = ["stride", "padding"].map((name) =>
      integerField(name, {
        ...limits[name],
        value: this.layer[name],
        onChange: (number) => this.rebuild({ [name]: number }),
      })
    );
    this.fields.replaceChildren(this.picker.node, ...fields.map((field) => field.node));
    this.rebuild({});
  }

  /** Draw the layer, with another stride or padding. */
  rebuild(changes) {
    this.player.pause();
    Object.assign(this.layer, changes);
    this.output = outputOf(this.layer);
    const [rows, columns, filters] = this.output.shape;
    this.place.row = Math.min(this.place.row, rows - 1);
    this.place.column = Math.min(this.place.column, columns - 1);
    this.outputCells = [];
    this.channels = range(0, this.layer.image.shape[2]).map((index) => this.channel(index));
    const maps = range(0, filters).map((filter) => this.outputGrid(filter));
    this.stage.replaceChildren(
      element("p", {}, HINT),
      element("p", {}, geometryOf(this.layer, this.output)),
      element("div", { className: "bar" }, ...maps),
      this.total,
      ...this.channels.map((channel) => channel.node),
    );
    this.showFilter();
    this.show();
  }

  /** Go on by `count` outputs, row by row, filter by filter; the first follows the last. */
  move(count) {
    const [rows, columns, filters] = this.output.shape;
    const { filter, row, column } = this.place;
    const all = filters * rows * columns;
    const next = ((filter * rows + row) * columns + column + count + all) % all;
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
    if (isOtherFilter) this.showFilter();
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
    const cell = button("", () => this.choose(place));
    cell.onpointerenter = (event) => event.pointerType === "mouse" && this.choose(place);
    this.outputCells.push({ cell, place });
    return cell;
  }

  /** One channel of the input, and the places for its weights and its products. */
  channel(index) {
    const cells = this.inputCells(index);
    const input = titled(`input, channel ${index}`, (title) => grid(title, cells));
    const [weights, terms] = [element("div"), element("div", { className: "terms" })];
    const sign = (text) => element("span", { className: "sign", ariaHidden: "true" }, text);
    const result = element("div", { className: "channel" }, sign("="), terms);
    const node = element("div", { className: "channel" }, input, sign("×"), weights, result);
    return { node, cells, weights, terms };
  }

  inputCells(channel) {
    const { image, padding } = this.layer;
    const [rows, columns, channels] = image.shape;
    return range(-padding, rows + padding).map((row) =>
      range(-padding, columns + padding).map((column) => {
        const isInside = row >= 0 && row < rows && column >= 0 && column < columns;
        if (!isInside) return element("span", {}, "0");
        const label = `input, channel ${channel}, row ${row}, column ${column}`;
        return this.editable(label, image.values, (row * columns + column) * channels + channel);
      })
    );
  }

  /** A box for one of the layer's numbers. */
  editable(label, values, index) {
    return numberBox(label, values[index], (number) => {
      values[index] = number;
      this.output = outputOf(this.layer);
      this.show();
    });
  }

  /** Show the weights and the bias of the filter that is looked at. */
  showFilter() {
    const { filter } = this.place;
    this.channels.forEach(({ weights }, channel) =>
      weights.replaceChildren(this.weightGrid(channel, filter))
    );
    const bias = this.editable(`bias of W${filter}`, this.layer.bias, filter);
    this.total.replaceChildren(this.sums, " + bias ", bias, " ", this.result);
  }

  weightGrid(channel, filter) {
    const { kernels } = this.layer;
    const [height, width] = kernels.shape;
    return titled(`W${filter}, channel ${channel}`, (title) => {
      const cells = range(0, height).map((row) =>
        range(0, width).map((column) => {
          const index = weightIndex(kernels, row, column, channel, filter);
          return this.editable(`${title}, row ${row}, column ${column}`, kernels.values, index);
        })
      );
      return grid(title, cells);
    });
  }

  /** Show the window, its products and their sums, and all outputs. */
  show() {
    const { filter, row, column } = this.place;
    const terms = windowProducts(this.layer.image, this.layer.kernels, this.layer, this.place);
    const sums = terms.map((ofChannel) => sum(ofChannel.map((term) => term.product)));
    const value = printed(pixel(this.output, row, column, filter));
    this.sums.textContent = `W${filter} at row ${row}, column ${column}: ${printedSum(sums)}`;
    this.result.textContent = `= ${value}`;
    this.outputCells.forEach((output) => this.showOutput(output));
    this.channels.forEach((channel, index) => {
      this.markWindow(channel.cells);
      channel.terms.replaceChildren(this.productTable(index, terms[index], sums[index]));
    });
  }

  showOutput({ cell, place: { filter, row, column } }) {
    const value = printed(pixel(this.output, row, column, filter));
    const here = this.place;
    cell.textContent = value;
    cell.ariaLabel = `output of W${filter}, row ${row}, column ${column}: ${value}`;
    cell.ariaPressed = String(
      filter === here.filter && row === here.row && column === here.column,
    );
  }

  markWindow(cells) {
    const { kernels, stride } = this.layer;
    const [height, width] = kernels.shape;
    const [top, left] = [this.place.row * stride, this.place.column * stride];
    cells.forEach((line, row) =>
      line.forEach((cell, column) => {
        const isBelow = row >= top && row < top + height && column >= left && column < left + width;
        cell.classList.toggle("window", isBelow);
      })
    );
  }

  productTable(channel, terms, total) {
    const [, width] = this.layer.kernels.shape;
    const cells = range(0, terms.length / width).map((row) =>
      terms.slice(row * width, (row + 1) * width).map(({ pixel, weight, product }) => {
        const factors = element("small", {}, `${rounded(pixel)}·${factor(weight)}`);
        return element("span", {}, factors, printed(product));
      })
    );
    const table = titled(`products, channel ${channel}`, (title) => grid(title, cells));
    table.append(element("p", {}, `sum ${printed(total)}`));
    return table;
  }
}

function outputOf({ image, kernels, bias, stride, padding }) {
  return conv2d(image, kernels, bias, { stride, padding });
}

/** Limits that keep the kernel on the padded image, and every window on some pixel of it. */
function geometryLimits({ image, kernels, stride, padding }) {
  const missing = Math.max(...[0, 1].map((axis) => kernels.shape[axis] - image.shape[axis]));
  const largest = Math.max(kernels.shape[0], kernels.shape[1]);
  return {
    stride: { min: 1, max: Math.max(largest, stride) },
    padding: { min: Math.max(0, Math.ceil(missing / 2)), max: Math.max(largest - 1, padding) },
  };
}

/** The size of the output from the formula, and what no window reads. */
function geometryOf({ image, kernels, stride, padding }, output) {
  const [rows, columns] = [0, 1].map((axis) =>
    axisSetting(image, kernels, axis, { stride, padding })
  );
  const quotient = `(${rows.size} − ${rows.kernel} + 2·${padding})/${stride} + 1`;
  const shape = `the output is ${output.shape.join("×")}`;
  const unread = Math.max(leftOver(rows), leftOver(columns));
  if (unread === 0) return `${quotient} = ${outputSize(rows)} rows: ${shape}.`;
  const lines = unread === 1 ? "the last row or column" : `the last ${unread} rows or columns`;
  return `${quotient} is not whole. Rounded down, ${shape}, and no window reads ${lines}.`;
}

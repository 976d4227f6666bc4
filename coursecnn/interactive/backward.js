// The backward stepper: a convolution and its two gradients, which are convolutions again.

import { sum } from "./arithmetic.js";
import { Choosing, tint } from "./choosing.js";
import { framed } from "./frame.js";
import {
  amongZeros,
  correlate,
  holdsOutput,
  imageGradient,
  kernelGradient,
  outputShape,
  pixelUnder,
  turned,
} from "./gradients.js";
import { at, placesIn, rowsOf } from "./matrices.js";
import { factor, printed, rounded } from "./numbers.js";
import { choice, element, grid, integerField, numberBox, titled } from "./page.js";
import { Player } from "./player.js";

const QUESTION =
  "If you raise a pixel or a weight by 1 in its box, does L rise by what its gradient says?";
const HINT =
  "Point at an output, a weight or a pixel; click a gradient to pin it, again to let go. " +
  "Every number in a box can be changed.";
const LARGEST_STRIDE = 3;

/**
 * @typedef {import("./arithmetic.js").Numbers} Numbers
 * @typedef {import("./matrices.js").Place} Place
 * @typedef {"output" | "weight" | "pixel"} Part
 * @typedef {Place & { part: Part }} Chosen
 * @typedef {{ cell: HTMLElement, place: Place, values: () => Numbers }} Cell
 *
 * @typedef {object} Products a table of them
 * @property {string} title
 * @property {number[]} shape
 * @property {[number, number][]} terms
 * @property {number[]} hues
 * @property {boolean} isSum whether they are added up
 *
 * @typedef {object} Link what a chosen place has to do with, each the number of a hue or null
 * @property {(place: Place) => number | null} output
 * @property {(place: Place) => number | null} weight
 * @property {(place: Place) => number | null} pixel
 * @property {(place: Place) => number | null} [spread] among the zeros
 * @property {Products[]} products
 * @property {string} words
 */

/** The element that shows `examples`, each an image, a kernel, upstream gradients and a layer. */
export function start({ examples }, root) {
  const stepper = new BackwardStepper(examples);
  const node = framed(root, stepper, QUESTION);
  stepper.player.runOnce(root);
  return node;
}

class BackwardStepper {
  /** @type {Chosen} */
  chosen = { part: "output", row: 0, column: 0 };
  /** The cells of the tables, by the kind of place that they belong to. @type {Record<string, Cell[]>} */
  cells = {};
  /** @type {Numbers} */
  image = { shape: [], values: [] };
  /** @type {Numbers} */
  kernel = { shape: [], values: [] };
  /** What is sent to the outputs from above, for as many as there can be. @type {Numbers} */
  sent = { shape: [], values: [] };
  /** @type {import("./gradients.js").Layer} */
  layer = { stride: 1, padding: 0 };
  told = element("p", { className: "told-of", role: "status" });
  loss = element("p", { className: "loss" });
  products = element("div", { className: "products terms" });

  constructor(examples) {
    this.examples = examples;
    const names = examples.map(({ name }) => name);
    this.picker = choice("Example", names, () => this.load(this.picker.list.selectedIndex));
    this.numbers = Object.fromEntries(
      ["stride", "padding"].map((name) => [
        name,
        integerField(name, {
          min: 0,
          max: 1,
          value: 0,
          onChange: (number) => this.rebuild({ [name]: number }),
        }),
      ]),
    );
    this.player = new Player({ move: (count) => this.move(count), isOver: () => this.isFirst() });
    const nodes = Object.values(this.numbers).map(({ node }) => node);
    const fields = element("div", { className: "fields" }, this.picker.node, ...nodes);
    const buttons = element("div", { className: "bar" }, ...this.player.buttons);
    this.tables = element("div", { className: "tables" });
    this.node = element(
      "div",
      { className: "backward choosing" },
      fields,
      buttons,
      this.told,
      element("div", { className: "stage" }, this.tables, this.products),
      this.loss,
      element("p", { className: "legend" }, HINT),
    );
    this.choosing = new Choosing(this.node, {
      choose: (chosen) => this.choose(chosen),
      isChosen: (chosen) => this.isHere(chosen),
    });
    this.load(0);
  }

  state() {
    return {
      example: this.picker.list.selectedIndex,
      image: [...this.image.values],
      kernel: [...this.kernel.values],
      upstream: [...this.sent.values],
      ...this.layer,
      chosen: { ...this.chosen },
      isPinned: this.choosing.isPinned,
    };
  }

  restore({ example, image, kernel, upstream, stride, padding, chosen, isPinned }) {
    this.load(example);
    Object.assign(this.image.values, image);
    Object.assign(this.kernel.values, kernel);
    Object.assign(this.sent.values, upstream);
    this.chosen = { ...chosen };
    this.rebuild({ stride, padding });
    this.choosing.pin(isPinned);
  }

  /** Begin anew with an example. */
  load(index) {
    const { image, kernel, upstream, stride, padding } = structuredClone(this.examples[index]);
    Object.assign(this, { image, kernel });
    // Another stride or padding makes more outputs: what is sent to them repeats itself.
    const most = [0, 1].map((axis) => image.shape[axis] + 2 * (kernel.shape[axis] - 1));
    const [rows, columns] = upstream.shape;
    const values = placesIn(most).map(({ row, column }) =>
      at(upstream, { row: row % rows, column: column % columns })
    );
    this.sent = { shape: most, values };
    this.picker.list.selectedIndex = index;
    this.chosen = { part: "output", row: 0, column: 0 };
    this.choosing.pin(false);
    this.rebuild({ stride, padding });
  }

  /** Draw it all, with another stride or padding. */
  rebuild(changes) {
    this.player.pause();
    this.layer = { ...this.layer, ...changes };
    const limits = {
      stride: [1, LARGEST_STRIDE],
      padding: [0, Math.min(...this.kernel.shape) - 1],
    };
    for (const [name, [least, largest]] of Object.entries(limits)) {
      this.numbers[name].limit(least, largest);
      this.numbers[name].show(this.layer[name]);
    }
    this.cells = { output: [], weight: [], pixel: [], spread: [], turned: [] };
    const { image, kernel, sent, chosen } = this;
    const sendsFor = outputShape(image, kernel, this.layer);
    const isGone = chosen.row >= sendsFor[0] || chosen.column >= sendsFor[1];
    if (chosen.part === "output" && isGone) Object.assign(chosen, { row: 0, column: 0 });
    this.tables.replaceChildren(
      this.boxes("image x", "pixel", image, image.shape),
      this.boxes("kernel k", "weight", kernel, kernel.shape),
      this.readings("output y", "output", () => this.output()),
      this.buttons("gradient of x", "pixel", () => this.imageGradient()),
      this.buttons("gradient of k", "weight", () => this.kernelGradient()),
      this.boxes("gradient of y, from above", "output", sent, sendsFor),
      this.readings("gradient of y among zeros", "spread", () => this.spread()),
      this.readings("kernel, turned", "turned", () => turned(this.kernel)),
    );
    this.show();
  }

  output() {
    return correlate(this.image, this.kernel, this.layer);
  }

  /** The gradients of the outputs there are. @returns {Numbers} */
  upstream() {
    const shape = outputShape(this.image, this.kernel, this.layer);
    return { shape, values: placesIn(shape).map((place) => at(this.sent, place)) };
  }

  kernelGradient() {
    return kernelGradient(this.image, this.kernel, this.upstream(), this.layer);
  }

  imageGradient() {
    return imageGradient(this.image, this.kernel, this.upstream(), this.layer);
  }

  spread() {
    return amongZeros(this.image, this.kernel, this.upstream(), this.layer);
  }

  /** A table of boxes: numbers that the reader changes. */
  boxes(title, part, matrix, shape) {
    return this.table(title, part, shape, () => matrix, (place) => {
      const index = place.row * matrix.shape[1] + place.column;
      const label = `${title}, row ${place.row}, column ${place.column}`;
      const box = numberBox(label, matrix.values[index], (number) => {
        matrix.values[index] = number;
        this.show();
      });
      return this.choosing.hoverable(box, { part, ...place });
    });
  }

  /** A table of buttons: what is computed, and can be pinned. */
  buttons(title, part, values) {
    const make = (place) =>
      this.choosing.choosable(element("button", { type: "button" }), { part, ...place });
    return this.table(title, part, values().shape, values, make);
  }

  /** A table to look at; outputs can be pointed at. */
  readings(title, part, values) {
    const make = (place) => {
      const cell = element("span");
      return part === "output" ? this.choosing.hoverable(cell, { part, ...place }) : cell;
    };
    return this.table(title, part, values().shape, values, make);
  }

  table(title, part, shape, values, make) {
    const places = placesIn(shape);
    const cells = places.map((place) => ({ cell: make(place), place, values }));
    for (const { cell } of cells) cell.dataset.title = title;
    this.cells[part].push(...cells);
    const rows = rowsOf(cells.map(({ cell }) => cell), shape[1]);
    const onFocus = (row, column) => this.choose({ part, row, column });
    return titled(title, () => grid(title, rows, onFocus));
  }

  /** Go on by so many outputs; the first follows the last. */
  move(count) {
    const [rows, columns] = outputShape(this.image, this.kernel, this.layer);
    const { part, row, column } = this.chosen;
    const before = part === "output" ? row * columns + column : -1;
    const next = (before + count + rows * columns) % (rows * columns);
    this.choosing.pin(false);
    this.look({ part: "output", row: Math.floor(next / columns), column: next % columns });
  }

  isFirst() {
    return this.isHere({ part: "output", row: 0, column: 0 });
  }

  isHere({ part, row, column }) {
    const here = this.chosen;
    return part === here.part && row === here.row && column === here.column;
  }

  /** The reader points at a number: that stops the play. */
  choose(chosen) {
    this.player.pause();
    this.look(chosen);
  }

  look(chosen) {
    this.chosen = chosen;
    this.show();
  }

  show() {
    /** @type {Link} */
    const link = LINKS[this.chosen.part](this, this.chosen);
    for (const [part, cells] of Object.entries(this.cells)) {
      const numbers = new Map();
      for (const { cell, place, values } of cells) {
        if (!numbers.has(values)) numbers.set(values, values());
        const value = at(numbers.get(values), place);
        if (!cell.matches("input")) cell.textContent = rounded(value);
        if (cell.matches("button")) this.showButton(cell, part, place, value);
        // A gradient takes part only where it is what an output adds to.
        const isApart = cell.matches("button") && this.chosen.part !== "output";
        tint(cell, isApart ? null : this.hueOf(link, part, place));
        if (part !== "spread") continue;
        cell.classList.toggle("sent", holdsOutput(place, this.kernel, this.upstream(), this.layer));
      }
    }
    this.told.textContent = link.words;
    this.products.replaceChildren(...link.products.map(productTable));
    this.loss.textContent = this.lossInWords();
  }

  showButton(cell, part, place, value) {
    const { title } = cell.dataset;
    cell.ariaLabel = `${title}, row ${place.row}, column ${place.column}: ${printed(value)}`;
    cell.ariaPressed = String(this.isHere({ part, ...place }));
  }

  hueOf(link, part, place) {
    if (part === "spread") return link.spread?.(place) ?? null;
    if (part !== "turned") return link[part](place);
    if (this.chosen.part !== "pixel") return null;
    const [rows, columns] = this.kernel.shape;
    return this.tap({ row: rows - 1 - place.row, column: columns - 1 - place.column });
  }

  /** The number of a weight in the kernel. */
  tap({ row, column }) {
    return row * this.kernel.shape[1] + column;
  }

  lossInWords() {
    const [sent, output] = [this.upstream().values, this.output().values];
    const total = sum(sent.map((number, index) => number * output[index]));
    return `L, the sum of each output times its gradient: ${rounded(total)}`;
  }
}

/** The chosen output, weight or pixel in words. */
const SINGULAR = { output: "Output", weight: "Weight", pixel: "Pixel" };

function named({ part, row, column }) {
  return `${SINGULAR[part]} at row ${row}, column ${column}`;
}

function isSame(place, other) {
  return place.row === other.row && place.column === other.column;
}

/** @type {Record<Part, (stepper: BackwardStepper, chosen: Chosen) => Link>} */
const LINKS = { output: linkOfOutput, weight: linkOfWeight, pixel: linkOfPixel };

/** An output sends its gradient to every weight and to every pixel of its window. @returns {Link} */
function linkOfOutput(stepper, chosen) {
  const { image, kernel, layer } = stepper;
  const weights = placesIn(kernel.shape);
  const under = weights.map((weight) => pixelUnder(chosen, weight, layer));
  const sent = at(stepper.upstream(), chosen);
  const found = (place) => under.findIndex((pixel) => isSame(pixel, place));
  const hues = weights.map((weight) => stepper.tap(weight));
  /** @returns {Products} */
  const products = (title, values) => ({
    title,
    shape: kernel.shape,
    terms: [...values].map((value) => [sent, value]),
    hues,
    isSum: false,
  });
  return {
    output: (place) => (isSame(place, chosen) ? 0 : null),
    weight: (place) => stepper.tap(place),
    pixel: (place) => (found(place) < 0 ? null : found(place)),
    products: [
      products("added to the gradient of k: u times pixel", under.map((pixel) => at(image, pixel))),
      products("added to the gradient of x, in the window: u times weight", kernel.values),
    ],
    words: `${named(chosen)}: its gradient u = ${rounded(sent)} reaches each weight, times the ` +
      "pixel that it met, and each pixel of the window, times the weight that met it.",
  };
}

/** A weight has met one pixel for each output: upstream lies on the image. @returns {Link} */
function linkOfWeight(stepper, chosen) {
  const { image, layer } = stepper;
  const upstream = stepper.upstream();
  const outputs = placesIn(upstream.shape);
  const met = outputs.map((output) => pixelUnder(output, chosen, layer));
  const found = (place) => met.findIndex((pixel) => isSame(pixel, place));
  const apart = layer.stride === 1 ? "" : `, its numbers ${layer.stride} pixels apart`;
  return {
    output: (place) => outputs.findIndex((output) => isSame(output, place)),
    weight: (place) => (isSame(place, chosen) ? stepper.tap(place) : null),
    pixel: (place) => (found(place) < 0 ? null : found(place)),
    products: [{
      title: "u times the pixel that the weight met there",
      shape: upstream.shape,
      terms: met.map((pixel, index) => [upstream.values[index], at(image, pixel)]),
      hues: met.map((_, index) => index),
      isSum: true,
    }],
    words: `${named(chosen)}: the gradients from above lie on the image like a kernel${apart}. ` +
      "The products, added up, are a cross-correlation.",
  };
}

/** A pixel is read by a few outputs, through one weight each. @returns {Link} */
function linkOfPixel(stepper, chosen) {
  const { kernel, layer } = stepper;
  const [spread, half] = [stepper.spread(), turned(kernel)];
  const taps = placesIn(kernel.shape);
  const last = taps.length - 1;
  const zeros = taps.map(({ row, column }) => ({
    row: chosen.row + row,
    column: chosen.column + column,
  }));
  const found = (place) => zeros.findIndex((zero) => isSame(zero, place));
  /** Through which weight an output reads the pixel. */
  const through = (output) =>
    taps.findIndex((weight) => isSame(pixelUnder(output, weight, layer), chosen));
  const read = placesIn(stepper.upstream().shape).map(through).filter((tap) => tap >= 0);
  const orNull = (tap) => (tap < 0 ? null : tap);
  const windows = read.length === 1 ? "one output has" : `${read.length} outputs have`;
  return {
    output: (place) => orNull(through(place)),
    weight: (place) => (read.includes(stepper.tap(place)) ? stepper.tap(place) : null),
    pixel: (place) => (isSame(place, chosen) ? 0 : null),
    spread: (place) => (found(place) < 0 ? null : last - found(place)),
    products: [{
      title: "u among zeros, times the turned kernel",
      shape: kernel.shape,
      terms: zeros.map((zero, index) => [at(spread, zero), half.values[index]]),
      hues: taps.map((_, index) => last - index),
      isSum: true,
    }],
    words: `${named(chosen)}: ${windows} read it, each through the weight of its colour: the ` +
      "kernel, turned by half a turn, lies on u among zeros.",
  };
}

/** A table of products, and where they are added up, their sum. @param {Products} products */
function productTable({ title, shape, terms, hues, isSum }) {
  const cells = terms.map(([left, right], index) => {
    const factors = element("small", {}, `${rounded(left)}·${factor(right)}`);
    const cell = element("span", {}, factors, rounded(left * right));
    tint(cell, hues[index]);
    return cell;
  });
  const table = titled(title, () => grid(title, rowsOf(cells, shape[1])));
  if (!isSum) return table;
  const total = sum(terms.map(([left, right]) => left * right));
  table.append(element("p", { className: "title" }, `sum ${rounded(total)}`));
  return table;
}

// The filters of a first layer: their numbers, what they answer on a photograph, and where most.

import { conv2d, pixel, range, sum, windowProducts } from "./arithmetic.js";
import { OwnPicture } from "./camera.js";
import { paint, signedColour } from "./canvas.js";
import { framed } from "./frame.js";
import { captioned, tiled } from "./maps.js";
import { clamp, factor, rounded, signed } from "./numbers.js";
import { offered } from "./offers.js";
import { button, element, grid, integerField, titled } from "./page.js";
import { addressOfJpeg, middleOf, pictureAt, squareOf } from "./pictures.js";
import { PointedPicture } from "./pointed.js";

const QUESTION =
  "Which filters look for edges and which for colours? What have a filter and the patch that excites " +
  "it most in common?";
const HINT =
  "Point at a filter, or walk from one to another with the arrow keys; a click pins it. Mid-grey is " +
  "zero. In the answers orange is above zero, purple below. What you open or show stays in your " +
  "browser: nothing is sent anywhere.";
const CHANNELS = ["red", "green", "blue"];
const IN_A_ROW = 8; // filters
const SIDES = { min: 16, max: 128, value: 64 }; // pixels of the photograph
const OWN = -1; // stands for a picture of the reader's among the samples
const LEVELS = 255;

/**
 * The element that shows filters at work.
 *
 * `kernels` has the shape [rows, columns, 3, filters]; a sample is { name, shows, credit, square,
 * jpeg }; `palette` holds 256 colours, from the lowest to the highest answer.
 */
export function start({ name, kernels, bias, samples, palette }, root) {
  const explorer = new FilterExplorer({ name, kernels, bias }, samples, palette, root);
  return framed(root, explorer, QUESTION);
}

class FilterExplorer {
  filter = 0;
  sample = 0;
  side = SIDES.value;
  /** The place that is looked at; null for the strongest answer. */
  chosen = /** @type {{ row: number, column: number } | null} */ (null);
  /** @type {Map<number, import("./pictures.js").Found>} */
  found = new Map();
  turn = 0;
  /** @type {import("./arithmetic.js").Numbers} */
  image = { shape: [0, 0, 3], values: [] };
  /** @type {import("./arithmetic.js").Numbers} */
  answers = { shape: [0, 0, 1], values: [] };

  constructor({ name, kernels, bias }, samples, palette, root) {
    this.name = name;
    this.kernels = kernels;
    this.bias = bias;
    this.samples = samples;
    this.root = root;
    this.colour = signedColour(palette);
    this.presets = samples.map((sample, at) => this.preset(sample, at));
    this.own = new OwnPicture(root, {
      onFile: (found) => this.keep(found),
      onLive: (found) => this.keep(found),
    });
    this.size = integerField("pixels a side", {
      ...SIDES,
      onChange: (side) => {
        this.side = side;
        this.chosen = null;
        this.develop();
      },
    });
    this.bank = new PointedPicture({
      onPoint: (place) => {
        this.pick(this.filterAt(place));
        return String(this.filter);
      },
      onStep: ([down, right]) => this.pick(this.filter + right + down * IN_A_ROW),
    });
    this.kernel = element("canvas");
    this.patch = element("canvas");
    this.numbers = element("div", { className: "channels" });
    // A pixel of the photograph is in the middle of its window.
    this.photo = this.picture(Math.floor(kernels.shape[0] / 2));
    this.map = this.picture(0);
    this.photoCaption = element("figcaption");
    this.mapCaption = element("figcaption");
    this.readout = element("output");
    this.credit = element("p", { className: "legend" });
    this.node = element("div", {}, ...this.parts());
    tiled(this.bank.canvas, this.colours(), IN_A_ROW, (colour) => colour);
    this.pick(0);
    this.take(0);
  }

  /** A picture of the reader's own is kept nowhere, and no link carries it. */
  state() {
    const { filter, sample, side, chosen } = this;
    return { filter, sample: Math.max(0, sample), side, chosen: sample === OWN ? null : chosen };
  }

  restore({ filter, sample, side, chosen }) {
    if (!this.samples[sample]) throw new Error("a photograph that is not here");
    for (const { pointing } of [this.bank, this.photo, this.map]) pointing.pin(false);
    this.filter = clamp(filter, 0, this.filters() - 1);
    this.side = clamp(side, SIDES.min, SIDES.max);
    this.size.show(this.side);
    this.take(sample, chosen);
  }

  // The parts

  parts() {
    const offers = offered([{ title: "photographs", nodes: this.presets }]);
    const own = element("p", { className: "title" }, "your own");
    offers.append(element("div", {}, own, this.own.node));
    const filters = element("p", { className: "title" }, `the ${this.filters()} filters`);
    const close = element(
      "div",
      { className: "close" },
      captioned("the filter", this.kernel),
      captioned("the patch", this.patch),
      this.numbers,
    );
    const pictures = element(
      "div",
      { className: "pictures" },
      element("figure", {}, this.photo.frame, this.photoCaption),
      element("figure", {}, this.map.frame, this.mapCaption),
    );
    return [
      offers,
      this.own.note,
      element("p", { className: "legend" }, HINT),
      element("div", { className: "bank" }, element("div", {}, filters, this.bank.frame), close),
      pictures,
      element(
        "div",
        { className: "bar" },
        button("Strongest answer", () => this.look(null)),
        button("Most negative answer", () => this.look(this.extreme(-1))),
        this.size.node,
      ),
      this.readout,
      this.credit,
    ];
  }

  preset({ name, jpeg }, at) {
    const node = button("", () => this.take(at));
    node.ariaLabel = name;
    node.append(element("img", { src: addressOfJpeg(jpeg), alt: "" }));
    return node;
  }

  /** A picture whose windows are pointed at. */
  picture(middle) {
    return new PointedPicture({
      onPoint: (pixel) => {
        const [row, column] = pixel.map((at) => at - middle);
        this.look({ row, column });
        return JSON.stringify(this.place());
      },
      onStep: ([down, right]) => {
        const { row, column } = this.place();
        this.look({ row: row + down, column: column + right });
      },
    });
  }

  filters() {
    return this.kernels.shape[3];
  }

  /** All filters as small pictures, each scaled to its own largest weight: values are colours. */
  colours() {
    const [rows, columns, , filters] = this.kernels.shape;
    const pictures = range(0, filters).map((filter) => this.colouredFilter(filter));
    const values = range(0, rows * columns).flatMap((tap) => pictures.map((one) => one[tap]));
    return { shape: [rows, columns, filters], values };
  }

  colouredFilter(filter) {
    const weights = this.weightsOf(filter);
    const most = weights.reduce((one, other) => Math.max(one, Math.abs(other)), 0) || 1;
    const levels = weights.map((weight) => (LEVELS / 2) * (1 + weight / most));
    return range(0, levels.length / 3).map((tap) => levels.slice(3 * tap, 3 * tap + 3));
  }

  /** The weights of a filter, [rows, columns, 3]. */
  weightsOf(filter) {
    return this.kernels.values.filter((_, index) => index % this.filters() === filter);
  }

  /** @param {number[]} pixel */
  filterAt([row, column]) {
    const step = this.kernels.shape[0] + 1;
    return Math.floor(row / step) * IN_A_ROW + Math.floor(column / step);
  }

  // Pictures

  take(at, chosen = null) {
    this.own.leave();
    this.turn += 1;
    this.sample = at;
    this.chosen = chosen;
    const { shows, credit } = this.samples[at];
    this.credit.textContent = `${shows}. ${credit ? `Photograph: ${credit}.` : ""}`;
    this.presets.forEach((node, other) => (node.ariaPressed = String(other === at)));
    if (this.found.has(at)) this.develop();
    else this.open(at);
  }

  async open(at) {
    const turn = this.turn;
    this.root.ariaBusy = "true";
    try {
      this.found.set(at, await pictureAt(addressOfJpeg(this.samples[at].jpeg)));
      if (turn === this.turn) this.develop();
    } catch {
      this.own.tell("This picture cannot be shown here.");
    }
    if (turn === this.turn) this.root.ariaBusy = null;
  }

  keep(found) {
    this.turn += 1;
    this.root.ariaBusy = null;
    this.sample = OWN;
    this.chosen = null;
    this.found.set(OWN, found);
    this.credit.textContent = "Your own picture.";
    for (const node of this.presets) node.ariaPressed = "false";
    this.develop();
  }

  /** Scale the picture, and have it answered. */
  develop() {
    const found = this.found.get(this.sample);
    if (!found) return;
    const { data } = this.sample === OWN
      ? middleOf(found, [this.side, this.side])
      : squareOf(found, this.samples[this.sample].square, this.side);
    const colours = range(0, this.side ** 2).map((at) => [...data.subarray(4 * at, 4 * at + 3)]);
    const shape = [this.side, this.side];
    paint(this.photo.canvas, { shape, values: colours }, (colour) => colour);
    this.image = { shape: [...shape, 3], values: colours.flat().map((level) => level / LEVELS) };
    this.photoCaption.textContent = `${this.side}×${this.side} pixels`;
    this.photo.frame.ariaLabel = "photograph; the arrow keys move the window";
    this.answer();
  }

  // What a filter answers

  pick(filter) {
    this.filter = clamp(filter, 0, this.filters() - 1);
    this.chosen = null;
    this.answer();
  }

  answer() {
    const { filter, bias } = this;
    const [rows, columns] = this.kernels.shape;
    const place = [Math.floor(filter / IN_A_ROW), filter % IN_A_ROW];
    this.bank.mark(place.map((at, axis) => at * ([rows, columns][axis] + 1)), [rows, columns]);
    const lines = Math.ceil(this.filters() / IN_A_ROW);
    this.bank.sliders.show(place, [lines, IN_A_ROW], `filter ${filter}`);
    this.bank.frame.ariaLabel = `filters of ${this.name}; the arrow keys move from one to another`;
    paint(this.kernel, { shape: [rows, columns], values: this.colouredFilter(filter) }, (c) => c);
    this.showNumbers();
    if (this.image.values.length === 0) return;
    const kernel = { shape: [rows, columns, 3, 1], values: this.weightsOf(filter) };
    this.answers = conv2d(this.image, kernel, [bias[filter]]);
    const largest = this.answers.values.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
    paint(this.map.canvas, this.answers, (value) => this.colour(value / (largest || 1)));
    const [high, wide] = this.answers.shape;
    this.mapCaption.textContent = `the answers of filter ${filter}, ${high}×${wide}`;
    this.map.frame.ariaLabel = `answers of filter ${filter}; the arrow keys move the window`;
    this.look(this.chosen);
  }

  showNumbers() {
    const [rows, columns] = this.kernels.shape;
    const weights = this.weightsOf(this.filter);
    const cells = (channel) =>
      range(0, rows).map((row) =>
        range(0, columns).map((column) => {
          const weight = weights[(row * columns + column) * 3 + channel];
          return element("span", {}, signed(weight.toFixed(2)));
        })
      );
    this.numbers.replaceChildren(
      ...CHANNELS.map((channel, at) => titled(channel, (title) => grid(title, cells(at)))),
    );
  }

  /** Where the answer is largest, or with a sign of -1 smallest. */
  extreme(sign) {
    const { shape: [, columns], values } = this.answers;
    const best = values.reduce(
      (found, value, index) => (sign * value > sign * values[found] ? index : found),
      0,
    );
    return { row: Math.floor(best / columns), column: best % columns };
  }

  place() {
    return this.chosen ?? this.extreme(1);
  }

  /** Look at one window; null for the one that is answered most strongly. */
  look(chosen) {
    const [rows, columns] = this.answers.shape;
    const [height, width] = this.kernels.shape;
    this.chosen = chosen && {
      row: clamp(chosen.row, 0, rows - 1),
      column: clamp(chosen.column, 0, columns - 1),
    };
    const { row, column } = this.place();
    this.photo.mark([row, column], [height, width]);
    this.map.mark([row, column]);
    for (const { sliders } of [this.photo, this.map]) {
      sliders.show([row, column], [rows, columns]);
    }
    const { shape: [, wide], values } = this.image;
    const patch = range(0, height * width).map((tap) => {
      const first = 3 * ((row + Math.floor(tap / width)) * wide + column + (tap % width));
      return values.slice(first, first + 3).map((value) => LEVELS * value);
    });
    paint(this.patch, { shape: [height, width], values: patch }, (colour) => colour);
    this.readout.textContent = this.told({ row, column });
  }

  told({ row, column }) {
    const { filter } = this;
    const products = windowProducts(this.image, this.kernels, {}, { row, column, filter });
    const sums = products.map((terms) => sum(terms.map(({ product }) => product)));
    const parts = sums.map((total, at) => `${factor(total)} from ${CHANNELS[at]}`);
    const strongest = this.extreme(1);
    const isStrongest = row === strongest.row && column === strongest.column;
    const words = isStrongest ? "the strongest answer" : "the answer";
    const total = rounded(pixel(this.answers, row, column, 0));
    return `Filter ${filter}, row ${row}, column ${column}: ${words} is ${parts.join(" + ")} + ` +
      `${factor(this.bias[filter])}, the bias, ≈ ${total}`;
  }
}

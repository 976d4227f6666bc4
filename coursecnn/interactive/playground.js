// The kernel playground: a photograph, a kernel, and what the one makes of the other.

import { conv2d, pixel, range, sum, windowProducts } from "./arithmetic.js";
import { OwnPicture } from "./camera.js";
import { grey, paint, signedColour } from "./canvas.js";
import { framed } from "./frame.js";
import { bytesOf, clamp, factor, printed, rounded } from "./numbers.js";
import { button, choice, element, grid, numberBox, tickBox, titled } from "./page.js";
import { middleOf } from "./pictures.js";
import { frame, PointedPicture } from "./pointed.js";
import { between, blankSheet, brushed, resized, sheetOf, textOf } from "./sheet.js";

const QUESTION = "Which weights answer to the edges of one direction, and to no others?";
const OWN = "your own";
const PAINTED = "painted";
const OWN_KERNEL = "your own kernel";
const PRIVATE = "Your picture stays in this page: it is sent nowhere, and gone when you leave.";
const PAINTING =
  "Paint on the left picture; by keyboard the arrow keys move the pen, and the space bar paints. " +
  "A dot is answered by the kernel, turned by 180°.";
const HINT =
  "Point at either picture to see one window; a click pins it. A weight may be 0.5 or 1/9, and a " +
  "whole kernel can be pasted.";
const SIZES = [3, 5, 7];
const MOST_TERMS = 9; // of a sum that is written down
const INKS = { white: 1, grey: 0.5, black: 0 };
const WIDTHS = { "1 pixel": 1, "3 pixels": 3 };

/**
 * The element that shows `photos` through `kernels`.
 *
 * A photo is { name, shape, bytes }, its brightness in base64, 255 for 1; a kernel is
 * { name, shape, values }. `palette` holds 256 colours, from the lowest to the highest answer.
 */
export function start({ photos, kernels, palette }, root) {
  return framed(root, new Playground(photos.map(decoded), kernels, palette, root), QUESTION);
}

function decoded({ name, shape, bytes }) {
  const values = Float64Array.from(bytesOf(bytes), (brightness) => brightness / 255);
  return { name, shape: [...shape, 1], values };
}

class Playground {
  /** @type {import("./arithmetic.js").Numbers} */
  kernel = { shape: [], values: [] };
  /** @type {import("./arithmetic.js").Numbers} */
  answers = { shape: [], values: [] };

  constructor(photos, kernels, palette, root) {
    const [rows, columns] = photos[0].shape;
    this.photos = photos;
    this.given = photos.length;
    this.sheet = blankSheet();
    this.colour = signedColour(palette);
    this.place = { row: Math.floor(rows / 2), column: Math.floor(columns / 2) };
    this.presets = kernels.map((kernel) => button(kernel.name, () => this.pick(kernel)));
    this.kernelStand = element("div");
    this.picker = choice("Photo", photos.map((photo) => photo.name), () => {
      this.own.leave();
      this.develop();
    });
    const shortest = Math.min(...photos.flatMap(({ shape }) => shape.slice(0, 2)));
    this.sizes = SIZES.filter((size) => size <= shortest);
    const names = this.sizes.map((size) => `${size}×${size}`);
    this.size = choice("Kernel", names, (index) => this.resize(this.sizes[index]));
    this.colours = choice("Show answers", ["as brightness", "with their sign"], () => this.draw());
    this.relu = tickBox("ReLU: negative answers become 0", () => this.develop());
    this.original = new Picture("photo", (place) => this.look(place));
    this.result = new Picture("answers", (place) => this.look(place));
    this.summary = element("p");
    this.told = element("p", { className: "legend", role: "status" });
    this.own = new OwnPicture(root, {
      onFile: (found) => this.show(OWN, this.brightness(found)),
      onLive: (found) => this.show(OWN, this.brightness(found)),
    });
    this.painter = button("Paint a picture", () => this.startPainting());
    this.own.node.append(this.painter);
    this.ink = choice("Colour", Object.keys(INKS), () => {});
    this.width = choice("Brush", Object.keys(WIDTHS), () => {});
    const wipe = button("Clear", () => this.startPainting(blankSheet()));
    const brushes = { className: "bar", role: "group", ariaLabel: "brushes" };
    this.brushes = element("div", brushes, this.ink.node, this.width.node, wipe);
    this.original.onPaint((from, to) => this.paint(from, to));
    this.readout = element("output");
    this.node = element("div", {}, ...this.parts());
    this.pick(startingKernel(kernels));
  }

  state() {
    const { name } = this.photo;
    return {
      kernel: { name: this.name, shape: this.kernel.shape.slice(0, 2), values: this.kernel.values },
      // A picture from a file or a camera is kept nowhere, and no link carries it; a painted one is
      // a few hundred letters.
      photo: name === OWN || name === PAINTED ? 0 : this.picker.list.selectedIndex,
      painted: name === PAINTED ? textOf(this.sheet) : null,
      colours: this.colours.list.selectedIndex,
      relu: this.relu.box.checked,
      place: this.place,
    };
  }

  restore({ kernel, photo, painted, colours, relu, place }) {
    this.own.leave();
    this.forget();
    for (const picture of [this.original, this.result]) picture.pointing.pin(false);
    this.picker.list.selectedIndex = photo;
    this.relu.box.checked = relu;
    if (painted) this.startPainting(sheetOf(painted));
    this.pick(kernel);
    this.colours.list.selectedIndex = colours;
    this.draw();
    this.look(place);
  }

  parts() {
    const names = { className: "bar", role: "group", ariaLabel: "kernels" };
    const options = [this.size.node, this.picker.node, this.colours.node, this.relu.node];
    return [
      element("div", names, ...this.presets),
      element("div", { className: "bar kernel" }, this.kernelStand, ...options),
      this.own.node,
      this.own.note,
      this.brushes,
      this.told,
      element("div", { className: "pictures" }, this.original.node, this.result.node),
      element("p", { className: "legend" }, HINT),
      this.summary,
      this.readout,
    ];
  }

  /** The brightness of the middle of a picture of the reader's, as large as the first photo. */
  brightness(found) {
    const [rows, columns] = this.photos[0].shape;
    const { data } = middleOf(found, [rows, columns]);
    const values = new Float64Array(rows * columns);
    for (let index = 0; index < values.length; index++) {
      const [red, green, blue] = data.subarray(4 * index);
      values[index] = (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
    }
    return { shape: [rows, columns, 1], values };
  }

  /** Forget what the reader has shown and painted. */
  forget() {
    this.sheet = blankSheet();
    this.photos.length = this.given;
    while (this.picker.list.options.length > this.given) this.picker.list.lastChild?.remove();
  }

  /** Look at a picture of the reader's own, by its name in the list. */
  show(name, picture) {
    const index = this.photos.findIndex((photo) => photo.name === name);
    if (index < 0) this.picker.list.append(element("option", {}, name));
    const place = index < 0 ? this.photos.length : index;
    this.photos[place] = { name, ...picture };
    this.picker.list.selectedIndex = place;
    this.develop();
  }

  startPainting(sheet = this.sheet) {
    this.own.leave();
    this.sheet = sheet;
    this.show(PAINTED, sheet);
  }

  /** Draw a line on the sheet, between the middles of two pixels, [row, column]. */
  paint(from, to) {
    if (this.photo.name !== PAINTED) return;
    const ink = Object.values(INKS)[this.ink.list.selectedIndex];
    const width = Object.values(WIDTHS)[this.width.list.selectedIndex];
    for (const place of between(from, to)) brushed(this.sheet, place, width, ink);
    this.developSoon();
  }

  /** Once a frame at most. */
  developSoon() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = undefined;
      this.develop();
    });
  }

  /** Take a kernel of the list. Weights that sum to 0 ask for differences, which have a sign. */
  pick({ name, shape, values }) {
    this.colours.list.selectedIndex = Math.abs(sum(values)) < 1e-9 ? 1 : 0;
    this.take({ name, shape, values });
  }

  /** Put the kernel into the middle of a larger one, or cut one out of its middle. */
  resize(side) {
    this.take({ name: OWN_KERNEL, ...resized(this.kernel, side) });
  }

  take({ name, shape, values }) {
    const [rows, columns] = shape;
    this.name = name;
    this.kernel = { shape: [rows, columns, 1, 1], values: [...values] };
    this.size.list.selectedIndex = rows === columns ? this.sizes.indexOf(rows) : -1;
    this.kernelStand.replaceChildren(titled("kernel", (title) => this.kernelGrid(title)));
    this.develop();
  }

  kernelGrid(title) {
    const { shape, values } = this.kernel;
    const [rows, columns] = shape;
    const cells = range(0, rows).map((row) =>
      range(0, columns).map((column) => {
        const index = row * columns + column;
        return numberBox(`${title}, row ${row}, column ${column}`, values[index], (number) => {
          values[index] = number;
          this.name = OWN_KERNEL;
          this.develop();
        });
      })
    );
    return grid(title, cells);
  }

  /** Compute all answers anew. */
  develop() {
    this.photo = this.photos[this.picker.list.selectedIndex];
    const isPainting = this.photo.name === PAINTED;
    this.brushes.hidden = !isPainting;
    this.original.frame.classList.toggle("painted", isPainting);
    this.told.textContent = { [OWN]: PRIVATE, [PAINTED]: PAINTING }[this.photo.name] ?? "";
    this.answers = conv2d(this.photo, this.kernel, [0]);
    if (this.relu.box.checked) {
      this.answers.values = this.answers.values.map((value) => Math.max(0, value));
    }
    for (const preset of this.presets) {
      preset.ariaPressed = String(preset.textContent === this.name);
    }
    this.draw();
  }

  draw() {
    const [low, high] = [Math.min, Math.max].map((pick) =>
      this.answers.values.reduce((one, other) => pick(one, other))
    );
    const largest = Math.max(-low, high) || 1;
    const isSigned = this.colours.list.selectedIndex === 1;
    const coloured = (value) => this.colour(value / largest);
    this.original.draw(this.photo, grey, this.photo.name);
    this.result.draw(this.answers, isSigned ? coloured : grey, this.name);
    this.summary.textContent = `The weights sum to ${printed(sum(this.kernel.values))}. ` +
      `The answers lie between ${rounded(low)} and ${rounded(high)}` +
      (isSigned ? ": orange is above zero, purple below." : "; below 0 is black, above 1 white.");
    this.look(this.place);
  }

  /** Show one window of the photo, and the answer to it. */
  look({ row, column }) {
    const [rows, columns] = this.answers.shape;
    this.place = { row: clamp(row, 0, rows - 1), column: clamp(column, 0, columns - 1) };
    this.original.show(this.place, this.answers.shape, this.kernel.shape.slice(0, 2));
    this.result.show(this.place, this.answers.shape, [1, 1]);
    const at = `Row ${this.place.row}, column ${this.place.column}`;
    this.readout.textContent = `${at}: ${this.terms()}`;
  }

  terms() {
    const [terms] = windowProducts(this.photo, this.kernel, {}, { ...this.place, filter: 0 });
    const size = ({ product }) => Math.abs(product);
    const largest = terms.toSorted((one, other) => size(other) - size(one)).slice(0, 3);
    const shown = terms.length > MOST_TERMS ? largest : terms;
    const written = shown.map(({ pixel, weight }) => `${rounded(pixel)}·${factor(weight)}`);
    if (shown !== terms) written.push(`${terms.length - shown.length} other products`);
    const total = written.join(" + ");
    const answer = pixel(this.answers, this.place.row, this.place.column, 0);
    return `${this.relu.box.checked ? `max(0, ${total})` : total} ≈ ${rounded(answer)}`;
  }
}

/** The first kernel that finds something: weights that sum to 0 ask for differences. */
function startingKernel(kernels) {
  return kernels.find(({ values }) => Math.abs(sum(values)) < 1e-9) ?? kernels[0];
}

/** A picture in which windows are pointed at. */
class Picture extends PointedPicture {
  place = { row: 0, column: 0 };
  size = [1, 1];
  /** From the middle of the window to the pen: at the border the window goes no further. */
  ahead = [0, 0];

  constructor(kind, onLook) {
    const go = (pixel) => {
      onLook(this.windowAround(pixel));
      this.ahead = this.pen([0, 0]).map((at, axis) => pixel[axis] - at);
      this.showPen();
    };
    super({
      onPoint: (pixel) => {
        go(pixel);
        return `${this.place.row}, ${this.place.column}`;
      },
      onStep: (step) => {
        const from = this.isPainted ? this.pen() : this.pen([0, 0]);
        go(from.map((at, axis) => clamp(at + step[axis], 0, this.shape[axis] - 1)));
      },
    });
    this.dot = element("div", { className: "marker" });
    this.frame.append(this.dot);
    this.kind = kind;
    this.caption = element("figcaption");
    this.node = element("figure", {}, this.frame, this.caption);
  }

  /** Draw an image of one channel; `colour` gives [red, green, blue] for a value. */
  draw(image, colour, title) {
    paint(this.canvas, image, colour);
    this.caption.textContent = `${this.kind}: ${title}`;
    this.frame.ariaLabel = `${this.kind}: ${title}; the arrow keys move the window`;
  }

  /** Frame the window at `place`, one of the `places` [rows, columns], each of this size. */
  show(place, places, size) {
    this.place = place;
    this.size = size;
    this.places = places;
    this.mark([place.row, place.column], size);
    this.showPen();
  }

  get isPainted() {
    return this.frame.classList.contains("painted");
  }

  /** The pixel on which the keyboard paints, or so far ahead of the middle of the window. */
  pen(ahead = this.ahead) {
    const { row, column } = this.place;
    return [row, column].map((at, axis) =>
      clamp(at + Math.floor(this.size[axis] / 2) + ahead[axis], 0, this.shape[axis] - 1)
    );
  }

  showPen() {
    const pen = this.pen();
    const words = this.isPainted ? [`pen on row ${pen[0]}, column ${pen[1]}`] : [];
    const { row, column } = this.place;
    this.sliders.show([row, column], this.places, ...words);
    this.dot.hidden = !this.isPainted;
    frame(this.dot, pen, [1, 1], this.shape);
  }

  /** The place of the window whose middle a pixel is. */
  windowAround(pixel) {
    const [row, column] = pixel.map((at, axis) => at - Math.floor(this.size[axis] / 2));
    return { row, column };
  }

  /** Call `use` with the ends of each line that is drawn while this picture is a painted one. */
  onPaint(use) {
    let last = [0, 0];
    this.canvas.onpointerdown = (event) => {
      if (!this.isPainted) return;
      event.stopPropagation(); // a stroke pins nothing
      this.canvas.setPointerCapture(event.pointerId);
      last = this.pixelUnder(event);
      use(last, last);
    };
    this.canvas.onpointermove = (event) => {
      if (!this.isPainted || event.buttons === 0) return;
      const next = this.pixelUnder(event);
      use(last, next);
      last = next;
    };
    this.frame.addEventListener("keydown", (event) => {
      if (!this.isPainted || event.key !== " ") return;
      event.preventDefault();
      use(this.pen(), this.pen());
    });
  }
}

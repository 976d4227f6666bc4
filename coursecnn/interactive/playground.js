// The kernel playground: a photograph, a kernel, and what the one makes of the other.

import { conv2d, pixel, range, sum, windowProducts } from "./arithmetic.js";
import { Camera, pictureIn } from "./camera.js";
import { grey, paint, signedColour } from "./canvas.js";
import { framed } from "./frame.js";
import { bytesOf, clamp, factor, printed, rounded } from "./numbers.js";
import { button, choice, element, grid, numberBox, Pointing, tickBox, titled } from "./page.js";
import { PlaneSliders } from "./slider.js";

const QUESTION = "Which weights answer to the edges of one direction, and to no others?";
const OWN = "your own";
const PRIVATE = "Your picture stays in this page: it is sent nowhere, and gone when you leave.";
const HINT =
  "Point at either picture to see one window; a click pins it. A weight may be 0.5 or 1/9, and a " +
  "whole kernel can be pasted.";

/**
 * The element that shows `photos` through `kernels`.
 *
 * A photo is { name, shape, bytes }, its brightness in base64, 255 for 1; a kernel is
 * { name, shape, values }. `palette` holds 256 colours, from the lowest to the highest answer.
 */
export function start({ photos, kernels, palette }, root) {
  return framed(root, new Playground(photos.map(decoded), kernels, palette), QUESTION);
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

  constructor(photos, kernels, palette) {
    const [rows, columns] = photos[0].shape;
    const middle = { row: Math.floor(rows / 2), column: Math.floor(columns / 2) };
    this.photos = photos;
    this.colour = signedColour(palette);
    this.place = middle;
    this.presets = kernels.map((kernel) => button(kernel.name, () => this.pick(kernel)));
    this.kernelStand = element("div");
    this.picker = choice("Photo", photos.map((photo) => photo.name), () => {
      this.camera.stop();
      this.develop();
    });
    this.colours = choice("Show answers", ["as brightness", "with their sign"], () => this.draw());
    this.relu = tickBox("ReLU: negative answers become 0", () => this.develop());
    this.original = new Picture("photo", (place) => this.look(place));
    this.result = new Picture("answers", (place) => this.look(place));
    this.summary = element("p");
    this.told = element("p", { className: "legend", role: "status" });
    this.file = element("input", {
      type: "file",
      accept: "image/*",
      hidden: true,
      ariaLabel: "a picture of your own",
      onchange: () => this.open(this.file.files?.[0]),
    });
    this.opener = button("Open a picture", () => this.file.click());
    this.camera = new Camera({
      shape: photos[0].shape.slice(0, 2),
      onPicture: (picture) => this.own(picture),
      onEnd: () => this.showCamera(),
    });
    this.cameraButton = button("Use the camera", () => this.turnCamera());
    this.readout = element("output");
    this.node = element("div", {}, ...this.parts());
    // Nobody is filmed who does not see it.
    new IntersectionObserver((seen) => seen.at(-1)?.isIntersecting || this.camera.stop())
      .observe(this.node);
    this.pick(startingKernel(kernels));
  }

  state() {
    return {
      kernel: { name: this.name, shape: this.kernel.shape.slice(0, 2), values: this.kernel.values },
      // The reader's own picture is kept nowhere, and no link carries it.
      photo: this.photo.name === OWN ? 0 : this.picker.list.selectedIndex,
      colours: this.colours.list.selectedIndex,
      relu: this.relu.box.checked,
      place: this.place,
    };
  }

  restore({ kernel, photo, colours, relu, place }) {
    this.camera.stop();
    this.forget();
    for (const picture of [this.original, this.result]) picture.pointing.pin(false);
    this.picker.list.selectedIndex = photo;
    this.relu.box.checked = relu;
    this.pick(kernel);
    this.colours.list.selectedIndex = colours;
    this.draw();
    this.look(place);
  }

  parts() {
    const names = { className: "bar", role: "group", ariaLabel: "kernels" };
    const options = [this.picker.node, this.colours.node, this.relu.node];
    return [
      element("div", names, ...this.presets),
      element("div", { className: "bar kernel" }, this.kernelStand, ...options),
      element("div", { className: "bar" }, this.opener, this.cameraButton, this.file),
      this.told,
      element("div", { className: "pictures" }, this.original.node, this.result.node),
      element("p", { className: "legend" }, HINT),
      this.summary,
      this.readout,
    ];
  }

  /** Take the picture in a file of the reader's. @param {File | undefined} file */
  async open(file) {
    if (!file) return;
    this.camera.stop();
    try {
      this.own(await pictureIn(file, this.photos[0].shape.slice(0, 2)));
    } catch {
      this.told.textContent = `${file.name} holds no picture that this browser can read.`;
    }
    this.file.value = "";
  }

  async turnCamera() {
    if (this.camera.stream) return this.camera.stop();
    this.told.textContent = "";
    const refused = await this.camera.start();
    this.showCamera();
    if (refused) this.told.textContent = refused;
  }

  showCamera() {
    this.cameraButton.textContent = this.camera.stream ? "Keep this picture" : "Use the camera";
  }

  /** Let go of the reader's own picture. */
  forget() {
    const index = this.photos.findIndex(({ name }) => name === OWN);
    if (index < 0) return;
    this.photos.splice(index, 1);
    this.picker.list.options[index].remove();
    this.told.textContent = "";
  }

  /** Look at a picture of the reader's own. */
  own(picture) {
    const index = this.photos.findIndex(({ name }) => name === OWN);
    if (index < 0) this.picker.list.append(element("option", {}, OWN));
    const place = index < 0 ? this.photos.length : index;
    this.photos[place] = { name: OWN, ...picture };
    this.picker.list.selectedIndex = place;
    this.told.textContent = PRIVATE;
    this.develop();
  }

  /** Take a kernel of the list. Weights that sum to 0 ask for differences, which have a sign. */
  pick({ name, shape, values }) {
    this.name = name;
    this.kernel = { shape: [...shape, 1, 1], values: [...values] };
    this.colours.list.selectedIndex = Math.abs(sum(values)) < 1e-9 ? 1 : 0;
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
          this.name = "your own kernel";
          this.develop();
        });
      })
    );
    return grid(title, cells);
  }

  /** Compute all answers anew. */
  develop() {
    this.photo = this.photos[this.picker.list.selectedIndex];
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
    this.original.mark(this.place, this.answers.shape, this.kernel.shape);
    this.result.mark(this.place, this.answers.shape, [1, 1]);
    const at = `Row ${this.place.row}, column ${this.place.column}`;
    this.readout.textContent = `${at}: ${this.terms()}`;
  }

  terms() {
    const [terms] = windowProducts(this.photo, this.kernel, {}, { ...this.place, filter: 0 });
    const written = terms.map(({ pixel, weight }) => `${rounded(pixel)}·${factor(weight)}`);
    const total = written.join(" + ");
    const answer = pixel(this.answers, this.place.row, this.place.column, 0);
    return `${this.relu.box.checked ? `max(0, ${total})` : total} ≈ ${rounded(answer)}`;
  }
}

/** The first kernel that finds something: weights that sum to 0 ask for differences. */
function startingKernel(kernels) {
  return kernels.find(({ values }) => Math.abs(sum(values)) < 1e-9) ?? kernels[0];
}

/** A picture whose pixels can be pointed at, with the hand or with the arrow keys. */
class Picture {
  place = { row: 0, column: 0 };
  size = { height: 1, width: 1 };

  constructor(kind, onPoint) {
    this.kind = kind;
    this.canvas = element("canvas");
    this.marker = element("div", { className: "marker" });
    this.sliders = new PlaneSliders((step) => onPoint(this.after(step)));
    const parts = [this.canvas, ...this.sliders.nodes, this.marker];
    this.frame = element("div", { className: "pointed", role: "group" }, ...parts);
    this.caption = element("figcaption");
    this.node = element("figure", {}, this.frame, this.caption);
    this.frame.onclick = () => this.sliders.focus();
    this.pointing = new Pointing(this.frame, (event) => {
      onPoint(this.under(event));
      return `${this.place.row}, ${this.place.column}`;
    });
  }

  /** Draw an image of one channel; `colour` gives [red, green, blue] for a value. */
  draw(image, colour, title) {
    paint(this.canvas, image, colour);
    this.caption.textContent = `${this.kind}: ${title}`;
    this.frame.ariaLabel = `${this.kind}: ${title}; the arrow keys move the window`;
  }

  /** Frame the window at `place`, one of the `places` [rows, columns], each of this size. */
  mark(place, places, size) {
    const [height, width] = size;
    this.place = place;
    this.size = { height, width };
    this.sliders.show([place.row, place.column], places);
    Object.assign(this.marker.style, {
      top: `${(100 * place.row) / this.canvas.height}%`,
      left: `${(100 * place.column) / this.canvas.width}%`,
      height: `${(100 * height) / this.canvas.height}%`,
      width: `${(100 * width) / this.canvas.width}%`,
    });
  }

  after([down, right]) {
    return { row: this.place.row + down, column: this.place.column + right };
  }

  /** The place of the window whose middle is under the pointer. */
  under({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const row = Math.floor(((clientY - top) / height) * this.canvas.height);
    const column = Math.floor(((clientX - left) / width) * this.canvas.width);
    return {
      row: row - Math.floor(this.size.height / 2),
      column: column - Math.floor(this.size.width / 2),
    };
  }
}

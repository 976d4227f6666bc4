// Draw a digit: LeNet-5 reads what is drawn, and every map of every layer is shown.

import { range } from "./arithmetic.js";
import { grey, paint, signedColour } from "./canvas.js";
import { asMnist, blank, drawLine, enlarged, FIELD, halves, layersOf, POINTS } from "./lenet.js";
import { framed } from "./frame.js";
import { bytesOf, clamp, percent } from "./numbers.js";
import { button, element, tickBox } from "./page.js";
import { PlaneSliders } from "./slider.js";

const PEN = 6; // radius in points: a line is a little over two pixels wide
const RUBBER = 12;
const QUESTION = "How little must you change to turn a 7 into a 1, or a 3 into an 8?";
const HINT =
  "Draw on the black field with a mouse, a finger or a pen. By keyboard: the arrow keys move the " +
  "pen, and the space bar puts it down or lifts it.";
const READ =
  "What the network reads, as in MNIST: scaled into 20×20 pixels, with its centre of mass in the " +
  "middle of 28×28.";
const LEGEND = "Orange is above zero, purple below, white is zero.";
// How many units of a layer that has no maps are drawn side by side.
const UNITS_IN_A_ROW = { C5: 40, F6: 42 };

/**
 * The element that shows a network at work.
 *
 * `weights` holds { kernels: { shape, half }, bias } for each layer that has some, in 16 bits in
 * base64; a digit is { label, answer, bytes }, its pixels in base64; `palette` holds 256 colours.
 */
export function start({ weights, digits, palette }, root) {
  const layers = Object.entries(weights).map(([name, { kernels, bias }]) => [
    name,
    { kernels: { shape: kernels.shape, values: halves(kernels.half) }, bias: halves(bias) },
  ]);
  const pictures = digits.map((digit) => ({ ...digit, pixels: [...bytesOf(digit.bytes)] }));
  const reader = new DigitReader(Object.fromEntries(layers), pictures, signedColour(palette));
  return framed(root, reader, QUESTION);
}

class DigitReader {
  constructor(weights, digits, colour) {
    this.weights = weights;
    this.colour = colour;
    this.digits = digits;
    this.surface = new Surface(() => this.redrawn());
    this.pixels = element("canvas", { role: "img", ariaLabel: "what the network reads" });
    this.answer = element("p", { role: "status" });
    this.probabilities = range(0, 10).map((digit) => new Probability(digit));
    const names = ["C1", "S2", "C3", "S4", "C5", "F6"];
    this.maps = Object.fromEntries(names.map((name) => [name, new Maps(name)]));
    this.presets = digits.map((digit) => ({ digit, node: this.preset(digit) }));
    this.node = element("div", {}, this.offers(), this.stage(), ...this.layers());
    this.take(digits[0]);
  }

  /** Which digit is drawn over, if any, and what is drawn. */
  state() {
    return { digit: this.digits.indexOf(this.under), strokes: this.surface.strokes };
  }

  restore({ digit, strokes }) {
    this.begin(this.digits[digit] ?? null);
    if (strokes.length > 0) this.surface.replay(strokes);
  }

  /** The test digits, those that are read rightly apart from the others. */
  offers() {
    const group = (title, isWanted) => {
      const nodes = this.presets.filter(({ digit }) => isWanted(digit)).map(({ node }) => node);
      if (nodes.length === 0) return [];
      const properties = { className: "bar", role: "group", ariaLabel: title };
      return [element("p", { className: "title" }, title), element("div", properties, ...nodes)];
    };
    return element(
      "div",
      { className: "offers" },
      ...group("test digits that are read rightly", ({ label, answer }) => label === answer),
      ...group("test digits that are read wrongly", ({ label, answer }) => label !== answer),
    );
  }

  preset(digit) {
    const { label, answer, pixels } = digit;
    const picture = element("canvas", { ariaHidden: "true" });
    paint(picture, { shape: [FIELD, FIELD], values: pixels }, (pixel) => grey(pixel / 255));
    const node = button("", () => this.take(digit));
    const name = `${article(label)} ${label}`;
    node.ariaLabel = label === answer ? name : `${name}, read as ${answer}`;
    node.append(picture);
    return node;
  }

  stage() {
    const clear = button("Clear", () => this.clear());
    const undo = button("Undo", () => this.undo());
    const controls = element("div", { className: "bar" }, clear, undo, this.surface.rubber.node);
    const drawing = element("div", {}, this.surface.node, controls);
    const caption = element("figcaption", {}, READ);
    const read = element("figure", {}, this.pixels, caption);
    const listed = this.probabilities.map(({ node }) => node);
    const list = element("ul", { ariaLabel: "probabilities" }, ...listed);
    const answers = element("div", {}, this.answer, list);
    const parts = [element("p", { className: "legend" }, HINT), drawing, read, answers];
    return element("div", { className: "reading" }, ...parts);
  }

  layers() {
    const nodes = Object.values(this.maps).map(({ node }) => node);
    return [element("p", { className: "legend" }, LEGEND), ...nodes];
  }

  /** Begin with a test digit. It is read as it is: MNIST's authors have prepared it. */
  take(digit) {
    this.under = digit;
    this.surface.begin(enlarged(digit.pixels));
    this.read(digit.pixels);
    this.mark(digit);
  }

  clear() {
    this.under = null;
    this.surface.rubber.box.checked = false; // on an empty field it would seem broken
    this.surface.begin(blank());
    this.redrawn();
  }

  /** Begin with a test digit, or with nothing. */
  begin(digit) {
    if (digit) this.take(digit);
    else this.clear();
  }

  /** Take the last stroke back. */
  undo() {
    const strokes = this.surface.strokes.slice(0, -1);
    this.begin(this.under);
    if (strokes.length > 0) this.surface.replay(strokes);
  }

  mark(digit) {
    this.digit = digit;
    for (const preset of this.presets) preset.node.ariaPressed = String(preset.digit === digit);
    this.say();
  }

  /** Read what is drawn now. */
  redrawn() {
    this.read(asMnist(this.surface.drawing));
    this.mark(null);
  }

  read(pixels) {
    paint(this.pixels, { shape: [FIELD, FIELD], values: pixels }, (pixel) => grey(pixel / 255));
    this.isBlank = pixels.every((pixel) => pixel === 0);
    const { output, ...layers } = layersOf(this.weights, pixels);
    this.output = output.values;
    for (const [name, layer] of Object.entries(layers)) this.maps[name].show(layer, this.colour);
  }

  say() {
    const best = this.output.indexOf(Math.max(...this.output));
    this.probabilities.forEach((one, digit) => one.show(this.output[digit], digit === best));
    const reads = `The network reads ${article(best)} ${best} (${percent(this.output[best])}).`;
    this.answer.textContent = [this.about(best), reads].filter(Boolean).join(" ");
  }

  /** What is known about the drawing beforehand. */
  about(best) {
    if (this.isBlank) return "Nothing is drawn, and yet ten probabilities add up to 1.";
    if (!this.digit) return "";
    const verdict = best === this.digit.label ? "" : " This one is read wrongly.";
    const { label } = this.digit;
    return `A test digit: somebody wrote ${article(label)} ${label}.${verdict}`;
  }
}

/** The field to draw on. `onChange` is called when it has changed, once a frame at most. */
class Surface {
  /** What was drawn, in order: the places of a line, one after another, and with what. */
  strokes = /** @type {{ places: number[][], isRubber: boolean }[]} */ ([]);
  isPressed = false;
  isWaiting = false;

  constructor(onChange) {
    this.onChange = onChange;
    this.place = [14.5, 14.5].map((pixels) => pixels * POINTS);
    this.isDown = false;
    this.rubber = tickBox("rubber", () => this.move());
    this.canvas = element("canvas");
    this.sliders = new PlaneSliders((step) => this.stepBy(step));
    this.marker = element("div", { className: "pen" });
    const named = { className: "surface", role: "group", ariaLabel: "drawing" };
    this.node = element("div", named, this.canvas, ...this.sliders.nodes, this.marker);
    this.node.onpointerdown = (event) => this.press(event);
    this.node.onpointermove = (event) => this.isPressed && this.lineTo(this.under(event));
    this.node.onpointerup = this.node.onpointercancel = () => {
      this.isPressed = false;
      if (this.isWaiting) this.tell();
    };
    this.node.onkeydown = (event) => this.key(event);
    this.node.onclick = () => this.sliders.focus();
    this.node.addEventListener("focusout", ({ relatedTarget }) => {
      if (!this.node.contains(/** @type {Node | null} */ (relatedTarget))) this.putDown(false);
    });
    this.putDown(false);
  }

  /** Take another drawing. */
  begin(drawing) {
    this.drawing = drawing;
    this.strokes = [];
    this.show();
  }

  show() {
    paint(this.canvas, this.drawing, grey);
  }

  /** Draw these strokes over what there is. */
  replay(strokes) {
    this.strokes = structuredClone(strokes);
    for (const { places, isRubber } of strokes) {
      places.forEach((place, index) => this.line(places[index - 1] ?? place, place, isRubber));
    }
    this.tell();
  }

  line(from, to, isRubber) {
    drawLine(this.drawing, from, to, isRubber ? RUBBER : PEN, isRubber);
  }

  /** Show the drawing and have it read; several lines of one frame are read as one. */
  tellSoon() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => this.isWaiting && this.tell());
  }

  tell() {
    this.isWaiting = false;
    this.show();
    this.onChange();
  }

  press(event) {
    this.isPressed = true;
    this.node.setPointerCapture(event.pointerId);
    this.move(this.under(event));
    this.startStroke();
  }

  startStroke() {
    this.strokes.push({ places: [], isRubber: this.rubber.box.checked });
    this.lineTo(this.place);
  }

  under({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const side = FIELD * POINTS;
    return [((clientY - top) / height) * side, ((clientX - left) / width) * side];
  }

  key(event) {
    if (event.key !== " " || event.repeat) return;
    event.preventDefault();
    this.putDown(!this.isDown);
    if (this.isDown) this.startStroke();
  }

  stepBy(step) {
    const last = (FIELD - 0.5) * POINTS;
    const next = this.place.map((at, axis) => at + step[axis] * POINTS);
    const inside = next.map((at) => clamp(at, POINTS / 2, last));
    if (this.isDown) this.lineTo(inside);
    else this.move(inside);
  }

  /** Put the pen of the keyboard down, or lift it. */
  putDown(isDown) {
    this.isDown = isDown;
    this.move();
  }

  lineTo(place) {
    const stroke = this.strokes.at(-1) ?? { places: [], isRubber: this.rubber.box.checked };
    const whole = place.map(Math.round);
    this.line(stroke.places.at(-1) ?? whole, whole, stroke.isRubber);
    stroke.places.push(whole);
    this.move(place);
    this.tellSoon();
  }

  radius() {
    return this.rubber.box.checked ? RUBBER : PEN;
  }

  /** Move the pen, which is shown where the keyboard has it. */
  move(place = this.place) {
    this.place = place;
    const percentOf = (points) => `${(100 * points) / (FIELD * POINTS)}%`;
    const radius = this.radius();
    Object.assign(this.marker.style, {
      top: percentOf(place[0] - radius),
      left: percentOf(place[1] - radius),
      height: percentOf(2 * radius),
      width: percentOf(2 * radius),
    });
    this.marker.classList.toggle("down", this.isDown);
    const pixel = place.map((at) => Math.floor(at / POINTS));
    this.sliders.show(pixel, [FIELD, FIELD], `the pen is ${this.isDown ? "down" : "up"}`);
  }
}

/** The maps of a layer, or its units where they are no maps, under a title. */
class Maps {
  constructor(name) {
    this.name = name;
    /** @type {HTMLCanvasElement[]} */
    this.canvases = [];
    this.title = element("p", { className: "title" });
    this.pictures = element("div", { className: "maps", role: "img" });
    this.node = element("div", {}, this.title, this.pictures);
  }

  show({ shape, values }, colour) {
    const units = UNITS_IN_A_ROW[this.name];
    const [rows, , maps] = shape;
    this.title.textContent = units
      ? `${this.name}: ${maps} units`
      : `${this.name}: ${maps} maps of ${rows}×${rows}`;
    this.pictures.ariaLabel = this.title.textContent;
    const images = units ? [{ shape: [maps / units, units], values }] : channelsOf(shape, values);
    if (this.canvases.length === 0) this.lay(images, units ? 1 : maps);
    images.forEach((image, index) => paint(this.canvases[index], image, colour));
  }

  lay(images, columns) {
    this.pictures.style.setProperty("--columns", columns > 6 ? "8" : columns);
    this.canvases = images.map(() => element("canvas"));
    this.pictures.append(...this.canvases);
  }
}

/** The channels of an array, each as an image of its own. */
function channelsOf([rows, columns, channels], values) {
  return range(0, channels).map((channel) => ({
    shape: [rows, columns],
    values: values.filter((_, index) => index % channels === channel),
  }));
}

/** One line of the answer: a digit, a bar as long as its probability, and the probability. */
class Probability {
  constructor(digit) {
    this.bar = element("span", { className: "filled" });
    this.text = element("span");
    const track = element("span", { className: "track" }, this.bar);
    this.node = element("li", {}, element("span", {}, String(digit)), track, this.text);
  }

  show(probability, isBest) {
    this.bar.style.width = `${100 * probability}%`;
    this.text.textContent = percent(probability);
    this.node.classList.toggle("best", isBest);
  }
}

/** What goes before a digit that is spoken. */
function article(digit) {
  return digit === 8 ? "an" : "a";
}

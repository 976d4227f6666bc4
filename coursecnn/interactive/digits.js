// Draw a digit: LeNet-5 reads what is drawn, and every map of every layer is shown.

import { range, sum, windowProducts } from "./arithmetic.js";
import { grey, paint, signedColour } from "./canvas.js";
import {
  asMnist,
  blank,
  drawLine,
  enlarged,
  FIELD,
  halves,
  imageOf,
  layersOf,
  POINTS,
  reach,
  WINDOWS,
} from "./lenet.js";
import { framed } from "./frame.js";
import { captioned, LayerMaps, tiled } from "./maps.js";
import { bytesOf, clamp, percent, rounded } from "./numbers.js";
import { offered } from "./offers.js";
import { button, element, tickBox } from "./page.js";
import { frame } from "./pointed.js";
import { listed, Probability } from "./probabilities.js";
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
const LEGEND =
  "Point at a unit of a map, or walk there with the arrow keys: framed is what reaches it, and its " +
  "kernel is shown. A click pins it. Orange is above zero, purple below, white is zero.";
// How many maps, or units of a layer that has no maps, are drawn side by side.
const IN_A_ROW = { C1: 6, S2: 6, C3: 8, S4: 8, C5: 40, F6: 42 };
const asUnits = (maps) => `${maps} units`;

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
  /**
   * What each layer says about the drawing, by its name; "image" is the drawing itself.
   *
   * @type {Record<string, import("./arithmetic.js").Numbers>}
   */
  layersNow = {};

  constructor(weights, digits, colour) {
    this.weights = weights;
    this.colour = colour;
    this.digits = digits;
    this.surface = new Surface(() => this.redrawn());
    this.pixels = element("canvas", { role: "img", ariaLabel: "what the network reads" });
    this.marker = element("div", { className: "marker" });
    this.window = element("canvas");
    this.windowMarker = element("div", { className: "marker" });
    this.unitMap = element("canvas");
    this.unitMarker = element("div", { className: "marker" });
    this.kernels = element("canvas", { className: "kernels" });
    this.kernelFigure = captioned("its kernel", this.kernels);
    this.readout = element("output");
    this.unit = { layer: "C1", map: 0, row: FIELD / 2, column: FIELD / 2 };
    this.answer = element("p", { role: "status" });
    this.probabilities = range(0, 10).map((digit) => new Probability(String(digit)));
    this.maps = Object.fromEntries(
      Object.entries(IN_A_ROW).map(([name, inARow]) => [name, this.layerMaps(name, inARow)]),
    );
    this.presets = digits.map((digit) => ({ digit, node: this.preset(digit) }));
    this.node = element("div", {}, this.offers(), this.stage(), ...this.layers());
    this.take(digits[0]);
  }

  /** Which digit is drawn over, if any, and what is drawn. */
  state() {
    const { unit, surface: { strokes } } = this;
    return { digit: this.digits.indexOf(this.under), strokes, unit };
  }

  restore({ digit, strokes, unit }) {
    for (const { picture } of Object.values(this.maps)) picture.pointing.pin(false);
    this.point(unit.layer, unit);
    this.begin(this.digits[digit] ?? null);
    if (strokes.length > 0) this.surface.replay(strokes);
  }

  layerMaps(name, inARow) {
    const onPoint = (unit) => this.point(name, unit);
    return new LayerMaps({ name, inARow, onPoint, ...(isFlat(name) && { words: asUnits }) });
  }

  /** The test digits, those that are read rightly apart from the others. */
  offers() {
    const wanted = (isRight) =>
      this.presets.filter(({ digit: { label, answer } }) => (label === answer) === isRight)
        .map(({ node }) => node);
    return offered([
      { title: "test digits that are read rightly", nodes: wanted(true) },
      { title: "test digits that are read wrongly", nodes: wanted(false) },
    ]);
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
    const framing = element("div", { className: "framing" }, this.pixels, this.marker);
    const read = element("figure", {}, framing, caption);
    const answers = element("div", {}, this.answer, listed(this.probabilities));
    const parts = [element("p", { className: "legend" }, HINT), drawing, read, answers];
    return element("div", { className: "reading" }, ...parts);
  }

  layers() {
    const nodes = Object.values(this.maps).map(({ node }) => node);
    const unit = element(
      "div",
      { className: "unit" },
      captioned("what reaches it", this.window, this.windowMarker),
      captioned("its map", this.unitMap, this.unitMarker),
      this.kernelFigure,
      this.readout,
    );
    const layers = element("div", {}, ...nodes);
    return [element("p", { className: "legend" }, LEGEND), unit, layers];
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
    for (const canvas of [this.pixels, this.window]) {
      paint(canvas, { shape: [FIELD, FIELD], values: pixels }, (pixel) => grey(pixel / 255));
    }
    this.isBlank = pixels.every((pixel) => pixel === 0);
    const { output, ...layers } = layersOf(this.weights, pixels);
    this.output = output.values;
    this.layersNow = { image: imageOf(pixels), ...layers };
    for (const [name, layer] of Object.entries(layers)) this.maps[name].show(layer, this.colour);
    this.point(this.unit.layer, this.unit);
  }

  /** Show a unit: its value, its map, its kernel, and what reaches it. */
  point(name, { map, row, column }) {
    const { shape: [rows, columns, maps], values } = this.layersNow[name];
    this.unit = { layer: name, map, row, column };
    for (const [other, layer] of Object.entries(this.maps)) {
      layer.mark(other === name ? this.unit : null);
      layer.markWindows(...this.windowsIn(other));
    }
    const [down, right] = [row, column].map((place) => reach(name, place));
    for (const marker of [this.marker, this.windowMarker]) {
      frame(marker, [down[0], right[0]], [down, right].map(([a, b]) => b - a + 1), [FIELD, FIELD]);
    }
    const own = values.filter((_, index) => index % maps === map);
    paint(this.unitMap, { shape: [rows, columns], values: own }, this.colour);
    frame(this.unitMarker, [row, column], [1, 1], [rows, columns]);
    this.showKernels(name, map);
    const value = values[(row * columns + column) * maps + map];
    const place = isFlat(name) ? `unit ${map}` : `map ${map}, row ${row}, column ${column}`;
    this.readout.textContent = `${name}, ${place}: ${rounded(value)}, ${this.origin(name)}. ` +
      `It is reached by rows ${down.join(" to ")} and columns ${right.join(" to ")} of the 28×28 ` +
      "pixels.";
  }

  /** The window of the unit in another layer, and the maps there that it reads; mostly none. */
  windowsIn(layer) {
    const { layer: name, map, row, column } = this.unit;
    const { kernel, stride } = WINDOWS[name];
    const window = { row: row * stride, column: column * stride, size: kernel };
    const isRead = layer === before(name) && !isFlat(layer);
    if (!isRead) return /** @type {const} */ ([window, []]);
    const { shape: [, , maps] } = this.layersNow[layer];
    return /** @type {const} */ ([window, this.weights[name] ? range(0, maps) : [map]]);
  }

  /** Where the value of the unit comes from, in words. */
  origin(name) {
    const { map, row, column } = this.unit;
    if (!this.weights[name]) return "the mean of the four that it reads";
    const { kernels, bias } = this.weights[name];
    const input = this.layersNow[before(name)];
    const place = { row, column, filter: map };
    const products = windowProducts(input, kernels, WINDOWS[name], place).flat();
    const total = sum(products.map(({ product }) => product)) + bias[map];
    return `the tanh of ${rounded(total)}, which ${products.length} products and a bias add up to`;
  }

  /** The kernels of a map, one for each map that it reads. */
  showKernels(name, map) {
    this.kernelFigure.hidden = !this.weights[name];
    if (!this.weights[name]) return;
    const { shape: [size, , channels, filters], values } = this.weights[name].kernels;
    const own = values.filter((_, index) => index % filters === map);
    const largest = own.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) || 1;
    const layer = { shape: [size, size, channels], values: own };
    const inARow = Math.ceil(Math.sqrt(channels));
    tiled(this.kernels, layer, inARow, (weight) => this.colour(weight / largest));
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

/** Whether a layer has no maps, but units. */
function isFlat(name) {
  return name === "C5" || name === "F6";
}

/** What a layer reads. */
function before(name) {
  const names = ["image", ...Object.keys(WINDOWS)];
  return names[names.indexOf(name) - 1];
}

/** What goes before a digit that is spoken. */
function article(digit) {
  return digit === 8 ? "an" : "a";
}

// Read a photograph: a network of the course at work on it, with its maps and Grad-CAM.

import { range, sum } from "./arithmetic.js";
import { OwnPicture } from "./camera.js";
import { paint } from "./canvas.js";
import { CropField, middleSquare } from "./crop.js";
import { decoded, gradCam, reach, read, shrunk, SIDE } from "./fast.js";
import { framed } from "./frame.js";
import { captioned, LayerMaps } from "./maps.js";
import { bytesOf, clamp, percent, rounded } from "./numbers.js";
import { offered } from "./offers.js";
import { button, choice, element, tickBox } from "./page.js";
import {
  addressOf,
  addressOfJpeg,
  keepPicture,
  keptPicture,
  pictureAt,
  pixelsOf,
} from "./pictures.js";
import { frame } from "./pointed.js";
import { listed, Probability } from "./probabilities.js";

const QUESTION = "Guess first: what will the network say, and from which part of the picture?";
const HINT =
  "Drag the square, or scale it by its corner; by keyboard with the arrow keys, plus and minus. " +
  "What you open or show stays in your browser: nothing is sent anywhere.";
const NONE =
  "The network has ten words and no word for anything else. Whatever you show, a face too, its " +
  "ten probabilities add up to 1.";
const MAPS =
  "The maps of all layers: black is zero, white the largest value of its layer. Point at a unit to " +
  "see the part of the picture that reaches it; a click pins it.";
const VEIL = 215; // its opacity where nothing speaks for the class, of 255
const IN_A_ROW = 16; // maps
const OWN = -1; // stands for a picture of the reader's among the samples

/**
 * The element that shows a network at work.
 *
 * Layers are as `decoded` of fast.js takes them; a sample is { name, label, size, square } with
 * either `bytes`, 32 by 32 pixels, or a `jpeg`, both in base64.
 */
export function start({ layers, classifier, classes, samples }, root) {
  const network = { layers: layers.map(decoded), classifier: decoded(classifier) };
  const reader = new PhotoReader(network, classes, samples, root);
  return framed(root, reader, QUESTION);
}

class PhotoReader {
  /** @type {any} */
  reading = null;
  sample = 0;
  /** @type {number | null} */
  guess = null;
  /** @type {number | null} */
  chosen = null;
  unit = { layer: 0, map: 3, row: 7, column: 5 };
  turn = 0;
  /** @type {Map<number, any>} */
  opened = new Map(); // photographs among the samples, by their place there

  constructor(network, classes, samples, root) {
    this.network = network;
    this.classes = classes;
    this.samples = samples;
    this.root = root;
    this.own = new OwnPicture(root, {
      onFile: (found) => this.keep(pixelsOf(found)),
      onLive: (found) => this.stream(pixelsOf(found)),
      onTaken: () => this.taken(),
    });
    this.field = new CropField(() => this.look());
    this.seen = element("canvas");
    this.heat = element("canvas", { className: "heat" });
    this.marker = element("div", { className: "marker" });
    this.seenBox = element(
      "div",
      { className: "seen", role: "img" },
      this.seen,
      this.heat,
      this.marker,
    );
    this.seenCaption = element("figcaption");
    const shown = network.layers.map(({ name }) => `Grad-CAM in ${name}`);
    this.cam = choice("Over the picture", [...shown, "nothing"], () => this.draw());
    this.cam.list.selectedIndex = shown.length - 1;
    this.first = tickBox("let me guess first", () => this.tell());
    this.first.box.checked = true;
    this.said = element("p", { role: "status" });
    this.buttons = classes.map((name, label) => button(name, () => this.press(label)));
    this.rows = this.buttons.map((node) => new Probability(node));
    this.layers = network.layers.map((layer, at) =>
      new LayerMaps({
        name: layer.name,
        inARow: IN_A_ROW,
        onPoint: (place) => this.point(at, place),
      })
    );
    this.window = element("canvas");
    this.windowMarker = element("div", { className: "marker" });
    this.unitMap = element("canvas");
    this.unitMarker = element("div", { className: "marker" });
    this.filter = element("canvas");
    this.filterFigure = captioned("its filter", this.filter);
    this.readout = element("output");
    this.presets = samples.map((sample, at) => this.preset(sample, at));
    this.node = element("div", {}, ...this.parts());
    const kept = keptPicture();
    this.take(0);
    keepPicture(kept); // a state that is restored may ask for it
  }

  // What is kept

  /** A picture of the reader's own is kept apart from it: a link must not carry that. */
  state() {
    const { sample, guess, chosen, unit } = this;
    const [cam, first] = [this.cam.list.selectedIndex, this.first.box.checked];
    return { sample, square: this.square, guess, chosen, unit, cam, first };
  }

  restore({ sample, square, guess, chosen, unit, cam, first }) {
    const own = sample === OWN ? keptPicture() : null;
    if (sample === OWN ? !own?.startsWith("data:image/") : !this.samples[sample]) {
      throw new Error("a picture that is not here");
    }
    this.cam.list.selectedIndex = cam;
    this.first.box.checked = first;
    this.layers.forEach(({ picture }) => picture.pointing.pin(false));
    this.unit = { ...unit };
    if (sample === OWN) this.open(own, square, { guess, chosen });
    else this.take(sample, square, { guess, chosen });
  }

  // The parts

  parts() {
    const wanted = (isWanted) => this.presets.filter((_, at) => isWanted(this.samples[at]));
    const offers = offered([
      { title: "photographs", nodes: wanted(({ jpeg }) => jpeg) },
      { title: "test images of CIFAR-10", nodes: wanted(({ bytes }) => bytes) },
    ]);
    const own = element("p", { className: "title" }, "your own");
    offers.append(element("div", {}, own, this.own.node));
    const columns = element(
      "div",
      { className: "reading" },
      element("div", {}, this.field.node),
      element("div", {}, element("figure", {}, this.seenBox, this.seenCaption), this.cam.node),
      element("div", { className: "answers" }, this.said, listed(this.rows), this.first.node),
    );
    const unit = element(
      "div",
      { className: "unit" },
      captioned("what it sees", this.window, this.windowMarker),
      captioned("its map", this.unitMap, this.unitMarker),
      this.filterFigure,
      this.readout,
    );
    const layers = element("div", { className: "layers" }, ...this.layers.map(({ node }) => node));
    return [
      offers,
      this.own.note,
      element("p", { className: "legend" }, HINT),
      columns,
      element("p", { className: "legend" }, NONE),
      element("p", { className: "legend" }, MAPS),
      unit,
      layers,
    ];
  }

  preset(sample, at) {
    const node = button("", () => this.take(at));
    node.ariaLabel = sample.bytes && sample.answer !== sample.label
      ? `${sample.name}, read as ${this.classes[sample.answer]}`
      : sample.name;
    if (sample.jpeg) {
      node.append(element("img", { src: addressOfJpeg(sample.jpeg), alt: "" }));
    } else {
      const picture = element("canvas", { ariaHidden: "true" });
      paintColours(picture, [SIDE, SIDE], bytesOf(sample.bytes));
      node.append(picture);
    }
    return node;
  }

  // Pictures

  /** Take a sample, at first without an answer to it. */
  take(at, square = this.samples[at].square, { guess = null, chosen = null } = {}) {
    const sample = this.samples[at];
    this.begin(at, null, square, { guess, chosen });
    if (sample.bytes) this.show(opaque(bytesOf(sample.bytes)));
    else if (this.opened.has(at)) this.show(this.opened.get(at));
    else this.wait(addressOfJpeg(sample.jpeg), (photo) => this.opened.set(at, photo));
  }

  /** Take a picture of the reader's own, from the address that holds it. */
  open(address, square, { guess = null, chosen = null } = {}) {
    this.begin(OWN, address, square, { guess, chosen });
    this.wait(address);
  }

  /** Show a picture of the reader's own, and keep it on the device. */
  keep(photo) {
    this.begin(OWN, addressOf(photo), middleSquare(photo), { guess: null, chosen: null });
    this.show(photo);
  }

  begin(sample, address, square, { guess, chosen }) {
    this.own.leave();
    this.turn += 1;
    Object.assign(this, { sample, guess, chosen });
    keepPicture(address);
    this.square = { ...square };
    this.presets.forEach((node, at) => (node.ariaPressed = String(at === sample)));
  }

  /** Show the picture at an address as soon as it is there, unless another one was asked for meanwhile. */
  async wait(address, keep = (_photo) => {}) {
    const turn = this.turn;
    this.root.ariaBusy = "true";
    try {
      const photo = pixelsOf(await pictureAt(address));
      keep(photo);
      if (turn === this.turn) this.show(photo);
    } catch {
      this.own.tell("This picture cannot be shown here.");
    }
    if (turn === this.turn) this.root.ariaBusy = null;
  }

  show(photo) {
    this.root.ariaBusy = null;
    this.field.show(photo, this.square);
    this.look();
  }

  // The camera

  /** What the camera has seen last is the picture. */
  taken() {
    const { guess, chosen } = this;
    const { photo, square } = this.field;
    this.begin(OWN, addressOf(photo), square, { guess, chosen });
    this.tell();
  }

  /** Read what the camera sees now. Nobody can guess that beforehand. */
  stream(photo) {
    const { width, height } = this.field.photo;
    const isNew = this.sample !== OWN || width !== photo.width || height !== photo.height;
    this.turn += 1; // a picture that is still being opened comes too late
    this.sample = OWN;
    this.guess = this.chosen = null;
    this.presets.forEach((node) => (node.ariaPressed = "false"));
    this.field.show(photo, isNew ? middleSquare(photo) : this.field.square);
    this.look();
  }

  // What the network says

  look() {
    this.square = this.field.square;
    this.reading = read(this.network, shrunk(this.field.photo, this.square));
    const { probabilities } = this.reading;
    this.best = probabilities.indexOf(Math.max(...probabilities));
    for (const canvas of [this.seen, this.window]) {
      paintColours(canvas, [SIDE, SIDE], this.reading.pixels);
    }
    this.layers.forEach((layer, at) => {
      const { values } = this.reading.maps[at];
      const largest = values.reduce((one, other) => Math.max(one, other), 0) || 1;
      layer.show(this.reading.maps[at], (value) => light(value / largest));
    });
    this.tell();
    this.point(this.unit.layer, this.unit);
  }

  /** A press on a class is the guess, if one is asked for; else the class that Grad-CAM explains. */
  press(label) {
    if (this.isAsking()) this.guess = label;
    else this.chosen = label;
    this.tell();
  }

  isAsking() {
    return this.first.box.checked && this.guess === null && !this.own.isOn;
  }

  tell() {
    if (!this.reading) return;
    const isAsking = this.isAsking();
    const explained = this.explained();
    this.rows.forEach((row, label) => {
      const share = isAsking ? null : this.reading.probabilities[label];
      row.show(share, label === this.best);
      this.buttons[label].ariaPressed = String(!isAsking && label === explained);
    });
    this.said.textContent = isAsking
      ? "What will it say? Press one of the ten."
      : [this.verdict(), this.truth()].filter(Boolean).join(" ");
    this.draw();
  }

  explained() {
    return this.chosen ?? this.best;
  }

  verdict() {
    const said = `${this.classes[this.best]} (${percent(this.reading.probabilities[this.best])})`;
    if (this.guess === null || !this.first.box.checked) return `The network says ${said}.`;
    const guessed = this.classes[this.guess];
    return this.guess === this.best
      ? `The network says ${said}, as you guessed.`
      : `You guessed ${guessed}; the network says ${said}.`;
  }

  /** What is known of the picture. */
  truth() {
    const sample = this.samples[this.sample];
    if (!sample) return "";
    const credit = sample.credit ? ` (Photograph: ${sample.credit}.)` : "";
    if (sample.label === null) {
      return `${sample.shows}: none of the ten classes, so whatever it says is wrong.${credit}`;
    }
    const name = this.classes[sample.label];
    if (sample.shows) return `${sample.shows}.${credit}`;
    return `The test image is labelled ${name}.`;
  }

  // What is drawn over the picture

  draw() {
    if (!this.reading) return;
    const at = this.cam.list.selectedIndex;
    const isShown = !this.isAsking() && at < this.layers.length;
    this.heat.hidden = !isShown;
    const what = "What the network sees: 32×32 pixels";
    if (!isShown) {
      this.seenCaption.textContent = this.seenBox.ariaLabel = `${what}.`;
      return;
    }
    const cam = gradCam(this.network, this.reading, this.explained(), at);
    const largest = cam.values.reduce((one, other) => Math.max(one, other), 0);
    // A veil, so that no colour of the picture is in its way; a light one over a dark picture.
    const brightness = sum(this.reading.pixels) / this.reading.pixels.length;
    const veil = brightness < 80 ? [255, 255, 255] : [0, 0, 0];
    const opacity = (value) => Math.round(VEIL * (1 - (largest > 0 ? value / largest : 0)));
    paint(this.heat, cam, (value) => [...veil, opacity(value)]);
    const name = this.classes[this.explained()];
    const words = largest > 0 ? `Clear: what speaks for ${name}.` : `Nothing speaks for ${name}.`;
    this.seenCaption.textContent = `${what}. ${words}`;
    this.seenBox.ariaLabel = `${what}. ${words} ${strongest(cam, largest)}`;
  }

  /** Show a unit: its value, its map, and the window of the picture that reaches it. */
  point(layer, place) {
    const { shape, values } = this.reading?.maps[layer] ?? { shape: [1, 1, 1], values: [0] };
    const [rows, columns, maps] = shape;
    const map = clamp(place.map, 0, maps - 1);
    const row = clamp(place.row, 0, rows - 1);
    const column = clamp(place.column, 0, columns - 1);
    this.unit = { layer, map, row, column };
    this.layers.forEach((one, at) => one.mark(at === layer ? this.unit : null));
    if (!this.reading) return;
    const { layers } = this.network;
    const [top, bottom] = reach(layers, layer, row);
    const [left, right] = reach(layers, layer, column);
    for (const marker of [this.marker, this.windowMarker]) {
      frame(marker, [top, left], [bottom - top + 1, right - left + 1], [SIDE, SIDE]);
    }
    frame(this.unitMarker, [row, column], [1, 1], [rows, columns]);
    const own = values.filter((_, index) => index % maps === map);
    const most = own.reduce((one, other) => Math.max(one, other), 0) || 1;
    paint(this.unitMap, { shape: [rows, columns], values: own }, (value) => light(value / most));
    this.showFilter(layers[layer], map);
    const value = values[(row * columns + column) * maps + map];
    this.readout.textContent = `${layers[layer].name}, map ${map}, row ${row}, column ${column}: ` +
      `${rounded(value)}. It is reached by rows ${top} to ${bottom} and columns ${left} to ` +
      `${right} of the 32×32 pixels.`;
  }

  /** Only filters that read colours are a picture of what they look for. */
  showFilter({ kernel, channels, filters, weights }, map) {
    this.filterFigure.hidden = channels !== 3;
    if (channels !== 3) return;
    const own = weights.filter((_, index) => index % filters === map);
    const most = own.reduce((one, other) => Math.max(one, Math.abs(other)), 0) || 1;
    paintColours(this.filter, [kernel, kernel], own.map((weight) => 127.5 * (1 + weight / most)));
  }
}

/**
 * Where Grad-CAM is largest, in words.
 *
 * @param {import("./arithmetic.js").Numbers} cam
 */
function strongest({ shape: [rows, columns], values }, largest) {
  if (largest === 0) return "";
  const at = values.indexOf(largest);
  const third = (place, length, names) => names[Math.floor((3 * (place + 0.5)) / length)];
  const down = third(Math.floor(at / columns), rows, [
    "at the top",
    "in the middle",
    "at the bottom",
  ]);
  const across = third(at % columns, columns, ["on the left", "in the middle", "on the right"]);
  return down === across ? `Most of it in the middle.` : `Most of it ${down}, ${across}.`;
}

/** The grey of a value from 0 to 1; its root, so that small values are seen. */
function light(value) {
  const level = Math.round(255 * Math.sqrt(clamp(value, 0, 1)));
  return [level, level, level];
}

/** Paint an image of three channels, from 0 to 255. */
function paintColours(canvas, shape, bytes) {
  const values = range(0, shape[0] * shape[1]).map((at) => bytes.slice(3 * at, 3 * at + 3));
  paint(canvas, { shape, values }, (colour) => colour);
}

/** Pixels of an image of CIFAR-10 as those of a photograph. */
function opaque(bytes) {
  const photo = new ImageData(SIDE, SIDE);
  photo.data.fill(255);
  bytes.forEach((byte, index) => (photo.data[4 * Math.floor(index / 3) + (index % 3)] = byte));
  return photo;
}

// The receptive field explorer: which pixels reach a unit, and how much each of them counts.

import { range } from "./arithmetic.js";
import { OwnPicture } from "./camera.js";
import { grey, paint } from "./canvas.js";
import { framed } from "./frame.js";
import { bytesOf, clamp, grouped, signed } from "./numbers.js";
import { button, choice, element, integerField, Pointing } from "./page.js";
import {
  changed,
  effectiveWidth,
  fieldOfPaths,
  mapSizes,
  mostPadding,
  pathsTo,
  receptiveField,
} from "./paths.js";
import { addressOfJpeg, middleOf, pictureAt, squareOf } from "./pictures.js";
import { frame, PointedPicture } from "./pointed.js";
import { asSlider, setSlider } from "./slider.js";
import { svg } from "./svg.js";

const MOST_LAYERS = 24;
const MOST_FIELD = 1024; // pixels a side of a field; a larger one takes long to draw
const MOST_LINES = 64; // between the units of a map; beyond, they would be all that one sees
const OWN_STACK = "your own";
const QUESTION = "Which layer is the first whose middle unit sees the whole image?";
const HINT =
  "One line for each map, from the image down. Point at a unit, or use the arrow keys: orange is " +
  "the unit, blue is what reaches it. A click pins it, another one lets go.";
const SMALLEST = 4; // pixels a side of the image
const LARGEST = 256;
const VEIL = 190; // its opacity over what does not reach the unit, of 255
const GREY = [150, 150, 150]; // where there is no photograph
const ON_MAP =
  "On the left the chosen map, each unit in the colour of the pixel in the middle of its field: " +
  "point at one. On the right the image, clear where it reaches the unit. A picture that you open or " +
  "show stays in your browser: nothing is sent anywhere.";
const LIMITS = [
  { name: "kernel", min: 1, max: 11 },
  { name: "stride", min: 1, max: 4 },
  { name: "padding", min: 0, max: 40 },
  { name: "dilation", min: 1, max: 4 },
];

/**
 * The element that shows `stacks`, each { name, pixels, layers, measured }, to choose from.
 *
 * What was measured is { layer, width, shape, bytes }: the effective width, and the sizes of the
 * gradients in base64, 255 the largest.
 * `share` says how much of their squares the effective field holds. The photograph, if there is
 * one, is { jpeg, square, shows, credit }.
 */
export function start({ stacks, share, photograph }, root) {
  const explorer = new Explorer(stacks, share, photograph, root);
  if (photograph) {
    root.ariaBusy = "true";
    pictureAt(addressOfJpeg(photograph.jpeg))
      .then((found) => explorer.bring(found))
      .finally(() => (root.ariaBusy = null));
  }
  return framed(root, explorer, QUESTION);
}

class Explorer {
  /** @type {{ node: Element, slider: HTMLElement, strip: any, reached: any, chosen: any }[]} */
  lines = [];
  /** How many units each map has. @type {number[]} */
  sizes = [];
  /** For each map, the paths from its columns to the unit's, and from its rows. */
  counts = /** @type {Float64Array[]} */ ([]);
  rowCounts = /** @type {Float64Array[]} */ ([]);
  level = 1;
  unit = 0; // its column
  row = 0;
  /** The photograph that came with the page. @type {import("./pictures.js").Found | null} */
  brought = null;
  /** A picture of the reader's in its place. @type {import("./pictures.js").Found | null} */
  shown = null;
  /** The colours of the image. @type {{ shape: number[], values: number[][] }} */
  image = { shape: [0, 0], values: [] };

  constructor(stacks, share, photograph, root) {
    this.photograph = photograph;
    this.stacks = stacks;
    this.share = share;
    const names = [...stacks.map((stack) => stack.name), OWN_STACK];
    this.picker = choice("Layers", names, (index) => this.pick(index));
    this.fields = Object.fromEntries(LIMITS.map((limits) => [limits.name, this.field(limits)]));
    this.size = integerField("pixels of the image, a side", {
      min: SMALLEST,
      max: LARGEST,
      value: SMALLEST,
      onChange: (pixels) => this.edit(this.layers, this.level, pixels),
    });
    this.adder = button("Add a layer", () => this.add());
    this.pooler = button("Add a pooling", () => this.addPooling());
    this.remover = button("Remove this layer", () => this.remove());
    this.maps = element("div", { className: "maps", role: "group", ariaLabel: "maps" });
    this.pointing = new Pointing(this.maps, (event) => this.point(event));
    this.status = element("p", { role: "status" });
    this.pictures = element("div", { className: "fieldviews" });
    this.map = new PointedPicture({
      onPoint: ([row, column]) => {
        this.look(this.level, column, row);
        return `${this.row}, ${this.unit}`;
      },
      onStep: ([down, right]) => this.look(this.level, this.unit + right, this.row + down),
    });
    this.mapCaption = element("figcaption");
    this.seen = element("canvas", { ariaHidden: "true" });
    this.veil = element("canvas", { ariaHidden: "true" });
    this.window = element("div", { className: "marker" });
    this.sight = element("div", { className: "sight", role: "img" }, this.seen, this.veil);
    this.sight.append(this.window);
    this.sightCaption = element("figcaption");
    this.own = new OwnPicture(root, {
      onFile: (found) => this.see(found),
      onLive: (found) => this.see(found),
    });
    this.back = button("Back to the first picture", () => this.see(null));
    this.own.node.append(this.back);
    this.credit = element("span");
    this.node = element("div", {}, ...this.parts());
    this.pick(0);
  }

  parts() {
    const nodes = [...Object.values(this.fields), this.size].map((field) => field.node);
    return [
      element("div", { className: "bar" }, this.picker.node),
      element("p", { className: "legend" }, HINT),
      this.maps,
      element("div", { className: "fields" }, ...nodes),
      element("div", { className: "bar" }, this.adder, this.pooler, this.remover),
      element(
        "div",
        { className: "places" },
        element("figure", {}, this.map.frame, this.mapCaption),
        element("figure", {}, this.sight, this.sightCaption),
      ),
      this.own.node,
      this.own.note,
      element("p", { className: "legend" }, ON_MAP, this.credit),
      this.status, // below what is pointed at, since it may take one line or three
      this.pictures,
    ];
  }

  state() {
    const { level, unit, row, layers } = this;
    const stack = this.picker.list.selectedIndex;
    const isOwn = stack === this.stacks.length;
    return { stack, level, unit, row, ...(isOwn && { layers, pixels: this.pixels }) };
  }

  /** A picture of the reader's own is kept nowhere, and no link carries it. */
  restore({ stack, level, unit, row, layers, pixels }) {
    this.own.leave();
    this.shown = null;
    this.pointing.pin(false);
    this.map.pointing.pin(false);
    this.picker.list.selectedIndex = stack;
    if (layers) this.edit(layers, level, pixels);
    else this.pick(stack);
    this.look(level, unit, row);
  }

  /** Put the photograph that came with the page under the layers. */
  bring(found) {
    this.brought = found;
    if (!this.shown) this.see(null);
  }

  /** Look at a picture of the reader's, or, with null, at the photograph again. */
  see(found) {
    if (!found) this.own.leave();
    this.shown = found;
    this.develop();
    this.look(this.level, this.unit, this.row);
  }

  /** The colours of the image, as many pixels a side as the layers read. */
  develop() {
    const { pixels, photograph } = this;
    const shape = [pixels, pixels];
    const data = this.picture()?.data;
    const values = range(0, pixels ** 2).map((at) =>
      data ? [...data.subarray(4 * at, 4 * at + 3)] : GREY
    );
    this.image = { shape, values };
    paint(this.seen, this.image, (colour) => colour);
    this.back.hidden = this.shown === null;
    const credit = !this.shown && photograph?.credit;
    this.credit.textContent = credit ? ` (Photograph: ${credit}.)` : "";
  }

  /** What is put under the layers, in as many pixels as they read. */
  picture() {
    const { pixels, brought, shown, photograph } = this;
    if (shown) return middleOf(shown, [pixels, pixels]);
    return brought && squareOf(brought, photograph.square, pixels);
  }

  /** What is to be seen there, in words. */
  shows() {
    if (this.shown) return "Your own picture. ";
    return this.brought ? `${this.photograph.shows}. ` : "";
  }

  field({ name, min, max }) {
    const onChange = (number) => this.change({ [name]: number });
    return integerField(`${name} of the layer`, { min, max, value: min, onChange });
  }

  /** Take a stack of the list; after the last come the reader's own layers, kept. */
  pick(index) {
    if (index === this.stacks.length) return;
    const { layers, pixels, measured } = this.stacks[index];
    this.pixels = pixels;
    this.measured = measured.map(decodedField);
    const names = layers.map((layer) => layer.name);
    this.rebuild(layers, names.indexOf(measured.at(-1)?.layer ?? names.at(-1)) + 1);
  }

  /** Change the layer that is looked at. What was measured no longer holds then. */
  change(changes) {
    const layer = changed(this.layer(), changes);
    this.edit(this.layers.with(this.level - 1, layer), this.level);
  }

  add() {
    this.insert("added", { pools: false, kernel: 3, stride: 1, padding: 1 });
  }

  addPooling() {
    this.insert("pooling", { pools: true, kernel: 2, stride: 2, padding: 0 });
  }

  insert(kind, sizes) {
    const taken = new Set(this.layers.map(({ name }) => name));
    const names = range(1, MOST_LAYERS + 1).map((n) => `${kind} ${n}`);
    const name = names.find((one) => !taken.has(one));
    const layer = { name, dilation: 1, rounding: "floor", ...sizes };
    this.edit(this.layers.toSpliced(this.level, 0, layer), this.level + 1);
  }

  remove() {
    this.edit(this.layers.toSpliced(this.level - 1, 1), Math.max(1, this.level - 1));
  }

  edit(layers, level, pixels = this.pixels) {
    const { size } = receptiveField(layers);
    const fault = mapSizes(layers, pixels).includes(0)
      ? "That leaves no unit in one of the maps"
      : size > MOST_FIELD
      ? `A unit would have a field of ${grouped(size)} pixels, more than ${grouped(MOST_FIELD)}`
      : null;
    if (fault) {
      this.showFields();
      this.status.textContent = `${fault}: it was not changed.`;
      return;
    }
    this.measured = [];
    this.picker.list.selectedIndex = this.stacks.length;
    this.pixels = pixels;
    this.rebuild(layers, level);
  }

  /** Draw these layers, and look at the middle of the map after one of them. */
  rebuild(layers, level) {
    this.layers = layers;
    this.sizes = mapSizes(layers, this.pixels);
    this.lines = this.sizes.map((_, index) => this.mapLine(index));
    this.maps.replaceChildren(...this.lines.map((line) => line.node));
    this.develop();
    this.adder.disabled = this.pooler.disabled = layers.length >= MOST_LAYERS;
    this.remover.disabled = layers.length === 1;
    const middle = Math.floor(this.sizes[level] / 2);
    this.look(level, middle, middle);
  }

  /** A map as a line of units, each as wide as the jump to the next. */
  mapLine(level) {
    const { jump } = this.fieldOf(level);
    const units = this.sizes[level];
    const edges = range(0, units + 1).map((unit) => this.edge(level, unit));
    const lines = edges.length <= MOST_LINES ? edges.map((edge) => `M${edge} 0V1`).join("") : "";
    const reached = svg("path", { class: "reached" });
    const chosen = svg("rect", { class: "unit", y: 0, width: jump, height: 1 });
    const size = { x: edges[0], y: 0, width: edges[units] - edges[0], height: 1 };
    const box = { viewBox: `0 0 ${this.pixels} 1`, preserveAspectRatio: "none" };
    const bounds = svg("path", { class: "units", d: lines });
    const map = svg("rect", { class: "map", ...size });
    const strip = svg("svg", box, map, reached, bounds, chosen);
    const slider = element("div", {}, strip);
    const node = element("div", { className: "map-line" }, this.title(level), slider);
    node.dataset.level = String(level);
    // No unit of the image is chosen: its line only shows what is read.
    if (level === 0) slider.ariaHidden = "true";
    else asSlider(slider, this.layers[level - 1].name, (step) => this.walk(step));
    return { node, slider, strip, reached, chosen };
  }

  title(level) {
    if (level === 0) return element("span", {}, "image", element("small", {}, `${this.pixels}`));
    const { name, kernel, stride, dilation } = this.layers[level - 1];
    const words = name.split(/(?<=[_/])/).flatMap((part) => [part, element("wbr")]);
    const parts = [
      `${kernel}×${kernel}`,
      ...(stride > 1 ? [`/${stride}`] : []),
      ...(dilation > 1 ? [`d${dilation}`] : []),
    ];
    const node = element("span", {}, element("span", {}, ...words));
    node.title = name;
    node.append(element("small", {}, parts.join(" ")));
    return node;
  }

  layer() {
    return this.layers[this.level - 1];
  }

  fieldOf(level) {
    return receptiveField(this.layers.slice(0, level));
  }

  /** Where a unit begins in the drawing, in pixels of the image. */
  edge(level, unit) {
    const { size, jump, start } = this.fieldOf(level);
    return start + size / 2 + (unit - 1 / 2) * jump;
  }

  point(event) {
    const line = event.target.closest("[data-level]");
    const level = Number(line?.dataset.level ?? 0);
    const { left, right, width } = this.lines[level].strip.getBoundingClientRect();
    // The names beside the lines are on the way to them, and choose nothing.
    const isOnLine = event.clientX >= left && event.clientX <= right;
    if (level > 0 && isOnLine) this.lookAt(level, ((event.clientX - left) / width) * this.pixels);
    return `${this.level}, ${this.unit}`;
  }

  /** A slider for each map, one stop of the Tab key: up and down lead to another map. */
  walk([down, right]) {
    if (right !== 0) this.look(this.level, this.unit + right, this.row);
    else this.lookAt(this.level + down, this.middle());
    this.lines[this.level].slider.focus();
  }

  /** Where the middle of the chosen unit is drawn. */
  middle(unit = this.unit) {
    return this.edge(this.level, unit) + this.fieldOf(this.level).jump / 2;
  }

  /** Look at the unit of a map that is drawn at a place, in pixels of the image. */
  lookAt(level, place) {
    const inside = clamp(level, 1, this.layers.length);
    const row = inside === this.level ? this.row : this.unitAt(inside, this.middle(this.row));
    this.look(inside, this.unitAt(inside, place), row);
  }

  unitAt(level, place) {
    const unit = Math.floor((place - this.edge(level, 0)) / this.fieldOf(level).jump);
    return clamp(unit, 0, this.sizes[level] - 1);
  }

  look(level, unit, row) {
    const last = this.sizes[level] - 1;
    const layers = this.layers.slice(0, level);
    this.level = level;
    this.unit = clamp(unit, 0, last);
    this.row = clamp(row, 0, last);
    this.counts = pathsTo(layers, this.pixels, this.unit);
    this.rowCounts = this.row === this.unit ? this.counts : pathsTo(layers, this.pixels, this.row);
    this.lines.forEach((line, index) => this.showLine(line, index));
    this.showFields();
    const views = this.views();
    this.status.textContent = this.description();
    this.pictures.replaceChildren(...views);
    this.showMap();
    this.showSight();
  }

  /** The map, in the colours of the photograph. */
  showMap() {
    const side = this.sizes[this.level];
    const { size, jump, start } = this.fieldOf(this.level);
    const middles = range(0, side).map((unit) =>
      clamp(Math.floor(start + unit * jump + size / 2), 0, this.pixels - 1)
    );
    const { values } = this.image;
    const colours = middles.flatMap((row) =>
      middles.map((column) => values[row * this.pixels + column])
    );
    paint(this.map.canvas, { shape: [side, side], values: colours }, (colour) => colour);
    const name = `a map of ${this.layer().name}, ${side}×${side} units`;
    this.mapCaption.textContent = name;
    this.map.frame.ariaLabel = `${name}; the arrow keys move from unit to unit`;
    this.map.sliders.show([this.row, this.unit], [side, side]);
    this.map.mark([this.row, this.unit]);
  }

  /** The photograph, veiled where no path leads to the unit, and the window of the unit. */
  showSight() {
    const { pixels } = this;
    const { size } = this.fieldOf(this.level);
    const [down, right] = [this.row, this.unit].map((unit) => this.startOf(unit));
    const values = range(0, pixels ** 2).map((at) => {
      const [row, column] = [Math.floor(at / pixels), at % pixels];
      return this.rowCounts[0][row] * this.counts[0][column];
    });
    const veil = (paths) => [0, 0, 0, paths > 0 ? 0 : VEIL];
    paint(this.veil, { shape: [pixels, pixels], values }, veil);
    frame(this.window, [down, right], [size, size], [pixels, pixels]);
    const along = (first) => `${signed(first)} to ${signed(first + size - 1)}`;
    const words = `${pixels}×${pixels} pixels: the unit in row ${this.row}, column ${this.unit} ` +
      `sees rows ${along(down)}, columns ${along(right)}`;
    this.sightCaption.textContent = words;
    this.sight.ariaLabel = `${this.shows()}${capitalised(words)}`;
  }

  /** The first pixel of the field of a unit. */
  startOf(unit) {
    const { jump, start } = this.fieldOf(this.level);
    return start + unit * jump;
  }

  showFields() {
    this.fields.padding.limit(0, mostPadding(this.layer()));
    this.fields.dilation.limit(1, this.layer().pools ? 1 : 4);
    this.size.show(this.pixels);
    for (const { name } of LIMITS) this.fields[name].show(this.layer()[name]);
  }

  showLine({ node, slider, reached, chosen }, index) {
    const isChosen = index === this.level;
    if (index > 0) this.showSlider(slider, index, isChosen);
    node.classList.toggle("chosen", isChosen);
    chosen.style.display = isChosen ? "" : "none";
    chosen.setAttribute("x", this.edge(index, this.unit));
    const isBefore = index < this.level;
    const units = isBefore ? range(0, this.sizes[index]) : [];
    const read = units.filter((unit) => this.counts[index][unit] > 0);
    const box = (unit) => `M${this.edge(index, unit)} 0V1H${this.edge(index, unit + 1)}V0Z`;
    reached.setAttribute("d", read.map(box).join(""));
  }

  /** In the chosen map the slider is at the unit, in the others where up and down would lead. */
  showSlider(slider, level, isChosen) {
    const [unit, units] = [this.unitAt(level, this.middle()), this.sizes[level]];
    setSlider(slider, unit, units, `unit ${unit} of ${units}`);
    slider.tabIndex = isChosen ? 0 : -1;
  }

  name() {
    return `unit ${this.unit} of ${this.sizes[this.level]} in a row of ${this.layer().name}`;
  }

  description() {
    const { size, jump, start } = this.fieldOf(this.level);
    const first = start + this.unit * jump;
    const last = first + size - 1;
    const read = this.counts[0].filter((count) => count > 0).length;
    const inImage = Math.min(last, this.pixels - 1) - Math.max(first, 0) + 1;
    const sentences = [
      `${capitalised(this.name())} has a field of ${size} pixels, ` +
      `from ${signed(first)} to ${signed(last)}`,
      `the field of its neighbour begins ${jump === 1 ? "1 pixel" : `${jump} pixels`} further`,
      ...(inImage < size ? [`of these pixels ${size - inImage} lie in the padding`] : []),
      ...(read < inImage
        ? [`it reads ${read} of the ${inImage} in the image and skips the rest`]
        : []),
    ];
    return `${sentences.map(capitalised).join(". ")}.`;
  }

  /** The field, with every pixel that reaches the unit; as expected; and as measured. */
  views() {
    const { size } = this.fieldOf(this.level);
    const [down, right] = [this.row, this.unit].map((unit) => this.startOf(unit));
    const field = { size, start: [down, right] };
    const paths = fieldOfPaths(
      { counts: this.rowCounts[0], size, start: down },
      { counts: this.counts[0], size, start: right },
    );
    const reached = { ...paths, values: paths.values.map((number) => (number > 0 ? 0.25 : 0)) };
    const views = [
      this.view("theoretical", "all pixels that reach the unit", reached, field, size),
      this.weighed("expected", "paths to the unit", paths, field, this.widthOf(paths)),
    ];
    const measured = this.measured.find(({ layer }) => layer === this.layer().name);
    const what = "gradients of a middle unit";
    if (measured) views.push(this.weighed("measured", what, measured, field, measured.width));
    return views;
  }

  widthOf(squares) {
    return effectiveWidth(squares, this.share);
  }

  /** A view of squared gradients, or of what they are proportional to. */
  weighed(kind, what, squares, field, width) {
    const area = Math.round((100 * width ** 2) / field.size ** 2);
    const words = `${what}; ${100 * this.share} % lie in ${width}×${width}, ${area} % of the area`;
    const sizes = { ...squares, values: squares.values.map(Math.sqrt) };
    return this.view(kind, words, sizes, field, width);
  }

  /** A picture of numbers from 0 to 1 on a field, and a dashed frame in its middle. */
  view(kind, words, numbers, { size, start }, width) {
    const margin = Math.max(1, Math.round(size / 12));
    const side = size + 2 * margin;
    const caption = `${kind}, ${size}×${size}: ${words}`;
    const canvas = element("canvas", { role: "img", ariaLabel: caption });
    const isInImage = (place) =>
      place.every((index, axis) => this.isInImage(start[axis] - margin + index));
    paint(canvas, withMargin(numbers, margin, isInImage), shade);
    const framed = (name, wide) => {
      const node = element("div", { className: `frame ${name}` });
      const [corner, long] = [(side - wide) / 2, wide].map((pixels) => `${(100 * pixels) / side}%`);
      Object.assign(node.style, { left: corner, top: corner, width: long, height: long });
      return node;
    };
    const frames = [framed("whole", size), ...(width < size ? [framed("most", width)] : [])];
    const stand = element("div", { className: "stand" }, canvas, ...frames);
    return element("figure", {}, stand, element("figcaption", {}, caption));
  }

  isInImage(pixel) {
    return pixel >= 0 && pixel < this.pixels;
  }
}

/** A measured field: squares of the gradients. */
function decodedField({ layer, width, shape, bytes }) {
  const sizes = Array.from(bytesOf(bytes), (size) => size / 255);
  return { layer, width, shape, values: sizes.map((size) => size ** 2) };
}

/** The grey of a number from 0 to 1; what is not in the image is transparent. */
function shade(number) {
  return number === null ? [0, 0, 0, 0] : grey(number);
}

/** Numbers with a margin of zeros around them; null for what is not in the image. */
function withMargin({ shape: [size], values }, margin, isInImage) {
  const side = size + 2 * margin;
  const isInField = (place) => place >= 0 && place < size;
  const at = (row, column) => isInField(row) && isInField(column) ? values[row * size + column] : 0;
  const framedValues = range(0, side).flatMap((row) =>
    range(0, side).map((column) =>
      isInImage([row, column]) ? at(row - margin, column - margin) : null
    )
  );
  return { shape: [side, side], values: framedValues };
}

function capitalised(text) {
  return text[0].toUpperCase() + text.slice(1);
}

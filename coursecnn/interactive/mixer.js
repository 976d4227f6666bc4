// The channel mixer: which channels each output reads, in full, grouped, depthwise and 1×1 layers.

import { range } from "./arithmetic.js";
import { Choosing, hue } from "./choosing.js";
import { framed } from "./frame.js";
import { costs, groupings, layersOf, readBy, waysToMix } from "./mixing.js";
import { grouped, percent } from "./numbers.js";
import { button, choice, element, grid, integerField, titled } from "./page.js";
import { svg } from "./svg.js";

const QUESTION =
  "Where does a depthwise convolution with a 1×1 after it do most of its work: where " +
  "it looks around, or where it mixes channels?";
const HINT =
  "Each channel has a colour, and an output has stripes of all that it reads. Point at " +
  "an output or at a channel; a click pins it, a second click, or Escape, lets go.";
const MOST_DRAWN = 8; // channels: more colours are no longer told apart

/**
 * @typedef {import("./mixing.js").Layer} Layer
 * @typedef {{ level: number, index: number }} Place a map: at level 0 lies the input
 */

/** The element that shows `setting` in the way `way`; `fields` are { name, label, min, max }. */
export function start({ setting, way, fields }, root) {
  return framed(root, new ChannelMixer(setting, way, fields), QUESTION);
}

class ChannelMixer {
  /** @type {Place} */
  place = { level: 1, index: 0 };
  /** @type {{ cell: HTMLElement, place: Place }[]} */
  cells = [];
  /** What lies between two columns of maps. @type {HTMLElement[]} */
  links = [];
  told = element("p", { className: "told-of", role: "status" });
  price = element("div", { className: "price prices" });
  drawing = element("div", { className: "drawing" });
  note = element("p", { className: "legend" });

  constructor(setting, way, limits) {
    this.setting = setting;
    this.way = way;
    this.ways = waysToMix().map((name) => button(name, () => this.change({}, name)));
    this.fields = Object.fromEntries(limits.map((limit) => [limit.name, this.field(limit)]));
    this.groups = choice("groups", ["1"], (index) => {
      this.change({ groups: groupings(this.setting)[index] });
    });
    const nodes = Object.values(this.fields).map(({ node }) => node);
    this.node = element(
      "div",
      { className: "mixer choosing" },
      element("div", { className: "bar" }, ...this.ways),
      element("div", { className: "fields" }, ...nodes, this.groups.node),
      this.told,
      element("div", { className: "mixed" }, this.drawing, this.price),
      this.note,
      element("p", { className: "legend" }, HINT),
    );
    this.choosing = new Choosing(this.node, {
      choose: (place) => this.choose(place),
      isChosen: (place) => this.isHere(place),
    });
    this.change({});
  }

  state() {
    const { setting, way, place } = this;
    return structuredClone({ setting, way, place, isPinned: this.choosing.isPinned });
  }

  restore({ setting, way, place, isPinned }) {
    this.place = place;
    this.change(setting, way);
    this.choosing.pin(isPinned);
  }

  field({ name, label, min, max }) {
    const onChange = (number) => this.change({ [name]: number });
    return integerField(label, { min, max, value: this.setting[name], onChange });
  }

  change(changes, way = this.way) {
    this.setting = { ...this.setting, ...changes };
    this.way = way;
    const { setting } = this;
    const possible = groupings(setting);
    if (!possible.includes(setting.groups)) setting.groups = possible.at(-1) ?? 1;
    const options = possible.map((number) => element("option", {}, String(number)));
    this.groups.list.replaceChildren(...options);
    this.groups.list.selectedIndex = possible.indexOf(setting.groups);
    // What a way does not have is not asked for.
    this.groups.node.hidden = way !== "grouped";
    this.fields.filters.node.hidden = way === "depthwise";
    this.fields.kernel.node.hidden = way === "1×1";
    for (const [name, { show }] of Object.entries(this.fields)) show(setting[name]);
    for (const one of this.ways) one.ariaPressed = String(one.textContent === way);
    this.draw();
  }

  /** @returns {Layer[]} */
  layers() {
    return layersOf(this.way, this.setting);
  }

  /** The layers as they are drawn: with as few channels as can be told apart. @returns {Layer[]} */
  drawn() {
    const { channels, filters, groups } = this.setting;
    const few = (number) => Math.min(number, MOST_DRAWN);
    const drawn = { ...this.setting, channels: few(channels), filters: few(filters) };
    if (this.way === "grouped" && (channels > MOST_DRAWN || filters > MOST_DRAWN)) {
      // Whole groups, or the beginning of the first one.
      const [width, outputs] = [channels / groups, filters / groups];
      const whole = Math.max(
        1,
        Math.min(groups, Math.floor(MOST_DRAWN / Math.max(width, outputs))),
      );
      Object.assign(drawn, {
        groups: whole,
        channels: whole * few(width),
        filters: whole * few(outputs),
      });
    }
    return layersOf(this.way, drawn);
  }

  draw() {
    const layers = this.drawn();
    const counts = [layers[0].channels, ...layers.map(({ filters }) => filters)];
    const last = counts.length - 1;
    this.place.level = Math.min(this.place.level, last);
    this.place.index = Math.min(this.place.index, counts[this.place.level] - 1);
    this.cells = [];
    const titles = ["input", ...layers.map(({ name }) => name)];
    this.links = layers.map(() => element("div", { className: "links" }));
    const columns = counts.map((count, level) => this.column(titles[level], level, count));
    const nodes = columns.flatMap((
      node,
      level,
    ) => (level < last ? [node, this.links[level]] : [node]));
    this.drawing.replaceChildren(...nodes);
    const { channels, filters } = this.setting;
    const all = this.layers();
    const isWhole = layers.every(
      (layer, index) =>
        layer.channels === all[index].channels && layer.filters === all[index].filters,
    );
    const some = `Drawn are ${counts[0]} of ${channels} channels and ${counts[last]} of ` +
      `${this.way === "depthwise" ? channels : filters} outputs; the numbers count all.`;
    this.note.textContent = isWhole ? "" : some;
    this.price.replaceChildren(priceTable(this.way, this.setting));
    this.show();
  }

  column(title, level, count) {
    const cells = range(0, count).map((index) => {
      const place = { level, index };
      const cell = this.choosing.choosable(element("button", { type: "button" }), place);
      this.cells.push({ cell, place });
      return [cell];
    });
    const onFocus = (index) => this.choose({ level, index });
    return titled(title, () => grid(title, cells, onFocus));
  }

  isHere({ level, index }) {
    return level === this.place.level && index === this.place.index;
  }

  choose(place) {
    this.place = place;
    this.show();
  }

  show() {
    const layers = this.drawn();
    const belongs = this.belonging(layers);
    for (const { cell, place } of this.cells) {
      const { level, index } = place;
      const isIn = belongs[level].has(index);
      const channels = this.inputsOf(layers, place);
      cell.replaceChildren(mapOf(channels, isIn ? this.reachAt(layers, level) : 0));
      cell.classList.toggle("apart", !isIn);
      cell.ariaPressed = String(this.isHere(place));
      const words = level === 0
        ? `channel ${index}`
        : `output ${index} of ${layers[level - 1].name}`;
      cell.ariaLabel = `${words}${isIn && !this.isHere(place) ? ", belongs to it" : ""}`;
    }
    layers.forEach((layer, step) => this.links[step].replaceChildren(lines(layer, step, belongs)));
    this.told.textContent = this.words();
  }

  /** The input channels that a map is made of. */
  inputsOf(layers, { level, index }) {
    if (level === 0) return [index];
    return readBy(layers[level - 1], index).flatMap((below) =>
      this.inputsOf(layers, { level: level - 1, index: below })
    );
  }

  /** For each level, the maps that the chosen one reads, or is read by. */
  belonging(layers) {
    const belongs = [...layers, null].map(() => new Set());
    const { level, index } = this.place;
    belongs[level].add(index);
    for (let below = level; below > 0; below--) {
      for (const one of belongs[below]) {
        for (const channel of readBy(layers[below - 1], one)) belongs[below - 1].add(channel);
      }
    }
    for (let above = level; above < layers.length; above++) {
      const outputs = range(0, layers[above].filters);
      const reads = (output) =>
        readBy(layers[above], output).some((channel) => belongs[above].has(channel));
      for (const output of outputs.filter(reads)) belongs[above + 1].add(output);
    }
    return belongs;
  }

  /** How many pixels a side of a map have to do with one pixel of what is chosen. */
  reachAt(layers, level) {
    const between = level < this.place.level
      ? layers.slice(level, this.place.level)
      : layers.slice(this.place.level, level);
    return between.reduce((reach, { kernel }) => reach + kernel - 1, 1);
  }

  words() {
    const layers = this.layers();
    const { level, index } = this.place;
    if (level === 0) {
      const { filters, groups, name } = layers[0];
      const [outputs, own] = [filters / groups, filters === groups];
      const all = outputs === 1 ? "one output" : `${grouped(outputs)} outputs`;
      return `Channel ${index}: ${all} of the ${name} layer read${outputs === 1 ? "s" : ""} it${
        own ? ", its own" : ""
      }.`;
    }
    const { kernel, channels, groups, name } = layers[level - 1];
    const width = channels / groups;
    const maps = width === 1 ? "one channel" : `${grouped(width)} channels`;
    const pixels = kernel === 1 ? "1 pixel" : `${kernel}·${kernel} pixels`;
    return `A number of output ${index} of the ${name} layer reads ${pixels} in ${maps}: ` +
      `${grouped(kernel * kernel * width)} numbers, one weight each.${this.through(layers[0])}`;
  }

  /** What the second of two layers sees of the input, through the first. @param {Layer} first */
  through({ kernel, channels }) {
    if (this.place.level < 2) return "";
    return ` Through them it sees ${kernel}·${kernel} pixels of all ${
      grouped(channels)
    } channels ` +
      "of the input.";
  }
}

/** A map in the colours of the channels that it is made of, and the pixels that take part. */
function mapOf(channels, reach) {
  const side = Math.max(5, reach);
  const width = side / channels.length;
  const stripes = channels.map((channel, position) => {
    const stripe = svg("rect", { class: "stripe", x: position * width, width, height: side });
    stripe.style.setProperty("--hue", String(hue(channel)));
    return stripe;
  });
  const from = (side - reach) / 2;
  const box = { class: "reach", x: from, y: from, width: reach, height: reach };
  const inside = reach > 0 ? [svg("rect", box)] : [];
  const pixels = range(1, reach).flatMap((step) => [
    svg("path", { class: "pixels", d: `M${from + step} ${from}v${reach}` }),
    svg("path", { class: "pixels", d: `M${from} ${from + step}h${reach}` }),
  ]);
  const attributes = { viewBox: `0 0 ${side} ${side}`, ariaHidden: "true" };
  return svg("svg", attributes, ...stripes, ...inside, ...pixels);
}

/** From each output a line to each channel that it reads; those of what is chosen stand out. */
function lines(layer, step, belongs) {
  const { channels, filters } = layer;
  const paths = range(0, filters).flatMap((output) =>
    readBy(layer, output).map((channel) => {
      const [left, right] = [(channel + 0.5) / channels, (output + 0.5) / filters];
      const isIn = belongs[step].has(channel) && belongs[step + 1].has(output);
      const line = svg("path", { class: isIn ? "link in" : "link", d: `M0 ${left}L1 ${right}` });
      line.style.setProperty("--hue", String(hue(channel)));
      return { line, isIn };
    })
  );
  const ordered = [...paths].sort((one, other) => Number(one.isIn) - Number(other.isIn));
  const attributes = { viewBox: "0 0 1 1", preserveAspectRatio: "none", ariaHidden: "true" };
  return svg("svg", attributes, ...ordered.map(({ line }) => line));
}

/** What the layers cost, each and together, beside a full convolution. */
function priceTable(way, setting) {
  const layers = layersOf(way, setting);
  // Where each output has its own channel, so has a full layer as many outputs as channels.
  const filters = layers.at(-1)?.filters ?? setting.filters;
  const full = costs(layersOf("full", { ...setting, filters }), setting.size);
  /** @type {[string, Layer[]][]} */
  const parts = layers.map((layer) => [layer.name, [layer]]);
  if (layers.length > 1) parts.push(["together", layers]);
  const lines = parts.map(([name, some]) => priceRow(name, costs(some, setting.size), full));
  if (way !== "full") lines.push(priceRow("full, for comparison", full, full));
  const head = ["layer", "weights", "MACs"].map((text) => element("th", { scope: "col" }, text));
  const caption = element("caption", {}, "What it costs, without biases");
  return element(
    "table",
    {},
    caption,
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...lines),
  );
}

function priceRow(name, { weights, macs }, full) {
  const bar = element("div", { className: "share", ariaHidden: "true" });
  bar.style.width = `${(100 * weights) / Math.max(full.weights, weights)}%`;
  const share = element("small", {}, `${percent(weights / full.weights)} of full`);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, name),
    element("td", {}, grouped(weights), share, bar),
    element("td", {}, grouped(macs)),
  );
}

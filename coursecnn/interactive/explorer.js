// The architecture explorer: networks drawn from their layer tables, two of them side by side.

import { range } from "./arithmetic.js";
import {
  decoded,
  depthOf,
  inFamilies,
  isDrawing,
  named,
  ownNetwork,
  sideOf,
  unrolled,
  writtenShape,
} from "./networks.js";
import { framed } from "./frame.js";
import { clamp, grouped, rounded } from "./numbers.js";
import { arrowStep, choice, element, Pointing, tickBox } from "./page.js";
import { asSlider, setSlider } from "./slider.js";
import { svg } from "./svg.js";

const COLUMNS = { values: "values in memory", params: "parameters", macs: "MACs" };
const YEAR = "year of publication";
const KINDS = {
  convolution: "convolution",
  dense: "dense",
  pooling: "pooling",
  join: "addition or concatenation",
  other: "others: normalisation, activation, ...",
};
const NARROW = 0.35; // width of a layer that has no kernel, no window and joins nothing
const WIDE = 1000; // of every drawing, in its own units
const BYTES = 4; // of a value, in float32
const QUESTION = "Which network has the most accuracy for its cost, and which one pays too much?";
const HINT =
  "A layer is as high above the line as its maps have rows, and as deep below it as there are " +
  "maps or units; both as square roots. What is repeated is drawn once, with how often. Point at " +
  "a layer or a part of a bar, and click to pin it; by keyboard, the arrow keys go from layer to " +
  "layer.";

/** The element that shows networks, as explorer.py writes them down. */
export function start(data, root) {
  return framed(root, new Explorer(decoded(data), data.types), QUESTION);
}

class Explorer {
  constructor(networks, types) {
    this.types = types;
    this.families = inFamilies(networks);
    this.networks = this.families.flatMap(([, all]) => all);
    this.panels = ["A", "B"].map((name) => new Panel(name, this.families, () => this.show()));
    this.told = element("span", { role: "status" });
    this.scale = tickBox("bars of A and B on one scale", () => this.show());
    this.scale.box.checked = true;
    const published = networks.filter(({ accuracy }) => accuracy);
    const pick = (network, panel) => this.panels[panel].load(network);
    this.chart = published.length > 1 ? new Chart(published, pick) : null;
    const panels = element(
      "div",
      { className: "networks" },
      ...this.panels.map(({ node }) => node),
    );
    const bar = element("div", { className: "bar" }, this.scale.node, this.opener(), this.told);
    const charts = this.chart ? [this.chart.node] : [];
    const hint = element("p", { className: "legend" }, HINT);
    this.node = element("div", {}, ...charts, hint, kindLegend(), bar, panels);
    this.first = networks.slice(0, this.panels.length);
    this.panels.forEach((panel, index) => panel.load(this.first[index]));
  }

  /** A field that opens a network of the reader's, shown as B. */
  opener() {
    const box = element("input", { type: "file", accept: ".json,.svg" });
    box.onchange = async () => {
      const [file] = box.files ?? [];
      if (file) this.open(file.name, await file.text());
    };
    const [drawing, table] = ["coursecnn draw NETWORK", "coursecnn count NETWORK --format json"]
      .map((command) => element("code", {}, command));
    const parts = ["Your own network: a file that ", drawing, " or ", table, " wrote"];
    const words = element("span", {}, ...parts);
    return element("label", { className: "field own" }, words, box);
  }

  open(name, text) {
    try {
      const network = ownNetwork(text, this.types);
      this.told.textContent = `${network.name} is shown as B.`;
      for (const panel of this.panels) panel.add(network);
      this.panels[1].load(network);
    } catch {
      this.told.textContent = isDrawing(text)
        ? `${name} is a drawing in which no network is counted: let coursecnn draw write it anew.`
        : `${name} is not such a file.`;
    }
  }

  state() {
    return {
      shown: this.panels.map(({ network, index }) => [network.name, index]),
      scale: this.scale.box.checked,
      chart: this.chart && [this.chart.over, this.chart.target].map((c) => c.list.selectedIndex),
    };
  }

  restore({ shown, scale, chart }) {
    this.scale.box.checked = scale;
    if (this.chart && chart) {
      this.chart.over.list.selectedIndex = chart[0];
      this.chart.target.list.selectedIndex = chart[1];
      this.chart.place();
      this.chart.tell(null);
    }
    this.panels.forEach((panel, index) => {
      const [name, layer] = shown[index];
      panel.unpin();
      panel.load(this.networks.find((network) => network.name === name) ?? this.first[index]);
      panel.look(layer);
    });
  }

  /** Give the bars their lengths, and mark the networks in the chart. */
  show() {
    const shown = this.panels.map(({ network }) => network).filter(Boolean);
    if (shown.length < this.panels.length) return;
    for (const panel of this.panels) {
      const compared = this.scale.box.checked ? shown : [panel.network];
      panel.stretch((column) => Math.max(...compared.map(({ totals }) => totals[column])));
    }
    this.chart?.mark(shown[0], shown[1]);
  }
}

function kindLegend() {
  const entries = Object.entries(KINDS).map(([kind, words]) => {
    const swatch = element("span", { className: `swatch ${kind}`, ariaHidden: "true" });
    return element("span", {}, swatch, words);
  });
  return element("p", { className: "legend kinds" }, ...entries);
}

/** One network: its drawing, its bars, its table. */
class Panel {
  /** Where each layer begins in the drawing, and where the last one ends. @type {number[]} */
  places = [];
  index = 0;

  constructor(title, families, onChange) {
    this.networks = families.flatMap(([, all]) => all);
    this.onChange = onChange;
    this.picker = choice(title, [], () => this.load(this.networks[this.picker.list.selectedIndex]));
    const option = ({ name }) => element("option", {}, name);
    const parts = families.map(([label, all]) =>
      label ? [element("optgroup", { label }, ...all.map(option))] : all.map(option)
    );
    this.picker.list.append(...parts.flat());
    this.summary = element("p");
    this.drawing = asSlider(
      element("div", { className: "skyline" }),
      "layers",
      (step) => this.look(this.index + step[0] + step[1]),
    );
    this.frame = element("div", { className: "chosen", ariaHidden: "true" });
    this.bars = Object.keys(COLUMNS).map((column) => new Bar(column, (row) => this.look(row)));
    this.details = element("p", { className: "details", role: "status" });
    this.table = element("div", { className: "layers", tabIndex: 0, role: "region" });
    this.folded = element(
      "details",
      {},
      element("summary", {}, "all layers as a table"),
      this.table,
    );
    this.folded.ontoggle = () => this.tabulate();
    this.pointing = new Pointing(this.drawing, (event) => this.point(event));
    const bars = this.bars.map(({ node }) => node);
    const shown = [
      this.picker.node,
      this.summary,
      this.drawing,
      this.details,
      ...bars,
      this.folded,
    ];
    this.node = element("div", {}, ...shown);
  }

  /** Offer one more network. */
  add(network) {
    this.networks = [...this.networks, network];
    this.picker.list.append(element("option", {}, `${network.name}, your own`));
  }

  unpin() {
    for (const { pointing } of [this, ...this.bars]) pointing.pin(false);
  }

  /** Show another network. */
  load(network) {
    this.network = network;
    this.picker.list.selectedIndex = this.networks.indexOf(network);
    this.rows = network.steps.flatMap(({ rows }) => rows);
    const { layers, params, macs, values } = network.totals;
    this.summary.textContent =
      `${counted(layers, "layer")}: ${grouped(params)} parameters, ${grouped(macs)} MACs, ` +
      `${grouped(values)} values (${memory(values)}).${published(network)}`;
    this.drawSkyline();
    for (const bar of this.bars) bar.draw(this.rows, network.totals);
    const heaviest = Math.max(...this.rows.map((row) => row.params * row.times));
    this.look(this.rows.findIndex((row) => row.params * row.times === heaviest));
    this.tabulate();
    this.onChange();
  }

  drawSkyline() {
    const widths = this.rows.map(({ kind }) => (kind === "other" ? NARROW : 1));
    this.places = placesOf(widths);
    const highest = Math.max(...this.rows.map(sideOf));
    const deepest = Math.max(...this.rows.map(depthOf));
    const tops = this.rows.map((row) => 100 * Math.sqrt(sideOf(row) / highest));
    const depths = this.rows.map((row) => 60 * Math.sqrt(depthOf(row) / deepest));
    this.spans = tops.map((top, index) => ({ y: 100 - top, height: top + depths[index] }));
    const picture = strip(this.rows, this.places, 160, this.spans);
    picture.append(svg("path", { class: "line", d: `M0 100H${WIDE}` }));
    const boxes = element("div", { className: "boxes" }, picture, this.frame);
    this.drawing.replaceChildren(boxes, this.repetitions());
  }

  /** Under the drawing, how often each part of it is repeated. */
  repetitions() {
    const node = element("div", { className: "repetitions", ariaHidden: "true" });
    let first = 0;
    for (const { times, rows } of this.network.steps) {
      if (times > 1) node.append(this.repetition(times, first, first + rows.length));
      first += rows.length;
    }
    return node;
  }

  repetition(times, first, next) {
    const mark = element("span", {}, `×${times}`);
    const [left, right] = [this.places[first], this.places[next]];
    Object.assign(mark.style, percentages(left, right - left, this.places.at(-1)));
    return mark;
  }

  /** Give the bars their lengths; `largest` tells what a full one stands for. */
  stretch(largest) {
    for (const bar of this.bars) bar.stretch(largest(bar.column));
  }

  /** Say everything about a layer, and mark it. */
  look(index) {
    this.index = clamp(index, 0, this.rows.length - 1);
    const row = this.rows[this.index];
    const { y, height } = this.spans[this.index];
    const [left, right] = [this.places[this.index], this.places[this.index + 1]];
    Object.assign(this.frame.style, percentages(left, right - left, this.places.at(-1)), {
      top: `${y / 1.6}%`,
      height: `${height / 1.6}%`,
    });
    for (const bar of this.bars) bar.mark(this.index);
    this.details.textContent = described(row, this.network.totals);
    this.drawing.ariaLabel = `layers of ${this.network.name}`;
    setSlider(this.drawing, this.index, this.rows.length, named(row.pattern));
  }

  point({ clientX }) {
    const { left, width } = this.drawing.getBoundingClientRect();
    this.look(placeUnder(this.places, (clientX - left) / width));
    return this.index;
  }

  /** Fill the table, once it is asked for. */
  tabulate() {
    this.table.ariaLabel = `layers of ${this.network.name}`;
    if (!this.folded.open) return;
    const head = ["layer", "type", "output", ...Object.values(COLUMNS)];
    const cells = (row) => [
      row.name,
      row.type,
      writtenShape(row.shape),
      ...Object.keys(COLUMNS).map((column) => grouped(row[column])),
    ];
    const line = (name, texts) =>
      element("tr", {}, ...texts.map((text) => element(name, {}, text)));
    const lines = unrolled(this.network).map((row) => line("td", cells(row)));
    const caption = element("thead", {}, line("th", head));
    const table = element("table", { className: "facts" }, caption, element("tbody", {}, ...lines));
    this.table.replaceChildren(table);
  }
}

/** Where one column of a network sits: a bar of all its layers in their order. */
class Bar {
  /** Where each layer begins on the bar, and where the last one ends. @type {number[]} */
  places = [];

  constructor(column, onPoint) {
    this.column = column;
    this.title = element("p", { className: "title" });
    this.frame = element("div", { className: "chosen", ariaHidden: "true" });
    this.track = element("div", { className: "stack" });
    this.node = element("div", {}, this.title, this.track);
    this.pointing = new Pointing(this.track, ({ clientX }) => {
      const { left, width } = this.track.getBoundingClientRect();
      const place = placeUnder(this.places, (clientX - left) / width);
      onPoint(place);
      return place;
    });
  }

  draw(rows, totals) {
    this.total = totals[this.column];
    this.title.textContent = `${COLUMNS[this.column]}: ${grouped(this.total)}`;
    this.places = placesOf(rows.map((row) => row.times * row[this.column]));
    const picture = strip(rows, this.places, 1, rows.map(() => ({ y: 0, height: 1 })));
    this.track.replaceChildren(picture, this.frame);
  }

  stretch(largest) {
    this.track.style.width = `${(100 * this.total) / largest}%`;
  }

  mark(index) {
    const [left, right] = [this.places[index], this.places[index + 1]];
    Object.assign(this.frame.style, percentages(left, right - left, this.total));
    this.frame.hidden = left === right;
  }
}

/** Accuracy over cost: a disc for each network for which an accuracy was published. */
class Chart {
  constructor(networks, onPick) {
    this.networks = networks;
    const hasYears = networks.filter(({ origin }) => origin?.[1]).length > 1;
    const axes = [...Object.values(COLUMNS), ...(hasYears ? [YEAR] : [])];
    this.over = choice("Accuracy over", axes, () => this.place());
    this.over.list.selectedIndex = Object.keys(COLUMNS).indexOf("macs");
    this.target = choice("A click shows a network as", ["A", "B"], () => {});
    // The largest first, so that no disc hides a smaller one.
    const bySize = networks.toSorted((one, other) => other.totals.params - one.totals.params);
    this.discs = bySize.map((network) => this.disc(network, onPick));
    this.ticks = element("div", { ariaHidden: "true" });
    this.readout = element("p", { className: "readout", role: "status" });
    const discs = this.discs.map(({ node }) => node);
    this.front = svg("svg", { class: "front", preserveAspectRatio: "none", ariaHidden: "true" });
    this.names = element("div", { ariaHidden: "true" });
    const parts = [this.ticks, this.front, ...discs, this.names];
    this.field = element("div", { className: "chart", role: "group" }, ...parts);
    this.field.ariaLabel = "networks by accuracy and cost";
    const bar = element("div", { className: "bar" }, this.over.node, this.target.node);
    const words =
      "Top-1 accuracy on ImageNet in percent; a disc's area is the number of parameters. A ring: " +
      "not measured by one crop. The line joins those that nothing cheaper, or earlier, beats.";
    const legend = element("p", { className: "legend" }, words);
    this.node = element("div", {}, bar, legend, this.field, this.readout);
    this.tell(null);
    this.place();
  }

  disc(network, onPick) {
    const node = element("button", { type: "button", className: "disc" });
    const largest = Math.max(...this.networks.map(({ totals }) => totals.params));
    const [percent, protocol] = network.accuracy;
    node.style.setProperty("--share", String(Math.sqrt(network.totals.params / largest)));
    node.classList.toggle("ring", protocol !== "one crop");
    node.ariaLabel = `${network.name}: ${percent} %, ${protocol}`;
    node.onclick = () => onPick(network, this.target.list.selectedIndex);
    node.onpointerenter = node.onfocus = () => this.tell(network);
    node.onkeydown = (event) => this.key(event, network);
    return { network, node };
  }

  tell(network) {
    if (network === null) {
      this.readout.textContent = "Point at a disc to see which network it is.";
      return;
    }
    const { name, accuracy: [percent, protocol], totals } = network;
    this.readout.textContent =
      `${name}: ${percent} % (${protocol}), ${grouped(totals.params)} parameters, ` +
      `${grouped(totals.macs)} MACs, ${grouped(totals.values)} values.${published(network)}`;
  }

  /** The arrow keys go from disc to disc, in the order of cost. */
  key(event, network) {
    const step = arrowStep(event);
    if (!step) return;
    const inOrder = this.placed().toSorted((one, other) => this.cost(one) - this.cost(other));
    const index = inOrder.findIndex((disc) => disc.network === network);
    inOrder[clamp(index + step[0] + step[1], 0, inOrder.length - 1)].node.focus();
  }

  cost({ network }) {
    const column = Object.keys(COLUMNS)[this.over.list.selectedIndex];
    return column ? network.totals[column] : network.origin[1];
  }

  /** The discs that have a place: in the course of years, those of a year. */
  placed() {
    return this.discs.filter(({ network }) => !this.isByYear() || network.origin?.[1]);
  }

  /** Costs are drawn by their orders of magnitude, years as they are. */
  along(disc) {
    return this.isByYear() ? this.cost(disc) : Math.log10(this.cost(disc));
  }

  isByYear() {
    return this.over.list.selectedIndex === Object.keys(COLUMNS).length;
  }

  /** Put the discs where their accuracy and their cost are. */
  place() {
    const placed = this.placed();
    const costs = placed.map((disc) => this.along(disc));
    const margin = this.isByYear() ? 0.7 : 0.15;
    const across = scale(Math.min(...costs) - margin, Math.max(...costs) + margin);
    const percents = this.networks.map(({ accuracy }) => accuracy[0]);
    const up = scale(Math.min(...percents) - 2, Math.max(...percents) + 2);
    for (const disc of this.discs) disc.node.hidden = !placed.includes(disc);
    if (!placed.some(({ node }) => node.tabIndex === 0)) this.enter(this.discs.indexOf(placed[0]));
    placed.forEach(({ node, network }, index) => {
      node.style.left = `${100 * across.of(costs[index])}%`;
      node.style.bottom = `${100 * up.of(network.accuracy[0])}%`;
    });
    this.drawFront(across, up);
    const beside = range(0, 21).map((five) => 5 * five).filter(up.has);
    this.ticks.replaceChildren(
      ...this.below(across),
      ...beside.map((percent) => tick(`${percent} %`, "bottom", up.of(percent))),
    );
  }

  /** The words under the chart. */
  below(across) {
    if (this.isByYear()) {
      const years = range(1980, 2100).filter((year) => year % 2 === 0 && across.has(year));
      return years.map((year) => tick(String(year), "left", across.of(year)));
    }
    const powers = [1, 2, 5].flatMap((digit) => range(4, 13).map((power) => digit * 10 ** power));
    const costs = powers.filter((cost) => across.has(Math.log10(cost)));
    return costs.map((cost) => tick(short(cost), "left", across.of(Math.log10(cost))));
  }

  /** Join the networks that none beats at their cost or less, and name them. */
  drawFront(across, up) {
    let best = -Infinity;
    const front = this.placed().toSorted((one, other) =>
      this.cost(one) - this.cost(other) || other.network.accuracy[0] - one.network.accuracy[0]
    ).filter(({ network }) => network.accuracy[0] > best && (best = network.accuracy[0]));
    const places = front.map((disc) => [
      across.of(this.along(disc)),
      up.of(disc.network.accuracy[0]),
    ]);
    const points = places.map(([x, y]) => `${100 * x},${100 * (1 - y)}`).join(" ");
    this.front.setAttribute("viewBox", "0 0 100 100");
    this.front.replaceChildren(svg("polyline", { points }));
    // From the dearest on, those names that leave each other room.
    const shown = [];
    const named = front.map((disc, index) => ({ disc, at: places[index] })).reverse();
    const texts = named.filter(({ at: [x, y] }) => {
      const isFree = shown.every(([a, b]) => Math.abs(x - a) > 0.16 || Math.abs(y - b) > 0.06);
      if (isFree) shown.push([x, y]);
      return isFree;
    });
    const names = texts.map(({ disc, at: [x, y] }) => {
      const name = element("span", { className: "name" }, disc.network.name);
      Object.assign(name.style, { left: `${100 * x}%`, bottom: `${100 * y}%` });
      return name;
    });
    this.names.replaceChildren(...names);
  }

  /** The one disc that the Tab key stops at. */
  enter(index) {
    this.discs.forEach(({ node }, other) => (node.tabIndex = other === index ? 0 : -1));
  }

  /** Name the two networks that are looked at. */
  mark(first, second) {
    this.discs.forEach(({ node, network }) => {
      const letters = [network === first && "A", network === second && "B"].filter(Boolean);
      node.replaceChildren(element("span", {}, letters.join("")));
      node.ariaPressed = String(letters.length > 0);
    });
    const placed = this.placed();
    const disc = placed.find(({ network }) => network === first) ?? placed[0];
    this.enter(this.discs.indexOf(disc));
  }
}

function scale(low, high) {
  const has = (value) => value >= low && value <= high;
  return { of: (value) => (value - low) / (high - low), has };
}

function tick(text, side, share) {
  const node = element("span", { className: `tick-${side}` }, text);
  node.style[side] = `${100 * share}%`;
  return node;
}

/** Where each of several lengths begins, laid end to end, and where the last one ends. */
function placesOf(lengths) {
  let end = 0;
  return [0, ...lengths.map((length) => (end += length))];
}

/** The last place that begins at or before a share of the whole, of those with some length. */
function placeUnder(places, share) {
  const at = clamp(share, 0, 1 - 1e-9) * places.at(-1);
  return places.findIndex((place, index) => place <= at && at < places[index + 1]);
}

/** All rows in one picture that fills its place; one path for each kind is drawn at once. */
function strip(rows, places, height, spans) {
  // Drawings compute in few digits: billions of MACs would not come out.
  const lefts = places.map((place) => (WIDE * place) / (places.at(-1) || 1));
  const viewBox = `0 0 ${WIDE} ${height}`;
  const paths = Object.keys(KINDS).map((kind) => {
    const boxes = rows.map((row, index) => {
      const width = lefts[index + 1] - lefts[index];
      if (row.kind !== kind || width === 0) return "";
      const { y, height: tall } = spans[index];
      return `M${lefts[index]} ${y}h${width}v${tall}h${-width}z`;
    });
    return svg("path", { class: kind, d: boxes.join("") });
  });
  return svg("svg", { viewBox, preserveAspectRatio: "none", ariaHidden: "true" }, ...paths);
}

/** Where a part of a whole is, as a style; one that is too thin to be seen stays inside. */
function percentages(left, width, whole) {
  return {
    left: `min(${(100 * left) / whole}%, 100% - 5px)`,
    width: `${(100 * width) / whole}%`,
  };
}

function described(row, totals) {
  const { times, type, shape, values, params, macs } = row;
  const often = times > 1 ? `, ${times} times` : "";
  const share = (column) => `${rounded((100 * times * row[column]) / (totals[column] || 1))} %`;
  const all = times > 1 ? "together" : "that is";
  return (
    `${named(row.pattern)} (${type})${often}: output ${writtenShape(shape)}, ` +
    `${grouped(values)} values (${memory(values)}), ${grouped(params)} parameters, ` +
    `${grouped(macs)} MACs; ${all} ${share("values")} of the values, ${share("params")} of the ` +
    `parameters, ${share("macs")} of the MACs.`
  );
}

/** Where a network comes from, as far as it is known. */
function published({ origin }) {
  if (!origin) return "";
  const [family, year] = origin;
  return year ? ` Family ${family}, ${year}.` : ` Family ${family}.`;
}

function counted(number, word) {
  return `${grouped(number)} ${word}${number === 1 ? "" : "s"}`;
}

/** The bytes of values. */
function memory(values) {
  return `${short(BYTES * values)}B`;
}

/** A number in three digits, with k, M or G for a thousand, a million, a billion. */
function short(number) {
  const power = [9, 6, 3, 0].find((power) => number >= 10 ** power) ?? 0;
  const unit = { 9: " G", 6: " M", 3: " k", 0: " " }[power];
  return `${Number((number / 10 ** power).toPrecision(3))}${unit}`;
}

// The Inception cost calculator: a module with its bottlenecks, and its naive twin, priced.

import { range, sum } from "./arithmetic.js";
import { framed } from "./frame.js";
import { weights } from "./mixing.js";
import { grouped, percent } from "./numbers.js";
import { choice, element, integerField } from "./page.js";
import { svg } from "./svg.js";

const OWN = "your own";
const QUESTION = "When does a bottleneck no longer pay?";
const HINT =
  "0 filters switch a branch off; a bottleneck of 0 is none: all maps are read. In the " +
  "drawings, the width of a branch is its number of MACs: above that of its 1×1 reduction, below " +
  "that of its convolution.";
const [WIDTH, HEIGHT] = [360, 172]; // of a drawing, in units that are pixels on a phone
const RIBBONS = 150; // the width of all branches together in the more expensive module
const LANE = 50; // at least, for the words under a branch
const THIN = 1.5; // a branch, where it multiplies nothing
// The convolutions of each branch: its reduction, if it has one, and what follows.
const BRANCHES = [
  ["", "1×1"],
  ["1×1 before 3×3", "3×3"],
  ["1×1 before 5×5", "5×5"],
  ["", "1×1 after pooling"],
];

/**
 * The element that shows `modules`, each { name, setting }, to choose from and to change.
 *
 * `fields` are the numbers of a setting, each { name, label, min, max }.
 */
export function start({ fields, modules }, root) {
  return framed(root, new InceptionCalculator(fields, modules), QUESTION);
}

class InceptionCalculator {
  constructor(limits, modules) {
    this.modules = modules;
    const names = [...modules.map((module) => module.name), OWN];
    this.picker = choice("Module", names, (index) => this.pick(index));
    this.fields = Object.fromEntries(limits.map((limit) => [limit.name, this.field(limit)]));
    this.answer = element("p", { role: "status" });
    this.sides = element("div", { className: "costs prices" });
    const nodes = Object.values(this.fields).map((field) => field.node);
    this.node = element(
      "div",
      {},
      element("div", { className: "bar" }, this.picker.node),
      this.answer,
      element("div", { className: "fields" }, ...nodes),
      element("p", { className: "legend" }, HINT),
      this.sides,
    );
    this.pick(0);
  }

  state() {
    return { module: this.picker.list.selectedIndex, setting: { ...this.setting } };
  }

  restore({ module, setting }) {
    this.picker.list.selectedIndex = module;
    this.take(setting);
  }

  field({ name, label, min, max }) {
    const onChange = (number) => this.change({ [name]: number });
    return integerField(label, { min, max, value: min, onChange });
  }

  /** Take a module of the list; after the last come the reader's own numbers, kept. */
  pick(index) {
    if (index === this.modules.length) return;
    this.take(this.modules[index].setting);
  }

  take(setting) {
    this.setting = { ...setting };
    for (const [name, number] of Object.entries(this.setting)) this.fields[name].show(number);
    this.show();
  }

  change(changes) {
    Object.assign(this.setting, changes);
    this.picker.list.selectedIndex = this.modules.length;
    this.show();
  }

  show() {
    const [naive, reduced] = [naiveModule(this.setting), reducedModule(this.setting)];
    const largest = Math.max(total(naive, macs), total(reduced, macs));
    const sides = { naive, "with bottlenecks": reduced };
    const drawn = [flow, table].flatMap((draw) =>
      Object.entries(sides).map(([title, module]) => draw(title, module, largest))
    );
    this.sides.replaceChildren(...drawn);
    this.answer.textContent = comparison(naive, reduced);
  }
}

/** A convolution of a module that keeps rows and columns. */
function convolution(branch, size, kernel, channels, filters) {
  return { branch, size, kernel, channels, filters, groups: 1 };
}

function macs(layer) {
  return layer.size ** 2 * weights(layer);
}

function parameters(layer) {
  return weights(layer) + layer.filters;
}

/** The convolutions of the naive module, by branch, and the depth that its pooling hands on. */
function naiveModule(setting) {
  return reducedModule({ ...setting, reduce3: 0, reduce5: 0, projection: 0 });
}

/** Branches without filters are left out, and so are bottlenecks of 0. */
function reducedModule({ size, channels, one, reduce3, three, reduce5, five, projection }) {
  const layers = [
    convolution("1×1", size, 1, channels, one),
    convolution("1×1 before 3×3", size, 1, channels, three && reduce3),
    convolution("3×3", size, 3, reduce3 || channels, three),
    convolution("1×1 before 5×5", size, 1, channels, five && reduce5),
    convolution("5×5", size, 5, reduce5 || channels, five),
    convolution("1×1 after pooling", size, 1, channels, projection),
  ];
  return {
    layers: layers.filter(({ filters }) => filters > 0),
    depth: one + three + five + (projection || channels),
  };
}

/** The sum of a cost over the convolutions of a module. */
function total({ layers }, cost) {
  return sum(layers.map(cost));
}

/** The branches from the input down to the output, each as wide as its share of the MACs. */
function flow(title, module, largest) {
  const costs = BRANCHES.map((names) => names.map((name) => costOf(module, name)));
  const wide = costs.map((pair) => pair.map((cost) => (RIBBONS * cost) / (largest || 1)));
  const lanes = wide.map((pair) => Math.max(LANE, ...pair));
  const gap = (WIDTH - sum(lanes)) / (lanes.length - 1);
  const middles = lanes.map((lane, index) => sum(lanes.slice(0, index)) + index * gap + lane / 2);
  const ribbons = range(0, BRANCHES.length)
    .filter((index) => isOn(module, index))
    .map((index) => ribbon(index, middles[index], wide[index]));
  const words = middles.flatMap((middle, index) => label(module, costs[index], index, middle));
  const ends = [22, 124].map((y) => svg("path", { class: "joint", d: `M0 ${y}H${WIDTH}` }));
  const texts = [[`${title}: input`, 14], [`output: ${grouped(module.depth)} maps`, 139]].map((
    [text, y],
  ) => svg("text", { x: 0, y }, text));
  const attributes = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "flow" };
  const ariaLabel = flowInWords(title, module, costs);
  return svg("svg", { ...attributes, ariaLabel }, ...ribbons, ...ends, ...texts, ...words);
}

function costOf({ layers }, name) {
  const layer = layers.find(({ branch }) => branch === name);
  return layer ? macs(layer) : 0;
}

/** Whether a branch adds maps to the output; a pooling does even if no convolution follows it. */
function isOn({ layers }, index) {
  const [, last] = BRANCHES[index];
  return last.endsWith("pooling") || layers.some(({ branch }) => branch === last);
}

function ribbon(index, x, wide) {
  const [above, below] = wide.map((width) => Math.max(width, THIN) / 2);
  const d = `M${x - above} 22V60C${x - above} 76 ${x - below} 68 ${x - below} 84V124` +
    `H${x + below}V84C${x + below} 68 ${x + above} 76 ${x + above} 60V22Z`;
  return svg("path", { class: `branch-${index}`, d });
}

/** Under a branch: its name, and its share of the module. */
function label(module, costs, index, x) {
  const all = total(module, macs);
  const share = isOn(module, index) ? percent(all ? sum(costs) / all : 0) : "off";
  return [[nameOf(index), 154], [share, 168]].map(([text, y]) =>
    svg("text", { x, y, "text-anchor": "middle" }, text)
  );
}

function nameOf(index) {
  const [, last] = BRANCHES[index];
  return last.replace("1×1 after ", "");
}

function flowInWords(title, module, costs) {
  const parts = costs.map((pair, index) => {
    if (!isOn(module, index)) return `${nameOf(index)} off`;
    const before = pair[0] > 0 ? `, ${grouped(pair[0])} of them in the 1×1 before it` : "";
    return `${nameOf(index)} ${grouped(sum(pair))} MACs${before}`;
  });
  return `The module, ${title}, each branch as wide as its number of MACs: ${parts.join("; ")}.`;
}

/** A module as a table: a row with a bar for each convolution, then what all cost together. */
function table(title, module, largest) {
  const rows = module.layers.map((layer) => layerRow(layer, largest));
  const facts = [
    ["together, MACs", grouped(total(module, macs))],
    ["parameters", grouped(total(module, parameters))],
    ["depth of the output", grouped(module.depth)],
  ];
  const all = bar(total(module, macs), largest);
  all.classList.add("all");
  const sums = facts.map(([name, value], index) =>
    row(name, element("td", {}, value, ...(index === 0 ? [all] : [])))
  );
  const caption = element("caption", {}, title);
  const [body, foot] = [element("tbody", {}, ...rows), element("tfoot", {}, ...sums)];
  return element("table", {}, caption, body, foot);
}

function layerRow(layer, largest) {
  const { branch, size, kernel, channels, filters } = layer;
  const product = `${size}·${size}·${filters}·${kernel}·${kernel}·${channels}`;
  const name = element("span", {}, branch, element("small", {}, product));
  return row(name, element("td", {}, grouped(macs(layer)), bar(macs(layer), largest)));
}

function row(name, cell) {
  return element("tr", {}, element("th", { scope: "row" }, name), cell);
}

/** A bar as long as its share of the largest total. */
function bar(number, largest) {
  const node = element("div", { className: "share", ariaHidden: "true" });
  node.style.width = `${(100 * number) / (largest || 1)}%`;
  return node;
}

function comparison(naive, reduced) {
  const [before, after] = [naive, reduced].map((module) => total(module, macs));
  const more = before >= after ? "Naive" : "With bottlenecks";
  const ratio = Math.max(before / after, after / before);
  const times = Number.isFinite(ratio) ? `${ratio.toFixed(2)} times as many MACs` : "all the MACs";
  const costs = before === after
    ? "Both need as many MACs. "
    : `${more}, the module needs ${times}. `;
  return (
    costs +
    `The layer after it reads ${grouped(naive.depth)} maps if it is naive, ` +
    `${grouped(reduced.depth)} if it has bottlenecks.`
  );
}

// The Inception cost calculator: a module with its bottlenecks, and its naive twin, priced.

import { macs, parameters, sum } from "./arithmetic.js";
import { framed } from "./frame.js";
import { grouped } from "./numbers.js";
import { choice, element, integerField } from "./page.js";

const OWN = "your own";
const QUESTION = "When does a bottleneck no longer pay?";
const HINT = "0 filters switch a branch off; a bottleneck of 0 is none: all maps are read.";

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
    this.sides = element("div", { className: "costs" });
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
    const tables = Object.entries(sides).map(([title, module]) => side(title, module, largest));
    this.sides.replaceChildren(...tables);
    this.answer.textContent = comparison(naive, reduced);
  }
}

/** A convolution of a module that keeps rows and columns. */
function convolution(branch, size, kernel, channels, filters) {
  return { branch, size, kernel, channels, filters, stride: 1, padding: (kernel - 1) / 2 };
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

/** A module as a table: a row with a bar for each convolution, then what all cost together. */
function side(title, module, largest) {
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
  const dearer = before >= after ? "Naive" : "With bottlenecks";
  const ratio = Math.max(before / after, after / before);
  const times = Number.isFinite(ratio) ? `${ratio.toFixed(2)} times as many MACs` : "all the MACs";
  const costs = before === after
    ? "Both need as many MACs. "
    : `${dearer}, the module needs ${times}. `;
  return (
    costs +
    `The layer after it reads ${grouped(naive.depth)} maps if it is naive, ` +
    `${grouped(reduced.depth)} if it has bottlenecks.`
  );
}

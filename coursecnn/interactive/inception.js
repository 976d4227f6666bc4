// The Inception cost calculator: a module with its bottlenecks, and its naive twin, priced.

import { macs, parameters, sum } from "./arithmetic.js";
import { grouped } from "./numbers.js";
import { choice, element, integerField } from "./page.js";

const OWN = "your own";

/**
 * The element that shows `modules`, each { name, setting }, to choose from and to change.
 *
 * `fields` are the numbers of a setting, each { name, label, min, max }.
 */
export function start({ fields, modules }) {
  return new InceptionCalculator(fields, modules).node;
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
      element("div", { className: "fields" }, ...nodes),
      this.sides,
      this.answer,
    );
    this.pick(0);
  }

  field({ name, label, min, max }) {
    const onChange = (number) => this.change({ [name]: number });
    return integerField(label, { min, max, value: min, onChange });
  }

  /** Take a module of the list; after the last come the reader's own numbers, kept. */
  pick(index) {
    if (index === this.modules.length) return;
    this.setting = { ...this.modules[index].setting };
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
function naiveModule({ size, channels, one, three, five }) {
  return {
    layers: [
      convolution("1×1", size, 1, channels, one),
      convolution("3×3", size, 3, channels, three),
      convolution("5×5", size, 5, channels, five),
    ],
    depth: one + three + five + channels,
  };
}

function reducedModule({ size, channels, one, reduce3, three, reduce5, five, projection }) {
  return {
    layers: [
      convolution("1×1", size, 1, channels, one),
      convolution("1×1 before 3×3", size, 1, channels, reduce3),
      convolution("3×3", size, 3, reduce3, three),
      convolution("1×1 before 5×5", size, 1, channels, reduce5),
      convolution("5×5", size, 5, reduce5, five),
      convolution("1×1 after pooling", size, 1, channels, projection),
    ],
    depth: one + three + five + projection,
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
  node.style.width = `${(100 * number) / largest}%`;
  return node;
}

function comparison(naive, reduced) {
  const [before, after] = [naive, reduced].map((module) => total(module, macs));
  const dearer = before >= after ? "Naive" : "With bottlenecks";
  const ratio = Math.max(before / after, after / before);
  return (
    `${dearer}, the module needs ${ratio.toFixed(2)} times as many MACs. ` +
    `The layer after it reads ${grouped(naive.depth)} maps if it is naive, ` +
    `${grouped(reduced.depth)} if it has bottlenecks.`
  );
}

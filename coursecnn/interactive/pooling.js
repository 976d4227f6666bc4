// The pooling and ReLU stepper: a map of numbers, a window that moves, what is kept and what is lost.

import { pixelAt, range, sum } from "./arithmetic.js";
import { Choosing } from "./choosing.js";
import { framed } from "./frame.js";
import { placesIn, rowsOf } from "./matrices.js";
import { printed, printedSum, rounded } from "./numbers.js";
import { button, choice, element, grid, integerField, numberBox, tickBox, titled } from "./page.js";
import { Player } from "./player.js";
import { pool2d, pooledShape, readBy, relu, windowsOf, winnerOf } from "./pools.js";

const QUESTION = "Does it matter whether the ReLU comes before the pooling or after it?";
const HINT = "Point at an output or at a number of the map; click an output to pin it, again to " +
  "let go. Every number of the map can be changed, and a copied matrix pasted.";
const RULES = ["max", "average"];
const LARGEST_WINDOW = 4;

/**
 * @typedef {import("./arithmetic.js").Numbers} Numbers
 * @typedef {{ row: number, column: number }} Place
 *
 * @typedef {object} Way one order of pooling and ReLU
 * @property {Numbers} read what the windows read
 * @property {Numbers} output
 * @property {Numbers[]} maps what is drawn, in order
 */

/** The element that shows `maps`, to choose from and to change, and a pooling over them. */
export function start({ maps, pooling }, root) {
  const stepper = new PoolingStepper(maps, pooling);
  const node = framed(root, stepper, QUESTION);
  stepper.player.runOnce(root);
  return node;
}

class PoolingStepper {
  /** @type {Place} */
  place = { row: 0, column: 0 };
  /** The number of the map that the reader points at. @type {Place | null} */
  pointed = null;
  /** @type {Numbers} */
  map = { shape: [], values: [] };
  /** @type {HTMLElement[]} */
  inputs = [];
  /** The cells of the other maps, of each way. @type {HTMLElement[][][]} */
  others = [];
  shifted = "";
  total = element("p", { className: "total" });
  told = element("p", { className: "legend told-of", role: "status" });
  balance = element("p", { className: "balance" });
  order = element("p", { className: "order" });

  constructor(maps, pooling) {
    this.maps = maps;
    this.first = pooling;
    const names = maps.map(({ name }) => name);
    this.example = choice(
      "Map",
      names,
      () => this.load({ example: this.example.list.selectedIndex }),
    );
    this.rule = choice(
      "Rule",
      RULES,
      () => this.rebuild({ rule: RULES[this.rule.list.selectedIndex] }),
    );
    this.ticked = tickBox("with ReLU", () => this.rebuild({ hasRelu: this.ticked.box.checked }));
    this.numbers = Object.fromEntries(
      ["size", "stride", "padding"].map((name) => [name, this.field(name)]),
    );
    const nodes = Object.values(this.numbers).map(({ node }) => node);
    const fields = [this.example.node, this.rule.node, ...nodes, this.ticked.node];
    this.player = new Player({ move: (count) => this.move(count), isOver: () => this.isFirst() });
    const shift = button("Shift by one column", () => this.shift());
    const buttons = element("div", { className: "bar" }, ...this.player.buttons, shift);
    this.stage = element("div", { className: "stage" });
    this.node = element(
      "div",
      { className: "pooling choosing" },
      element("div", { className: "fields" }, ...fields),
      buttons,
      this.total,
      this.stage,
      this.told,
      this.balance,
      this.order,
      element("p", { className: "legend" }, HINT),
    );
    this.choosing = new Choosing(this.node, {
      choose: (place) => this.choose(place),
      isChosen: (place) => this.isHere(place),
      point: (pointed) => this.point(pointed),
    });
    this.load({ ...pooling, example: 0, rule: RULES[0], hasRelu: false });
  }

  state() {
    const { row, column } = this.place;
    const values = [...this.map.values];
    return { ...this.setting, values, place: [row, column], isPinned: this.choosing.isPinned };
  }

  restore({ values, place: [row, column], isPinned, ...setting }) {
    this.load(setting);
    if (values.length !== this.map.values.length) throw new Error("the map has another size");
    this.map.values = values;
    this.place = { row, column };
    this.rebuild({});
    this.choosing.pin(isPinned);
  }

  /** Begin anew, with the map of an example. */
  load(setting) {
    this.setting = { ...this.setting, ...setting };
    this.map = structuredClone(this.maps[this.setting.example].map);
    this.example.list.selectedIndex = this.setting.example;
    this.place = { row: 0, column: 0 };
    this.choosing.pin(false);
    this.rebuild({});
  }

  field(name) {
    const label = name === "size" ? "window" : name;
    const onChange = (number) => this.rebuild({ [name]: number });
    return integerField(label, { min: 0, max: 1, value: 0, onChange });
  }

  /** Take the map one column to the right; what leaves it there comes in again at the left. */
  shift() {
    const columns = this.map.shape[1];
    const before = this.ways()[0].output.values;
    const from = (index) => index - (index % columns) + ((index + columns - 1) % columns);
    this.map.values = range(0, this.map.values.length).map((i) => this.map.values[from(i)]);
    this.rebuild({});
    const after = this.ways()[0].output.values;
    const changed = after.filter((value, index) => value !== before[index]).length;
    this.shifted = `The shift by one column has changed ${changed} of ${after.length} outputs.`;
    this.show();
  }

  /** Draw it all, with another setting. */
  rebuild(changes) {
    this.player.pause();
    this.shifted = "";
    this.setting = { ...this.setting, ...changes };
    const { setting } = this;
    // Half a window of padding, so that each window sees more of the map than of what is around it.
    setting.padding = Math.min(setting.padding, Math.floor(setting.size / 2));
    const most = Math.min(LARGEST_WINDOW, ...this.map.shape);
    const limits = {
      size: [1, most],
      stride: [1, most],
      padding: [0, Math.floor(setting.size / 2)],
    };
    for (const [name, [least, largest]] of Object.entries(limits)) {
      this.numbers[name].limit(least, largest);
      this.numbers[name].show(setting[name]);
    }
    this.rule.list.selectedIndex = RULES.indexOf(setting.rule);
    this.ticked.box.checked = setting.hasRelu;
    this.pointed = null;
    const [rows, columns] = pooledShape(this.map, setting);
    this.place.row = Math.min(this.place.row, rows - 1);
    this.place.column = Math.min(this.place.column, columns - 1);
    this.inputs = this.inputCells();
    const ways = this.ways();
    this.others = ways.map((way) => way.maps.map((map) => this.cellsOf(map, way)));
    const lines = ways.map((way, index) => this.line(way, index));
    const input = titled("map", (title) => grid(title, this.framedBy(this.inputs)));
    this.stage.replaceChildren(input, element("div", { className: "ways" }, ...lines));
    this.show();
  }

  /** The orders of pooling and ReLU: one, if there is no ReLU. @returns {Way[]} */
  ways() {
    const { map, setting } = this;
    const output = pool2d(map, setting, setting.rule);
    if (!setting.hasRelu) return [{ read: map, output, maps: [output] }];
    const [bent, late] = [relu(map), relu(output)];
    const early = pool2d(bent, setting, setting.rule);
    return [
      { read: bent, output: early, maps: [bent, early] },
      { read: map, output: late, maps: [output, late] },
    ];
  }

  titles(index) {
    const pooled = `${this.setting.rule} pooling`;
    if (!this.setting.hasRelu) return [pooled];
    return index === 0
      ? ["first the ReLU", `then ${pooled}`]
      : [`first ${pooled}`, "then the ReLU"];
  }

  line(way, index) {
    const titles = this.titles(index);
    const maps = way.maps.map((map, step) => {
      const cells = this.others[index][step];
      const isRead = map === way.read;
      const rows = isRead ? this.framedBy(cells) : rowsOf(cells, map.shape[1]);
      const onFocus = isRead ? undefined : (row, column) => this.choose({ row, column });
      return titled(titles[step], (title) => grid(title, rows, onFocus));
    });
    return element("div", { className: "way" }, ...maps);
  }

  /** The cells of a map that is computed: of what the windows read, or of outputs. */
  cellsOf(map, way) {
    return placesIn(map.shape).map((place) =>
      map === way.read
        ? element("span")
        : this.choosing.choosable(element("button", { type: "button" }), place)
    );
  }

  inputCells() {
    const { map } = this;
    return placesIn(map.shape).map(({ row, column }, index) => {
      const box = numberBox(`map, row ${row}, column ${column}`, map.values[index], (number) => {
        map.values[index] = number;
        this.shifted = "";
        this.show();
      });
      return this.choosing.pointable(box, { row, column });
    });
  }

  /** The rows of cells of a map, with cells of padding around them. */
  framedBy(cells) {
    const [rows, columns] = this.map.shape;
    const { padding } = this.setting;
    return range(-padding, rows + padding).map((row) =>
      range(-padding, columns + padding).map((column) => {
        const isInside = row >= 0 && row < rows && column >= 0 && column < columns;
        const properties = { className: "outside", title: "padding: takes no part" };
        return isInside ? cells[row * columns + column] : element("span", properties);
      })
    );
  }

  /** Go on by so many outputs; the first follows the last. */
  move(count) {
    const [rows, columns] = pooledShape(this.map, this.setting);
    const all = rows * columns;
    const next = (this.place.row * columns + this.place.column + count + all) % all;
    this.choosing.pin(false);
    this.look({ row: Math.floor(next / columns), column: next % columns });
  }

  isFirst() {
    return this.place.row === 0 && this.place.column === 0;
  }

  isHere({ row, column }) {
    return row === this.place.row && column === this.place.column;
  }

  /** The reader points at an output: that stops the play. */
  choose(place) {
    this.player.pause();
    this.look(place);
  }

  look(place) {
    this.place = place;
    this.pointed = null;
    this.show();
  }

  /** Point at a number of the map; null leads back to the output. */
  point(pointed) {
    if (pointed) this.player.pause();
    this.pointed = pointed;
    this.show();
  }

  show() {
    const ways = this.ways();
    const { read, won } = windowsOf(this.map, this.setting);
    const window = readBy(this.map, this.setting, this.place);
    const [winner, isMax] = [winnerOf(window).index, this.setting.rule === "max"];
    const inWindow = new Set(window.map(({ index }) => index));
    this.inputs.forEach((cell, index) => {
      cell.classList.toggle("window", !this.pointed && inWindow.has(index));
      cell.classList.toggle("winner", !this.pointed && isMax && index === winner);
      cell.classList.toggle("kept", isMax && won[index] > 0);
      cell.classList.toggle("lost", isMax && won[index] === 0 && read[index] > 0);
      cell.classList.toggle("unread", read[index] === 0);
    });
    ways.forEach((way, index) => this.showWay(way, this.others[index], inWindow, index));
    this.total.textContent = this.sentence(ways[0]);
    this.told.textContent = this.pointed ? this.wordsOn(this.pointed, read, won) : "";
    this.balance.textContent = `${this.balanceOf(read, won)} ${this.shifted}`;
    this.order.textContent = orderOf(ways);
  }

  showWay(way, cells, inWindow, index) {
    way.maps.forEach((map, step) => {
      const title = this.titles(index)[step];
      placesIn(map.shape).forEach((place, position) => {
        const [cell, value] = [cells[step][position], map.values[position]];
        cell.textContent = rounded(value);
        if (map === way.read) {
          cell.classList.toggle("window", !this.pointed && inWindow.has(position));
          return;
        }
        const { row, column } = place;
        cell.ariaLabel = `${title}, row ${row}, column ${column}: ${printed(value)}`;
        cell.ariaPressed = String(!this.pointed && this.isHere(place));
        cell.classList.toggle("window", this.reads(place));
      });
    });
  }

  /** Whether the window of an output reads the number that is pointed at. */
  reads({ row, column }) {
    if (!this.pointed) return false;
    const { size } = this.setting;
    const isIn = (at, output) =>
      range(0, size).some((tap) => pixelAt(output, tap, this.setting) === at);
    return isIn(this.pointed.row, row) && isIn(this.pointed.column, column);
  }

  /** How the chosen output comes about, in numbers. @param {Way} way */
  sentence({ read, output }) {
    const { row, column } = this.place;
    const numbers = readBy(read, this.setting, this.place).map(({ value }) => value);
    const value = rounded(output.values[row * output.shape[1] + column]);
    const start = `Row ${row}, column ${column}:`;
    if (this.setting.rule === "max") {
      const listed = numbers.map((number) => printed(number)).join(", ");
      return `${start} the largest of ${listed} is ${value}.`;
    }
    const total = printed(sum(numbers));
    return `${start} (${
      printedSum(numbers)
    })/${numbers.length} = ${total}/${numbers.length} = ${value}.`;
  }

  wordsOn({ row, column }, read, won) {
    const index = row * this.map.shape[1] + column;
    const start = `${printed(this.map.values[index])} at row ${row}, column ${column}:`;
    if (read[index] === 0) return `${start} no window reads it.`;
    const windows = read[index] === 1 ? "one window reads it" : `${read[index]} windows read it`;
    if (this.setting.rule === "average") return `${start} ${windows}, and it has a share in each.`;
    if (won[index] === 0) return `${start} ${windows}, and it is the largest in none: it is lost.`;
    const all = read[index] === won[index] ? "in each of them" : `in ${won[index]} of them`;
    return `${start} ${windows}, and it is the largest ${read[index] === 1 ? "there" : all}.`;
  }

  /** What becomes of all the numbers of the map. */
  balanceOf(read, won) {
    const count = (numbers, test) => numbers.filter(test).length;
    const unread = count(read, (number) => number === 0);
    const all = `Of ${read.length} numbers`;
    const last = `${unread} ${unread === 1 ? "is" : "are"} read by no window`;
    if (this.setting.rule === "average") {
      return `${all}, ${read.length - unread} have a share in an output; ${last}.`;
    }
    const kept = count(won, (number) => number > 0);
    const lost = read.length - unread - kept;
    return `${all}, ${kept} ${kept === 1 ? "is" : "are"} the largest of a window and kept; ` +
      `${lost} ${lost === 1 ? "is" : "are"} read and lost; ${last}.`;
  }
}

/** Whether the two orders come to the same. @param {Way[]} ways */
function orderOf(ways) {
  if (ways.length === 1) return "";
  const [early, late] = ways.map(({ output }) => output.values);
  const isOther = (value, index) => Math.abs(value - late[index]) > 1e-9;
  const differ = early.filter(isOther).length;
  return differ === 0
    ? "Here both orders come to the same."
    : `Here the two orders differ in ${differ} of ${early.length} outputs.`;
}

// The parts that the interactives are made of: elements, fields, grids of numbers.

import { clamp, grouped, matrixOf, numberOf, printed, signed, wholeOf } from "./numbers.js";

/**
 * A new HTML element: element("button", { type: "button" }, "Step").
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, any>} properties
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, properties = {}, ...children) {
  /** @type {HTMLElementTagNameMap[Name] & Record<string, any>} */
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/** A button with a text. */
export function button(text, onClick) {
  return element("button", { type: "button", onclick: onClick }, text);
}

/** A list to choose from; `onChange` receives the position of what was chosen. */
export function choice(label, options, onChange) {
  const list = element(
    "select",
    { onchange: () => onChange(list.selectedIndex) },
    ...options.map((text) => element("option", {}, text)),
  );
  return { node: element("label", { className: "field" }, label, list), list };
}

/** A box to tick; `onChange` is called after it has changed. */
export function tickBox(label, onChange) {
  const box = element("input", { type: "checkbox", onchange: onChange });
  return { node: element("label", { className: "tick" }, box, label), box };
}

/**
 * A whole number between two limits: a slider for the hand, and a box to type in.
 *
 * The box is not rewritten while somebody types in it. What is no such number is marked, and a note
 * says what counts in its place; when the box is left, it shows that.
 *
 * `show(number)` takes another number, `limit(least, most)` other limits.
 *
 * @param {string} label
 * @param {{ min: number, max: number, value: number, onChange: (number: number) => void }} options
 */
export function integerField(label, { min, max, value, onChange }) {
  const range = { type: "range", step: 1, tabIndex: -1, ariaLabel: `${label}, slider` };
  const slider = element("input", range);
  const box = element("input", { type: "text", inputMode: "numeric", role: "spinbutton" });
  box.autocomplete = "off";
  const limit = (least, most) => {
    [min, max] = [least, most];
    [slider.min, slider.max] = [box.ariaValueMin, box.ariaValueMax] = [String(min), String(max)];
  };
  const note = element("small", { className: "note", ariaLive: "polite" });
  let current = value;
  const allowed = (number) => Math.round(clamp(number, min, max));
  const set = (number) => {
    current = number;
    slider.value = box.ariaValueNow = String(number);
  };
  const rewrite = () => {
    box.value = signed(current);
    box.ariaInvalid = null;
  };
  const change = (number) => {
    if (number === current) return;
    set(number);
    onChange(number);
  };
  const step = (by) => {
    note.textContent = "";
    change(clamp(current + by, min, max));
    rewrite();
  };
  box.oninput = () => {
    const number = wholeOf(box.value);
    const isMeant = number !== null && number === allowed(number);
    box.ariaInvalid = isMeant ? null : "true";
    note.textContent = isMeant ? "" : complaint(number, min, max);
    if (number !== null) change(allowed(number));
  };
  box.onblur = rewrite;
  box.onkeydown = (event) => {
    const by = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (event.key === "Enter") rewrite();
    if (!by) return;
    event.preventDefault();
    step(by);
  };
  slider.oninput = () => step(Number(slider.value) - current);
  const show = (number) => {
    set(number);
    if (document.activeElement === box) return; // it is not rewritten under the hand
    note.textContent = "";
    rewrite();
  };
  limit(min, max);
  show(value);
  const node = element(
    "div",
    { className: "field integer" },
    element("label", {}, element("span", {}, label), box),
    slider,
    note,
  );
  return { node, show, limit };
}

/** What is wrong with a number that should be a whole one between two limits. */
function complaint(number, min, max) {
  if (number === null) return `A whole number from ${grouped(min)} to ${grouped(max)}.`;
  if (number > max) return `The largest is ${grouped(max)}.`;
  if (number < min) return `The smallest is ${grouped(min)}.`;
  return `Whole numbers only: ${grouped(Math.round(number))}.`;
}

/** A number as it fits into a cell: of a long fraction, three digits. */
function brief(number) {
  const whole = printed(number);
  return whole.length > 5 && Math.abs(number) < 1 ? signed(Number(number.toPrecision(3))) : whole;
}

const LARGEST = 1e6; // of what can be typed: products of larger ones would fill no cell

/**
 * A box for any number; `onChange` receives it whenever what is typed is one: 2.5 or 2,5 or 1/9.
 * Anything else is marked, changes nothing, and is gone when the box is left.
 */
export function numberBox(label, value, onChange) {
  const properties = { type: "text", autocomplete: "off", spellcheck: false, ariaLabel: label };
  const box = element("input", properties);
  let last = value;
  const show = (number) => {
    last = number;
    box.value = brief(number);
    box.title = printed(number);
  };
  box.oninput = () => {
    const number = numberOf(box.value);
    const isNumber = number !== null && Math.abs(number) <= LARGEST;
    box.ariaInvalid = String(!isNumber);
    if (isNumber) onChange(last = number);
  };
  box.onblur = () => {
    if (box.ariaInvalid !== null) show(last);
    box.ariaInvalid = null;
  };
  show(value);
  return box;
}

/** @type {Record<string, number[]>} */
const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
};

/** The step that an arrow key, Home or End asks for, [down, right]; null for other keys. */
export function arrowStep(event) {
  const step = STEPS[event.key] ?? null;
  if (step) event.preventDefault();
  return step;
}

/** A grid of numbers, or anything else, under its title; `content` makes it from the title. */
export function titled(title, content) {
  const heading = element("p", { className: "title" }, title);
  return element("div", {}, heading, content(title));
}

/**
 * Lay cells out as a grid that is one stop of the Tab key; the arrow keys move inside it.
 * `onFocus` receives the row and the column of the cell that gets the focus.
 */
export function grid(label, rows, onFocus = (_row, _column) => {}) {
  const cells = rows.flat().filter(takesFocus);
  rows.forEach((line, row) =>
    line.filter(takesFocus).forEach((cell) => {
      cell.tabIndex = cell === cells[0] ? 0 : -1;
      cell.onkeydown = (event) => moveFocus(event, rows, row, line.indexOf(cell));
      cell.onfocus = () => {
        for (const other of cells) other.tabIndex = other === cell ? 0 : -1;
        cell.select?.();
        onFocus(row, line.indexOf(cell));
      };
    })
  );
  const properties = { className: "grid", role: "group", ariaLabel: label };
  const node = element("div", properties, ...rows.flat());
  node.style.setProperty("--columns", rows[0].length);
  node.onpaste = (event) => pasteInto(rows, event);
  return node;
}

/** Spread a copied matrix over the boxes of a grid, from the one that it is pasted into. */
function pasteInto(rows, event) {
  const numbers = matrixOf(event.clipboardData?.getData("text/plain") ?? "");
  const top = rows.findIndex((line) => line.includes(event.target));
  if (numbers === null || top < 0) return;
  event.preventDefault();
  const left = rows[top].indexOf(event.target);
  numbers.forEach((line, down) =>
    line.forEach((number, right) => {
      const box = rows[top + down]?.[left + right];
      if (!box?.matches("input")) return;
      box.value = printed(number);
      box.dispatchEvent(new Event("input", { bubbles: true }));
    })
  );
}

function takesFocus(cell) {
  return cell?.matches("input, button") ?? false;
}

function moveFocus(event, rows, row, column) {
  const step = arrowStep(event);
  if (!step) return;
  const line = rows[row + step[0]];
  const stops = line?.filter(takesFocus) ?? [];
  const next = Number.isFinite(step[1]) ? line?.[column + step[1]] : stops.at(step[1] < 0 ? 0 : -1);
  if (takesFocus(next)) next.focus();
}

/**
 * What a picture is pointed at with. A mouse shows what it is over; a click pins that, so that the
 * way to somewhere else does not change it, and a click on the same place, or Escape, lets go. A
 * finger shows what it touches.
 */
export class Pointing {
  isPinned = false;
  /** @type {unknown} */
  place = null;

  /**
   * @param {HTMLElement} node
   * @param {(event: PointerEvent) => unknown} onPoint shows what is there, and returns its name
   */
  constructor(node, onPoint) {
    this.node = node;
    node.addEventListener("pointermove", (event) => {
      const isHover = event.pointerType === "mouse" && !this.isPinned;
      if (isHover || event.buttons > 0) this.place = onPoint(event);
    });
    node.addEventListener("pointerdown", (event) => {
      const before = this.place;
      this.place = onPoint(event);
      if (event.pointerType === "mouse") this.pin(!(this.isPinned && this.place === before));
    });
    node.addEventListener("keydown", (event) => event.key === "Escape" && this.pin(false));
  }

  pin(isPinned) {
    this.isPinned = isPinned;
    this.node.toggleAttribute("data-pinned", isPinned);
  }
}

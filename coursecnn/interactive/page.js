// The parts that the interactives are made of: elements, fields, grids of numbers.

import { clamp } from "./numbers.js";

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
 * @param {string} label
 * @param {{ min: number, max: number, value: number, onChange: (number: number) => void }} options
 */
export function integerField(label, { min, max, value, onChange }) {
  const limits = { min, max, step: 1, value };
  const slider = element("input", { type: "range", ...limits, ariaLabel: `${label}, slider` });
  const box = element("input", { type: "number", ...limits, inputMode: "numeric" });
  const show = (number) => {
    slider.value = box.value = String(number);
  };
  const accept = (text) => {
    const number = Math.round(clamp(Number(text), min, max));
    show(number);
    onChange(number);
  };
  slider.oninput = () => accept(slider.value);
  // While a number is being typed it may be empty or too small: it counts once it is allowed.
  box.oninput = () => box.validity.valid && box.value !== "" && accept(box.value);
  box.onchange = () => accept(box.value === "" ? slider.value : box.value);
  const node = element(
    "div",
    { className: "field integer" },
    element("label", {}, element("span", {}, label), box),
    slider,
  );
  return { node, show };
}

/** A box for any number; `onChange` receives it whenever what is typed is one. */
export function numberBox(label, value, onChange) {
  const box = element("input", { type: "number", step: "any", value, ariaLabel: label });
  let last = value;
  box.oninput = () => {
    const isNumber = box.value !== "" && Number.isFinite(box.valueAsNumber);
    box.ariaInvalid = String(!isNumber);
    if (isNumber) onChange(last = box.valueAsNumber);
  };
  box.onblur = () => {
    if (box.ariaInvalid === "true") box.value = String(last);
    box.ariaInvalid = null;
  };
  return box;
}

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** The step that an arrow key asks for, [down, right]; null for other keys. */
export function arrowStep(event) {
  const step = ARROWS[event.key] ?? null;
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
  return node;
}

function takesFocus(cell) {
  return cell?.matches("input, button") ?? false;
}

function moveFocus(event, rows, row, column) {
  const step = arrowStep(event);
  if (!step) return;
  const next = rows[row + step[0]]?.[column + step[1]];
  if (takesFocus(next)) next.focus();
}

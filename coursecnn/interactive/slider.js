// What the arrow keys move: sliders as ARIA has them, which screen readers announce by themselves.

import { arrowStep, element } from "./page.js";

/**
 * Make an element a slider; `onStep` receives the step that a key asks for, [down, right].
 *
 * @template {HTMLElement} Node
 * @param {Node} node
 */
export function asSlider(node, label, onStep) {
  Object.assign(node, { role: "slider", ariaLabel: label, tabIndex: 0 });
  node.onkeydown = (event) => {
    const step = arrowStep(event);
    if (step) onStep(step);
  };
  return node;
}

/** Say where a slider is: among how many places, counted from 0, and what is there. */
export function setSlider(node, place, count, text) {
  const value = { ariaValueMin: 0, ariaValueMax: count - 1, ariaValueNow: place };
  for (const [key, number] of Object.entries(value)) node[key] = String(number);
  node.ariaValueText = text;
}

/**
 * A place in a picture as two sliders, which is one stop of the Tab key.
 *
 * ARIA has no value of two dimensions; a grid would need a cell for each of thousands of pixels,
 * and an "application" tells nothing of its value. So there is a slider for each direction. Both
 * take all arrow keys, and the one that moves gets the focus, so that its value is read out.
 */
export class PlaneSliders {
  constructor(onStep) {
    this.nodes = ["row", "column"].map((label) =>
      asSlider(element("span", { className: "plane" }), label, (step) => {
        onStep(step);
        this.enter(step[0] === 0 ? 1 : 0);
      })
    );
    this.nodes[0].ariaOrientation = "vertical";
    this.nodes[1].tabIndex = -1;
  }

  enter(axis) {
    this.nodes.forEach((node, other) => (node.tabIndex = axis === other ? 0 : -1));
    this.focus();
  }

  focus() {
    this.nodes.find((node) => node.tabIndex === 0)?.focus();
  }

  /** Say where the place is, [row, column] in a picture of this shape, and what else there is. */
  show(place, shape, ...words) {
    const text = [`row ${place[0]}`, `column ${place[1]}`, ...words].join(", ");
    this.nodes.forEach((node, axis) => setSlider(node, place[axis], shape[axis], text));
  }
}

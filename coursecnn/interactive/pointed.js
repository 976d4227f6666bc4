// A picture that is pointed at, with the hand or with the arrow keys; frames around parts of it.

import { clamp } from "./numbers.js";
import { element, Pointing } from "./page.js";
import { PlaneSliders } from "./slider.js";

/** A canvas to paint on, with a frame around the part of it that is looked at. */
export class PointedPicture {
  /**
   * @param {{
   *   onPoint: (pixel: number[]) => string,
   *   onStep: (step: number[]) => void,
   * }} how a pixel is [row, column]; `onPoint` returns the name of what is there
   */
  constructor({ onPoint, onStep }) {
    this.canvas = element("canvas");
    this.marker = element("div", { className: "marker" });
    this.sliders = new PlaneSliders(onStep);
    const parts = [this.canvas, ...this.sliders.nodes, this.marker];
    this.frame = element("div", { className: "pointed", role: "group" }, ...parts);
    this.frame.onclick = () => this.sliders.focus();
    this.pointing = new Pointing(this.frame, (event) => onPoint(this.pixelUnder(event)));
  }

  get shape() {
    return [this.canvas.height, this.canvas.width];
  }

  /** Frame so many rows and columns from a pixel on. */
  mark(pixel, size = [1, 1]) {
    frame(this.marker, pixel, size, this.shape);
  }

  /** The pixel under the pointer, [row, column]; at the edge the last one. */
  pixelUnder({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const shares = [(clientY - top) / height, (clientX - left) / width];
    return this.shape.map((side, axis) => clamp(Math.floor(shares[axis] * side), 0, side - 1));
  }
}

/**
 * Put a frame around a part of a picture, all of it in pixels, [down, right].
 *
 * @param {HTMLElement} marker
 * @param {number[]} corner
 * @param {number[]} size
 * @param {number[]} whole
 */
export function frame(marker, [top, left], [height, width], [rows, columns]) {
  Object.assign(marker.style, {
    top: `${(100 * top) / rows}%`,
    left: `${(100 * left) / columns}%`,
    height: `${(100 * height) / rows}%`,
    width: `${(100 * width) / columns}%`,
  });
}

// All maps of a layer in one picture, a line apart, and the unit of them that is pointed at.

import { range } from "./arithmetic.js";
import { paint } from "./canvas.js";
import { clamp } from "./numbers.js";
import { element } from "./page.js";
import { frame, PointedPicture } from "./pointed.js";

const LINE = [127, 127, 127, 0]; // between two maps

/** The maps of a layer, under its title. */
export class LayerMaps {
  side = 1;
  maps = 1;
  /** @type {{ map: number, row: number, column: number }} */
  unit = { map: 0, row: 0, column: 0 };
  /** @type {HTMLElement[]} */
  windows = [];

  /**
   * @param {{
   *   name: string,
   *   inARow: number,
   *   words?: (maps: number, side: number) => string,
   *   onPoint: (unit: { map: number, row: number, column: number }) => void,
   * }} how `words` say how many maps of which size there are
   */
  constructor({ name, inARow, words = asMaps, onPoint }) {
    this.name = name;
    this.inARow = inARow;
    this.words = words;
    this.onPoint = onPoint;
    this.title = element("p", { className: "title" });
    this.picture = new PointedPicture({
      onStep: (step) => this.step(step),
      onPoint: (pixel) => {
        this.onPoint(this.unitAt(this.withoutLines(pixel)));
        return JSON.stringify(this.unit);
      },
    });
    this.node = element("div", { className: "maps" }, this.title, this.picture.frame);
  }

  /**
   * Show maps of one channel each; `colour` gives [red, green, blue] for a value.
   *
   * @param {import("./arithmetic.js").Numbers} layer
   * @param {(value: number) => number[]} colour
   */
  show({ shape: [side, , maps], values }, colour) {
    Object.assign(this, { side, maps });
    const text = `${this.name}: ${this.words(maps, side)}`;
    this.title.textContent = text;
    this.picture.frame.ariaLabel = `${text}; the arrow keys move from unit to unit`;
    tiled(this.picture.canvas, { shape: [side, side, maps], values }, this.inARow, colour);
  }

  lines() {
    return Math.ceil(this.maps / this.inARow);
  }

  /** Frame a unit; null for none. */
  mark(unit) {
    this.picture.marker.hidden = unit === null;
    if (unit) this.unit = unit;
    const { map, row, column } = this.unit;
    this.picture.mark(this.pixelOf(this.unit));
    const shape = [this.lines() * this.side, this.inARow * this.side];
    const words = [`map ${map}`, `row ${row} and column ${column} in it`];
    this.picture.sliders.show(this.placeOf(this.unit), shape, ...words);
  }

  /** Frame a window, { row, column, size }, in some of the maps. */
  markWindows(window, maps) {
    for (const node of this.windows) node.remove();
    this.windows = maps.map((map) => {
      const node = element("div", { className: "marker window-of" });
      frame(node, this.pixelOf({ ...window, map }), [window.size, window.size], this.picture.shape);
      return node;
    });
    this.picture.frame.append(...this.windows);
  }

  /** Where a unit is if the maps had no lines between them. */
  placeOf({ map, row, column }) {
    return [
      Math.floor(map / this.inARow) * this.side + row,
      (map % this.inARow) * this.side + column,
    ];
  }

  pixelOf(unit) {
    return this.placeOf(unit).map((at, axis) => {
      const inMap = axis === 0 ? unit.row : unit.column;
      return at + (at - inMap) / this.side;
    });
  }

  withoutLines(pixel) {
    const step = this.side + 1;
    return pixel.map((at) =>
      Math.floor(at / step) * this.side + Math.min(at % step, this.side - 1)
    );
  }

  unitAt([y, x]) {
    y = clamp(y, 0, this.lines() * this.side - 1);
    x = clamp(x, 0, this.inARow * this.side - 1);
    const map = Math.floor(y / this.side) * this.inARow + Math.floor(x / this.side);
    return { map: Math.min(map, this.maps - 1), row: y % this.side, column: x % this.side };
  }

  /** @param {number[]} step */
  step([down, right]) {
    const [y, x] = this.placeOf(this.unit);
    this.onPoint(this.unitAt([y + down, x + right]));
  }
}

/**
 * Paint maps side by side, a line apart; `colour` gives [red, green, blue] for a value.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {import("./arithmetic.js").Numbers} layer
 * @param {number} inARow
 * @param {(value: any) => number[]} colour
 */
export function tiled(canvas, { shape: [side, , maps], values }, inARow, colour) {
  const step = side + 1;
  const shape = [Math.ceil(maps / inARow) * step - 1, inARow * step - 1];
  const colours = range(0, shape[0] * shape[1]).map((index) => {
    const [row, column] = [Math.floor(index / shape[1]), index % shape[1]];
    const [y, x] = [row % step, column % step];
    const map = Math.floor(row / step) * inARow + Math.floor(column / step);
    if (y === side || x === side || map >= maps) return LINE;
    return colour(values[(y * side + x) * maps + map]);
  });
  paint(canvas, { shape, values: colours }, (one) => one);
}

function asMaps(maps, side) {
  return `${maps} maps of ${side}×${side}`;
}

/** A small picture of what the text beside it says in words. */
export function captioned(caption, ...parts) {
  const framing = element("div", { className: "framing", ariaHidden: "true" }, ...parts);
  return element("figure", {}, framing, element("figcaption", {}, caption));
}

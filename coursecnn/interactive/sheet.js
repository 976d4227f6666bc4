// What the reader of the playground makes: a sheet that is painted on, a kernel of another size.

import { range } from "./arithmetic.js";

const SIDE = 28; // pixels of a sheet
const LEVELS = 2; // a pixel of a sheet is 0, 1/2 or 1

/** A black sheet. */
export function blankSheet() {
  return { shape: [SIDE, SIDE, 1], values: new Float64Array(SIDE * SIDE) };
}

/** A sheet as a text of one digit for each pixel. */
export function textOf({ values }) {
  return Array.from(values, (value) => Math.round(LEVELS * value)).join("");
}

/** The sheet that a text stands for; it raises if the text is none. */
export function sheetOf(text) {
  const values = Float64Array.from(text, (digit) => Number(digit) / LEVELS);
  const isSheet = values.length === SIDE * SIDE &&
    values.every((value) => value >= 0 && value <= 1);
  if (!isSheet) throw new Error("a sheet that is none");
  return { shape: [SIDE, SIDE, 1], values };
}

/**
 * Put a square brush of this width down on a pixel, [row, column]; beside the sheet it is cut.
 *
 * @param {import("./arithmetic.js").Numbers} sheet
 * @param {number[]} place
 */
export function brushed({ shape: [rows, columns], values }, [row, column], width, ink) {
  const reach = (width - 1) / 2;
  for (const y of range(Math.max(0, row - reach), Math.min(rows, row + reach + 1))) {
    for (const x of range(Math.max(0, column - reach), Math.min(columns, column + reach + 1))) {
      values[y * columns + x] = ink;
    }
  }
}

/** The pixels of a line from one to another, both of them among it. */
export function between(from, to) {
  const [down, right] = [to[0] - from[0], to[1] - from[1]];
  const steps = Math.max(Math.abs(down), Math.abs(right), 1);
  const share = (step, length) => Math.round((step * length) / steps);
  return range(0, steps + 1).map((step) => [
    from[0] + share(step, down),
    from[1] + share(step, right),
  ]);
}

/**
 * A flat kernel in the middle of a square one; what does not fit in there is cut off.
 *
 * @param {import("./arithmetic.js").Numbers} kernel
 */
export function resized({ shape: [rows, columns], values }, side) {
  const [down, right] = [rows, columns].map((length) => Math.floor((side - length) / 2));
  const at = (row, column) => {
    const [y, x] = [row - down, column - right];
    return y >= 0 && y < rows && x >= 0 && x < columns ? values[y * columns + x] : 0;
  };
  const places = range(0, side);
  return {
    shape: [side, side],
    values: places.flatMap((row) => places.map((column) => at(row, column))),
  };
}

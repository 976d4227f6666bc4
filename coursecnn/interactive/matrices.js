// Matrices, { shape: [rows, columns], values }, with their values in reading order: no DOM here.

import { range } from "./arithmetic.js";

/**
 * @typedef {import("./arithmetic.js").Numbers} Numbers
 * @typedef {{ row: number, column: number }} Place
 */

/** All places of a matrix, in reading order. @param {number[]} shape @returns {Place[]} */
export function placesIn(shape) {
  const [rows, columns] = shape;
  return range(0, rows * columns).map((index) => ({
    row: Math.floor(index / columns),
    column: index % columns,
  }));
}

/** A number of a matrix; 0 outside of it. @param {Numbers} matrix @param {Place} place */
export function at({ shape, values }, { row, column }) {
  const [rows, columns] = shape;
  const isInside = row >= 0 && row < rows && column >= 0 && column < columns;
  return isInside ? values[row * columns + column] : 0;
}

/** Cells, one for each place of a matrix, row by row. */
export function rowsOf(cells, columns) {
  return range(0, cells.length / columns).map((row) =>
    cells.slice(row * columns, (row + 1) * columns)
  );
}

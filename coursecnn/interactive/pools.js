// The arithmetic of `pool2d` in coursecnn/convolution.py, for the page: no DOM here.

import { outputSize, pixelAt, range, sum } from "./arithmetic.js";
import { placesIn } from "./matrices.js";

/**
 * @typedef {import("./arithmetic.js").Numbers} Numbers
 * @typedef {{ size: number, stride: number, padding: number }} Pooling
 * @typedef {{ index: number, value: number }} Read a number that a window reads, and its place
 */

/** What the window of an output reads, in reading order: padding takes no part. @returns {Read[]} */
export function readBy(map, pooling, { row, column }) {
  const [rows, columns] = map.shape;
  const taps = range(0, pooling.size);
  return taps.flatMap((a) =>
    taps.flatMap((b) => {
      const [y, x] = [pixelAt(row, a, pooling), pixelAt(column, b, pooling)];
      const index = y * columns + x;
      const isInside = y >= 0 && y < rows && x >= 0 && x < columns;
      return isInside ? [{ index, value: map.values[index] }] : [];
    })
  );
}

/** The largest of what a window reads; of several equal ones the first. @param {Read[]} read */
export function winnerOf(read) {
  return read.reduce((best, one) => (one.value > best.value ? one : best));
}

/** How many rows and columns a pooling leaves, with what does not fill a window left out. */
export function pooledShape(map, { size, stride, padding }) {
  return map.shape.map((length) => outputSize({ size: length, kernel: size, stride, padding }));
}

/** A map after a pooling, "max" or "average". @returns {Numbers} */
export function pool2d(map, pooling, mode) {
  const shape = pooledShape(map, pooling);
  const values = placesIn(shape).map((place) => {
    const read = readBy(map, pooling, place);
    return mode === "max" ? winnerOf(read).value : sum(read.map((one) => one.value)) / read.length;
  });
  return { shape, values };
}

/** In how many windows each number takes part, and how many of them it wins. */
export function windowsOf(map, pooling) {
  const [read, won] = [0, 1].map(() => map.values.map(() => 0));
  for (const place of placesIn(pooledShape(map, pooling))) {
    const window = readBy(map, pooling, place);
    for (const { index } of window) read[index]++;
    won[winnerOf(window).index]++;
  }
  return { read, won };
}

/** A map in which what is negative has become 0. @returns {Numbers} */
export function relu({ shape, values }) {
  return { shape, values: values.map((value) => Math.max(0, value)) };
}

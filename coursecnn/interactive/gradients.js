// The arithmetic of `conv2d_gradients` in coursecnn/convolution.py, for one channel and one filter:
// no DOM here.

import { outputSize, pixelAt } from "./arithmetic.js";
import { at, placesIn } from "./matrices.js";

/**
 * @typedef {import("./arithmetic.js").Numbers} Numbers
 * @typedef {{ stride: number, padding: number }} Layer
 */

/** How many outputs a layer has, down and across. */
export function outputShape(image, kernel, layer) {
  return [0, 1].map((axis) => outputSize(setting(image, kernel, layer, axis)));
}

function setting(image, kernel, layer, axis) {
  return { size: image.shape[axis], kernel: kernel.shape[axis], ...layer };
}

/** The pixel that a weight meets where an output is computed; it may lie in the padding. */
export function pixelUnder(output, weight, layer) {
  return {
    row: pixelAt(output.row, weight.row, layer),
    column: pixelAt(output.column, weight.column, layer),
  };
}

/** The layer itself. @returns {Numbers} */
export function correlate(image, kernel, layer) {
  const shape = outputShape(image, kernel, layer);
  const weights = placesIn(kernel.shape);
  const values = placesIn(shape).map((output) =>
    weights.reduce(
      (sum, weight) => sum + at(kernel, weight) * at(image, pixelUnder(output, weight, layer)),
      0,
    )
  );
  return { shape, values };
}

/** What each weight adds to the loss: upstream times the pixels that it has met. @returns {Numbers} */
export function kernelGradient(image, kernel, upstream, layer) {
  const outputs = placesIn(upstream.shape);
  const values = placesIn(kernel.shape).map((weight) =>
    outputs.reduce(
      (sum, output) => sum + at(upstream, output) * at(image, pixelUnder(output, weight, layer)),
      0,
    )
  );
  return { shape: kernel.shape, values };
}

/**
 * What each pixel adds to the loss: a kernel that is turned slides over upstream among zeros.
 *
 * @returns {Numbers}
 */
export function imageGradient(image, kernel, upstream, layer) {
  const [spread, half] = [amongZeros(image, kernel, upstream, layer), turned(kernel)];
  return correlate(spread, half, { stride: 1, padding: 0 });
}

/**
 * Upstream with zeros around it, and with a stride also between its numbers: as many that a kernel
 * which slides over it has one place for each pixel of the image.
 *
 * @returns {Numbers}
 */
export function amongZeros(image, kernel, upstream, layer) {
  const shape = [0, 1].map((axis) => image.shape[axis] + kernel.shape[axis] - 1);
  const values = placesIn(shape).map(({ row, column }) => {
    const output = { row: from(row, kernel, layer, 0), column: from(column, kernel, layer, 1) };
    return at(upstream, output);
  });
  return { shape, values };
}

/** Which output lies at a place among the zeros; a fraction, which is none, between two of them. */
function from(place, kernel, { stride, padding }, axis) {
  const output = (place - (kernel.shape[axis] - 1 - padding)) / stride;
  return Number.isInteger(output) ? output : -1;
}

/** Whether a place among the zeros holds an output. */
export function holdsOutput({ row, column }, kernel, upstream, layer) {
  const [down, across] = [from(row, kernel, layer, 0), from(column, kernel, layer, 1)];
  return down >= 0 && down < upstream.shape[0] && across >= 0 && across < upstream.shape[1];
}

/** A kernel turned by half a turn. @returns {Numbers} */
export function turned({ shape, values }) {
  return { shape, values: [...values].reverse() };
}

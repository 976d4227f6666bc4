// A line that the reader draws, epoch by epoch, and how far it is from another. No DOM here.

import { range, sum } from "./arithmetic.js";

/** @typedef {{ epoch: number, value: number }} Point */

/**
 * A line from its first epoch on, drawn on from one point to another: in between it is straight.
 * A line that begins or ends elsewhere is kept there.
 *
 * @param {number[]} line the value of each epoch after `known`, as far as it is drawn
 * @param {number} known
 * @param {Point} from
 * @param {Point} to
 */
export function drawnOn(line, known, from, to) {
  const longer = [...line];
  const step = Math.sign(to.epoch - from.epoch) || 1;
  for (const count of range(0, Math.abs(to.epoch - from.epoch) + 1)) {
    const epoch = from.epoch + step * count;
    const share = count / (Math.abs(to.epoch - from.epoch) || 1);
    const value = epoch === to.epoch ? to.value : from.value + share * (to.value - from.value);
    if (epoch > known) longer[epoch - known - 1] = value;
  }
  return longer;
}

/**
 * How far a line is from another: on average, and at the end, where more is positive.
 *
 * @param {number[]} line
 * @param {number[]} other
 */
export function distance(line, other) {
  const gaps = line.map((value, index) => value - other[index]);
  return { mean: sum(gaps.map(Math.abs)) / gaps.length, end: gaps.at(-1) ?? 0 };
}

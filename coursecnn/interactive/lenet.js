// LeNet-5 and the digits that it reads: ink, pixels as MNIST has them, layers. No DOM here.
//
// A drawing is { shape: [140, 140], values }, its ink from 0 to 1: five by five of its points
// become a pixel of MNIST's 28 by 28 fields.

import { conv2d, range, sum } from "./arithmetic.js";
import { bytesOf, clamp } from "./numbers.js";
import { receptiveField } from "./paths.js";

export const FIELD = 28; // pixels a side
export const POINTS = 5; // of a drawing, along a pixel
const BOX = 20; // the longer side of a digit, in pixels
const MIDDLE = 14; // the pixel that its centre of mass lies in, both ways
const LEVELS = 255;

/** The windows through which each layer reads the one before, or the pixels. */
export const WINDOWS = {
  C1: { kernel: 5, stride: 1, padding: 2, dilation: 1 },
  S2: { kernel: 2, stride: 2, padding: 0, dilation: 1 },
  C3: { kernel: 5, stride: 1, padding: 0, dilation: 1 },
  S4: { kernel: 2, stride: 2, padding: 0, dilation: 1 },
  C5: { kernel: 5, stride: 1, padding: 0, dilation: 1 },
  F6: { kernel: 1, stride: 1, padding: 0, dilation: 1 },
};

/** A drawing without ink. */
export function blank() {
  const side = FIELD * POINTS;
  return { shape: [side, side], values: new Float64Array(side * side) };
}

/** The drawing of which `pixels`, 28 by 28 from 0 to 255, are made. */
export function enlarged(pixels) {
  const drawing = blank();
  const side = FIELD * POINTS;
  drawing.values.forEach((_, index) => {
    const [row, column] = [Math.floor(index / side), index % side];
    const pixel = Math.floor(row / POINTS) * FIELD + Math.floor(column / POINTS);
    drawing.values[index] = pixels[pixel] / LEVELS;
  });
  return drawing;
}

/**
 * Draw a straight line with a round pen, or rub one out. Places are [row, column], in points.
 * A point at the edge of the line gets as much ink as the line covers of it, roughly.
 */
export function drawLine({ shape: [rows, columns], values }, from, to, radius, isRubber = false) {
  const reach = radius + 1;
  const [top, left] = [0, 1].map((axis) => Math.floor(Math.min(from[axis], to[axis]) - reach));
  const [bottom, right] = [0, 1].map((axis) => Math.ceil(Math.max(from[axis], to[axis]) + reach));
  for (let row = Math.max(0, top); row < Math.min(rows, bottom); row++) {
    for (let column = Math.max(0, left); column < Math.min(columns, right); column++) {
      const distance = distanceToLine([row + 0.5, column + 0.5], from, to);
      const ink = clamp(radius + 0.5 - distance, 0, 1);
      const index = row * columns + column;
      values[index] = isRubber ? Math.min(values[index], 1 - ink) : Math.max(values[index], ink);
    }
  }
}

function distanceToLine(point, from, to) {
  const [down, right] = [to[0] - from[0], to[1] - from[1]];
  const length = down ** 2 + right ** 2;
  const along = (point[0] - from[0]) * down + (point[1] - from[1]) * right;
  const share = length === 0 ? 0 : clamp(along / length, 0, 1);
  return Math.hypot(point[0] - from[0] - share * down, point[1] - from[1] - share * right);
}

/**
 * The pixels of a drawing, 28 by 28 from 0 to 255, as MNIST's were made: its ink is scaled into a
 * box of 20 by 20 pixels, grey where a pixel is covered in part, and shifted by whole pixels
 * until its centre of mass lies in the middle of the field.
 */
export function asMnist(drawing) {
  const pixels = new Float64Array(FIELD * FIELD);
  const box = inkBox(drawing);
  if (box === null) return pixels;
  const digit = scaled(drawing, box);
  const [top, left] = corner(digit);
  const [, columns] = digit.shape;
  digit.values.forEach((ink, index) => {
    const [row, column] = [top + Math.floor(index / columns), left + (index % columns)];
    pixels[row * FIELD + column] = Math.round(LEVELS * ink);
  });
  return pixels;
}

/** The first row and column with ink, and how many there are up to the last; null without ink. */
function inkBox({ shape: [rows, columns], values }) {
  const hasInk = (row, column) => values[row * columns + column] > 0;
  const inked = [
    range(0, rows).filter((row) => range(0, columns).some((column) => hasInk(row, column))),
    range(0, columns).filter((column) => range(0, rows).some((row) => hasInk(row, column))),
  ];
  if (inked[0].length === 0) return null;
  return inked.map((places) => ({ start: places[0], length: places.at(-1) - places[0] + 1 }));
}

/** The ink of a box, its longer side 20 pixels long: each pixel is the mean of what it covers. */
function scaled({ shape: [, columns], values }, box) {
  const [down, right] = box;
  const shrink = BOX / Math.max(down.length, right.length);
  const shape = [down, right].map(({ length }) => Math.max(1, Math.round(length * shrink)));
  const [rowShares, columnShares] = [shares(down, shape[0]), shares(right, shape[1])];
  // First along the rows, so that each point is looked at once.
  const narrow = range(down.start, down.start + down.length).map((row) =>
    columnShares.map((parts) =>
      sum(parts.map(({ place, share }) => share * values[row * columns + place]))
    )
  );
  const mean = (parts, column) =>
    sum(parts.map(({ place, share }) => share * narrow[place - down.start][column]));
  return {
    shape,
    values: rowShares.flatMap((parts) => columnShares.map((_, c) => mean(parts, c))),
  };
}

/** For each of `count` equal parts of a stretch: which places it covers, and the share of each. */
function shares({ start, length }, count) {
  const step = length / count;
  return range(0, count).map((part) => {
    const [from, to] = [part * step, (part + 1) * step];
    return range(Math.floor(from), Math.min(Math.ceil(to), length)).map((place) => ({
      place: start + place,
      share: (Math.min(to, place + 1) - Math.max(from, place)) / step,
    }));
  });
}

/** Where a digit begins in its field: its middle is its centre of mass, but all of it is inside. */
function corner({ shape, values }) {
  const mass = sum(values);
  const moments = [0, 0];
  values.forEach((ink, index) => {
    moments[0] += ink * (Math.floor(index / shape[1]) + 0.5);
    moments[1] += ink * ((index % shape[1]) + 0.5);
  });
  return moments.map((moment, axis) => {
    const start = MIDDLE - Math.floor(moment / mass);
    return clamp(start, 0, FIELD - shape[axis]);
  });
}

/** The pixels of the field, from the first to the last, that reach a unit, along one axis. */
export function reach(layer, place) {
  const names = Object.keys(WINDOWS);
  const layers = Object.values(WINDOWS).slice(0, names.indexOf(layer) + 1);
  const { size, jump, start } = receptiveField(layers);
  const first = start + place * jump;
  return [Math.max(first, 0), Math.min(first + size, FIELD) - 1];
}

/** The image that `pixels` are, as the network gets it. */
export function imageOf(pixels) {
  return { shape: [FIELD, FIELD, 1], values: pixels.map((pixel) => pixel / LEVELS) };
}

/** What every layer says about `pixels`, 28 by 28 from 0 to 255: arrays by the layers' names. */
export function layersOf(weights, pixels) {
  const image = imageOf(pixels);
  const squashed = (x, name) => {
    const { shape, values } = conv2d(x, weights[name].kernels, weights[name].bias, WINDOWS[name]);
    return { shape, values: values.map(Math.tanh) };
  };
  const C1 = squashed(image, "C1");
  const S2 = averagePool(C1);
  const C3 = squashed(S2, "C3");
  const S4 = averagePool(C3);
  const C5 = squashed(S4, "C5");
  const F6 = squashed(C5, "F6"); // on maps of one pixel, a dense layer is a convolution
  const scores = conv2d(F6, weights.output.kernels, weights.output.bias);
  return { C1, S2, C3, S4, C5, F6, output: { ...scores, values: softmax(scores.values) } };
}

/**
 * The means of squares of two by two pixels.
 *
 * @param {import("./arithmetic.js").Numbers} maps
 */
export function averagePool({ shape: [rows, columns, channels], values }) {
  const at = (row, column, channel) => values[(row * columns + column) * channels + channel];
  const shape = [rows / 2, columns / 2, channels];
  const means = Float64Array.from({ length: values.length / 4 }, (_, index) => {
    const channel = index % channels;
    const place = Math.floor(index / channels);
    const [row, column] = [2 * Math.floor(place / shape[1]), 2 * (place % shape[1])];
    const upper = at(row, column, channel) + at(row, column + 1, channel);
    return (upper + at(row + 1, column, channel) + at(row + 1, column + 1, channel)) / 4;
  });
  return { shape, values: means };
}

/** Probabilities that add up to 1, from scores. */
export function softmax(scores) {
  const largest = scores.reduce((one, other) => Math.max(one, other));
  const powers = scores.map((score) => Math.exp(score - largest));
  const total = sum(powers);
  return powers.map((power) => power / total);
}

/** Numbers of 16 bits, two bytes each in base64, the lower first. */
export function halves(text) {
  const bytes = bytesOf(text);
  const numbers = new Float64Array(bytes.length / 2);
  for (let index = 0; index < numbers.length; index++) {
    numbers[index] = half(bytes[2 * index] + 256 * bytes[2 * index + 1]);
  }
  return numbers;
}

/** A finite number of 16 bits: one for the sign, five for the exponent, ten for the fraction. */
function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const size = exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15);
  return bits >> 15 ? -size : size;
}

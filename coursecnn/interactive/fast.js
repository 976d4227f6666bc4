// The network `cifar10_fast` and the photographs that it reads: layers, the way back of a score to
// a layer, the pixels that reach a unit, a photograph scaled down. No DOM here.
//
// A layer is { name, kernel, stride, padding, pools, filters, channels, weights, scale, shift }:
// after the convolution, and the maximum of 2 by 2 where it pools, each map is multiplied by its
// scale, a shift is added, and what is negative becomes zero. Weights are in NumPy's order.

import { range } from "./arithmetic.js";
import { halves, softmax } from "./lenet.js";
import { clamp } from "./numbers.js";

export const SIDE = 32; // pixels of the image that the network reads
const LEVELS = 255;
// What a weight is written in: the characters of ASCII that neither JSON nor HTML must escape.
const DIGITS = range(33, 127).filter((code) =>
  !['"', "<", "\\"].includes(String.fromCharCode(code))
);
const MOST = (DIGITS.length - 1) / 2; // 45: a weight is a whole number from -45 to 45

/** The whole numbers that a text stands for, one for each character. */
export function levels(text) {
  const values = new Int8Array(128);
  DIGITS.forEach((code, place) => (values[code] = place - MOST));
  const numbers = new Float32Array(text.length);
  for (let index = 0; index < text.length; index++) numbers[index] = values[text.charCodeAt(index)];
  return numbers;
}

/** A layer as the page has it, { shape, half or levels, ... }, with its weights as numbers. */
export function decoded({ shape, half, levels: text, ...layer }) {
  const [kernel, , channels, filters] = shape;
  const weights = half ? Float32Array.from(halves(half)) : levels(text);
  return { ...layer, kernel, channels, filters, weights };
}

/**
 * What every layer says about `pixels`, 32 by 32 by 3 from 0 to 255.
 *
 * Of each layer its maps after the ReLU, { shape, values }, and where it pools, `winners`: which of
 * the values before the pooling each maximum was. `scores` are what the softmax gets, and `largest`
 * says where in its map each unit of the last layer has found its maximum.
 */
export function read({ layers, classifier }, pixels) {
  let maps = { shape: [SIDE, SIDE, 3], values: Float64Array.from(pixels, (p) => p / LEVELS) };
  const found = layers.map((layer) => (maps = answered(layer, maps)));
  const largest = largestOf(maps);
  const { weights, scale, filters } = classifier;
  const scores = scale.map((factor, unit) => {
    const terms = largest.map((place, map) => maps.values[place] * weights[map * filters + unit]);
    return factor * terms.reduce((total, term) => total + term, 0);
  });
  return { pixels, maps: found, largest, scores, probabilities: softmax(scores) };
}

function answered(layer, input) {
  const sums = convolved(layer, input);
  const { shape, values, winners, before } = layer.pools ? pooled(sums) : sums;
  const { scale, shift, filters } = layer;
  for (let index = 0; index < values.length; index++) {
    const map = index % filters;
    values[index] = Math.max(0, scale[map] * values[index] + shift[map]);
  }
  return { shape, values, winners, before };
}

/** How many places a kernel has along a side. */
function places(size, { kernel, stride, padding }) {
  return Math.floor((size + 2 * padding - kernel) / stride) + 1;
}

// Along the filters of a tap all weights follow one another; an input of zero adds nothing, and
// after a ReLU half of them are.
function convolved(layer, { shape: [size], values: input }) {
  const { channels, filters, weights } = layer;
  const side = places(size, layer);
  const values = new Float64Array(side * side * filters);
  eachTap(layer, size, (output, pixel, tap) => {
    for (let channel = 0; channel < channels; channel++) {
      const value = input[pixel * channels + channel];
      if (value === 0) continue;
      const first = (tap * channels + channel) * filters;
      for (let map = 0; map < filters; map++) {
        values[output * filters + map] += value * weights[first + map];
      }
    }
  });
  return { shape: [side, side, filters], values, winners: null, before: 0 };
}

/** Call `use` with each output, and each pixel that lies under one of its kernel's taps. */
function eachTap(layer, size, use) {
  const { kernel, stride, padding } = layer;
  const side = places(size, layer);
  for (let output = 0; output < side * side; output++) {
    const [top, left] = [Math.floor(output / side), output % side].map((n) => n * stride - padding);
    for (let tap = 0; tap < kernel * kernel; tap++) {
      const [row, column] = [top + Math.floor(tap / kernel), left + (tap % kernel)];
      const isInside = row >= 0 && row < size && column >= 0 && column < size;
      if (isInside) use(output, row * size + column, tap);
    }
  }
}

/**
 * The maximum of each 2 by 2 values; a last row and column that fill none are dropped.
 *
 * @param {import("./arithmetic.js").Numbers} sums
 */
function pooled({ shape: [side, , filters], values: input }) {
  const half = Math.floor(side / 2);
  const values = new Float64Array(half * half * filters);
  const winners = Int32Array.from(values, (_, index) => {
    const [map, place] = [index % filters, Math.floor(index / filters)];
    const [row, column] = [2 * Math.floor(place / half), 2 * (place % half)];
    const four = [0, 1, side, side + 1].map((n) => (row * side + column + n) * filters + map);
    return four.reduce((best, other) => (input[other] > input[best] ? other : best));
  });
  winners.forEach((winner, index) => (values[index] = input[winner]));
  return { shape: [half, half, filters], values, winners, before: input.length };
}

/**
 * For each map, which of all values is its largest.
 *
 * @param {import("./arithmetic.js").Numbers} maps
 */
function largestOf({ shape: [rows, columns, maps], values }) {
  return range(0, maps).map((map) =>
    range(0, rows * columns)
      .map((place) => place * maps + map)
      .reduce((best, other) => (values[other] > values[best] ? other : best))
  );
}

/**
 * How much the score of a class rises with each value of a layer: the gradient, in the shape of the
 * layer's maps.
 */
export function gradient(network, reading, label, layer) {
  const { layers, classifier } = network;
  const { weights, scale, filters } = classifier;
  let slopes = new Float64Array(reading.maps.at(-1).values.length);
  reading.largest.forEach((place, map) => {
    slopes[place] = scale[label] * weights[map * filters + label];
  });
  for (let at = layers.length - 1; at > layer; at--) {
    slopes = back(layers[at], reading.maps[at], reading.maps[at - 1], slopes);
  }
  return slopes;
}

/** From the slopes of what a layer puts out to those of what it was given. */
function back(layer, { values, winners, before }, { shape: [size], values: input }, slopes) {
  const { channels, filters, weights, scale } = layer;
  const through = slopes.map((
    slope,
    index,
  ) => (values[index] > 0 ? slope * scale[index % filters] : 0));
  let sums = through;
  if (winners) {
    sums = new Float64Array(before);
    winners.forEach((winner, index) => (sums[winner] += through[index]));
  }
  const result = new Float64Array(input.length);
  eachTap(layer, size, (output, pixel, tap) => {
    for (let map = 0; map < filters; map++) {
      const slope = sums[output * filters + map];
      if (slope === 0) continue;
      for (let channel = 0; channel < channels; channel++) {
        result[pixel * channels + channel] += slope *
          weights[(tap * channels + channel) * filters + map];
      }
    }
  });
  return result;
}

/** Grad-CAM: the maps of a layer, added up, each as strongly as it speaks for a class. */
export function gradCam(network, reading, label, layer) {
  const { shape, values } = reading.maps[layer];
  const [rows, columns, maps] = shape;
  const slopes = gradient(network, reading, label, layer);
  const strengths = new Float64Array(maps);
  slopes.forEach((slope, index) => (strengths[index % maps] += slope / (rows * columns)));
  const sums = new Float64Array(rows * columns);
  values.forEach((value, index) => {
    sums[Math.floor(index / maps)] += strengths[index % maps] * value;
  });
  return { shape: [rows, columns], values: sums.map((total) => Math.max(0, total)) };
}

/** The pixels of the image, from the first to the last, that reach a unit, along one axis. */
export function reach(layers, layer, place) {
  let [first, last] = [place, place];
  for (const { kernel, stride, padding, pools } of layers.slice(0, layer + 1).reverse()) {
    if (pools) [first, last] = [2 * first, 2 * last + 1];
    [first, last] = [first * stride - padding, last * stride - padding + kernel - 1];
  }
  return [clamp(first, 0, SIDE - 1), clamp(last, 0, SIDE - 1)];
}

/**
 * A square of a photograph as the network gets it: 32 by 32 by 3 whole numbers, each the mean of
 * what a pixel covers.
 *
 * @param {{ width: number, data: ArrayLike<number> }} photo red, green, blue and opacity
 * @param {{ top: number, left: number, side: number }} square in pixels of the photograph
 */
export function shrunk({ width, data }, { top, left, side }) {
  const parts = shares(side);
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  // First along the rows, so that each pixel of the photograph is looked at once.
  const narrow = new Float64Array(side * SIDE * 3);
  for (let row = 0; row < side; row++) {
    parts.forEach((covered, column) => {
      for (const { place, share } of covered) {
        const from = 4 * ((top + row) * width + left + place);
        for (let colour = 0; colour < 3; colour++) {
          narrow[(row * SIDE + column) * 3 + colour] += share * data[from + colour];
        }
      }
    });
  }
  parts.forEach((covered, row) => {
    for (let index = 0; index < SIDE * 3; index++) {
      const mean = covered.reduce(
        (total, { place, share }) => total + share * narrow[place * SIDE * 3 + index],
        0,
      );
      pixels[row * SIDE * 3 + index] = Math.round(mean);
    }
  });
  return pixels;
}

/** For each of 32 equal parts of a stretch: which places it covers, and the share of each. */
function shares(length) {
  const step = length / SIDE;
  return range(0, SIDE).map((part) => {
    const [from, to] = [part * step, (part + 1) * step];
    return range(Math.floor(from), Math.min(Math.ceil(to - 1e-9), length)).map((place) => ({
      place,
      share: (Math.min(to, place + 1) - Math.max(from, place)) / step,
    }));
  });
}

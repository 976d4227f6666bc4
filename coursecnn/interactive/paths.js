// The receptive fields of coursecnn/geometry.py, and the paths inside of them. No DOM here.
//
// A layer is { name, pools, kernel, stride, padding, dilation, rounding }. Everything is said along one
// axis: kernels are square, so rows and columns are alike.

import { extent, outputSize, range, sum } from "./arithmetic.js";

/** How many units there are along an axis: of the image, then after each layer. */
export function mapSizes(layers, pixels) {
  const sizes = [pixels];
  for (const layer of layers) {
    const size = sizes.at(-1);
    sizes.push(size > 0 ? outputSize({ ...layer, size }, layer.rounding) : 0);
  }
  return sizes;
}

/** The field of a unit after the last layer: its size, the jump to its neighbour's, its start. */
export function receptiveField(layers) {
  const field = { size: 1, jump: 1, start: 0 };
  for (const { kernel, stride, padding, dilation } of layers) {
    field.size += dilation * (kernel - 1) * field.jump;
    field.start -= padding * field.jump;
    field.jump *= stride;
  }
  return field;
}

/** The paths on which each unit reaches one after the last layer: a list for each map. */
export function pathsTo(layers, pixels, unit) {
  const sizes = mapSizes(layers, pixels);
  const counts = sizes.map((size) => new Float64Array(size));
  counts[layers.length][unit] = 1;
  for (let level = layers.length; level > 0; level--) {
    goBack(layers[level - 1], counts[level], counts[level - 1]);
  }
  return counts;
}

/** Hand the counts of the units after a layer on to those that it reads. */
function goBack({ kernel, stride, padding, dilation }, after, before) {
  after.forEach((count, unit) => {
    for (const tap of range(0, kernel)) {
      const read = unit * stride - padding + tap * dilation;
      if (count > 0 && read >= 0 && read < before.length) before[read] += count;
    }
  });
}

/**
 * The numbers of paths on a square field, from those along its rows and its columns, each { counts,
 * size, start }; 0 outside of the image.
 */
export function fieldOfPaths(rows, columns) {
  const [down, across] = [rows, columns].map(({ counts, size, start }) => {
    const along = range(start, start + size).map((pixel) => counts[pixel] ?? 0);
    const largest = Math.max(...along) || 1; // a unit may see nothing but padding
    return along.map((count) => count / largest);
  });
  const values = down.flatMap((row) => across.map((column) => row * column));
  return { shape: [down.length, across.length], values };
}

/** The most padding that leaves no window without a pixel: of a pooling, half of its window. */
export function mostPadding({ kernel, dilation, pools }) {
  return pools ? Math.floor(kernel / 2) : extent(kernel, dilation) - 1;
}

/** A layer with changes. A padding that has kept the size of the map goes on to do so. */
export function changed(layer, changes) {
  const half = ({ kernel, dilation }) => Math.floor((extent(kernel, dilation) - 1) / 2);
  const next = { ...layer, ...changes };
  const follows = !layer.pools && layer.padding === half(layer) && !("padding" in changes);
  const padding = follows ? half(next) : next.padding;
  return { ...next, padding: Math.min(padding, mostPadding(next)) };
}

/** The side of the smallest square in the middle of a field that holds a share of its sum. */
export function effectiveWidth({ shape: [size], values }, share) {
  const rings = new Float64Array(Math.ceil(size / 2)); // the sums, from the outermost inwards
  values.forEach((value, index) => {
    const [row, column] = [Math.floor(index / size), index % size];
    rings[Math.min(row, column, size - 1 - row, size - 1 - column)] += value;
  });
  const enough = share * sum([...rings]);
  let inside = 0;
  for (let ring = rings.length - 1; ring >= 0; ring--) {
    inside += rings[ring];
    if (inside >= enough) return size - 2 * ring;
  }
  return size;
}

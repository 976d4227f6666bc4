// The arithmetic of coursecnn/geometry.py and coursecnn/convolution.py, for the page: no DOM here.
//
// A setting is { size, kernel, stride, padding, dilation }, the letters N, F, S, P and d of the
// course. An array is { shape, values } with its values in NumPy's order: an image has the shape
// [rows, columns, channels], kernels have [rows, columns, channels, filters].

/**
 * @typedef {object} Setting
 * @property {number} size
 * @property {number} kernel
 * @property {number} stride
 * @property {number} [padding]
 * @property {number} [dilation]
 *
 * @typedef {{ shape: number[], values: any }} Numbers
 */

/** Pixels from the first to the last tap of a kernel. */
export function extent(kernel, dilation = 1) {
  return dilation * (kernel - 1) + 1;
}

/** How far a window can slide, N - F + 2P; negative if the kernel exceeds the padded input. */
export function span({ size, kernel, padding = 0, dilation = 1 }) {
  return size - extent(kernel, dilation) + 2 * padding;
}

/** Pixels of the padded input after the last whole window. */
export function leftOver(setting) {
  return span(setting) % setting.stride;
}

/** The number of places, O, by the rule "floor", "ceil" or "same"; 0 if the kernel is too large. */
export function outputSize(setting, rounding = "floor") {
  const { size, stride, padding = 0 } = setting;
  if (rounding === "same") return Math.ceil(size / stride);
  // Rounded up, a window may also hang over by less than a stride.
  const least = rounding === "ceil" ? 1 - stride : 0;
  if (span(setting) < least) return 0;
  const steps = span(setting) / stride;
  if (rounding === "floor") return Math.floor(steps) + 1;
  // A window that began in the right padding would see no pixel of the input.
  return Math.min(Math.ceil(steps), Math.floor((size + padding - 1) / stride)) + 1;
}

/** Nearby settings without a remainder, each a single change: [{ stride: 2 }, { padding: 1 }]. */
export function fits(setting) {
  return [...fittingStrides(setting), ...fittingPaddings(setting), ...fittingSizes(setting)];
}

function fittingStrides(setting) {
  const room = span(setting);
  const divides = (stride) => room % stride === 0;
  const smaller = range(1, setting.stride).filter(divides).slice(-1);
  const larger = range(setting.stride + 1, room + 1).filter(divides).slice(0, 1);
  return [...smaller, ...larger].map((stride) => ({ stride }));
}

function fittingPaddings(setting) {
  // From the kernel's extent on, a window would see nothing but padding.
  const candidates = range(setting.padding + 1, extent(setting.kernel, setting.dilation));
  const fitting = candidates.filter((padding) => leftOver({ ...setting, padding }) === 0);
  return fitting.slice(0, 1).map((padding) => ({ padding }));
}

function fittingSizes(setting) {
  const smaller = setting.size - leftOver(setting);
  return [smaller, smaller + setting.stride].filter((size) => size > 0).map((size) => ({ size }));
}

/** The whole numbers from `start` up to, but not including, `stop`. */
export function range(start, stop) {
  return Array.from({ length: Math.max(0, stop - start) }, (_, index) => start + index);
}

/**
 * A pixel of an image; 0 outside of it, in the padding.
 *
 * @param {Numbers} image
 */
export function pixel({ shape: [rows, columns, channels], values }, row, column, channel) {
  const inside = row >= 0 && row < rows && column >= 0 && column < columns;
  return inside ? values[(row * columns + column) * channels + channel] : 0;
}

/** Where a weight of a kernel is among its values. */
export function weightIndex({ shape }, row, column, channel, filter) {
  const [, columns, channels, filters] = shape;
  return ((row * columns + column) * channels + channel) * filters + filter;
}

/** The settings of the rows (axis 0) or the columns (axis 1) of a layer. */
export function axisSetting(image, kernels, axis, { stride = 1, padding = 0, dilation = 1 }) {
  return { size: image.shape[axis], kernel: kernels.shape[axis], stride, padding, dilation };
}

/** All products of one window with one filter: a list of { pixel, weight, product }, by channel. */
export function windowProducts(image, kernels, layer, place) {
  const [height, width, channels] = kernels.shape;
  return range(0, channels).map((channel) =>
    range(0, height * width).map((tap) => {
      const [a, b] = [Math.floor(tap / width), tap % width];
      const [row, column] = [pixelAt(place.row, a, layer), pixelAt(place.column, b, layer)];
      const factors = {
        pixel: pixel(image, row, column, channel),
        weight: kernels.values[weightIndex(kernels, a, b, channel, place.filter)],
      };
      return { ...factors, product: factors.pixel * factors.weight };
    })
  );
}

/** The pixel, along an axis, under a tap of the window of an output. */
export function pixelAt(output, tap, { stride = 1, padding = 0, dilation = 1 }) {
  return output * stride - padding + tap * dilation;
}

/** The sum of numbers. */
export function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/** A convolutional layer over one image, with what does not fill a window left out. */
export function conv2d(image, kernels, bias, layer = {}) {
  const { stride = 1, padding = 0, dilation = 1 } = layer;
  const [rows, columns] = [0, 1].map((axis) =>
    outputSize(axisSetting(image, kernels, axis, layer))
  );
  const filters = kernels.shape[3];
  const values = new Float64Array(rows * columns * filters);
  for (let row = 0, index = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let filter = 0; filter < filters; filter++, index++) {
        const corner = { row: row * stride - padding, column: column * stride - padding };
        values[index] = dotProduct(image, kernels, corner, filter, dilation) + bias[filter];
      }
    }
  }
  return { shape: [rows, columns, filters], values };
}

// What lies in the padding adds nothing, and the indices follow one another: this is where the time
// goes.
function dotProduct(image, kernels, corner, filter, dilation) {
  const [rows, columns, channels] = image.shape;
  const [height, width, , filters] = kernels.shape;
  let total = 0;
  for (let a = 0; a < height; a++) {
    const row = corner.row + a * dilation;
    if (row < 0 || row >= rows) continue;
    for (let b = 0; b < width; b++) {
      const column = corner.column + b * dilation;
      if (column < 0 || column >= columns) continue;
      const first = (row * columns + column) * channels;
      const weight = (a * width + b) * channels * filters + filter;
      for (let channel = 0; channel < channels; channel++) {
        total += image.values[first + channel] * kernels.values[weight + channel * filters];
      }
    }
  }
  return total;
}

// The layers of the calculator: their outputs, what they cost, how they are written. No DOM here.

import { extent, outputSize } from "./arithmetic.js";
import { weights } from "./mixing.js";

export const LAYERS = ["convolution", "transposed convolution", "max pooling", "average pooling"];

/**
 * @typedef {object} Layer
 * @property {string} layer one of LAYERS
 * @property {number} size
 * @property {number} kernel
 * @property {number} padding
 * @property {number} stride
 * @property {number} dilation
 * @property {number} channels
 * @property {number} filters
 * @property {number} groups of a convolution, transposed or not
 * @property {number} extra pixels at the far edges of a transposed convolution's output
 * @property {boolean} ceil whether a pooling rounds up
 */

/** @param {{ layer: string }} setting */
export function isPooling({ layer }) {
  return layer.endsWith("pooling");
}

/** @param {{ layer: string }} setting */
export function isTransposed({ layer }) {
  return layer === "transposed convolution";
}

/**
 * What counts of a setting: what its kind of layer does not have is as if it were not there.
 *
 * @param {Layer} setting
 * @returns {Layer}
 */
export function counting(setting) {
  const extra = isTransposed(setting) ? setting.extra : 0;
  if (!isPooling(setting)) return { ...setting, extra, ceil: false };
  return { ...setting, dilation: 1, filters: setting.channels, groups: 1, extra };
}

/** Rows and columns of the output; 0 if there are none. @param {Layer} setting */
export function sideOf(setting) {
  const { size, kernel, padding, stride, dilation, extra, ceil } = setting;
  if (!isTransposed(setting)) return outputSize(setting, ceil ? "ceil" : "floor");
  return Math.max(0, stride * (size - 1) + extent(kernel, dilation) - 2 * padding + extra);
}

/** How far the last window of a pooling hangs over the padded input. @param {Layer} setting */
export function overhang(setting) {
  const { size, kernel, padding, stride } = setting;
  if (!setting.ceil) return 0;
  return Math.max(0, (sideOf(setting) - 1) * stride + kernel - size - 2 * padding);
}

/** What a layer learns, with a bias for each filter. @param {Layer} setting */
export function learned(setting) {
  return isPooling(setting) ? 0 : weights(setting) + setting.filters;
}

/**
 * Multiply-accumulates: a kernel for each place of the output, or of the input of a transposed one.
 *
 * @param {Layer} setting
 */
export function multiplied(setting) {
  const side = isTransposed(setting) ? setting.size : sideOf(setting);
  return isPooling(setting) ? 0 : side * side * weights(setting);
}

/** The layer in PyTorch, which names the channels that come in. @param {Layer} setting */
export function torchLine(setting) {
  const { layer, kernel, padding, stride, dilation, channels, filters, groups, ceil } = setting;
  const further = listed({ padding, output_padding: setting.extra }, 0);
  if (isPooling(setting)) {
    const name = layer.startsWith("max") ? "MaxPool2d" : "AvgPool2d";
    const settings = [`kernel_size=${kernel}`, `stride=${stride}`, ...further];
    return `torch.nn.${name}(${[...settings, ...(ceil ? ["ceil_mode=True"] : [])].join(", ")})`;
  }
  const name = isTransposed(setting) ? "ConvTranspose2d" : "Conv2d";
  const settings = [
    channels,
    filters,
    `kernel_size=${kernel}`,
    ...listed({ stride }),
    ...further,
    ...listed({ dilation, groups }),
  ];
  return `torch.nn.${name}(${settings.join(", ")})`;
}

/** The layer in Keras, as one expression, or why there is none. @param {Layer} setting */
export function kerasLine(setting) {
  if (isPooling(setting)) return kerasPooling(setting);
  const { stride, dilation, groups } = setting;
  if (stride > 1 && dilation > 1) return "# Keras has no layer with both a stride and a dilation";
  if (!isTransposed(setting)) return kerasConvolution(setting);
  if (groups > 1) return "# Keras has no transposed convolution in groups";
  return kerasTransposed(setting);
}

/** @param {Layer} setting */
function kerasConvolution({ kernel, padding, stride, dilation, filters, groups }) {
  const keepsSize = stride === 1 && padding > 0 && 2 * padding === extent(kernel, dilation) - 1;
  const settings = [
    filters,
    `kernel_size=${kernel}`,
    ...listed({ strides: stride, dilation_rate: dilation, groups }),
    ...(keepsSize ? ['padding="same"'] : []),
  ];
  const layer = `Conv2D(${settings.join(", ")})`;
  return padding === 0 || keepsSize ? one(layer) : chain(`ZeroPadding2D(${padding})`, layer);
}

/** In Keras the pixels that a padding takes away are cropped. @param {Layer} setting */
function kerasTransposed({ kernel, padding, stride, dilation, filters, extra }) {
  const reach = extent(kernel, dilation);
  const isSame = padding > 0 && extra === 0 && 2 * padding === reach - stride;
  const added = Math.max(0, extra - padding);
  const settings = [
    filters,
    `kernel_size=${kernel}`,
    ...listed({ strides: stride, dilation_rate: dilation }),
    ...(isSame ? ['padding="same"'] : []),
    // Unless told otherwise, it fills up a kernel that is smaller than the stride.
    ...(added > 0 || reach < stride ? [`output_padding=${added}`] : []),
  ];
  const layer = `Conv2DTranspose(${settings.join(", ")})`;
  if (padding === 0 || isSame) return one(layer);
  const sides = `(${padding}, ${padding - Math.min(extra, padding)})`;
  return chain(layer, `Cropping2D(${extra > 0 ? `(${sides}, ${sides})` : padding})`);
}

/** Keras pads a pooling in one way only, and never rounds up otherwise. @param {Layer} setting */
function kerasPooling(setting) {
  const { layer, size, kernel, padding, stride } = setting;
  const isMax = layer.startsWith("max");
  const settings = [`pool_size=${kernel}`, `strides=${stride}`];
  const written = (...more) =>
    `${isMax ? "Max" : "Average"}Pooling2D(${[...settings, ...more].join(", ")})`;
  if (padding === 0 && overhang(setting) === 0) return one(written());
  const side = outputSize(setting, "same");
  const before = Math.floor(Math.max(0, (side - 1) * stride + kernel - size) / 2);
  // The mean of PyTorch counts the zeros of its padding, that of Keras does not.
  const isSame = side === sideOf(setting) && before === padding && (isMax || padding === 0);
  const isAlways = stride === 1 && kernel - 1 === 2 * padding;
  const same = one(written('padding="same"'));
  if (isSame) return isAlways ? same : `${same}  # for N = ${size}`;
  if (!isMax && overhang(setting) === 0) return chain(`ZeroPadding2D(${padding})`, written());
  return '# Keras pads a pooling with padding="same" alone, which begins or ends elsewhere here';
}

function one(layer) {
  return `keras.layers.${layer}`;
}

function chain(...layers) {
  return `keras.Sequential([${layers.map(one).join(", ")}])`;
}

/** The arguments that are not what they are by themselves. */
function listed(settings, usual = 1) {
  const named = Object.entries(settings).filter(([, number]) => number !== usual);
  return named.map(([name, number]) => `${name}=${number}`);
}

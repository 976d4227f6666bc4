// Which channels the outputs of a layer read, and what that costs: no DOM here.

import { range, sum } from "./arithmetic.js";

/**
 * @typedef {object} Setting
 * @property {number} size the side of the map, which padding keeps
 * @property {number} channels
 * @property {number} filters
 * @property {number} kernel
 * @property {number} groups
 *
 * @typedef {{ name: string, kernel: number, channels: number, filters: number, groups: number }} Layer
 *
 * The layers of each way to go from `channels` maps to others.
 * @type {Record<string, (setting: Setting) => Layer[]>}
 */
const LAYERS = {
  full: (setting) => [{ ...setting, name: "full", groups: 1 }],
  grouped: (setting) => [{ ...setting, name: "grouped" }],
  depthwise: (setting) => [depthwise(setting)],
  "1×1": (setting) => [pointwise(setting)],
  "depthwise, then 1×1": (setting) => [depthwise(setting), pointwise(setting)],
};

function depthwise({ kernel, channels }) {
  return { name: "depthwise", kernel, channels, filters: channels, groups: channels };
}

function pointwise({ channels, filters }) {
  return { name: "1×1", kernel: 1, channels, filters, groups: 1 };
}

/** The names of the ways. */
export function waysToMix() {
  return Object.keys(LAYERS);
}

/** The layers of a way, one after the other. @param {Setting} setting @returns {Layer[]} */
export function layersOf(way, setting) {
  return LAYERS[way](setting);
}

/**
 * What a layer learns, without biases.
 *
 * @param {{ kernel: number, channels: number, filters: number, groups: number }} layer
 */
export function weights({ kernel, channels, filters, groups }) {
  return filters * kernel * kernel * (channels / groups);
}

/** What all layers learn, and their multiply-accumulates on a map of size×size. */
export function costs(layers, size) {
  const all = sum(layers.map(weights));
  return { weights: all, macs: size * size * all };
}

/** The channels that an output of a layer reads. @param {Layer} layer */
export function readBy({ channels, filters, groups }, output) {
  const [width, outputs] = [channels / groups, filters / groups];
  const group = Math.floor(output / outputs);
  return range(group * width, (group + 1) * width);
}

/** The numbers of groups into which both can be parted, from one on. */
export function groupings({ channels, filters }) {
  const most = Math.min(channels, filters);
  return range(1, most + 1).filter((n) => channels % n === 0 && filters % n === 0);
}

// Networks as tables of layers, as coursecnn/interactive/explorer.py writes them down: no DOM here.

import { range, sum } from "./arithmetic.js";

/**
 * The networks of `data`, each { name, accuracy, origin, steps, totals }; a step is { times, rows }: its
 * rows follow one another, `times` over. A row is a layer, { pattern, type, kind, shape, ... }.
 */
export function decoded({ types, rows, networks }) {
  const known = rows.map(([type, shape, params, macs, values]) => ({
    type: types[type].name,
    kind: types[type].kind,
    shape,
    params,
    macs,
    values: values ?? shape.reduce((product, size) => product * size, 1),
  }));
  return networks.map(({ name, accuracy, origin, steps }) => {
    const inFull = steps.map(([times, names, numbers]) => ({
      times,
      rows: names.split(" ").map((pattern, index) => ({
        pattern,
        times,
        ...known[numbers[index]],
      })),
    }));
    return { name, accuracy, origin, steps: inFull, totals: totalsOf(inFull) };
  });
}

const NUMBERS = ["values", "params", "macs"];

const DRAWN = /<metadata id="coursecnn-counted">([^<]*)<\/metadata>/;
const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** Whether a file is a drawing, and not what `coursecnn count` wrote. */
export function isDrawing(text) {
  return /^\s*</.test(text);
}

/** What `coursecnn draw` has written into a drawing of a network: its layers, as JSON. */
function writtenInto(drawing) {
  const found = DRAWN.exec(drawing);
  if (!found) throw new TypeError("the drawing holds no layers");
  return found[1].replaceAll(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);
}

/**
 * A network of the reader's, from a file that `coursecnn count NETWORK --format json` wrote, or
 * `coursecnn draw NETWORK`.
 *
 * It raises where the file is another one. A type that `types` does not know is known by its name.
 */
export function ownNetwork(text, types) {
  const { model, layers } = JSON.parse(isDrawing(text) ? writtenInto(text) : text);
  const isShape = (shape) => Array.isArray(shape) && shape.flat().every(Number.isSafeInteger);
  const isLayer = (layer) =>
    isShape(layer.output_shape) && NUMBERS.every((name) => layer[name] >= 0);
  if (!Array.isArray(layers) || layers.length === 0 || !layers.every(isLayer)) {
    throw new TypeError("these are no layers");
  }
  const rows = layers.map((layer) => ({
    // In a name of ours, "#" counts on.
    pattern: String(layer.layer).replaceAll("#", "＃"),
    times: 1,
    type: String(layer.type),
    kind: types.find(({ name }) => name === layer.type)?.kind ?? kindOf(String(layer.type)),
    shape: layer.output_shape,
    values: layer.values,
    params: layer.params,
    macs: layer.macs,
  }));
  const steps = [{ times: 1, rows }];
  return { name: String(model), accuracy: null, origin: null, steps, totals: totalsOf(steps) };
}

function kindOf(type) {
  const words = { convolution: /Conv/, dense: /Dense$/, pooling: /Pooling/, join: /^Add|^Conc/ };
  const found = Object.entries(words).find(([, word]) => word.test(type));
  return found ? found[0] : "other";
}

/** Networks by their families, the oldest family first; those of none come last, as they are. */
export function inFamilies(networks) {
  const families = Map.groupBy(networks, ({ origin }) => origin?.[0] ?? "");
  const first = ([family, all]) =>
    family === "" ? Infinity : Math.min(...all.map(({ origin }) => origin[1] ?? 9999));
  return [...families].toSorted((one, other) => first(one) - first(other) || 0);
}

function totalsOf(steps) {
  const total = (column) =>
    sum(steps.map(({ times, rows }) => times * sum(rows.map((row) => row[column]))));
  const layers = sum(steps.map(({ times, rows }) => times * rows.length));
  return { layers, params: total("params"), macs: total("macs"), values: total("values") };
}

/** The name of a layer after so many repetitions: each adds 1 to the numbers after "#". */
export function named(pattern, repetition = 0) {
  return pattern.replace(/#(\d+)/g, (_, number) => String(Number(number) + repetition));
}

/** All layers of a network one by one, with their names. */
export function unrolled({ steps }) {
  return steps.flatMap(({ times, rows }) =>
    range(0, times).flatMap((repetition) =>
      rows.map((row) => ({ ...row, name: named(row.pattern, repetition) }))
    )
  );
}

/** A shape as it is written: "14×14×256". A layer may have several outputs. */
export function writtenShape(shape) {
  return Array.isArray(shape[0]) ? shape.map(writtenShape).join(" and ") : shape.join("×");
}

/** How many rows a map of a layer has; a vector counts as a map of one pixel. */
export function sideOf({ shape }) {
  const first = Array.isArray(shape[0]) ? shape[0] : shape;
  return first.length < 2 ? 1 : first[0];
}

/** How many maps, or units, a layer has. */
export function depthOf({ shape }) {
  return (Array.isArray(shape[0]) ? shape[0] : shape).at(-1) ?? 1;
}

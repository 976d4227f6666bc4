// Networks as tables of layers, as coursecnn/interactive/explorer.py writes them down: no DOM here.

import { range, sum } from "./arithmetic.js";

/**
 * The networks of `data`, each { name, accuracy, steps, totals }; a step is { times, rows }: its
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
  return networks.map(({ name, accuracy, steps }) => {
    const inFull = steps.map(([times, names, numbers]) => ({
      times,
      rows: names.split(" ").map((pattern, index) => ({
        pattern,
        times,
        ...known[numbers[index]],
      })),
    }));
    return { name, accuracy, steps: inFull, totals: totalsOf(inFull) };
  });
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

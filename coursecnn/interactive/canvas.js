// Pictures made of numbers: a canvas that is painted pixel by pixel.

import { clamp } from "./numbers.js";

/**
 * Paint an image of one channel.
 *
 * `colour` gives [red, green, blue] for a value, or [red, green, blue, opacity], each up to 255.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {import("./arithmetic.js").Numbers} image
 * @param {(value: any) => number[]} colour
 */
export function paint(canvas, { shape: [rows, columns], values }, colour) {
  // A canvas that is given a size, even its own, is made anew.
  if (canvas.width !== columns || canvas.height !== rows) {
    Object.assign(canvas, { width: columns, height: rows });
  }
  const drawing = new ImageData(columns, rows);
  values.forEach((value, index) => {
    const [red, green, blue, opacity = 255] = colour(value);
    drawing.data[4 * index] = red;
    drawing.data[4 * index + 1] = green;
    drawing.data[4 * index + 2] = blue;
    drawing.data[4 * index + 3] = opacity;
  });
  canvas.getContext("2d", { willReadFrequently: true })?.putImageData(drawing, 0, 0);
}

/** The grey of a brightness, cut off at black and white. */
export function grey(value) {
  const level = Math.round(255 * clamp(value, 0, 1));
  return [level, level, level];
}

/** The colours of values from -1 to 1, from 256 of them: a function for `paint`. */
export function signedColour(palette) {
  return (value) => palette[Math.min(255, Math.floor(((value + 1) / 2) * 256))];
}

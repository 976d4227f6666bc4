// Pictures as numbers: what a file, a camera or an address holds, and what the device keeps of it.

import { element } from "./page.js";

const LONGEST = 512; // pixels a side of a photograph; a larger one is scaled down
const KEPT = "coursecnn/picture"; // on the device, apart from the state, which a link may carry

/**
 * A picture that can be drawn, and its size in pixels.
 *
 * @typedef {{ picture: CanvasImageSource, width: number, height: number }} Found
 */

/**
 * The pixels of a picture, as { width, height, data }.
 *
 * @param {Found} found
 */
export function pixelsOf({ picture, width, height }) {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const [wide, high] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  return drawn(picture, [0, 0, width, height], wide, high);
}

/**
 * The middle of a picture, scaled to so many rows and columns, as { width, height, data }.
 *
 * @param {Found} found
 */
export function middleOf({ picture, width, height }, [rows, columns]) {
  const scale = Math.min(width / columns, height / rows);
  const [wide, high] = [columns * scale, rows * scale];
  return drawn(picture, [(width - wide) / 2, (height - high) / 2, wide, high], columns, rows);
}

/**
 * A square of a picture, scaled to so many pixels a side, as { width, height, data }.
 *
 * @param {Found} found
 */
export function squareOf({ picture }, { left, top, side }, pixels) {
  return drawn(picture, [left, top, side, side], pixels, pixels);
}

/** A part of a picture, [left, top, width, height], drawn in another size. */
function drawn(picture, [left, top, width, height], columns, rows) {
  const canvas = Object.assign(element("canvas"), { width: columns, height: rows });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser gives no canvas to draw on");
  context.fillStyle = "#fff"; // under what is transparent
  context.fillRect(0, 0, columns, rows);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, left, top, width, height, 0, 0, columns, rows);
  return context.getImageData(0, 0, columns, rows);
}

/**
 * The picture behind an address, which holds it.
 *
 * @returns {Promise<Found>}
 */
export async function pictureAt(address) {
  const image = element("img", { src: address });
  await image.decode();
  return { picture: image, width: image.naturalWidth, height: image.naturalHeight };
}

/** A picture as an address that holds it, to be kept on the device. */
export function addressOf(photo) {
  const canvas = element("canvas");
  Object.assign(canvas, { width: photo.width, height: photo.height });
  canvas.getContext("2d")?.putImageData(photo, 0, 0);
  return canvas.toDataURL("image/jpeg", 0.85);
}

/** The address of a JPEG that is given in base64. */
export function addressOfJpeg(base64) {
  return `data:image/jpeg;base64,${base64}`;
}

/** The picture that the device keeps, as an address that holds it; null if there is none. */
export function keptPicture() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // this browser keeps nothing for this page
  }
}

/** Keep a picture on the device, in place of the one before; null for none. */
export function keepPicture(address) {
  try {
    if (address === null) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, address);
  } catch {
    // It is not kept, and shown all the same.
  }
}

// A photograph, and the square of it that is looked at: dragged, scaled, or moved by the keyboard.

import { clamp } from "./numbers.js";
import { element, integerField } from "./page.js";
import { PlaneSliders } from "./slider.js";

const SMALLEST = 16; // pixels a side of the square
const STEPS = 32; // arrow keys that lead across the square

/** The largest square of a picture, from its middle. */
export function middleSquare({ width, height }) {
  const side = Math.min(width, height);
  return { left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2), side };
}

/** The photograph with its square; `onChange` is called once a frame at most after it has moved. */
export class CropField {
  photo = new ImageData(1, 1);
  square = { left: 0, top: 0, side: 1 };
  isWaiting = false;

  constructor(onChange) {
    this.onChange = onChange;
    this.canvas = element("canvas", { ariaHidden: "true" });
    this.handle = element("span", { className: "handle" });
    this.frame = element("div", { className: "square" }, this.handle);
    this.sliders = new PlaneSliders((step) => this.step(step));
    this.size = integerField("side of the square, in pixels", {
      min: SMALLEST,
      max: SMALLEST,
      value: SMALLEST,
      onChange: (side) => this.scale(side),
    });
    const named = {
      className: "cropped",
      role: "group",
      ariaLabel: "photograph; the arrow keys move the square, plus and minus scale it",
    };
    this.stage = element("div", named, this.canvas, ...this.sliders.nodes, this.frame);
    this.stage.onpointerdown = (event) => this.press(event);
    this.stage.ondragstart = (event) => event.preventDefault(); // the browser would drag a picture
    this.stage.onclick = () => this.sliders.focus();
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.node = element("div", {}, this.stage, this.size.node);
  }

  /** Show another photograph, and this square of it. */
  show(photo, square) {
    this.photo = photo;
    Object.assign(this.canvas, { width: photo.width, height: photo.height });
    this.canvas.getContext("2d", { willReadFrequently: true })?.putImageData(photo, 0, 0);
    this.stage.classList.toggle("coarse", Math.max(photo.width, photo.height) <= 64);
    this.stage.style.setProperty("--shape", `${photo.width} / ${photo.height}`);
    this.size.limit(Math.min(SMALLEST, this.largest()), this.largest());
    this.place(square);
  }

  largest() {
    return Math.min(this.photo.width, this.photo.height);
  }

  /** Put the square where it is asked for, as far as it lies inside. */
  place({ left, top, side }) {
    const { width, height } = this.photo;
    side = Math.round(clamp(side, Math.min(SMALLEST, this.largest()), this.largest()));
    left = Math.round(clamp(left, 0, width - side));
    top = Math.round(clamp(top, 0, height - side));
    this.square = { left, top, side };
    Object.assign(this.frame.style, {
      left: `${(100 * left) / width}%`,
      top: `${(100 * top) / height}%`,
      width: `${(100 * side) / width}%`,
      height: `${(100 * side) / height}%`,
    });
    this.size.show(side);
    this.sliders.show([top, left], [height - side + 1, width - side + 1], `${side} pixels a side`);
  }

  /** Move or scale the square, and tell so. */
  change(square) {
    const before = JSON.stringify(this.square);
    this.place(square);
    if (JSON.stringify(this.square) === before || this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.onChange();
    });
  }

  /** Scale the square around its middle. */
  scale(side) {
    const { left, top, side: before } = this.square;
    this.change({ left: left + (before - side) / 2, top: top + (before - side) / 2, side });
  }

  step(step) {
    const by = Math.max(1, Math.round(this.square.side / STEPS));
    const far = (part) => (Number.isFinite(part) ? part * by : Math.sign(part) * this.photo.width);
    const [down, right] = step.map(far);
    const { left, top, side } = this.square;
    this.change({ left: left + right, top: top + down, side });
  }

  key(event) {
    const by = { "+": 1, "=": 1, "-": -1, "−": -1 }[event.key];
    if (!by || event.target.matches("input")) return;
    event.preventDefault();
    this.scale(this.square.side + by * Math.max(1, Math.round(this.square.side / STEPS)));
  }

  /** Drag the square; by its handle, scale it; beside it, put its middle there first. */
  press(event) {
    const start = this.under(event);
    const isHandle = event.target === this.handle;
    const { left, top, side } = this.square;
    const isInside = start.left >= left && start.left < left + side && start.top >= top &&
      start.top < top + side;
    if (!isHandle && !isInside) {
      this.change({ left: start.left - side / 2, top: start.top - side / 2, side });
    }
    const from = { ...this.square };
    this.stage.setPointerCapture(event.pointerId);
    const move = (moved) => {
      const now = this.under(moved);
      const [right, down] = [now.left - start.left, now.top - start.top];
      if (!isHandle) return this.change({ ...from, left: from.left + right, top: from.top + down });
      const { width, height } = this.photo;
      const room = Math.min(width - from.left, height - from.top);
      this.change({ ...from, side: Math.min(from.side + Math.max(right, down), room) });
    };
    // Wherever the pointer is, also where the browser does not heed that it is captured.
    const held = new AbortController();
    document.addEventListener("pointermove", move, { signal: held.signal });
    for (const end of ["pointerup", "pointercancel"]) {
      document.addEventListener(end, () => held.abort(), { signal: held.signal });
    }
  }

  under({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return {
      left: ((clientX - left) / width) * this.photo.width,
      top: ((clientY - top) / height) * this.photo.height,
    };
  }
}

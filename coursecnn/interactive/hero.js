// The picture of the front page: a photograph, and over it, up to a line, what a kernel finds there.

import { conv2d, sum } from "./arithmetic.js";
import { grey, paint, signedColour } from "./canvas.js";
import { bytesOf } from "./numbers.js";
import { button, element } from "./page.js";

/**
 * The element that shows a photo, { shape, bytes }, through `kernels`, { name, words, shape,
 * values }; `words` say what each finds. The palette is that of signed answers.
 */
export function start({ photo, kernels, palette }, root) {
  root.classList.add("hero");
  return new Hero(photo, kernels, signedColour(palette)).node;
}

class Hero {
  constructor({ shape, bytes }, kernels, colour) {
    const values = Float64Array.from(bytesOf(bytes), (brightness) => brightness / 255);
    this.photo = { shape: [...shape, 1], values };
    this.colour = colour;
    this.original = element("canvas", { ariaHidden: "true" });
    this.answers = element("canvas", { className: "over", ariaHidden: "true" });
    this.line = element("span", { className: "line-of", ariaHidden: "true" });
    this.slider = element("input", { type: "range", min: 0, max: 100, step: 1, value: 55 });
    this.slider.ariaLabel = "how far the kernel has gone";
    this.slider.oninput = () => this.cut(Number(this.slider.value));
    const layers = [this.original, this.answers, this.line, this.slider];
    const stage = element("div", { className: "stage" }, ...layers);
    stage.onpointermove = ({ clientX, pointerType }) => {
      const { left, width } = stage.getBoundingClientRect();
      if (pointerType === "mouse") this.cut(Math.round((100 * (clientX - left)) / width));
    };
    this.buttons = kernels.map((kernel) => button(kernel.name, () => this.pick(kernel)));
    this.words = element("p", { role: "status" });
    const named = { className: "bar", role: "group", ariaLabel: "kernels" };
    this.node = element("div", {}, stage, element("div", named, ...this.buttons), this.words);
    paint(this.original, this.photo, grey);
    this.pick(kernels[0]);
    this.cut(55);
  }

  pick({ name, words, shape, values }) {
    for (const one of this.buttons) one.ariaPressed = String(one.textContent === name);
    const answers = conv2d(this.photo, { shape: [...shape, 1, 1], values }, [0]);
    this.lay(answers.shape);
    const isSigned = Math.abs(sum(values)) < 1e-9;
    const largest = answers.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    // The strongest answers are few: at a third of them the colours are full.
    const signed = (value) => this.colour(Math.max(-1, Math.min(1, (3 * value) / largest)));
    paint(this.answers, answers, isSigned ? signed : grey);
    this.words.textContent = words;
  }

  /** Put each answer over the middle of its window; at the edges there are none. */
  lay(shape) {
    const [rows, columns] = shape;
    const [height, width] = this.photo.shape;
    Object.assign(this.answers.style, {
      top: `${(50 * (height - rows)) / height}%`,
      left: `${(50 * (width - columns)) / width}%`,
      height: `${(100 * rows) / height}%`,
      width: `${(100 * columns) / width}%`,
    });
  }

  /** Show the answers up to a share of the width, in percent. */
  cut(percent) {
    this.slider.value = String(percent);
    this.answers.style.clipPath = `inset(0 ${100 - percent}% 0 0)`;
    this.line.style.left = `${percent}%`;
  }
}

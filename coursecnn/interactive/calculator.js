// The geometry calculator: N, F, P, S and d of a convolution over a square image, drawn and priced.

import { extent, fits, leftOver, macs, outputSize, parameters, span } from "./arithmetic.js";
import { framed } from "./frame.js";
import { grouped, printed } from "./numbers.js";
import { button, element, integerField } from "./page.js";
import { math, svg } from "./svg.js";

const MOST_PIXELS_DRAWN = 48; // beyond, the lines between them would be all that one sees
const QUESTION = "Can a 7×7 kernel at a stride of 2 turn 224 pixels into 112, with none left over?";
const GROUNDS = "Blue ground: the image; grey around it: padding.";
const WINDOWS = "Blue frame: the first window, its taps shaded";
const NEXT = "; orange dashes: the next one";
const DOTS = "Each dot is the middle of a window, hence one output.";

/** The element that shows `fields`: what can be changed, each { name, label, min, max, value }. */
export function start({ fields }, root) {
  return framed(root, new Calculator(fields), QUESTION);
}

class Calculator {
  constructor(fields) {
    this.limits = fields;
    /** @type {Required<import("./arithmetic.js").Setting>} */
    this.setting = Object.assign({}, ...fields.map(({ name, value }) => ({ [name]: value })));
    this.fields = Object.fromEntries(fields.map((field) => [field.name, this.field(field)]));
    this.answer = element("div", { role: "status" });
    this.drawing = element("div");
    this.lines = [kerasLine, torchLine].map((written) => ({ written, ...copied() }));
    this.legend = element("p", { className: "legend" });
    const left = element("div", {}, this.drawing, this.legend);
    const right = element("div", {}, this.answer, ...this.lines.map(({ node }) => node));
    const nodes = Object.values(this.fields).map((field) => field.node);
    this.node = element(
      "div",
      {},
      element("div", { className: "fields" }, ...nodes),
      element("div", { className: "sides" }, left, right),
    );
    this.show();
  }

  state() {
    return { ...this.setting };
  }

  restore(state) {
    this.change(state);
  }

  field({ name, label, min, max, value }) {
    const onChange = (number) => this.change({ [name]: number });
    return integerField(label, { min, max, value, onChange });
  }

  change(changes) {
    Object.assign(this.setting, changes);
    for (const [name, number] of Object.entries(changes)) this.fields[name].show(number);
    this.show();
  }

  show() {
    const { setting } = this;
    const isPossible = span(setting) >= 0;
    const costs = isPossible ? [facts(setting)] : [];
    this.answer.replaceChildren(formula(setting), ...this.verdict(), ...costs);
    this.drawing.replaceChildren(...drawings(setting));
    this.legend.textContent = legend(setting);
    for (const { written, show } of this.lines) show(isPossible ? written(setting) : "");
  }

  /** Whether the windows cover the input, and if not, what would. */
  verdict() {
    if (span(this.setting) < 0) return [element("p", {}, tooLarge(this.setting))];
    const left = leftOver(this.setting);
    if (left === 0) return [element("p", {}, "It fits: the last window ends at the last pixel.")];
    const pixels = left === 1 ? "1 pixel is left over" : `${left} pixels are left over`;
    const offers = fits(this.setting)
      .filter((fit) => this.allows(fit))
      .map((fit) => this.offer(fit));
    const text = `Not whole: ${pixels} at the right and at the bottom, hatched. What fits:`;
    return [element("p", {}, text), element("div", { className: "bar" }, ...offers)];
  }

  allows(fit) {
    return this.limits.some(({ name, min, max }) => fit[name] >= min && fit[name] <= max);
  }

  offer(fit) {
    const [[name, number]] = Object.entries(fit);
    return button(`${name} ${number}`, () => this.change(fit));
  }
}

function tooLarge({ size, kernel, padding, dilation }) {
  return (
    `The kernel extends over ${extent(kernel, dilation)} pixels, but the padded input has only ` +
    `${size + 2 * padding}: use a smaller kernel, less dilation or more padding.`
  );
}

/** The formula, in letters and filled in. */
function formula(setting) {
  const { size, kernel, stride, padding, dilation } = setting;
  const reach = extent(kernel, dilation);
  // A formula drops the spaces at the ends of its words, unless they do not break.
  const words = (text) => math("mtext", {}, String(text).replaceAll(" ", "\u00a0"));
  const quotient = (above, below) => math("mfrac", {}, words(above), words(below));
  const written = (...parts) => math("math", { displaystyle: "true" }, ...parts);
  const filledIn = quotient(`${size} − ${reach} + 2·${padding}`, stride);
  const result = printed(span(setting) / stride + 1);
  const lines = [
    [written(words(`F = d(k − 1) + 1 = ${dilation}·(${kernel} − 1) + 1 = ${reach}`))],
    // Two formulas, so that the second can begin a new line on a phone.
    [
      written(words("O = "), quotient("N − F + 2P", "S"), words(" + 1")),
      written(words(" = "), filledIn, words(` + 1 = ${result}`)),
    ],
  ];
  const paragraphs = lines.map((line) => element("p", {}, ...line));
  return element("div", { className: "formula" }, ...paragraphs);
}

/** What comes out by each convention, and what the layer costs. */
function facts(setting) {
  const { kernel, channels, filters } = setting;
  const size = outputSize(setting);
  const weights = `${filters}·(${kernel}·${kernel}·${channels} + 1)`;
  const rows = [
    ["O rounded down, as most frameworks do", grouped(size)],
    ["O rounded up, as Caffe's pooling does", roundedUp(setting)],
    ['O with padding="same", whatever P', grouped(outputSize(setting, "same"))],
    ["output", `${size}×${size}×${filters}`],
    [`parameters, K(k·k·C + 1) = ${weights}`, grouped(parameters(setting))],
    ["MACs, O·O·K·k·k·C", grouped(macs(setting))],
  ];
  const lines = rows.map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value))
  );
  return element("table", { className: "facts" }, element("tbody", {}, ...lines));
}

/** The size rounded up, and why that may be less than rounded down. */
function roundedUp(setting) {
  const [up, down] = ["ceil", "floor"].map((rounding) => outputSize(setting, rounding));
  if (up >= down) return grouped(up);
  return `${grouped(up)}: a window that would begin in the right padding is left out`;
}

/** A line of code, and a button that copies it; without a line, nothing. */
function copied() {
  const [line, told] = [element("code"), element("span", { role: "status" })];
  const copy = button("Copy", async () => {
    told.textContent = (await copyText(line)) ? "copied" : "selected: press Ctrl+C";
  });
  const node = element("div", { className: "line" }, line, copy, told);
  const show = (text) => {
    line.textContent = text;
    told.textContent = "";
    node.hidden = text === "";
  };
  return { node, show };
}

/** The same layer in PyTorch, which names the channels that come in. */
function torchLine({ kernel, stride, padding, dilation, channels, filters }) {
  const settings = [
    `${channels}`,
    `${filters}`,
    `kernel_size=${kernel}`,
    ...(stride > 1 ? [`stride=${stride}`] : []),
    ...(padding > 0 ? [`padding=${padding}`] : []),
    ...(dilation > 1 ? [`dilation=${dilation}`] : []),
  ];
  return `torch.nn.Conv2d(${settings.join(", ")})`;
}

/** The same layer in Keras, as one expression. */
function kerasLine({ kernel, stride, padding, dilation, filters }) {
  if (stride > 1 && dilation > 1) return "# Keras has no layer with both a stride and a dilation";
  const keepsSize = stride === 1 && padding > 0 && 2 * padding === extent(kernel, dilation) - 1;
  const settings = [
    `${filters}`,
    `kernel_size=${kernel}`,
    ...(stride > 1 ? [`strides=${stride}`] : []),
    ...(dilation > 1 ? [`dilation_rate=${dilation}`] : []),
    ...(keepsSize ? ['padding="same"'] : []),
  ];
  const layer = `keras.layers.Conv2D(${settings.join(", ")})`;
  if (padding === 0 || keepsSize) return layer;
  return `keras.Sequential([keras.layers.ZeroPadding2D(${padding}), ${layer}])`;
}

/** Copy the text of an element; where that is not allowed, select it. */
async function copyText(node) {
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    getSelection()?.selectAllChildren(node);
    return false;
  }
}

/** What the drawing shows of this setting, and nothing else. */
function legend(setting) {
  const count = outputSize(setting);
  const sentences = [GROUNDS, `${WINDOWS}${count > 1 ? NEXT : ""}.`];
  if (hasDots(setting)) sentences.push(DOTS);
  else if (isLarge(setting)) sentences.push("Below, its upper left corner, enlarged.");
  return sentences.join(" ");
}

function isLarge({ size, padding }) {
  return size + 2 * padding > MOST_PIXELS_DRAWN;
}

/** In a large image dots, like lines, would be all that one sees. */
function hasDots(setting) {
  return outputSize(setting) > 0 && !isLarge(setting);
}

/** The whole image; of a large one, where windows are mere dots, its corner as well. */
function drawings(setting) {
  const whole = drawing(setting, padded(setting), { isWhole: true, label: description(setting) });
  const reach = extent(setting.kernel, setting.dilation);
  const side = Math.min(padded(setting), Math.max(reach + 2 * setting.stride + 1, 12));
  if (!isLarge(setting) || side > 2 * MOST_PIXELS_DRAWN) return [whole];
  const label = `The upper left corner, ${side} by ${side} pixels of the padded image, enlarged`;
  const corner = drawing(setting, side, { isWhole: false, label });
  corner.classList.add("corner");
  return [whole, corner];
}

function padded({ size, padding }) {
  return size + 2 * padding;
}

/** The padded image, or as much of it: the first two windows, and of each the middle. */
function drawing(setting, extentDrawn, { isWhole, label }) {
  const { size, padding, stride, dilation, kernel } = setting;
  const reach = extent(kernel, dilation);
  const count = outputSize(setting);
  const read = (count - 1) * stride + reach; // pixels from the first window to the last
  const side = Math.max(extentDrawn, isWhole ? reach : 0);
  const [lines, dots] = [!isWhole || !isLarge(setting), !isWhole || hasDots(setting)];
  const line = { class: "pixels", d: "M1 0H0V1" };
  const radius = Math.min(0.3 * stride, side / 70);
  const dot = { class: "centre", cx: stride / 2, cy: stride / 2, r: radius };
  const parts = [
    square("padding", 0, padded(setting)),
    square("image", padding, size),
    lines && tiled(0, Math.min(side, padded(setting)), 1, svg("path", line)),
    isWhole && count > 0 && read < padded(setting) && unread(read, padded(setting)),
    tiled(0, reach, dilation, svg("rect", { class: "tap", width: 1, height: 1 })),
    square("first", 0, reach),
    count > 1 && svg("rect", { class: "second", x: stride, width: reach, height: reach }),
    dots && count > 0 && tiled((reach - stride) / 2, count * stride, stride, svg("circle", dot)),
  ];
  const margin = side / 100;
  const far = side + (isWhole ? 2 : 1) * margin;
  const attributes = { viewBox: [-margin, -margin, far, far].join(" "), role: "img" };
  return svg("svg", { ...attributes, ariaLabel: label }, ...parts.filter(Boolean).flat());
}

/** A square with its upper left corner on the diagonal; 0 is the corner of the padded image. */
function square(kind, start, side) {
  return svg("rect", { class: kind, x: start, y: start, width: side, height: side });
}

/** A square filled with copies of a tile, `step` pixels apart. */
function tiled(start, side, step, tile) {
  // One pattern instead of thousands of shapes, so that every size is drawn at once.
  const id = `tile-${Math.random().toString(36).slice(2)}`;
  const size = { width: step, height: step, patternUnits: "userSpaceOnUse" };
  const filled = square("", start, side);
  filled.setAttribute("fill", `url(#${id})`);
  return [svg("pattern", { id, x: start, y: start, ...size }, tile), filled];
}

/** The columns and rows after the last window, hatched. */
function unread(read, padded) {
  const step = padded / 60;
  const tile = svg("path", { class: "hatch", d: `M0 ${step}L${step} 0` });
  const [pattern, filled] = tiled(0, padded, step, tile);
  const corner = `M${read} 0H${padded}V${padded}H0V${read}H${read}Z`;
  const strip = svg("path", { class: "unread", d: corner, fill: filled.getAttribute("fill") });
  return [pattern, strip];
}

function description(setting) {
  const { size, padding, stride, dilation, kernel } = setting;
  const count = outputSize(setting);
  const left = count > 0 ? `${leftOver(setting)} pixels left over` : "the kernel does not fit";
  return (
    `An image of ${size} by ${size} pixels with a padding of ${padding}, and a kernel of ` +
    `${kernel} by ${kernel} taps with stride ${stride} and dilation ${dilation} ` +
    `at ${count} by ${count} places: ${left}.`
  );
}

// The geometry calculator: a layer over a square image, drawn, priced, and written as code.

import { extent, fits, leftOver, outputSize, span } from "./arithmetic.js";
import { framed } from "./frame.js";
import {
  counting,
  isPooling,
  isTransposed,
  kerasLine,
  LAYERS,
  learned,
  multiplied,
  overhang,
  sideOf,
  torchLine,
} from "./layers.js";
import { groupings } from "./mixing.js";
import { grouped, printed } from "./numbers.js";
import { button, choice, element, integerField, tickBox } from "./page.js";
import { math, svg } from "./svg.js";

const MOST_PIXELS_DRAWN = 48; // beyond, the lines between them would be all that one sees
const QUESTION = "Can a 7×7 kernel at a stride of 2 turn 224 pixels into 112, with none left over?";

/**
 * @typedef {import("./layers.js").Layer} Layer
 * @typedef {{ from: number, side: number, first: number, second: number, label: string }} View
 *   a square part of the padded image, from pixel `from` on, and where two windows in it begin
 */

/**
 * The element that shows a layer; `fields` are what can be changed, each { name, label, min, max,
 * value }, and `groups` is how many it begins with.
 */
export function start({ fields, groups }, root) {
  return framed(root, new Calculator(fields, groups), QUESTION);
}

class Calculator {
  constructor(fields, groups) {
    this.limits = fields;
    const numbers = fields.map(({ name, value }) => ({ [name]: value }));
    /** @type {Layer} */
    this.setting = Object.assign({ layer: LAYERS[0], groups, ceil: false }, ...numbers);
    this.first = { ...this.setting };
    this.layers = choice("Layer", LAYERS, (index) => this.change({ layer: LAYERS[index] }));
    this.fields = Object.fromEntries(fields.map((field) => [field.name, this.field(field)]));
    this.groups = choice("g, groups", [], (index) => {
      this.change({ groups: groupings(this.setting)[index] });
    });
    this.ceil = tickBox("ceil mode", () => this.change({ ceil: this.ceil.box.checked }));
    this.answer = element("div", { role: "status" });
    this.drawing = element("div", { className: "views" });
    this.lines = [kerasLine, torchLine].map((written) => ({ written, ...copied() }));
    this.legend = element("p", { className: "legend" });
    const left = element("div", {}, this.drawing, this.legend);
    const right = element("div", {}, this.answer, ...this.lines.map(({ node }) => node));
    const nodes = [this.layers, ...Object.values(this.fields), this.groups, this.ceil];
    this.node = element(
      "div",
      {},
      element("div", { className: "fields" }, ...nodes.map(({ node }) => node)),
      element("div", { className: "sides" }, left, right),
    );
    this.change({});
  }

  state() {
    return { ...this.setting };
  }

  restore(state) {
    this.change({ ...this.first, ...state });
  }

  field({ name, label, min, max, value }) {
    const onChange = (number) => this.change({ [name]: number });
    return integerField(label, { min, max, value, onChange });
  }

  change(changes) {
    Object.assign(this.setting, changes);
    this.settle();
    const { setting, fields } = this;
    const [pools, transposes] = [isPooling(setting), isTransposed(setting)];
    this.layers.list.selectedIndex = LAYERS.indexOf(setting.layer);
    for (const [name, { show }] of Object.entries(fields)) show(setting[name]);
    // What a layer does not have is not asked for.
    for (const name of ["dilation", "filters"]) fields[name].node.hidden = pools;
    this.groups.node.hidden = pools;
    this.ceil.node.hidden = !pools;
    fields.extra.node.hidden = !transposes;
    this.ceil.box.checked = setting.ceil;
    this.show(counting(setting));
  }

  /** Keep to what frameworks allow: groups that divide, and not too much at the edges. */
  settle() {
    const { setting, fields } = this;
    const possible = groupings(setting);
    setting.groups = possible.findLast((number) => number <= setting.groups) ?? 1;
    const options = possible.map((number) => element("option", {}, String(number)));
    this.groups.list.replaceChildren(...options);
    this.groups.list.selectedIndex = possible.indexOf(setting.groups);
    const most = { padding: this.mostPadding(), extra: setting.stride - 1 };
    for (const [name, limit] of Object.entries(most)) {
      fields[name].limit(0, limit);
      setting[name] = Math.min(setting[name], limit);
    }
  }

  mostPadding() {
    const { max } = this.limits.find(({ name }) => name === "padding");
    return isPooling(this.setting) ? Math.min(max, Math.floor(this.setting.kernel / 2)) : max;
  }

  /** @param {Layer} setting */
  show(setting) {
    const isPossible = sideOf(setting) > 0;
    const costs = isPossible ? [facts(setting)] : [];
    const verdict = isPossible ? this.verdict(setting) : [element("p", {}, tooLarge(setting))];
    const written = isTransposed(setting) ? transposedFormula(setting) : formula(setting);
    this.answer.replaceChildren(written, ...verdict, ...costs);
    const shown = isPossible ? drawings(setting) : [brokenDrawing(setting)];
    this.drawing.replaceChildren(...shown);
    this.legend.textContent = legend(setting, shown.length > 1);
    for (const { written, show } of this.lines) show(isPossible ? written(setting) : "");
  }

  /** Whether the windows cover the input, and if not, what would. @param {Layer} setting */
  verdict(setting) {
    if (isTransposed(setting)) return [element("p", {}, wayBack(setting))];
    const left = leftOver(setting);
    if (left === 0) return [element("p", {}, "It fits: the last window ends at the last pixel.")];
    const offers = fits(setting)
      .filter((fit) => this.allows(fit))
      .map((fit) => this.offer(fit));
    const text = `Not whole: ${remainder(setting, left)} What fits:`;
    return [element("p", {}, text), element("div", { className: "bar" }, ...offers)];
  }

  allows(fit) {
    const [[changed, number]] = Object.entries(fit);
    const { min, max } = this.limits.find(({ name }) => name === changed);
    return number >= min && number <= (changed === "padding" ? this.mostPadding() : max);
  }

  offer(fit) {
    const [[name, number]] = Object.entries(fit);
    return button(`${name} ${number}`, () => this.change(fit));
  }
}

function counted(number, word) {
  return `${grouped(number)} ${word}${number === 1 ? "" : "s"}`;
}

/** What becomes of the pixels that fill no whole window. @param {Layer} setting */
function remainder(setting, left) {
  const over = overhang(setting);
  if (over === 0) {
    return `${counted(left, "pixel")} ${left === 1 ? "is" : "are"} left over at the right and at ` +
      "the bottom, hatched.";
  }
  return `rounded up, the last window hangs over the edge by ${counted(over, "pixel")}.`;
}

/** @param {Layer} setting */
function wayBack(setting) {
  const { size, extra } = setting;
  const side = sideOf(setting);
  const start = `A convolution with the same numbers leads back, from ${side} to ${size}`;
  if (extra === 0) return `${start}, with no pixel left over.`;
  return `${start}, and leaves over the output padding, ${counted(extra, "pixel")}.`;
}

/** @param {Layer} setting */
function tooLarge(setting) {
  const { size, kernel, padding, dilation } = setting;
  if (isTransposed(setting)) return "The padding cuts all of the output away: use less of it.";
  return (
    `The kernel extends over ${extent(kernel, dilation)} pixels, but the padded input has only ` +
    `${size + 2 * padding}: use a smaller kernel, less dilation or more padding.`
  );
}

/** The formula, in letters and filled in. */
function formula(setting) {
  const { size, kernel, stride, padding, dilation } = setting;
  const reach = extent(kernel, dilation);
  const quotient = (above, below) => math("mfrac", {}, words(above), words(below));
  const filledIn = quotient(`${size} − ${reach} + 2·${padding}`, stride);
  const result = printed(span(setting) / stride + 1);
  return lines(
    [written(words(`F = d(k − 1) + 1 = ${dilation}·(${kernel} − 1) + 1 = ${reach}`))],
    [
      written(words("O = "), quotient("N − F + 2P", "S"), words(" + 1")),
      written(words(" = "), filledIn, words(` + 1 = ${result}`)),
    ],
  );
}

/** The formula of a transposed convolution. @param {Layer} setting */
function transposedFormula(setting) {
  const { size, kernel, stride, padding, dilation, extra } = setting;
  const reach = extent(kernel, dilation);
  const result = stride * (size - 1) + reach - 2 * padding + extra;
  return lines(
    [written(words(`F = d(k − 1) + 1 = ${dilation}·(${kernel} − 1) + 1 = ${reach}`))],
    [
      written(words("O = S(N − 1) + F − 2P + A")),
      written(words(` = ${stride}·(${size} − 1) + ${reach} − 2·${padding} + ${extra}`)),
      written(words(` = ${printed(result)}`)),
    ],
  );
}

// A formula drops the spaces at the ends of its words, unless they do not break.
function words(text) {
  return math("mtext", {}, String(text).replaceAll(" ", "\u00a0"));
}

/** A part of a formula: what does not fit beside it begins a new line on a phone. */
function written(...parts) {
  return math("math", { displaystyle: "true" }, ...parts);
}

function lines(...all) {
  return element("div", { className: "formula" }, ...all.map((line) => element("p", {}, ...line)));
}

/** What comes out by each convention, and what the layer costs. @param {Layer} setting */
function facts(setting) {
  const side = sideOf(setting);
  const output = ["output", `${side}×${side}×${setting.filters}`];
  const conventions = [
    ["O rounded down, as most frameworks do", grouped(outputSize(setting))],
    ["O rounded up, as Caffe's pooling does", roundedUp(setting)],
    ['O with padding="same", whatever P', grouped(outputSize(setting, "same"))],
  ];
  const rows = [...(isTransposed(setting) ? [] : conventions), output, ...costs(setting)];
  const lines = rows.map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value))
  );
  return element("table", { className: "facts" }, element("tbody", {}, ...lines));
}

/** @param {Layer} setting */
function costs(setting) {
  if (isPooling(setting)) {
    const does = setting.layer.startsWith("max") ? "compares" : "adds up";
    return [["parameters", "0"], ["MACs", `0: a pooling only ${does} the values of a channel`]];
  }
  const { kernel, channels, filters, groups } = setting;
  const [letters, share] = groups > 1 ? ["C/g", `${channels}/${groups}`] : ["C", `${channels}`];
  const sum = `${filters}·(${kernel}·${kernel}·${share} + 1)`;
  const place = isTransposed(setting) ? "N·N" : "O·O";
  return [
    [`parameters, K(k·k·${letters} + 1) = ${sum}`, grouped(learned(setting))],
    [`MACs, ${place}·K·k·k·${letters}`, grouped(multiplied(setting))],
  ];
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

/**
 * What the drawing shows of this setting, and nothing else.
 *
 * @param {Layer} setting
 * @param {boolean} hasCorners
 */
function legend(setting, hasCorners) {
  const windows = drawn(setting);
  const [ground, around, window] = isTransposed(setting)
    ? ["the output", "what the padding cuts off", "what the first input pixel is spread over"]
    : ["the image", "padding", "the first window"];
  const sentences = [`Blue ground: ${ground}; grey around it: ${around}.`];
  const isOver = windows.read > windows.padded;
  const others = isOver ? "the next one, and the last one" : "the next one";
  const next = windows.count > 1 ? `; orange dashes: ${others}` : "";
  sentences.push(`Blue frame: ${window}, its taps shaded${next}.`);
  if (hasCorners) {
    sentences.push("Below, two corners, enlarged: in the lower right one lies the last window.");
  } else if (hasDots(windows)) {
    const [middle, pixel] = isTransposed(setting)
      ? ["such a square", "one pixel of the input"]
      : ["a window", "one output"];
    sentences.push(`Each dot is the middle of ${middle}, hence ${pixel}.`);
  }
  return sentences.join(" ");
}

/**
 * The windows to draw. Those of a transposed convolution lie on its output, each with a pixel of
 * the input: they are the windows of the convolution that leads back.
 *
 * @param {Layer} setting
 */
function drawn(setting) {
  const { padding, stride, kernel, dilation } = setting;
  const [side, size] = [sideOf(setting), setting.size];
  const image = isTransposed(setting) ? side : size;
  const count = side > 0 && isTransposed(setting) ? size : side;
  const reach = extent(kernel, dilation);
  const read = (count - 1) * stride + reach; // pixels from the first window to the last
  return { image, count, padding, stride, dilation, reach, read, padded: image + 2 * padding };
}

/** In a large image dots, like lines, would be all that one sees. */
function hasDots({ count, padded, read }) {
  return count > 0 && Math.max(padded, read) <= MOST_PIXELS_DRAWN;
}

/** The whole image; of a large one, where windows are mere dots, two corners as well. */
function drawings(setting) {
  const windows = drawn(setting);
  const { reach, stride, padded, read, count } = windows;
  const end = Math.max(read, padded);
  const label = description(setting);
  const last = (count - 1) * stride;
  const whole = drawing(windows, { from: 0, side: end, first: 0, second: stride, label });
  const side = Math.min(padded, Math.max(reach + 2 * stride + 1, 12));
  if (end <= MOST_PIXELS_DRAWN || side > 2 * MOST_PIXELS_DRAWN) return [whole];
  const corners = [
    { name: "upper left", from: 0, first: 0, second: stride },
    { name: "lower right", from: end - side, first: last, second: last - stride },
  ];
  const enlarged = corners.map(({ name, ...view }) => {
    const label = `The ${name} corner, ${side} by ${side} pixels, enlarged`;
    const corner = drawing(windows, { ...view, side, label });
    corner.classList.add("corner");
    return corner;
  });
  return [whole, ...enlarged];
}

/** A kernel that is larger than what it should lie on. @param {Layer} setting */
function brokenDrawing(setting) {
  const windows = drawn(setting);
  const side = Math.max(windows.padded, windows.reach);
  return drawing(windows, { from: 0, side, first: 0, second: 0, label: description(setting) });
}

/**
 * A part of the padded image: two windows, and of each the middle.
 *
 * @param {ReturnType<typeof drawn>} windows
 * @param {View} view
 */
function drawing(windows, { from, side, first, second, label }) {
  const { image, count, padding, stride, dilation, reach, read, padded } = windows;
  const isFine = side <= MOST_PIXELS_DRAWN;
  const line = { class: "pixels", d: "M1 0H0V1" };
  const radius = Math.min(0.3 * stride, side / 70);
  const dot = { class: "centre", cx: stride / 2, cy: stride / 2, r: radius };
  const place = { x: second, y: first === 0 ? 0 : first };
  const parts = [
    square("padding", 0, padded),
    square("image", padding, image),
    isFine && tiled(0, padded, 1, svg("path", line)),
    count > 0 && read < padded && unread(read, padded, side / (side < padded ? 30 : 60)),
    tiled(first, reach, dilation, svg("rect", { class: "tap", width: 1, height: 1 })),
    square("first", first, reach),
    count > 1 && svg("rect", { class: "second", ...place, width: reach, height: reach }),
    count > 0 && read > padded && svg("rect", { class: "second", ...lastWindow(windows) }),
    isFine && count > 0 && tiled((reach - stride) / 2, count * stride, stride, svg("circle", dot)),
  ];
  const margin = side / 100;
  const viewBox = [from - margin, from - margin, side + 2 * margin, side + 2 * margin].join(" ");
  const attributes = { viewBox, role: "img", ariaLabel: label };
  return svg("svg", attributes, ...parts.filter(Boolean).flat());
}

/** The last window, that hangs over the edge. */
function lastWindow({ read, reach }) {
  return { x: read - reach, y: read - reach, width: reach, height: reach };
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
function unread(read, padded, step) {
  const tile = svg("path", { class: "hatch", d: `M0 ${step}L${step} 0` });
  const [pattern, filled] = tiled(0, padded, step, tile);
  const corner = `M${read} 0H${padded}V${padded}H0V${read}H${read}Z`;
  const strip = svg("path", { class: "unread", d: corner, fill: filled.getAttribute("fill") });
  return [pattern, strip];
}

/** @param {Layer} setting */
function description(setting) {
  const { size, padding, stride, dilation, kernel, layer } = setting;
  const side = sideOf(setting);
  const many = isTransposed(setting)
    ? `gives an output of ${side} by ${side}`
    : side > 0
    ? `has ${side} by ${side} places: ${leftOver(setting)} pixels left over`
    : "does not fit";
  return (
    `An image of ${size} by ${size} pixels with a padding of ${padding}. A ${layer} of ${kernel} ` +
    `by ${kernel} taps with stride ${stride} and dilation ${dilation} ${many}.`
  );
}

// The checks of coursecnn/exercises/answers.py, for answers that are typed into the page: no DOM.
//
// A value is a number, a text, true or false, or a list of values, as JSON has them.

import { numberOf } from "./numbers.js";

const LEAST = 1e-9; // the difference that counts as none, as in NumPy's allclose

/** What an exercise holds: { solution, mistakes, hint, tolerance, view }; it is masked. */
export function opened({ name, sealed }) {
  const mask = bytesFrom(name);
  const masked = Uint8Array.from(atob(sealed), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(masked.map((byte) => byte ^ mask.next().value)));
}

/**
 * Bytes without end that follow from a name.
 *
 * @returns {Generator<number, never>}
 */
function* bytesFrom(name) {
  let state = 2166136261;
  for (const byte of new TextEncoder().encode(name)) state = Math.imul(state ^ byte, 16777619);
  while (true) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    yield state >>> 24;
  }
}

/** What a reader is told about what he has typed: { correct, message }. */
export function feedback(exercise, text) {
  if (text.trim() === "") return { correct: false, message: "Your turn: type your answer." };
  const value = valueOf(text, exercise.kind);
  if (value === null) return { correct: false, message: UNREADABLE[exercise.kind] };
  return judged(opened(exercise), value);
}

const UNREADABLE = {
  number: "This is no number: write 1024, 0.5 or 28*28.",
  text: "Your turn: type your answer.",
  list: "Write the values with commas between them: (8, 0, 0), (True, False) or ('A', 'B').",
  matrix: "Write a line for each row, or [[1, 2], [3, 4]], all rows of the same length.",
};

/** Compare a value with the right answer, then with the known mistakes. */
export function judged({ solution, mistakes, hint, tolerance, view }, value) {
  const seen = VIEWS[view](value);
  if (isSame(seen, solution, tolerance)) return { correct: true, message: "Correct." };
  const known = mistakes.find((mistake) => isSame(seen, mistake.answer, tolerance));
  return { correct: false, message: `Not yet: ${known?.hint ?? hint}` };
}

/** The twins of coursecnn/exercises/views.py. @type {Record<string, (answer: any) => any>} */
const VIEWS = {
  as_it_is: (answer) => answer,
  letters: (answer) => {
    const found = String(answer).toUpperCase().match(/\p{L}/gu) ?? [];
    return [...new Set(found)].sort().join("");
  },
  plain: (answer) => String(answer).trim().toLowerCase(),
  without_spaces: (answer) => String(answer).toLowerCase().replace(/[ '"(),]/g, ""),
  layers: (answer) =>
    String(answer).split("->").map((name) => name.trim().toUpperCase()).join(" -> "),
};

/** Whether two values agree: numbers within the tolerance, anything else exactly. */
function isSame(left, right, tolerance) {
  if (typeof left === "string" || typeof right === "string") return left === right;
  const [one, other] = [left, right].map(shapeOf);
  if (one === null || other === null || one.join() !== other.join()) return false;
  const [a, b] = [left, right].map((value) => [value].flat(Infinity));
  if ([...a, ...b].some((part) => typeof part === "string")) {
    return a.every((part, index) => part === b[index]);
  }
  // All true or false is another kind than numbers; among numbers, true is 1.
  const areNumbers = [a, b].every((parts) =>
    parts.length === 0 || parts.some((part) => typeof part === "number")
  );
  return a.every((part, index) => {
    const [x, y] = [Number(part), Number(b[index])];
    if (!areNumbers || x === y) return x === y;
    return Math.abs(x - y) <= LEAST + tolerance * Math.abs(y);
  });
}

/** How many parts there are in each direction; null if the rows are not equally long. */
function shapeOf(value) {
  if (!Array.isArray(value)) return [];
  const shapes = value.map(shapeOf);
  const isEven = shapes.every((shape) => shape && shape.join() === shapes[0]?.join());
  return isEven ? [value.length, ...(shapes[0] ?? [])] : null;
}

/** The value that a text stands for, in an exercise of this kind; null if it stands for none. */
export function valueOf(text, kind) {
  const plain = text.trim().replaceAll("−", "-").replaceAll("×", "*").replaceAll("·", "*");
  if (kind === "text") return plain.replace(/^(["'])(.*)\1$/, "$2");
  const isGrouped = kind === "number" && /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain);
  if (isGrouped) return Number(plain.replaceAll(",", ""));
  if (kind === "number" && /^-?\d+,\d+$/.test(plain)) return numberOf(plain);
  const rows = kind === "matrix" && !/[[(]/.test(plain) ? plain.split(/[\n;]/) : null;
  const value = rows ? rows.filter((row) => row.trim()).map(listOf) : valueIn(plain, kind);
  const isKnown = value !== null && !(rows && value.includes(null)) && shapeOf(value) !== null;
  const hasWords = [value].flat(Infinity).some((part) => typeof part === "string");
  return isKnown && (kind === "list" || !hasWords) ? value : null;
}

function valueIn(text, kind) {
  return kind === "list" && !/[[(]/.test(text) ? listOf(text) : new Reader(text).value();
}

/** The values of one row, apart by commas or by spaces. */
function listOf(text) {
  const row = text.trim().replace(/,$/, "");
  const apart = row.includes(",") ? row : row.replace(/\s+/g, ",");
  return new Reader(`[${apart}]`).value();
}

const TOKEN =
  /\s*("[^"]*"|'[^']*'|\*\*|\/\/|[-+*/%()[\],]|\d[\d_]*\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|\w[\w.]*|\S)/y;
/** @type {Record<string, boolean>} */
const NAMES = { True: true, False: false, true: true, false: false };

/** Reads numbers, sums and products of numbers, words, and lists of these, as Python writes them. */
class Reader {
  constructor(text) {
    this.tokens = [...text.trim().matchAll(new RegExp(TOKEN, "gy"))].map(([, token]) => token);
    this.at = 0;
  }

  /** The value of the whole text; null if it is not one. */
  value() {
    try {
      const value = this.parts(undefined);
      return this.at === this.tokens.length && isFinite(value) ? value : null;
    } catch {
      return null;
    }
  }

  take(...wanted) {
    return wanted.includes(this.tokens[this.at]) ? this.tokens[this.at++] : null;
  }

  /** Values up to a closing bracket, or to the end: a list if there is a comma. */
  parts(close) {
    const values = [];
    let hasComma = false;
    while (this.tokens[this.at] !== close) {
      values.push(this.sum());
      if (!this.take(",")) break;
      hasComma = true;
    }
    if (close !== undefined && !this.take(close)) throw new SyntaxError(close);
    return close === "]" || hasComma || values.length === 0 ? values : values[0];
  }

  sum() {
    let value = this.product();
    for (let sign = this.take("+", "-"); sign; sign = this.take("+", "-")) {
      value = OPERATORS[sign](numeric(value), numeric(this.product()));
    }
    return value;
  }

  product() {
    let value = this.signed();
    for (let sign = this.take(...PRODUCTS); sign; sign = this.take(...PRODUCTS)) {
      value = OPERATORS[sign](numeric(value), numeric(this.signed()));
    }
    return value;
  }

  signed() {
    const sign = this.take("-", "+");
    if (!sign) return this.power();
    const value = numeric(this.signed());
    return sign === "-" ? -value : value;
  }

  power() {
    const base = this.atom();
    return this.take("**") ? numeric(base) ** numeric(this.signed()) : base;
  }

  atom() {
    const token = this.tokens[this.at++];
    if (token === "(") return this.parts(")");
    if (token === "[") return this.parts("]");
    if (/^(\w+\.)?array$/.test(token ?? "") && this.take("(")) return this.parts(")");
    if (token in NAMES) return NAMES[token];
    if (/^["']/.test(token ?? "")) return token.slice(1, -1);
    if (!/^[\d.]/.test(token ?? "")) throw new SyntaxError(token);
    return Number(token.replaceAll("_", ""));
  }
}

const PRODUCTS = ["*", "/", "//", "%"];
/** @type {Record<string, (one: number, other: number) => number>} */
const OPERATORS = {
  "+": (one, other) => one + other,
  "-": (one, other) => one - other,
  "*": (one, other) => one * other,
  "/": (one, other) => one / other,
  "//": (one, other) => Math.floor(one / other),
  "%": (one, other) => ((one % other) + other) % other,
};

function numeric(value) {
  if (typeof value !== "number") throw new TypeError(String(value));
  return value;
}

function isFinite(value) {
  const isPart = (part) => ["boolean", "string"].includes(typeof part) || Number.isFinite(part);
  return [value].flat(Infinity).every(isPart);
}

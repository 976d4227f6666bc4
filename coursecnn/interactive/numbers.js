// Numbers: kept within limits, read from the data of a page, and printed. No DOM here.

/** The number itself, or the limit that it exceeds. */
export function clamp(number, low, high) {
  return Math.min(Math.max(number, low), high);
}

const WRITTEN = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/**
 * The number that a reader has written: "-3", "−3", "2.5", "2,5", "1/9", "1e-3".
 * null for a text that is none, or none that a computer can hold.
 */
export function numberOf(text) {
  const plain = text.replace(/\s/g, "").replaceAll("−", "-").replaceAll(",", ".");
  const [above, below = "1", ...others] = plain.split("/");
  if (others.length > 0 || ![above, below].every((part) => WRITTEN.test(part))) return null;
  const number = Number(above) / Number(below);
  return Number.isFinite(number) ? number : null;
}

/** As `numberOf`, for a whole number: a comma or a space may keep its thousands apart. */
export function wholeOf(text) {
  const isGrouped = /^[-+−]?\d{1,3}([,\s]\d{3})+$/.test(text.trim());
  return numberOf(isGrouped ? text.replace(/[,\s]/g, "") : text);
}

/**
 * The rows of numbers in a text that was copied from a spreadsheet, a text or Python; null if
 * there are fewer than two, or something else among them.
 */
export function matrixOf(text) {
  const isPython = /[[(]/.test(text);
  const lines = text.trim().replace(/^\w+\.array/, "").split(isPython ? /\][\s,]*/ : /[\n;]/);
  const apart = isPython || !/\s/.test(text.trim()) ? /,/ : /[\t ]+/;
  const rows = lines
    .map((line) => line.replace(/[[\]()]/g, "").trim().replace(/,$/, ""))
    .filter((line) => line !== "")
    .map((line) => line.split(apart).map(numberOf));
  const isWhole = rows.flat().length > 1 && rows.flat().every((number) => number !== null);
  return isWhole ? rows : null;
}

/** The bytes that a text in base64 stands for. */
export function bytesOf(text) {
  const characters = atob(text);
  // A loop: weights are a hundred thousand bytes, and a phone is slow to call a function for each.
  const bytes = new Uint8Array(characters.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = characters.charCodeAt(index);
  return bytes;
}

/** A number as it is printed: at most six digits, and a true minus sign. */
export function printed(number) {
  return signed(Number(number.toPrecision(6)) + 0);
}

/** A number with all its digits, and a true minus sign. */
export function signed(number) {
  return String(number).replaceAll("-", "−");
}

/** A measured number as it is printed: three digits after the point. */
export function rounded(number) {
  return printed(Number(number.toFixed(3)));
}

/** A factor as it is printed after a dot: a negative one in brackets. */
export function factor(number) {
  return number < 0 ? `(${rounded(number)})` : rounded(number);
}

/** A whole number with its thousands apart. */
export function grouped(number) {
  return number.toLocaleString("en").replaceAll("-", "−");
}

/** A share in percent; what is not nothing is not printed as if it were. */
export function percent(share) {
  const number = (100 * share).toFixed(1);
  return number === "0.0" && share > 0 ? "< 0.1 %" : `${number} %`;
}

/** A sum as it is printed: "308 − 498 + 164". */
export function printedSum(numbers) {
  const [first, ...others] = numbers;
  const added = others.map((number) => `${number < 0 ? "−" : "+"} ${printed(Math.abs(number))}`);
  return [printed(first), ...added].join(" ");
}

// Numbers: kept within limits, read from the data of a page, and printed. No DOM here.

/** The number itself, or the limit that it exceeds. */
export function clamp(number, low, high) {
  return Math.min(Math.max(number, low), high);
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
  return String(Number(number.toPrecision(6)) + 0).replaceAll("-", "−");
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
  return number.toLocaleString("en");
}

/** A sum as it is printed: "308 − 498 + 164". */
export function printedSum(numbers) {
  const [first, ...others] = numbers;
  const signed = others.map((number) => `${number < 0 ? "−" : "+"} ${printed(Math.abs(number))}`);
  return [printed(first), ...signed].join(" ");
}

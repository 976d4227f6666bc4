// The probabilities that a network gives, as bars.

import { percent } from "./numbers.js";
import { element } from "./page.js";

/** One line: what is probable, a bar as long as its probability, and the probability. */
export class Probability {
  /** @param {Node | string} name */
  constructor(name) {
    this.bar = element("span", { className: "filled" });
    this.text = element("span");
    const track = element("span", { className: "track" }, this.bar);
    this.node = element("li", {}, element("span", {}, name), track, this.text);
  }

  /** Show a probability; null before it may be known. */
  show(share, isBest) {
    this.bar.style.width = `${100 * (share ?? 0)}%`;
    this.text.textContent = share === null ? "?" : percent(share);
    this.node.classList.toggle("best", share !== null && isBest);
  }
}

/** The list of these lines. */
export function listed(lines) {
  return element("ul", { ariaLabel: "probabilities" }, ...lines.map(({ node }) => node));
}

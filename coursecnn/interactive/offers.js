// Small pictures to choose from.

import { element } from "./page.js";

/** Groups of buttons, { title, nodes }, each under its title; empty ones are left out. */
export function offered(groups) {
  const shown = groups.filter(({ nodes }) => nodes.length > 0).map(({ title, nodes }) => {
    const named = { className: "bar", role: "group", ariaLabel: title };
    return element(
      "div",
      {},
      element("p", { className: "title" }, title),
      element("div", named, ...nodes),
    );
  });
  return element("div", { className: "offers" }, ...shown);
}

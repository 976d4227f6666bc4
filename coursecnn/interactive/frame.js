// What every interactive has around it: a name, a question, ways to begin anew, to enlarge it and
// to hand it on, and a state that is there again when the page is.

import { button, element } from "./page.js";

const PAUSE = 300; // milliseconds without a change before the state is kept
const KEPT = "coursecnn/"; // begins the names of what is kept on the device

/**
 * The element that shows a widget in its frame.
 *
 * A widget has a `node`, a `state()` that JSON can hold, and `restore(state)`, which takes such a
 * state, or raises. A state is kept on the device, as long as neither script nor data change, and a
 * link may carry one: `#stepper={...}` in base64.
 *
 * @param {HTMLElement} root the fragment, named for screen readers
 * @param {{ node: Node, state: () => any, restore: (state: any) => void }} widget
 * @param {string} question something to find out with it
 */
export function framed(root, widget, question) {
  const first = JSON.stringify(widget.state());
  const key = `${KEPT}${root.dataset.interactive}`;
  const kind = root.dataset.interactive?.split("-")[0] ?? "";
  const told = element("span", { ariaLive: "polite", className: "told" });
  const take = (text) => {
    try {
      widget.restore(JSON.parse(text));
    } catch {
      widget.restore(JSON.parse(first));
    }
  };
  const keep = () => {
    const state = JSON.stringify(widget.state());
    if (state === first) onDevice((storage) => storage.removeItem(key));
    else onDevice((storage) => storage.setItem(key, state));
  };
  const again = button("Start over", () => {
    take(first);
    keep();
  });
  const link = button("Copy link", async () => {
    const address = `${location.href.split("#")[0]}#${kind}=${packed(widget.state())}`;
    told.textContent = (await isCopied(address)) ? "copied" : "it is in the address bar";
  });
  // Only the book has addresses that lead back; in a notebook there is none to hand on.
  link.hidden = !document.querySelector(".bd-article");
  const buttons = element("span", { className: "tools" }, told, again, link, enlarger(root));
  const heading = element("p", { className: "heading" }, root.ariaLabel ?? "", buttons);
  const asked = element("p", { className: "question" }, question);
  const node = element("div", { className: "framed" }, heading, asked, widget.node);
  let timer = 0;
  const later = () => {
    clearTimeout(timer);
    told.textContent = "";
    timer = setTimeout(keep, PAUSE);
  };
  for (const event of ["input", "change", "click", "pointerup", "keyup"]) {
    node.addEventListener(event, later);
  }
  addEventListener("pagehide", keep);
  const linked = linkedState(kind, root);
  const kept = linked ?? onDevice((storage) => storage.getItem(key));
  if (kept) take(kept);
  // What draws itself above may still move it: one frame later it lies where it will stay.
  if (isMeant(kind, root)) requestAnimationFrame(() => root.scrollIntoView());
  return node;
}

/** A button that spreads the interactive over the whole window, and back; Escape leads back too. */
function enlarger(root) {
  const turn = (isLarge) => {
    root.classList.toggle("enlarged", isLarge);
    node.textContent = isLarge ? "Reduce" : "Enlarge";
    node.ariaExpanded = String(isLarge);
  };
  const node = button("Enlarge", () => turn(!root.classList.contains("enlarged")));
  node.ariaExpanded = "false";
  root.addEventListener("keydown", (event) => event.key === "Escape" && turn(false));
  return node;
}

/** Use what the device keeps for this site; null where it keeps nothing, or must not. */
function onDevice(use) {
  try {
    return use(localStorage);
  } catch {
    return null;
  }
}

/** Whether the address of the page names this interactive, the first one of its kind. */
function isMeant(kind, root) {
  const isFirst = document.querySelector(`[data-interactive^="${kind}-"]`) === root;
  return isFirst && location.hash.slice(1).split("=")[0] === kind;
}

/** The state in the address of the page, if there is one and it is meant for this interactive. */
function linkedState(kind, root) {
  const state = location.hash.split("=", 2)[1];
  if (!isMeant(kind, root) || !state) return null;
  try {
    return unpacked(state);
  } catch {
    return null;
  }
}

function packed(state) {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function unpacked(text) {
  const characters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(characters, (character) => character.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

/** Copy an address; where that is not allowed, go there, so that it can be copied by hand. */
async function isCopied(address) {
  try {
    await navigator.clipboard.writeText(address);
    return true;
  } catch {
    history.replaceState(null, "", address);
    return false;
  }
}

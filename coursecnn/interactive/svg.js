// Elements that are not HTML's: those of drawings (SVG) and of formulas (MathML).

/** A new element of a drawing: svg("circle", { cx: 1, cy: 1, r: 1 }). */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/** A new element of a formula. */
export function math(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/1998/Math/MathML", name);
  return filled(node, attributes, children);
}

// What ARIA says is a property with the same name everywhere; the rest of an SVG are attributes.
function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("aria")) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

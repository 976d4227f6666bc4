// A page of the built book as it is read without scripts: on paper and in an e-book. What answers
// the hand is left out, what is folded is left out or moved, and what is left is well-formed XML.

const SHIFT = 1; // levels by which the headings of a page lie below the title of its part
const SILENT = [
  "script, style, button, template, .headerlink, .number-notes, .filters, a.course-button",
  ".course-exercise, .course-progress, .course-progress-panel, .toctree-wrapper",
  "details.hide:not(.tag_hide-cell *), details.ledger details.ledger",
].join(", ");
const KEPT = new Set(
  "id class href src alt title colspan rowspan value start type width height style lang dir".split(
    " ",
  ),
);
const CAPTION = /^(Figure|Table) \d+\.\d+\b/;

/**
 * What a page says, as XML, its headings, and the pictures that stand in it as data.
 *
 * @param {{
 *   html: string, name: string, pages: Record<string, string>, toFiles: boolean,
 * }} page its source, its address in the book, and the short name of each page of the edition;
 *   links to other pages lead to files of their own, or else stay in one document.
 */
function edition({ html, name, pages, toFiles }) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const article = parsed.querySelector("article");
  if (!article) throw new Error(`${name} has no article`);
  const own = pages[name];
  quieten(article);
  correct(article, parsed);
  const solutions = takeSolutions(article, parsed);
  if (solutions) article.append(solutions);
  nameAnew(article, own);
  link(article, { name, pages, toFiles });
  const pictures = takePictures(article, { name, own, toFiles });
  const headings = [...article.querySelectorAll("h1, h2, h3")].map((node) => ({
    level: Number(node.tagName[1]),
    id: node.closest("section[id]")?.id ?? own,
    text: node.textContent.trim(),
  }));
  article.id = own;
  if (!toFiles) lower(article, parsed);
  strip(article);
  const xml = new XMLSerializer().serializeToString(article);
  return { xml, headings, pictures };
}

/** Leave out what answers the hand; what an interactive shows without scripts stays. */
function quieten(article) {
  for (const live of article.querySelectorAll(".coursecnn")) {
    const shown = live.querySelector(".static");
    const label = live.ownerDocument.createElement("p");
    label.className = "interactive-name";
    label.textContent = `${live.getAttribute("aria-label")} (it answers the hand on the web page)`;
    live.className = "interactive";
    const kind = live.getAttribute("data-interactive")?.split("-")[0] ?? "";
    if (!article.querySelector(`#${kind}`)) live.id = kind; // by which other pages link to it
    live.replaceChildren(label, ...(shown?.childNodes ?? []));
  }
  const panel = article.querySelector(".course-progress-panel");
  panel?.previousElementSibling?.remove(); // which introduces it
  for (const node of article.querySelectorAll(SILENT)) node.remove();
  for (const mark of article.querySelectorAll("a.number-mark")) {
    mark.replaceWith(...mark.childNodes);
  }
  for (const folded of article.querySelectorAll("details.ledger:not([open]) > :not(summary)")) {
    folded.remove();
  }
  for (const node of article.querySelectorAll("p")) {
    if (CAPTION.test(node.textContent)) node.classList.add("figure-caption");
  }
}

/** What browsers and e-book readers draw alike, but only browsers accept as it is written. */
function correct(article, parsed) {
  for (const list of article.querySelectorAll("dt dl")) { // the parameters of a signature
    const lines = [...list.children].map((item) => {
      const line = parsed.createElement("div");
      line.append(...item.childNodes);
      return line;
    });
    const box = parsed.createElement("div");
    box.className = "parameters";
    box.append(...lines);
    list.replaceWith(box);
  }
  for (const fraction of article.querySelectorAll("mfrac[displaystyle]")) {
    const style = parsed.createElementNS(fraction.namespaceURI, "mstyle");
    for (const { name, value } of [...fraction.attributes]) {
      style.setAttribute(name, value);
      fraction.removeAttribute(name);
    }
    fraction.replaceWith(style);
    style.append(fraction);
  }
}

/** The folded solutions, from their exercises to the end of the chapter. */
function takeSolutions(article, parsed) {
  const cells = [...article.querySelectorAll(".tag_hide-cell")];
  if (!cells.length) return null;
  const section = parsed.createElement("section");
  section.id = "solutions-of-the-exercises";
  const title = parsed.createElement("h2");
  title.textContent = "Solutions";
  section.append(title);
  let last = "";
  for (const cell of cells) {
    const heading = cell.closest("section")?.querySelector("h1, h2, h3, h4");
    const words = heading?.textContent.trim() ?? "";
    if (words !== last) {
      const name = parsed.createElement("p");
      name.className = "solution-name";
      name.textContent = words;
      section.append(name);
    }
    last = words;
    cell.querySelectorAll("summary").forEach((node) => node.remove());
    section.append(cell);
  }
  return section;
}

/** The identifiers of a page, so that they differ from those of others; each stands once. */
function nameAnew(article, own) {
  const seen = new Set();
  for (const node of article.querySelectorAll("[id]")) {
    const id = `${own}--${node.id.replace(/[^\w.-]/g, "-")}`;
    if (seen.has(id)) node.removeAttribute("id");
    else node.id = id;
    seen.add(id);
  }
}

/** The links: inside the edition where its pages are meant, without those that lead nowhere. */
function link(article, { name, pages, toFiles }) {
  for (const node of article.querySelectorAll("a")) {
    const href = node.getAttribute("href");
    if (href === null) continue;
    const address = new URL(href, `book:///${name}`);
    if (address.protocol !== "book:") continue;
    const target = pages[address.pathname.slice(1)];
    if (!target) {
      node.replaceWith(...node.childNodes);
      continue;
    }
    const id = decodeURIComponent(address.hash.slice(1)).replace(/[^\w.-]/g, "-");
    const place = id ? `${target}--${id}` : target;
    node.setAttribute("href", toFiles ? `${target}.xhtml#${place}` : `#${place}`);
  }
}

/** Pictures by their address in the book; in files, those that stand in a page as data get a name. */
function takePictures(article, { name, own, toFiles }) {
  const found = {};
  article.querySelectorAll("img").forEach((node, index) => {
    const source = node.getAttribute("src") ?? "";
    if (!source.startsWith("data:")) {
      const path = new URL(source, `book:///${name}`).pathname.slice(1);
      node.setAttribute("src", toFiles ? path : `../html/${path}`);
    } else if (toFiles) {
      const file = `_images/${own}-${index}.png`;
      found[file] = source;
      node.setAttribute("src", file);
    }
  });
  return found;
}

/** Headings one level deeper, below the part's. */
function lower(article, parsed) {
  for (const node of article.querySelectorAll("h1, h2, h3, h4, h5")) {
    const deeper = parsed.createElement(`h${Number(node.tagName[1]) + SHIFT}`);
    deeper.id = node.id;
    deeper.append(...node.childNodes);
    node.replaceWith(deeper);
  }
}

/** Without folds, and without the attributes that only scripts and other programs need. */
function strip(article) {
  for (const node of [...article.querySelectorAll("details, summary")].reverse()) {
    const plain = node.ownerDocument.createElement(node.tagName === "SUMMARY" ? "p" : "div");
    plain.className = `${node.className} ${node.tagName.toLowerCase()}`.trim();
    if (node.id) plain.id = node.id;
    plain.append(...node.childNodes);
    node.replaceWith(plain);
  }
  for (const node of article.querySelectorAll("*")) {
    if (!(node instanceof HTMLElement)) continue;
    for (const { name } of [...node.attributes]) if (!KEPT.has(name)) node.removeAttribute(name);
  }
}

Object.assign(globalThis, { edition });

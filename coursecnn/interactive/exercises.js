// Exercises that are answered in the page, and the bars that say how far a reader has come.

import { feedback } from "./answers.js";
import { button, element } from "./page.js";
import {
  joined,
  keep,
  note,
  noteAnswer,
  noteSection,
  nothing,
  onProgress,
  progress,
  read,
} from "./progress.js";

const PLACES = {
  number: "a number, or a sum: 3*4 + 1",
  text: "your answer",
  list: "(…, …)",
  matrix: "a line for each row:\n… … …\n… … …",
};

/** Bring all exercises, bars and panels of the page to life. */
export function start() {
  for (const node of document.querySelectorAll(".course-exercise")) {
    const data = JSON.parse(/** @type {HTMLElement} */ (node).dataset.exercise ?? "{}");
    node.append(...(data.sealed ? asked(data) : elsewhere(data)));
    onProgress(() => node.classList.toggle("solved", progress().solved.includes(data.name)));
  }
  for (const node of document.querySelectorAll(".course-progress")) {
    const counts = sectionsOf(/** @type {HTMLElement} */ (node));
    if (!node.closest(".course-map")) { for (const page of counts.keys()) ticks(page); }
    bar(node, counts);
  }
  for (const node of document.querySelectorAll(".course-progress-panel")) panel(node);
}

/** A box to answer in, and what there is to say about the answer. */
function asked(exercise) {
  const { name, kind } = exercise;
  const isMatrix = kind === "matrix";
  const properties = { placeholder: PLACES[kind], spellcheck: false, ariaLabel: "your answer" };
  const box = isMatrix
    ? element("textarea", { ...properties, rows: 4 })
    : element("input", { ...properties, type: "text", autocomplete: "off" });
  const told = element("output", { className: "told" });
  const tell = () => {
    const { correct, message } = feedback(exercise, box.value);
    told.textContent = message;
    told.className = correct ? "told right" : "told";
    noteAnswer(name, box.value);
    if (correct) note(name, true);
  };
  box.value = progress().answers[name] ?? "";
  box.oninput = () => (told.textContent = "");
  const submit = element("button", { type: "submit" }, "Check");
  const form = element("form", {}, element("label", {}, "Your answer", box), submit, told);
  form.onsubmit = (event) => {
    event.preventDefault();
    tell();
  };
  return [form, element("span", { className: "tick", ariaHidden: "true" }, "✓")];
}

/** What only Python can check: where to write it, and a tick for what was solved there. */
function elsewhere({ name, colab }) {
  const box = element("input", { type: "checkbox" });
  box.onchange = () => note(name, box.checked);
  onProgress(() => (box.checked = progress().solved.includes(name)));
  const words = "This one needs Python: answer in its cell ";
  // The book's theme takes what follows "#" in any address for a selector, which this is not: the
  // cell is added when it is wanted.
  const notebook = colab.split("#")[0];
  const link = element("a", { href: notebook, className: "on-colab" }, "on Colab");
  link.onclick = link.onauxclick = () => {
    link.href = colab;
    setTimeout(() => (link.href = notebook));
  };
  const solved = element("label", {}, box, "solved there");
  return [element("p", {}, words, link, ", or in make lab.", " ", solved)];
}

/**
 * How many sections the pages of a bar have: "page 12, other 9".
 *
 * @param {HTMLElement} node
 * @returns {Map<string, number>}
 */
function sectionsOf(node) {
  const listed = (node.dataset.sections ?? "").split(", ").filter(Boolean);
  return new Map(listed.map((one) => one.split(" ")).map(([page, count]) => [page, Number(count)]));
}

/** How much of a chapter, or of a part, is solved and read. */
function bar(node, counts) {
  const names = node.dataset.exercises.split(" ").filter(Boolean);
  const sections = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const most = names.length + sections;
  const meter = element("progress", { max: most, ariaLabel: "exercises solved, sections read" });
  const words = element("small");
  node.append(meter, words);
  onProgress(() => {
    const { solved, sections: ticked } = progress();
    const done = new Set(solved);
    const count = names.filter((name) => done.has(name)).length;
    const read = [...counts].reduce(
      (sum, [page, most]) =>
        sum + Math.min(ticked.filter((one) => one.startsWith(`${page}#`)).length, most),
      0,
    );
    meter.value = count + read;
    const ofSections = sections ? `, ${read} of ${sections} sections read` : "";
    words.textContent = `${count} of ${names.length} exercises solved${ofSections}`;
    node.classList.toggle("all", count + read === most);
  });
}

/** A box to tick at the end of each section of a chapter, and a mark in the page's contents. */
function ticks(page) {
  for (const heading of document.querySelectorAll("article section:not(#exercises) > h2")) {
    const section = /** @type {HTMLElement} */ (heading.parentElement);
    const name = `${page}#${section.id}`;
    const box = element("input", { type: "checkbox" });
    const title = heading.firstChild?.textContent?.trim() ?? "";
    box.ariaLabel = `I have read: ${title}`;
    box.onchange = () => noteSection(name, box.checked);
    section.append(element("label", { className: "course-read" }, box, "I have read this section"));
    const entry = document.querySelector(`.page-toc a[href="#${section.id}"]`);
    onProgress(() => {
      box.checked = progress().sections.includes(name);
      entry?.classList.toggle("course-done", box.checked);
    });
  }
}

/** Take the progress along, bring it in, or begin anew. */
function panel(node) {
  const told = element("output");
  const file = element("input", { type: "file", accept: ".json", hidden: true });
  file.ariaLabel = "a file with progress";
  file.onchange = async () => {
    const other = read((await file.files?.[0]?.text()) ?? "");
    if (other) keep(joined(progress(), other));
    told.textContent = other ? "Added to what is here." : "That file holds no progress.";
    file.value = "";
  };
  const give = button("Export", () => {
    const blob = new Blob([JSON.stringify(progress())], { type: "application/json" });
    const link = element("a", { href: URL.createObjectURL(blob), download: "coursecnn.json" });
    link.click();
    URL.revokeObjectURL(link.href);
  });
  let isSure = false;
  const reset = button("Reset", () => {
    if (isSure) keep(nothing());
    told.textContent = isSure ? "Nothing is kept any more." : "Press again to forget everything.";
    isSure = !isSure;
  });
  node.append(give, button("Import", () => file.click()), reset, file, told);
}

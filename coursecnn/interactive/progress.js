// What a reader has solved and read, kept on the device and nowhere else.

const KEY = "coursecnn-progress";

/**
 * @typedef {object} Progress
 * @property {string[]} solved the names of the exercises that are solved
 * @property {Record<string, string>} answers what was typed last, by the exercise's name
 * @property {string[]} sections those that are ticked as read: page#section
 */

/** @type {Progress} */
let memory = nothing();

/** Nothing solved, and nothing read. @returns {Progress} */
export function nothing() {
  return { solved: [], answers: {}, sections: [] };
}

/** What there is now; where a browser keeps nothing, what there is on this page. */
export function progress() {
  try {
    return read(localStorage.getItem(KEY) ?? "{}") ?? memory;
  } catch {
    return memory;
  }
}

/**
 * Keep other progress.
 *
 * @param {Progress} next
 */
export function keep(next) {
  memory = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // A private window, or no room: the page goes on without it.
  }
  dispatchEvent(new Event(KEY));
}

/** Call a function whenever there is other progress, here or in another window. */
export function onProgress(tell) {
  addEventListener(KEY, tell);
  addEventListener("storage", (event) => event.key === KEY && tell());
  tell();
}

/** A list with a name in it, or without. */
function noted(names, name, isIn) {
  const others = names.filter((one) => one !== name);
  return isIn ? [...others, name] : others;
}

/** Note that an exercise is solved, or that it is not. */
export function note(name, isSolved) {
  const now = progress();
  keep({ ...now, solved: noted(now.solved, name, isSolved) });
}

/** Note that a section is read, or that it is not. */
export function noteSection(name, isRead) {
  const now = progress();
  keep({ ...now, sections: noted(now.sections, name, isRead) });
}

/** Note what was typed. */
export function noteAnswer(name, text) {
  const now = progress();
  keep({ ...now, answers: { ...now.answers, [name]: text } });
}

/** Two progresses as one: what either has solved and read; of answers, the newer ones. */
export function joined(old, newer) {
  return {
    solved: [...new Set([...old.solved, ...newer.solved])],
    answers: { ...old.answers, ...newer.answers },
    sections: [...new Set([...old.sections, ...newer.sections])],
  };
}

/** The progress in a text that was exported, or null if it is none. @returns {Progress | null} */
export function read(text) {
  try {
    const { solved = [], answers = {}, sections = [] } = JSON.parse(text);
    const texts = [...solved, ...Object.values(answers), ...sections];
    const areLists = Array.isArray(solved) && Array.isArray(sections);
    const isOne = areLists && texts.every((one) => typeof one === "string");
    return isOne ? { solved, answers, sections } : null;
  } catch {
    return null;
  }
}

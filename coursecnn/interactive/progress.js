// What a reader has solved, kept on the device and nowhere else.

const KEY = "coursecnn-progress";

/**
 * @typedef {object} Progress
 * @property {string[]} solved the names of the exercises that are solved
 * @property {Record<string, string>} answers what was typed last, by the exercise's name
 */

/** @type {Progress} */
let memory = { solved: [], answers: {} };

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

/** Note that an exercise is solved, or that it is not. */
export function note(name, isSolved) {
  const { solved, answers } = progress();
  const others = solved.filter((one) => one !== name);
  keep({ solved: isSolved ? [...others, name] : others, answers });
}

/** Note what was typed. */
export function noteAnswer(name, text) {
  const { solved, answers } = progress();
  keep({ solved, answers: { ...answers, [name]: text } });
}

/** Two progresses as one: what either has solved; of answers, the newer ones. */
export function joined(old, newer) {
  return {
    solved: [...new Set([...old.solved, ...newer.solved])],
    answers: { ...old.answers, ...newer.answers },
  };
}

/** The progress in a text that was exported, or null if it is none. @returns {Progress | null} */
export function read(text) {
  try {
    const { solved = [], answers = {} } = JSON.parse(text);
    const texts = [...solved, ...Object.values(answers)];
    const isOne = Array.isArray(solved) && texts.every((one) => typeof one === "string");
    return isOne ? { solved, answers } : null;
  } catch {
    return null;
  }
}

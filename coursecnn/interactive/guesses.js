// Questions that are guessed first, and what was found shown beside the guesses.

import { framed } from "./frame.js";
import { button, choice, element } from "./page.js";

const QUESTION = "What do you expect, before you look?";
const NONE = "your guess";

/**
 * The element that asks `questions`, each { text, answer, words }, by the same `options`.
 *
 * An `answer` is one of the options, or null where nobody knows yet.
 */
export function start({ options, questions }, root) {
  return framed(root, new GuessForm(options, questions), QUESTION);
}

class GuessForm {
  constructor(options, questions) {
    this.options = options;
    this.questions = questions;
    this.isShown = false;
    this.pickers = questions.map(({ text }) => choice(text, [NONE, ...options], () => this.show()));
    this.found = questions.map(() => element("p", { className: "found" }));
    this.compare = button("Compare", () => {
      this.isShown = true;
      this.show();
    });
    this.answer = element("p", { role: "status" });
    const rows = this.pickers.map(({ node }, row) =>
      element("li", { className: "guess" }, node, this.found[row])
    );
    const bar = element("div", { className: "bar" }, this.compare);
    this.node = element(
      "div",
      {},
      element("ol", { className: "guesses" }, ...rows),
      bar,
      this.answer,
    );
    this.show();
  }

  state() {
    return { guesses: this.pickers.map(({ list }) => list.selectedIndex), isShown: this.isShown };
  }

  restore({ guesses, isShown }) {
    this.isShown = isShown;
    this.pickers.forEach(({ list }, row) => {
      list.selectedIndex = guesses[row];
    });
    this.show();
  }

  /** What was guessed in a row; null for nothing. */
  guess(row) {
    return this.options[this.pickers[row].list.selectedIndex - 1] ?? null;
  }

  show() {
    const made = this.questions.map((_, row) => this.guess(row) !== null);
    const count = made.filter(Boolean).length;
    this.compare.disabled = this.isShown || count === 0;
    this.questions.forEach((question, row) => {
      const isOpen = this.isShown && made[row];
      this.pickers[row].list.disabled = this.isShown;
      this.found[row].textContent = isOpen ? verdict(question, this.guess(row)) : "";
    });
    this.answer.textContent = this.isShown
      ? this.score()
      : `${count} of ${this.questions.length} guessed.`;
  }

  score() {
    const answers = this.questions.map(({ answer }) => answer);
    const { right, judged, waiting } = counted(answers, answers.map((_, row) => this.guess(row)));
    return `${right} of ${judged} right.${waiting ? ` ${waiting} cannot be judged yet.` : ""}`;
  }
}

/**
 * How many guesses are right, of how many that can be judged, and how many have to wait.
 *
 * Of both lists, null is what nobody knows yet, or has not guessed.
 */
export function counted(answers, guesses) {
  const made = answers.map((answer, row) => ({ answer, guess: guesses[row] }))
    .filter(({ guess }) => guess !== null);
  const judged = made.filter(({ answer }) => answer !== null);
  const right = judged.filter(({ answer, guess }) => answer === guess);
  return { right: right.length, judged: judged.length, waiting: made.length - judged.length };
}

/** A finding in words, and whether it is what was guessed. */
function verdict({ answer, words }, guess) {
  if (answer === null) return words;
  const mark = answer === guess ? "✓ as you guessed:" : "✗";
  return `${mark} ${answer} (${words})`;
}

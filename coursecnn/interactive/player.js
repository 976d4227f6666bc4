// What goes on by itself, step by step, while the reader sees it.

import { button } from "./page.js";

const MILLISECONDS_PER_STEP = 1000;

/**
 * The buttons "Back", "Step" and "Play" of something that has steps.
 *
 * `move` goes on by so many steps, `isOver` says whether the last one is reached, and `begin` is
 * called when the play begins. The play pauses when the interactive leaves the page or the view,
 * and when the page is hidden. Readers who ask for reduced motion have no "Play": they go step by
 * step.
 */
export class Player {
  constructor({ move, isOver, begin = () => {} }) {
    this.move = move;
    this.isOver = isOver;
    this.begin = begin;
    /** @type {AbortController | null} */
    this.playing = null;
    this.play = button("Play", () => (this.playing ? this.pause() : this.run()));
    this.play.className = "play";
    const [back, next] = [button("Back", () => this.step(-1)), button("Step", () => this.step(1))];
    this.buttons = [back, next, this.play];
  }

  run() {
    this.play.textContent = "Pause";
    this.playing = new AbortController();
    const timer = setInterval(() => this.tick(), MILLISECONDS_PER_STEP);
    this.playing.signal.addEventListener("abort", () => clearInterval(timer));
    this.watch(this.playing.signal);
    this.begin();
  }

  /** Play by itself once, from when it is first seen until it is over or the reader touches it. */
  runOnce(root) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const untouched = new AbortController();
    const { signal } = untouched;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.at(-1)?.isIntersecting) return;
      observer.disconnect();
      this.run();
    }, { threshold: 0.5 });
    observer.observe(root);
    const touched = (event) => {
      if (event.type === "pointerenter" && event.pointerType !== "mouse") return;
      observer.disconnect();
      untouched.abort();
      // The button itself pauses when it is pressed.
      if (!this.play.contains(event.target)) this.pause();
    };
    for (const touch of ["pointerdown", "pointerenter", "focusin", "keydown"]) {
      root.addEventListener(touch, touched, { signal, capture: true });
    }
  }

  /** Pause as soon as the play is no longer to be seen. */
  watch(signal) {
    const pause = () => this.pause();
    // It also tells when the interactive is taken out of the page.
    const observer = new IntersectionObserver((entries) =>
      entries.at(-1)?.isIntersecting || pause()
    );
    observer.observe(this.play.closest(".coursecnn") ?? this.play);
    signal.addEventListener("abort", () => observer.disconnect());
    document.addEventListener("visibilitychange", pause, { signal });
    matchMedia("(prefers-reduced-motion: reduce)").addEventListener("change", pause, { signal });
  }

  tick() {
    this.move(1);
    if (this.isOver()) this.pause();
  }

  pause() {
    this.playing?.abort();
    this.playing = null;
    this.play.textContent = "Play";
  }

  step(count) {
    this.pause();
    this.move(count);
  }
}

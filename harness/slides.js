// The slides of a chapter: keys, the address of the slide that is shown, and letters that fit.

const STEPS = {
  ArrowDown: 1,
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -1,
  End: Infinity,
  Home: -Infinity,
  PageDown: 1,
  PageUp: -1,
  " ": 1,
};
const OWN_KEYS = "a, button, input, select, summary, textarea, [role=slider], .coursecnn";
const SMALLEST = 0.5;
const SMALLEST_LIVE = 0.6; // one that needs smaller letters scrolls instead, and says so
const INK = 6; // pixels by which a formula is higher than its line

const slides = [...document.querySelectorAll("section")];
let current = 0;

/** Show a slide; before the first and after the last there is none. */
function show(number) {
  current = Math.min(Math.max(number, 0), slides.length - 1);
  slides[current].scrollIntoView();
}

/** Make the letters of a slide smaller until all of it is seen; ink may stand out a little. */
function fit(slide) {
  const boxes = [...slide.querySelectorAll(".body, pre")];
  const isCut = () =>
    boxes.some((box) =>
      box.scrollHeight > box.clientHeight + INK || box.scrollWidth > box.clientWidth + INK
    );
  const smallest = slide.classList.contains("live") ? SMALLEST_LIVE : SMALLEST;
  for (let step = 20; step >= 20 * smallest; step -= 1) {
    slide.style.setProperty("--fit", (step / 20).toFixed(2));
    if (!isCut()) return;
  }
  slide.classList.add("tall");
}

/** Write down which slide is shown, in the address. */
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    current = slides.findIndex(({ id }) => id === target.id);
    history.replaceState(null, "", `#${target.id}`);
  }
}, { threshold: 0.6 });

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const isTaken = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
  if (!step || isTaken || document.activeElement?.closest(OWN_KEYS)) return;
  event.preventDefault();
  show(current + step);
});

await document.fonts.ready;
await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
slides.forEach(fit);
show(slides.findIndex(({ id }) => `#${id}` === location.hash));
slides.forEach((slide) => seen.observe(slide));

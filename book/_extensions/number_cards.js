// A number that is marked in the text shows its note as a card, beside it and over the text; a term
// of the glossary shows its definition.

(() => {
  const WAIT = { open: 120, close: 250 }; // milliseconds, so that a pointer may pass by, or go over
  const MARGIN = 8; // pixels between a card and the edge of the screen

  const MARKS = "a.number-mark, a.glossary-term";
  /** @type {NodeListOf<HTMLAnchorElement>} */
  const marks = document.querySelectorAll(MARKS);
  if (!marks.length || !("popover" in HTMLElement.prototype)) return; // they lead to their notes

  const card = document.createElement("span");
  card.id = card.className = "number-card";
  card.setAttribute("popover", "manual");
  card.setAttribute("role", "note");

  /** @type {HTMLAnchorElement | null} */
  let current = null;
  let wasTouch = false; // what was pressed last: a finger has no other way to the card
  let isKept = false; // by a click: a pointer that leaves does not close it
  let timer = 0;

  const isTerm = (mark) => mark.classList.contains("glossary-term");

  // What a browser shows of itself comes late, and neither to a finger nor to the keyboard.
  for (const mark of marks) {
    if (isTerm(mark)) {
      mark.dataset.definition = mark.title;
      mark.removeAttribute("title");
    }
  }

  function note(mark) {
    const copy = document.getElementById(mark.hash.slice(1))?.cloneNode(true);
    const nodes = /** @type {ChildNode[]} */ ([...(copy?.childNodes ?? [])]);
    return nodes.filter((node) =>
      !(node instanceof Element && node.matches("[role=doc-backlink]"))
    );
  }

  function definition(mark) {
    const link = document.createElement("a");
    link.href = mark.href;
    link.textContent = mark.pathname.endsWith("glossary.html") ? "In the glossary" : "Read more";
    const foot = document.createElement("small");
    foot.append(link);
    return [mark.dataset.definition, foot];
  }

  function open(mark) {
    clearTimeout(timer);
    if (mark === current) return;
    close();
    card.ariaLabel = isTerm(mark) ? "What this means" : "Where this number comes from";
    card.replaceChildren(...(isTerm(mark) ? definition(mark) : note(mark)));
    mark.after(card); // so that the Tab key comes to its links next
    mark.setAttribute("aria-describedby", card.id);
    card.showPopover();
    place(mark);
    current = mark;
  }

  function close() {
    clearTimeout(timer);
    if (!current) return;
    const mark = current;
    const hadFocus = card.contains(document.activeElement);
    current = null;
    isKept = false;
    mark.removeAttribute("aria-describedby");
    if (hadFocus) mark.focus();
    card.remove();
    if (hadFocus) close(); // the focus has opened it again
  }

  /** Below the number, or above it where there is no room. */
  function place(mark) {
    const [first] = mark.getClientRects();
    const last = [...mark.getClientRects()].at(-1);
    const { width, height } = card.getBoundingClientRect();
    const screen = document.documentElement;
    const left = Math.min(first.left, screen.clientWidth - width - MARGIN);
    const below = last.bottom + 4;
    const isAbove = below + height > screen.clientHeight && first.top > height;
    card.style.left = `${Math.max(left, MARGIN) + scrollX}px`;
    card.style.top = `${(isAbove ? first.top - height - 4 : below) + scrollY}px`;
  }

  const markOf = ({ target }) => target instanceof Element ? target.closest(MARKS) : null;
  const isInside = (node) =>
    node instanceof Node && (card.contains(node) || !!current?.contains(node));

  addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const mark = markOf(event);
    clearTimeout(timer);
    if (mark) timer = setTimeout(open, WAIT.open, mark);
    else if (current && !isKept && !isInside(event.target) && !isInside(document.activeElement)) {
      timer = setTimeout(close, WAIT.close);
    }
  });
  addEventListener("focusin", (event) => {
    const mark = markOf(event);
    if (mark) open(mark);
    else if (!isInside(event.target)) close();
  });
  addEventListener("pointerdown", (event) => {
    wasTouch = event.pointerType === "touch";
    if (!isInside(event.target) && !markOf(event)) close();
  });
  addEventListener("click", (event) => {
    const mark = markOf(event);
    if (!mark || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (isTerm(mark) && !wasTouch) return; // it leads to the glossary
    event.preventDefault();
    if (mark === current && isKept) {
      close();
    } else {
      open(mark);
      isKept = true;
    }
  });
  addEventListener("keydown", (event) => {
    wasTouch = false;
    if (event.key === "Escape") close();
  });
  addEventListener("resize", close);
})();

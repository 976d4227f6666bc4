// A number that is marked in the text shows its note as a card, beside it and over the text.

(() => {
  const WAIT = { open: 120, close: 250 }; // milliseconds, so that a pointer may pass by, or go over
  const MARGIN = 8; // pixels between a card and the edge of the screen

  const marks = document.querySelectorAll("a.number-mark");
  if (!marks.length || !("popover" in HTMLElement.prototype)) return; // they lead to their notes

  const card = document.createElement("span");
  card.id = card.className = "number-card";
  card.setAttribute("popover", "manual");
  card.setAttribute("role", "note");
  card.setAttribute("aria-label", "Where this number comes from");

  /** @type {HTMLAnchorElement | null} */
  let current = null;
  let isKept = false; // by a click: a pointer that leaves does not close it
  let timer = 0;

  function open(mark) {
    clearTimeout(timer);
    if (mark === current) return;
    close();
    const note = document.getElementById(mark.hash.slice(1));
    card.replaceChildren(...(note?.cloneNode(true).childNodes ?? []));
    card.querySelector("[role=doc-backlink]")?.remove();
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

  const markOf = ({ target }) => target instanceof Element ? target.closest("a.number-mark") : null;
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
    if (!isInside(event.target) && !markOf(event)) close();
  });
  addEventListener("click", (event) => {
    const mark = markOf(event);
    if (!mark || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (mark === current && isKept) {
      close();
    } else {
      open(mark);
      isKept = true;
    }
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  addEventListener("resize", close);
})();

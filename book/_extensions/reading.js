// What helps to read a page: figures that become large and suit the dark, keys, the time left.

(() => {
  const article = document.querySelector("article.bd-article");
  if (!article) return;
  const root = document.documentElement;

  /** An element with properties and children. */
  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  // Figures: what is drawn on white turns round in the dark, and the pictures in it do not.

  /** The rectangles that keep their colours, as a shape to cut out; null if there are none. */
  function shape(image) {
    const boxes = (image.dataset.keep ?? "").split(",").filter(Boolean);
    const corners = boxes.flatMap((box) => {
      const [left, top, right, bottom] = box.split(" ").map((at) => `${Number(at) / 100}%`);
      const around = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]];
      return [["0", "0"], ...around, ["0", "0"]];
    });
    return boxes.length ? `polygon(${corners.map((corner) => corner.join(" ")).join()})` : null;
  }

  /** Put the pictures of a figure over it, as they are; wanted only in the dark. */
  function overlay(image) {
    const cut = shape(image);
    if (root.dataset.theme !== "dark" || !cut || image.nextElementSibling?.matches("img")) return;
    const copy = element("img", { src: image.src, alt: "", className: "as-it-is" });
    copy.loading = "lazy";
    copy.ariaHidden = "true";
    copy.style.clipPath = cut;
    image.after(copy);
  }

  /** What a figure is called: its number, where a caption follows. */
  function nameOf(image) {
    const cell = image.closest(".cell, figure");
    const caption = cell?.nextElementSibling?.textContent.match(/^\s*Figure [\d.]*\d/);
    return caption ? caption[0].trim().replace("Figure", "figure") : "this figure";
  }

  function enlarge(image) {
    const name = nameOf(image);
    const large = element("img", { src: image.src, alt: image.alt });
    large.dataset.keep = image.dataset.keep ?? "";
    const frame = element("span", { className: "figure-frame" }, large);
    frame.style.setProperty("--shape", String(image.naturalWidth / image.naturalHeight));
    frame.style.setProperty("--drawn", `${image.naturalWidth}px`);
    const close = element("button", { type: "button" }, "Close");
    const box = element("div", { tabIndex: 0 }, frame);
    box.setAttribute("role", "group");
    box.ariaLabel = "the figure, which scrolls";
    const dialog = element("dialog", { className: "figure-large" }, close, box);
    dialog.ariaLabel = `${name[0].toUpperCase()}${name.slice(1)}, enlarged`;
    close.onclick = box.onclick = () => dialog.close();
    dialog.onclose = () => dialog.remove();
    document.body.append(dialog);
    overlay(large);
    dialog.showModal();
  }

  const figures = [...article.querySelectorAll("img[data-keep]")];
  for (const image of figures) {
    const button = element("button", { type: "button", title: "Enlarge" }, "⤢");
    button.ariaLabel = `Enlarge ${nameOf(image)}`;
    const frame = element("span", { className: "figure-frame" });
    image.replaceWith(frame);
    frame.append(image, button);
    button.onclick = () => enlarge(image);
    image.addEventListener("click", () => enlarge(image));
  }
  const suit = () => document.querySelectorAll("img[data-keep]").forEach(overlay);
  new MutationObserver(suit).observe(root, { attributeFilter: ["data-theme"] });
  suit();

  // Keys: the arrows turn the pages, unless they belong to what has the focus.

  const OWN_KEYS =
    "input, textarea, select, button, summary, dialog, [tabindex], [role], .coursecnn";
  const links = {
    ArrowLeft: document.querySelector("a.left-prev"),
    ArrowRight: document.querySelector("a.right-next"),
  };
  for (const [key, link] of Object.entries(links)) link?.setAttribute("aria-keyshortcuts", key);
  addEventListener("keydown", (event) => {
    const { key, target, altKey, ctrlKey, metaKey, shiftKey, defaultPrevented } = event;
    const isTaken = defaultPrevented || altKey || ctrlKey || metaKey || shiftKey;
    const link = /** @type {Record<string, HTMLElement | null>} */ (links)[key];
    if (!link || isTaken || !(target instanceof Element)) return;
    if (target.closest(OWN_KEYS)?.closest("article, dialog, header, nav, form, .bd-sidebar")) {
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    link.click();
  });

  // The time left: words and code at the pace of a textbook, figures and tables with a look at each.

  const WORDS_A_MINUTE = 200;
  const LOOKS = { IMG: 60, TABLE: 60 }; // in words
  const parts = [...article.querySelectorAll("p, li, pre, table, img[data-keep], h2, h3")]
    .filter((part) => !part.closest("details, table *, pre *, .coursecnn, .cite, #exercises"));
  const words = parts.map((part) =>
    LOOKS[/** @type {"IMG"} */ (part.tagName)] ??
      (part.querySelector("p, li") ? 0 : part.textContent.split(/\s+/).length)
  );
  const wordsFrom = [0]; // from the last part back
  for (const count of words.toReversed()) wordsFrom.push(wordsFrom[wordsFrom.length - 1] + count);
  wordsFrom.reverse();
  const place = document.querySelector(".header-article-items__start");
  const left = element("small", { className: "time-left header-article-item" });

  /** How many parts lie above the lower edge of the screen. */
  function seen() {
    let [low, high] = [0, parts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const isAbove = parts[middle].getBoundingClientRect().top < innerHeight * 0.7;
      if (isAbove) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function tell() {
    const at = scrollY < 40 ? 0 : seen();
    const minutes = Math.round(wordsFrom[at] / WORDS_A_MINUTE);
    const isAlmostDone = minutes < 1;
    left.textContent = isAlmostDone ? "almost done" : `${minutes} min left`;
    left.title = "Reading time left in this chapter, without the exercises";
  }

  const isChapter = document.querySelectorAll(".course-progress[data-sections]").length === 1;
  if (place && isChapter) {
    place.append(left);
    let isWaiting = false;
    const soon = () => {
      if (isWaiting) return;
      isWaiting = true;
      requestAnimationFrame(() => {
        isWaiting = false;
        tell();
      });
    };
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    tell();
  }
})();

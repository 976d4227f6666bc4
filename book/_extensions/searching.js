// The search page: chapters before names of the package, Korean for English, and excerpts.

(() => {
  /**
   * What `searching.py` has put before this script, and what Sphinx's own search is made of.
   *
   * @type {{korean: Record<string, string>, chapters: string[],
   *   mentions: Record<string, Record<string, number>>}}
   */
  // @ts-ignore: a constant of the page
  const terms = courseTerms;
  // @ts-ignore: of Sphinx
  const [search, scorer] = [Search, Scorer];

  const AROUND = 130; // letters before and after what was found
  const GROUPS = { chapter: 3000, page: 2000, glossary: 1500, reference: 1000, name: 0 };
  const MOST = 60; // mentions that count

  const chapters = new Set(terms.chapters);
  const koreans = Object.keys(terms.korean).sort((a, b) => b.length - a.length);
  let wanted = [""]; // what was asked for, in small letters: as typed, and in English

  /** A query with the glossary's English for its Korean. */
  function inEnglish(query) {
    for (const korean of koreans) query = query.replaceAll(korean, ` ${terms.korean[korean]} `);
    return query.replace(/\s+/g, " ").trim();
  }

  function group([page, , , description]) {
    if (chapters.has(page)) return GROUPS.chapter;
    if (page.endsWith("glossary")) return GROUPS.glossary;
    if (!page.includes("/reference/")) return page === "genindex" ? GROUPS.name : GROUPS.page;
    return description ? GROUPS.name : GROUPS.reference;
  }

  function mentions(page) {
    const counts = wanted.map((term) => terms.mentions[term]?.[page] ?? 0);
    return Math.min(Math.max(...counts), MOST);
  }

  scorer.score = (result) =>
    group(result) + 10 * mentions(result[0]) + 20 * Math.min(result[4], 20);

  const find = search._performSearch;
  search._performSearch = (query, ...parsed) => {
    const english = inEnglish(query);
    wanted = [...new Set([query, english].map((one) => one.trim().toLowerCase()))];
    const results = find(query, ...parsed);
    if (wanted.length === 1) return results;
    const note = document.createElement("p");
    note.textContent = `Also searched for: ${english}`;
    search.status.before(note);
    // The best come last.
    const more = find(...search._parseQuery(english));
    const keys = new Set(more.map((result) => result.slice(0, 4).join()));
    const others = results.filter((result) => !keys.has(result.slice(0, 4).join()));
    return [...others, ...more].sort((a, b) => a[4] - b[4]);
  };

  // Excerpts: the text of a page comes as a script, which a browser loads from a disk as well.

  /** @type {Map<string, (sections: string[][]) => void>} */
  const waiting = new Map();
  /** @type {Map<string, Promise<string[][]>>} */
  const loaded = new Map();
  Object.assign(globalThis, {
    courseExcerpts: ([page, sections]) => waiting.get(page)?.(sections),
  });

  /** The sections of a page: anchor, title and text of each. */
  function sectionsOf(page) {
    const known = loaded.get(page);
    if (known) return known;
    const promise = new Promise((tell) => {
      waiting.set(page, tell);
      const script = document.createElement("script");
      script.src = `_static/excerpts/${page.replaceAll("/", "--")}.js`;
      script.onerror = () => tell([]);
      document.head.append(script);
    });
    loaded.set(page, promise);
    return promise;
  }

  /** Where a text has what was asked for: all of it, or else its longest word. */
  function place(text) {
    const small = text.toLowerCase();
    const longest = wanted.map((one) => one.split(" ").sort((a, b) => b.length - a.length)[0]);
    for (const word of [...wanted, ...longest]) {
      const at = word ? small.indexOf(word) : -1;
      if (at >= 0) return { at, length: word.length };
    }
    return null;
  }

  /** The first place on a page, from a section on. */
  function first(sections, anchor) {
    const start = Math.max(sections.findIndex(([id]) => id === anchor), 0);
    for (const [id, title, text] of sections.slice(start)) {
      const found = place(text);
      if (found) return { id, title, text, ...found };
    }
    return null;
  }

  async function show(item) {
    const link = item.querySelector("a");
    const address = new URL(link.href);
    const root = new URL(".", location.href).pathname;
    const page = decodeURI(address.pathname).slice(decodeURI(root).length).replace(/\.html$/, "");
    const sections = await sectionsOf(page);
    const found = first(sections, address.hash.slice(1));
    if (!found) return;
    const { text, at, length } = found;
    const mark = document.createElement("mark");
    mark.textContent = text.slice(at, at + length);
    const before = text.slice(Math.max(at - AROUND, 0), at);
    const after = text.slice(at + length, at + length + AROUND);
    const [opening, closing] = [at > AROUND ? "… " : "", at + length + AROUND < text.length];
    const excerpt = document.createElement("p");
    excerpt.className = "context";
    excerpt.append(
      opening + (opening ? before.replace(/^\S*\s/, "") : before),
      mark,
      closing ? after.replace(/\s\S*$/, " …") : after,
    );
    item.append(excerpt);
    if (!address.hash && found.id !== sections[0][0]) {
      const section = document.createElement("a");
      section.href = `${address.pathname}#${found.id}`;
      section.textContent = found.title;
      excerpt.append(" ", section);
    }
  }

  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      show(target);
    }
  }, { rootMargin: "300px" });
  const results = document.getElementById("search-results");
  const observer = new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        if (node instanceof HTMLLIElement && node.querySelector("a")) seen.observe(node);
      }
    }
  });
  if (results) observer.observe(results, { childList: true, subtree: true });
})();

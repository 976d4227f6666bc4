// The ledger's table on its page: filtered by what its rows say of themselves, sorted by a column.

const FILTERS = { verdict: "Verdict", chapter: "Chapter", origin: "Printed in" };

/** A labelled control. */
function labelled(text, control) {
  const label = document.createElement("label");
  label.append(`${text} `, control);
  return label;
}

/** A choice among what the rows say for one filter, in the order in which they first say it. */
function choice(name, rows) {
  const select = document.createElement("select");
  const values = new Set(rows.map((row) => row.dataset[name]));
  select.append(new Option("all", ""), ...[...values].map((value) => new Option(value, value)));
  return select;
}

/** What a cell is worth: the number that it says, or else the first one in its text; and the text. */
function sortable(cell) {
  const text = cell.textContent.trim();
  const first = text.replace(/,/g, "").match(/-?\d+(\.\d+)?/)?.[0] ?? "";
  const number = Number.parseFloat(cell.dataset.value ?? first);
  return { number: Number.isNaN(number) ? Infinity : number, text };
}

function start(frame) {
  const body = frame.querySelector("tbody");
  const rows = [...body.rows];
  const words = rows.map((row) => row.textContent.toLowerCase());
  const selects = Object.fromEntries(
    Object.keys(FILTERS).map((name) => [name, choice(name, rows)]),
  );
  const search = Object.assign(document.createElement("input"), { type: "search" });
  const count = document.createElement("output");

  function show() {
    const wanted = search.value.trim().toLowerCase().split(/\s+/);
    let shown = 0;
    rows.forEach((row, place) => {
      const fits = Object.entries(selects).every(([name, { value }]) =>
        value === "" || row.dataset[name] === value
      );
      row.hidden = !(fits && wanted.every((word) => words[place].includes(word)));
      shown += Number(!row.hidden);
    });
    count.textContent = `${shown} of ${rows.length} shown`;
  }

  const bar = document.createElement("div");
  bar.className = "filters";
  for (const [name, text] of Object.entries(FILTERS)) bar.append(labelled(text, selects[name]));
  bar.append(labelled("Search", search), count);
  frame.prepend(bar);
  bar.addEventListener("input", show);

  [...frame.querySelectorAll("thead th")].forEach((head, column, heads) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const numeric = ["Printed", "Found here"].includes(head.textContent);
      const order = rows.map((row) => ({ row, key: sortable(row.cells[column]) }));
      order.sort(({ key: a }, { key: b }) => {
        const byNumber = numeric && a.number !== b.number ? a.number - b.number : 0;
        return (byNumber || a.text.localeCompare(b.text)) * (down ? -1 : 1);
      });
      body.append(...order.map(({ row }) => row));
    });
  });
  show();
}

for (const frame of document.querySelectorAll("div.filtered")) start(frame);

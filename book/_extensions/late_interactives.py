"""Heavy interactives come after the page: what one weighs stands in a file of its own.

A network of hundreds of thousands of weights is part of its interactive, so that a notebook needs
nothing else. A page of the book would be as heavy before its first line is read. So there its data
and its script move to a file, which is asked for when a reader comes near; until then stands what
is shown where scripts do not run. The file is a plain script, which works from disk as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

HEAVY = 300_000  # characters of an interactive, before anything is compressed
FOLDER = "_static/late"
SCRIPTS = re.compile(
    r'(?P<before><div class="coursecnn" data-interactive="(?P<key>[\w-]+)"[^>]*>'
    r'(?:(?!<script)[\s\S])*?)<script type="application/json">(?P<data>[^<]*)</script>\s*'
    r'<script type="module">(?P<code>.*?)</script>',
    re.DOTALL,
)
LOADER = """\
<script>(() => {{
  const script = document.createElement("script");
  script.src = {address};
  const near = new IntersectionObserver((entries) => {{
    if (!entries.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    document.head.append(script);
  }}, {{ rootMargin: "1000px" }});
  const root = document.currentScript.parentElement;
  if (location.hash.startsWith("#{kind}")) document.head.append(script);
  else near.observe(root);
}})();</script>"""
# Scripts that are put into a page one by one run, the module last. What has started meanwhile, or
# stands there in full, is left alone.
LATE = """\
(() => {{
  const root = document.querySelector('[data-interactive="{key}"]');
  if (!root || "running" in root.dataset || root.querySelector("script[type=module]")) return;
  for (const old of root.querySelectorAll("script")) old.remove();
  const texts = {texts};
  for (const [type, text] of Object.entries(texts)) {{
    const script = document.createElement("script");
    Object.assign(script, {{ type, textContent: text }});
    root.append(script);
  }}
}})();
"""


def lightened(body: str, write: Callable[[str, str], str]) -> str:
    """HTML whose heavy interactives are in files.

    Args:
        body: The HTML of a page.
        write: Takes the name and the text of a file, and gives its address as the page sees it.

    >>> scripts = '<script type="application/json">[1]</script><script type="module">b</script>'
    >>> html = f'<div class="coursecnn" data-interactive="a-1"><p>A</p>{scripts}</div>'
    >>> lightened(html, lambda name, text: name) == html
    True
    >>> heavy = html.replace("[1]", "[" + "1" * HEAVY + "]")
    >>> light = lightened(heavy, lambda name, text: f"late/{name}")
    >>> len(light) < 1000, 'script.src = "late/a-1.js";' in light, "<p>A</p>" in light
    (True, True, True)
    """

    def changed(found: re.Match[str]) -> str:
        if len(found[0]) < HEAVY:
            return found[0]
        texts = {"application/json": found["data"], "module": found["code"]}
        text = LATE.format(key=found["key"], texts=json.dumps(texts))
        address = write(f"{found['key']}.js", text)
        return found["before"] + LOADER.format(
            address=json.dumps(address), kind=found["key"].partition("-")[0]
        )

    return SCRIPTS.sub(changed, body)


def lighten(app: Sphinx, _name: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    """Lighten a page before it is written."""
    if app.builder.name != "html" or "coursecnn" not in context.get("body", ""):
        return

    def write(name: str, text: str) -> str:
        path = Path(app.outdir) / FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(context["pathto"](f"{FOLDER}/{name}", 1))

    context["body"] = lightened(context["body"], write)


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at every page before it is written."""
    app.connect("html-page-context", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

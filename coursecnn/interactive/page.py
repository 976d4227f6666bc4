"""One interactive as one piece of HTML that needs nothing else.

A fragment holds its style (`page.css`, and those that are named like its script and what that
imports, where there are any), its data, its script and what is shown where scripts do not run. It
works in a page of the book, from a web server or from disk, in JupyterLab and on Colab; nothing is
loaded, and the same content gives the same bytes.

- `fragment(...)`: the HTML;
- `module(...)`: a script and what it imports, as one module;
- `array(...)`: numbers in the form in which the scripts read them;
- `in_base64(...)`: bytes, shorter than as numbers;
- `Field(...)`, `check_fields(...)`: numbers that the reader can change, and their limits;
- `check_finite(...)`, `one_number(...)`: what a page cannot show is refused;
- `palette()`: the colours of numbers with a sign;
- `table(...)`, `picture(...)`: what to look at where scripts do not run.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image

from coursecnn._checks import as_int, as_plain
from coursecnn.figures import DIVERGING
from coursecnn.interactive._bundle import COMMENT, INDENTATION, bundle, imported

BMP_HEADER = 54  # bytes in front of the palette

# Scripts find their fragment by the digest of its content, so that nothing depends on a random id
# or on what else is on the page; of several equal fragments, each is started once.
TEMPLATE = """\
<div class="coursecnn" data-interactive="{key}" role="group" aria-label="{label}">
<style>
{style}</style>
<div class="static">{static}</div>
<script type="application/json">{data}</script>
<script type="module">
{script}
for (const root of document.querySelectorAll('[data-interactive="{key}"]:not([data-running])')) {{
  const data = JSON.parse(root.querySelector("script").textContent);
  root.querySelector(".static").replaceWith(start(data, root));
  root.dataset.running = "";
}}
</script>
</div>"""


def fragment(script: str, label: str, data: object, static: str) -> str:
    """Put an interactive together.

    Args:
        script: name of a file beside this one that exports `start(data, root)`, which returns the
            element to show.
        label: what the interactive is called, for screen readers.
        data: what `start` receives, made of dicts, lists, texts and finite numbers.
        static: HTML to show where scripts do not run.

    Returns:
        HTML that is equal for equal arguments.

    Raises:
        ValueError: `data` holds a number that is not finite.
    """
    # In JSON only texts can hold "<"; escaped, none of them can end the script element.
    try:
        content = json.dumps(data, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"data must hold texts and finite numbers alone: {error}") from error
    content = content.replace("<", "\\u003c")
    code = module(script)
    digest = hashlib.sha256(f"{code}{content}{static}".encode()).hexdigest()[:12]
    return TEMPLATE.format(
        key=f"{script.removesuffix('.js')}-{digest}",
        label=escape(label),
        style=_style(script),
        static=static,
        data=content,
        script=code,
    )


def _style(script: str) -> str:
    scripts = ["page.js", *imported(script, _read), script]
    names = dict.fromkeys(name.removesuffix(".js") + ".css" for name in scripts)
    styles = (_read(name) for name in names if _path(name).is_file())
    return "".join(INDENTATION.sub("", COMMENT.sub("", style)) for style in styles)


def module(script: str) -> str:
    """A script of the package with all that it imports, as one module.

    Raises:
        ValueError: A file imports or exports in a way that `bundle` does not know.
    """
    return bundle(script, _read)


def array(values: npt.ArrayLike) -> dict[str, Any]:
    """Numbers as `arithmetic.js` reads them.

    Examples:
        >>> array([[1, 2.5], [3, 4]])
        {'shape': [2, 2], 'values': [1, 2.5, 3, 4]}
    """
    numbers = np.asarray(values, dtype=float)
    plain = [int(v) if v.is_integer() else v for v in numbers.ravel().tolist()]
    return {"shape": list(numbers.shape), "values": plain}


def table(values: npt.ArrayLike, caption: str) -> str:
    """A matrix as an HTML table.

    Examples:
        >>> table([[1, -2.5]], "two numbers")
        '<table><caption>two numbers</caption><tr><td>1<td>−2.5</table>'
    """
    rows = [
        "<tr>" + "".join(f"<td>{value:g}".replace("-", "−") for value in row)
        for row in np.asarray(values, dtype=float)
    ]
    return f"<table><caption>{escape(caption)}</caption>{''.join(rows)}</table>"


def picture(brightness: npt.NDArray[np.uint8], caption: str) -> str:
    """A grey picture, 255 for white, as an HTML figure.

    Examples:
        >>> picture(np.zeros((2, 2), np.uint8), "black")[:37]
        '<figure><img src="data:image/bmp;base'
    """
    # As BMP, because that is not compressed: every version of every library writes the same bytes,
    # but for the fourth of each colour of the palette, which is reserved, and not always zero.
    file = io.BytesIO()
    Image.fromarray(brightness).save(file, format="BMP")
    content = bytearray(file.getvalue())
    content[BMP_HEADER + 3 : BMP_HEADER + 4 * 256 : 4] = bytes(256)
    source = f"data:image/bmp;base64,{in_base64(bytes(content))}"
    words = escape(caption)
    return f'<figure><img src="{source}" alt="{words}"><figcaption>{words}</figcaption></figure>'


class Field(NamedTuple):
    """A number that the reader can change, and its limits."""

    name: str
    label: str
    min: int
    max: int


def check_fields(fields: Iterable[Field], setting: Mapping[str, object], of: str = "") -> None:
    """Refuse numbers that are out of their limits.

    Raises:
        ValueError: A value of the setting is not an int that its field allows.

    Examples:
        >>> check_fields([Field("size", "N", min=1, max=9)], {"size": 12}, of="'3a'")
        Traceback (most recent call last):
        ValueError: size must be an int from 1 to 9, got 12 for '3a'
    """
    for name, _, least, most in fields:
        number = as_int(setting[name])
        if number is None or not least <= number <= most:
            where = f" for {of}" if of else ""
            raise ValueError(
                f"{name} must be an int from {least} to {most}, got {setting[name]!r}{where}"
            )


def check_finite(name: str, values: Any) -> None:
    """Refuse numbers that are none, or infinite.

    Raises:
        ValueError: One of the values is not a finite number.

    Examples:
        >>> check_finite("bias", [0.5, float("nan")])
        Traceback (most recent call last):
        ValueError: bias must hold finite numbers, got nan
    """
    try:
        numbers = np.asarray(values, dtype=float).ravel()
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold finite numbers, got {values!r}") from None
    wrong = numbers[~np.isfinite(numbers)]
    if wrong.size:
        raise ValueError(f"{name} must hold finite numbers, got {wrong[0]}")


def one_number(name: str, value: Any, least: int = 0) -> int:
    """Read a whole number, which a page needs to be the same both ways.

    Raises:
        ValueError: It is none, too small, or a pair of different ones.

    Examples:
        >>> one_number("stride", (2, 2))
        2
    """
    plain = as_plain(value)
    parts = set(plain) if isinstance(plain, tuple) else {plain}
    number = as_int(plain[0] if isinstance(plain, tuple) and plain else plain)
    if len(parts) != 1 or number is None or number < least:
        raise ValueError(f"{name} must be one int of at least {least} for both axes, got {value!r}")
    return number


def in_base64(raw: bytes) -> str:
    """Bytes as a text that JSON can hold.

    Examples:
        >>> in_base64(bytes([0, 255]))
        'AP8='
    """
    return base64.b64encode(raw).decode("ascii")


def palette() -> npt.NDArray[np.uint8]:
    """The colours of the book's signed feature maps, from the lowest to the highest, (256, 3).

    Examples:
        >>> palette().shape
        (256, 3)
    """
    return np.asarray(mpl.colormaps[DIVERGING](np.arange(256), bytes=True)[:, :3])


def _read(name: str) -> str:
    return _path(name).read_text(encoding="utf-8")


def _path(name: str) -> Traversable:
    return files("coursecnn.interactive").joinpath(name)

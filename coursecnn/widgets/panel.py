"""What the experiments share: a static picture for the book, and controls where a kernel runs.

- `Picture`: something that draws itself, and shows as an image in any notebook;
- `Experiment`: something with controls, which `open()` shows;
- `controls_for`: says which class makes the controls of an experiment;
- `PictureControls`: controls that ask about a picture, and show what comes of it;
- `library()`: ipywidgets, which only the controls need;
- `Asked`: a picture's number or a picture of the reader's own; `chosen(...)`: its pixels;
- `uploaded(...)`: the file that a reader gave;
- `shown(...)`, `told(...)`: a picture, and a message, as HTML for the controls.
"""

from __future__ import annotations

import base64
import io
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from html import escape
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from coursecnn._checks import as_int
from coursecnn.datasets import Dataset
from coursecnn.models import _ask, _keras_graph
from coursecnn.models._ask import Found

Pixels: TypeAlias = npt.NDArray[np.float64]
Asked: TypeAlias = int | npt.ArrayLike | bytes
WIDE = {"description_width": "8em"}
# What cameras and programs for drawing write. Others that Pillow knows start further programs.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
MOST_PIXELS = 50_000_000

_Controls = TypeVar("_Controls", bound=Callable[..., Any])


class Picture(ABC):
    """Draws itself into a figure, and shows as that figure at the end of a cell.

    It makes no use of pyplot, so that controls may draw it while a cell runs.
    """

    @abstractmethod
    def draw(self, figure: Figure) -> None:
        """Draw into an empty figure, and give it its size."""

    def figure(self) -> Figure:
        """The figure, to save it or to change it."""
        figure = Figure(layout="constrained")
        self.draw(figure)
        return figure

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.figure().savefig(file, format="png", bbox_inches="tight")
        return file.getvalue()


class Experiment(Picture):
    """A picture with controls, which live in a notebook with a kernel.

    In the book, and wherever a stored notebook is read, the picture is all there is. Its bytes do
    not depend on the controls, whose identities are random.
    """

    @cached_property
    def controls(self) -> Any:
        """The controls, made when they are first asked for, each an attribute with its traits."""
        return _CONTROLS[type(self)](self)

    @property
    def widget(self) -> Any:
        """All controls as one widget of ipywidgets."""
        return self.controls.box

    def open(self) -> None:
        """Show the controls, in Jupyter or on Colab.

        Raises:
            ImportError: ipywidgets is not installed.
        """
        from IPython.display import display

        display(self.widget)


# What makes the controls of an experiment, which itself knows nothing of them.
_CONTROLS: dict[type[Experiment], Callable[[Any], Any]] = {}


def controls_for(experiment: type[Experiment]) -> Callable[[_Controls], _Controls]:
    """Make a class, called with an experiment of this kind, that experiment's `controls`."""

    def register(controls: _Controls) -> _Controls:
        _CONTROLS[experiment] = controls
        return controls

    return register


class PictureControls(ABC):
    """Controls that ask about a picture of a dataset, or of the reader's own.

    Attributes:
        number, upload: Widgets of ipywidgets that say which picture.
        message, result: HTML: what came of it.
        sources: The first two, as one widget.
    """

    def __init__(self, pictures: int) -> None:
        """Make the widgets of the picture.

        Args:
            pictures: How many the dataset has to offer.
        """
        widgets = library()
        self._asked: Asked = 0
        self.number = widgets.BoundedIntText(
            value=0, min=0, max=pictures - 1, description="image", style=WIDE
        )
        self.upload = widgets.FileUpload(accept="image/*", description="or your own")
        self.message, self.result = widgets.HTML(), widgets.HTML()
        self.sources = widgets.HBox([self.number, self.upload])
        self.number.observe(self._take_number, "value")
        self.upload.observe(self._take_file, "value")

    @abstractmethod
    def answer(self, asked: Asked) -> Picture:
        """What the experiment shows for a picture, with the other controls as they stand.

        Raises:
            ValueError: It cannot be asked; says why.
        """

    def ask(self, _change: object = None) -> None:
        """Ask anew; what cannot be asked leaves the last answer where it is."""
        try:
            picture = self.answer(self._asked)
        except ValueError as error:
            self.message.value = told(error, is_error=True)
            return
        self.message.value = told(repr(picture))
        self.result.value = shown(picture)

    def _take_number(self, change: Any) -> None:
        self._asked = change["new"]
        self.ask()

    def _take_file(self, change: Any) -> None:
        content = uploaded(change["new"])
        if content is not None:
            self._asked = content
            self.ask()


def library() -> ModuleType:
    """ipywidgets, release 7 or 8.

    Raises:
        ImportError: It is not installed; says how it is.
    """
    try:
        import ipywidgets
    except ImportError as error:
        raise ImportError(
            "the controls of an experiment need ipywidgets, which is not installed: "
            "run `%pip install ipywidgets`, and restart the kernel"
        ) from error
    return ipywidgets


def chosen(asked: Asked, data: Dataset) -> tuple[Pixels, str]:
    """The pixels that are asked for, between 0 and 1, and what to call them.

    Args:
        asked: The number of a picture of `data.x_eval`; or the bytes of a file, cut and scaled to
            the size of these; or pixels of their shape.
        data: Whose pictures they are.

    Raises:
        ValueError: There is no picture of that number, the file cannot be read, or the pixels are
            of another shape.
    """
    shape = data.x_eval.shape[1:]
    if isinstance(asked, bytes):
        return _read(asked, shape), "your picture"
    number = as_int(asked)
    if number is not None or isinstance(asked, bool | float):
        if number is None or not 0 <= number < len(data.x_eval):
            raise ValueError(f"image must be a number below {len(data.x_eval):,}, got {asked!r}")
        label = data.classes[data.y_eval[number]]
        return data.x_eval[number] / 255, f"image {number}, {label}"
    pixels = np.asarray(asked, dtype=float)
    if pixels.shape != shape:
        raise ValueError(f"image must have the shape {shape}, got {pixels.shape}")
    return pixels, "your picture"


def _read(content: bytes, shape: tuple[int, ...]) -> Pixels:
    height, width, channels = shape
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            _require_few_pixels(*opened.size)
            ImageOps.exif_transpose(opened, in_place=True)  # a large picture is not copied twice
            picture = opened.convert("RGB" if channels == 3 else "L")
        return np.asarray(ImageOps.fit(picture, (width, height))).reshape(shape) / 255
    except Exception as error:  # the readers of pictures raise what they come upon
        raise ValueError(
            f"image must be a file that can be read, such as a PNG or a JPEG of at most "
            f"{MOST_PIXELS:,} pixels, got one of {len(content):,} bytes that cannot"
        ) from error


def _require_few_pixels(width: int, height: int) -> None:
    """Refuse a picture that would need gigabytes; a small file can hold a large white one."""
    if width * height > MOST_PIXELS:
        raise ValueError(f"{width} × {height} pixels")


def uploaded(value: Any) -> bytes | None:
    """The content of the file in a FileUpload's value, if there is one.

    Args:
        value: Of ipywidgets 8, a sequence of files; or of ipywidgets 7, files by their names.
    """
    files = list(value.values()) if isinstance(value, Mapping) else list(value)
    return bytes(files[-1]["content"]) if files else None


def shown(picture: Picture) -> str:
    """A picture as HTML, with its text for those who do not see it."""
    source = base64.b64encode(picture._repr_png_()).decode("ascii")
    return f'<img src="data:image/png;base64,{source}" alt="{escape(repr(picture))}">'


def told(message: object, is_error: bool = False) -> str:
    """A message as HTML, its lines and spaces as they are; screen readers say it at once."""
    role = "alert" if is_error else "status"
    return f'<pre role="{role}">{escape(str(message))}</pre>' if str(message) else ""


def spatial_layers(model: Any) -> dict[str, Found]:
    """The layers of a model whose output has rows and columns, but its input, by their paths.

    Those of models inside are among them; a layer that is used more than once is not.

    Raises:
        ValueError: There is none.
    """
    traced = _keras_graph.traced(model)
    uses = Counter(call.path for call in traced.calls)
    paths = [path for path in _ask.spatial(traced) if uses[path] == 1]
    if not paths:
        raise ValueError(f"model must have a layer with rows and columns, {model.name!r} has none")
    return {path: _ask.find(traced, path) for path in paths}

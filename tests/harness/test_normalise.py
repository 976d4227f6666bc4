"""The normal form: nothing that a reader sees is changed, and everything volatile is gone."""

from __future__ import annotations

import base64
import io
import re

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from nbformat import NotebookNode
from nbformat.v4 import new_notebook, new_output
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from harness import cells, folds, normalise
from tests.notebooks import build_notebook, code, displayed, printed, text

STREAMS = st.builds(printed, st.text("ab\n", min_size=1), st.sampled_from(["stdout", "stderr"]))
RESULTS = st.builds(
    lambda count, words: new_output(
        "execute_result", data={"text/plain": words}, execution_count=count
    ),
    st.integers(1, 99),
    st.text("xyz 0x7f"),
)
CODE_CELLS = st.builds(
    lambda source, outputs, count, extra: NotebookNode(
        code(source, *outputs, scrolled=extra), execution_count=count
    ),
    st.sampled_from(["", "1 + 1", "f()"]),
    st.lists(STREAMS | RESULTS, max_size=4),
    st.none() | st.integers(1, 99),
    st.booleans(),
)
CELLS = CODE_CELLS | st.builds(text, st.sampled_from(["", "# T", "It is 3."]))


def notebook_of(cells: list[NotebookNode]) -> NotebookNode:
    notebook = new_notebook()
    notebook.cells = cells
    return notebook


@settings(deadline=None, max_examples=25)
@given(st.lists(CELLS, max_size=5))
def test_normalising_twice_is_normalising_once(cells):
    once = normalise.normalise(notebook_of(cells))
    assert normalise.dumps(normalise.normalise(once)) == normalise.dumps(once)
    reread = nbformat.reads(normalise.dumps(once), as_version=4)
    assert normalise.dumps(normalise.normalise(reread)) == normalise.dumps(once)
    nbformat.validate(once)


@settings(deadline=None, max_examples=25)
@given(st.lists(CODE_CELLS, max_size=5))
def test_what_a_reader_sees_is_kept(cells):
    def seen(cell: NotebookNode) -> str:
        outputs = [out for out in cell.outputs if out.get("name") != "stderr"]
        return "".join(out.get("text") or str(out.data) for out in outputs)

    after = normalise.normalise(notebook_of(cells)).cells
    assert [seen(cell) for cell in after] == [seen(cell) for cell in cells]
    assert [cell.source for cell in after] == [cell.source for cell in cells]


@settings(deadline=None, max_examples=25)
@given(st.lists(CODE_CELLS, max_size=5))
def test_cells_that_were_run_are_numbered_in_order(cells):
    counts = [cell.execution_count for cell in normalise.normalise(notebook_of(cells)).cells]
    run = [count for count in counts if count is not None]
    assert run == list(range(1, len(run) + 1))
    assert [count is None for count in counts] == [cell.execution_count is None for cell in cells]


def test_the_file_has_one_form():
    written = normalise.dumps(build_notebook([text("# É"), code("print(1)", "1\n")]))
    assert written.startswith('{\n "cells": [\n  {\n   "cell_type": "markdown",\n')
    assert "É" in written
    assert written.endswith("}\n")


def test_metadata_is_cut_down_to_what_the_course_uses():
    notebook = notebook_of([code("1", tags=["hide-cell"], scrolled=True, execution={"x": "12:00"})])
    notebook.metadata = nbformat.from_dict({"colab": {}, "language_info": {"version": "3.11.7"}})
    plain = normalise.normalise(notebook)
    assert plain.cells[0].metadata == {"tags": ["hide-cell"], **folds.METADATA["hide-cell"]}
    assert plain.metadata == normalise.NOTEBOOK_METADATA


def test_what_was_measured_stays_as_text_and_goes_as_data():
    measured = displayed(text_plain="mnist, seed 0: 1 of 5 epochs re-measured")
    measured.data[cells.MEASURED] = {"device": "CPU: abacus"}
    (cell,) = build_notebook([code("display(comparison)", measured)]).cells
    assert [dict(out.data) for out in cell.outputs] == [
        {"text/plain": "mnist, seed 0: 1 of 5 epochs re-measured"}
    ]


def test_what_computed_the_outputs_is_kept():
    notebook = notebook_of([text("# T")])
    notebook.metadata[normalise.COMPUTED_BY] = {"device": "CPU: abacus", "python": "3.11.9"}
    kept = normalise.normalise(notebook).metadata
    assert kept == {**normalise.NOTEBOOK_METADATA, "coursecnn": notebook.metadata["coursecnn"]}


def test_neighbouring_streams_are_one_once_stderr_is_gone():
    outputs = [printed("a\n"), printed("warning", "stderr"), printed("b\n")]
    apart = [displayed(text_plain="figure"), printed("c\n")]
    (cell,) = build_notebook([code("show()", *outputs, *apart)]).cells
    assert [out.get("text") for out in cell.outputs] == ["a\nb\n", None, "c\n"]


def test_inserting_a_cell_renames_no_other():
    before = build_notebook(["1", "2", "2"])
    after = build_notebook(["0", "1", "2", "2"])
    assert [cell.id for cell in after.cells[1:]] == [cell.id for cell in before.cells]
    assert len({cell.id for cell in after.cells}) == 4


def png(software: str) -> str:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    notes, buffer = PngInfo(), io.BytesIO()
    notes.add_text("Software", software)
    Image.fromarray(pixels).save(buffer, format="png", pnginfo=notes, dpi=(72, 72))
    return base64.b64encode(buffer.getvalue()).decode()


def test_a_png_loses_its_notes_and_keeps_its_pixels():
    one, other = png("Matplotlib version 3.11"), png("Matplotlib version 3.12")
    assert one != other
    assert normalise.plain_png(one + "\n") == normalise.plain_png(other)
    with Image.open(io.BytesIO(base64.b64decode(normalise.plain_png(one)))) as picture:
        assert np.asarray(picture).ravel().tolist() == list(range(48))
        assert picture.info.keys() == {"dpi"}


def test_what_claims_to_be_a_png_and_is_none_is_refused():
    with pytest.raises(ValueError, match="image/png must hold a PNG, but its signature is missing"):
        normalise.plain_png(base64.b64encode(b"GIF89a").decode())


def test_an_svg_loses_its_date_and_random_ids_and_no_digit():
    def drawn() -> str:
        figure = Figure(figsize=(2, 2))
        axes = figure.subplots()
        axes.scatter([1, 2], [3, 4])
        axes.set_title("a0123456789", fontfamily="serif")
        buffer = io.StringIO()
        with mpl.rc_context({"svg.fonttype": "none"}):
            figure.savefig(buffer, format="svg")
        return buffer.getvalue()

    one, other = drawn(), drawn()
    assert one != other
    assert normalise.plain_svg(one) == normalise.plain_svg(other)
    assert normalise.plain_svg(normalise.plain_svg(one)) == normalise.plain_svg(one)
    assert ">a0123456789<" in normalise.plain_svg(one)


def widget_notebook(names: list[str]) -> NotebookNode:
    """A notebook that shows one slider, with its layout, and a link that no view refers to."""
    slider, layout, link = names
    view = {"model_id": slider, "version_major": 2, "version_minor": 0}
    shown = new_output("display_data", data={normalise.WIDGET_VIEW: view})
    notebook = notebook_of([code("slider", shown)])
    state = {
        slider: {"model_name": "Slider", "state": {"layout": f"IPY_MODEL_{layout}"}},
        layout: {"model_name": "Layout", "state": {}},
        link: {"model_name": "Link", "state": {"source": [f"IPY_MODEL_{slider}", "value"]}},
    }
    models = {name: state[name] for name in sorted(state)}
    notebook.metadata = nbformat.from_dict({"widgets": {normalise.WIDGET_STATE: {"state": models}}})
    return notebook


def test_widget_models_are_named_by_their_order_of_appearance():
    one = widget_notebook(["c" * 32, "a" * 32, "b" * 32])
    other = widget_notebook([f"{rank:032x}" for rank in (1, 2, 0)])
    written = normalise.dumps(normalise.normalise(one))
    assert written == normalise.dumps(normalise.normalise(other))
    assert re.findall(r'"model_id": "0*(\w)"', written) == ["0"]
    assert re.findall(r"IPY_MODEL_0*(\d)", written) == ["1", "0"]


@pytest.mark.parametrize("minor", ["5", None, [5], 99])
def test_widgets_are_renamed_whatever_the_file_says_of_its_format(minor):
    notebook = widget_notebook(["c" * 32, "a" * 32, "b" * 32])
    right = normalise.dumps(normalise.normalise(notebook))
    notebook.nbformat_minor = minor
    for cell in notebook.cells:  # as before version 4.5, of which nbformat warns
        cell.pop("id")
    assert normalise.dumps(normalise.normalise(notebook)) == right

"""The command `coursecnn`: get the data, and measure again what the book reports.

- `coursecnn data`: fetch the official datasets, or say what is here;
- `coursecnn reproduce`: train a recipe over several seeds and record what came out;
- `coursecnn count`: say what any Keras model costs;
- `coursecnn draw`: draw any Keras model into a file;
- `coursecnn grade`: grade answered notebooks;
- `coursecnn exam`: write papers for an examination, each with other numbers.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

import coursecnn

# What a command needs is imported when it runs: `--help` should answer at once.
SHIPPED = Path(coursecnn.__file__).parent / "evidence" / "results"  # `records.SHIPPED`
NAMES = ("mnist", "cifar10")  # `datasets.NAMES`

app = typer.Typer(
    help="The companion command of the coursecnn book.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
USAGE = 2


class UsageError(Exception):
    """A wrong argument on the command line."""


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    """Turn what a user can cause into a message and an exit code, and leave bugs their traceback.

    Raises:
        typer.Exit: with code 2 for a wrong argument, 1 for anything else, 130 when interrupted.
    """
    try:
        yield
    except UsageError as error:
        message, code = str(error), USAGE
    except (ValueError, ArithmeticError, OSError) as error:
        message, code = str(error), 1
    except KeyboardInterrupt:
        message, code = "stopped; the same command continues where it stopped", 130
    else:
        return
    typer.echo(f"coursecnn: {message}", err=True)
    raise typer.Exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"coursecnn {coursecnn.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Get the course's data, and measure again what the book reports."""


@app.command()
def data(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Any of: {', '.join(NAMES)}. Default: all.")
    ] = None,
    status: Annotated[
        bool, typer.Option("--status", help="Only say what is on this machine; no network.")
    ] = False,
) -> None:
    """Fetch the official datasets, checked byte for byte, and say where they lie."""
    with _reported():
        from coursecnn import datasets

        for name in _known(names or NAMES, NAMES, "dataset"):
            if not status:
                datasets.fetch(name)
            typer.echo(datasets.describe(name))


@app.command()
def reproduce(
    name: Annotated[str | None, typer.Argument(help="Which recipe; see --list.")] = None,
    seeds: Annotated[
        str, typer.Option(help="How many, as in 5, or which, as in 0,1,2.", show_default=True)
    ] = "5",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Another number of epochs than the recipe's.")
    ] = None,
    results: Annotated[
        Path, typer.Option(help="The folder of the record.", show_default="the package's own")
    ] = SHIPPED,
    keep_weights: Annotated[
        bool, typer.Option("--keep-weights", help="Keep the trained weights beside the record.")
    ] = False,
    listing: Annotated[
        bool, typer.Option("--list", help="Say what can be measured, and what it takes.")
    ] = False,
) -> None:
    """Train a recipe over several seeds and record what came out.

    The record is written after each seed. When the command is stopped or killed, the same command
    continues where it stopped. To measure afresh, name an empty folder with --results.
    """
    with _reported():
        wanted = _seeds(seeds)
        from coursecnn import datasets, training
        from coursecnn.training import timing
        from coursecnn.training.recipes import RECIPES

        if listing:
            for recipe in RECIPES.values():
                typer.echo(timing.cost(recipe, results, _lab_seconds))
            return
        if name is None:
            raise UsageError(f"name a recipe: one of {', '.join(RECIPES)}")
        _known([name], tuple(RECIPES), "recipe")
        recipe = RECIPES[name]
        if epochs is not None:
            recipe = dataclasses.replace(recipe, epochs=epochs)
        datasets.fetch(recipe.dataset)  # says what to do where there is only the stand-in
        data = training.load_data(recipe)
        record = training.reproduce(recipe, data, wanted, results, keep_weights=keep_weights)
        typer.echo(f"{record}\n{results / name}.json")


@app.command()
def count(
    model: Annotated[
        str,
        typer.Argument(help="A .keras file, or an architecture's or Keras application's name."),
    ],
    input_shape: Annotated[
        str | None,
        typer.Option(help="Of an image, as in 224,224,3, where the model leaves sizes open."),
    ] = None,
    output: Annotated[str, typer.Option("--format", help="text, csv or json.")] = "text",
    convention: Annotated[
        str, typer.Option(help="Whose count to add: flops, paper, fvcore, thop, tensorflow, ...")
    ] = "coursecnn",
    batch: Annotated[int, typer.Option(help="Images at a time, for the memory.")] = 1,
) -> None:
    """Print what a model costs: layer by layer, in all, and in memory."""
    with _reported():
        from coursecnn.models import report

        known = tuple(report.FORMATS)
        _known([output], known, "--format")
        typer.echo(report.report(model, input_shape, output, convention, batch))


@app.command()
def draw(
    model: Annotated[
        str,
        typer.Argument(help="A .keras file, or an architecture's or Keras application's name."),
    ],
    output: Annotated[
        Path | None, typer.Option(help="The SVG file.", show_default="the model's name here")
    ] = None,
    first: Annotated[str | None, typer.Option(help="Name of the layer to begin with.")] = None,
    last: Annotated[str | None, typer.Option(help="Name of the layer to end with.")] = None,
    nested: Annotated[bool, typer.Option("--nested", help="Open the models inside.")] = False,
    shapes: Annotated[bool, typer.Option("--shapes", help="Write the shapes, too.")] = False,
    stages: Annotated[
        bool, typer.Option("--stages", help="Only a block for each size of the maps.")
    ] = False,
    input_shape: Annotated[
        str | None,
        typer.Option(help="Of an image, as in 224,224,3, where the model leaves sizes open."),
    ] = None,
) -> None:
    """Draw a model, or a part of it, as an SVG file: the same bytes for the same model.

    The file also holds what the layers of the model cost, for the book's architecture explorer.
    """
    with _reported():
        if stages and (first or last or shapes or nested):
            raise UsageError(
                "--stages draws a whole model: it goes with --output and --input-shape"
            )
        from coursecnn.models import diagrams, report

        path = output or Path(f"{Path(model).stem}.svg")
        if path.suffix != ".svg":
            raise UsageError(f"--output must end in .svg, got {str(path)!r}")
        size = None if input_shape is None else report.read_shape(input_shape)
        network = report.find(model)
        figure = (
            diagrams.tower(network, input_shape=size)
            if stages
            else diagrams.draw(network, first, last, nested=nested, shapes=shapes, input_shape=size)
        )
        diagrams.save_svg(figure, path, counted=report.counted(network, size))
        typer.echo(path)


@app.command()
def grade(
    folder: Annotated[Path, typer.Argument(help="Where the answered notebooks are.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--csv", help="A file that gets a row for each exercise, notebook by notebook."
        ),
    ] = None,
    seconds: Annotated[int, typer.Option(min=1, help="That a cell may take.")] = 600,
) -> None:
    """Run answered notebooks, and count which exercises are right.

    It runs what the students wrote: do it where they may run programs.
    """
    with _reported():
        from coursecnn.exercises import grading

        grades = grading.graded(folder, seconds=seconds, csv=output)
        counts = grades.groupby("notebook")["state"].value_counts().unstack(fill_value=0)
        typer.echo(counts.reindex(columns=grading.STATES, fill_value=0).to_string())
        for row in grades[grades["state"] == grading.NOT_GRADED].itertuples():
            typer.echo(f"not graded: {row.notebook} {row.said}")


@app.command()
def exam(
    chapters: Annotated[
        list[str], typer.Argument(help="By the names of their exercises: convolution, vgg, ...")
    ],
    folder: Annotated[Path, typer.Option(help="A new or an empty one, for the files.")],
    seed: Annotated[int, typer.Option(help="Decides the numbers: the same ones every time.")] = 0,
    variants: Annotated[int, typer.Option(help="How many papers, at most 26.")] = 1,
    questions: Annotated[
        int | None, typer.Option(help="How many in a paper.", show_default="all there are")
    ] = None,
) -> None:
    """Write papers with numeric exercises, each with other numbers, and the answers apart."""
    with _reported():
        from coursecnn.exercises import exam as examination

        for path in examination.write(
            folder, chapters, seed=seed, variants=variants, questions=questions
        ):
            typer.echo(path)


@functools.cache
def _lab_seconds() -> float:
    """Say what an epoch of the lab's recipe takes on this machine, and that it takes a while."""
    from coursecnn.training import timing

    typer.echo("timing a few steps of training on this machine ...", err=True)
    return timing.lab_epoch_seconds()


def _known(given: Sequence[str], known: Sequence[str], kind: str) -> Sequence[str]:
    """Return the names, or refuse those that do not exist."""
    for name in given:
        if name not in known:
            raise UsageError(f"{kind} must be one of {', '.join(known)}, got {name!r}")
    return given


def _seeds(text: str) -> tuple[int, ...]:
    """Read `"5"` as the seeds 0 to 4, and `"0,3"` or `"3,"` as these seeds."""
    parts = [part for part in text.split(",") if part.strip()]
    if not parts or not all(part.strip().isdecimal() for part in parts) or text.strip() == "0":
        raise UsageError(f"--seeds must be a count such as 5 or a list such as 0,1,2, got {text!r}")
    numbers = tuple(map(int, parts))
    return numbers if "," in text else tuple(range(numbers[0]))

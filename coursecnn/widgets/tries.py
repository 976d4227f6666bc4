"""Train a small network of one's own choice of layers, again and again, and compare.

- `TrainingExperiment(data)`: the tries, their curves, and the controls to add one;
- `Try`: what one training gave.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from coursecnn import backend, patterns, training
from coursecnn._values import integer, number
from coursecnn.backend import keras
from coursecnn.datasets import Dataset
from coursecnn.figures import COLOURS
from coursecnn.models import costs
from coursecnn.models.costs import Totals
from coursecnn.patterns import Pattern
from coursecnn.training.recipes import Recipe
from coursecnn.widgets.panel import Experiment

if TYPE_CHECKING:  # the controls need ipywidgets, the experiment does not
    from coursecnn.widgets.tries_controls import TrainingControls

MOST_LAYERS = 60
MOST_PARAMETERS = 10_000_000
BATCH = 32
MARKERS = "os^Dv<>p*"


@dataclass(frozen=True)
class Try:
    """One training: what was asked for, what it cost, and what it gave.

    Attributes:
        pattern: The layers, every count and every `?` decided.
        images: Training images used.
        epochs: Epochs asked for; fewer are done if the training was stopped.
        learning_rate: Of Adam.
        parameters: Numbers that training adjusts.
        macs: Multiply-accumulates for one image.
        accuracy: On the training images, averaged over each epoch.
        validation: Accuracy on the validation images, after each epoch.
        stopped: Whether the training was stopped before its end.

    Examples:
        >>> Try("INPUT -> FC", 1000, 2, 0.001, 7850, 7840, (0.5, 0.7), (0.6, 0.8))
        INPUT -> FC: validation 80.0% after 2 epochs
    """

    pattern: str
    images: int
    epochs: int
    learning_rate: float
    parameters: int
    macs: int
    accuracy: tuple[float, ...]
    validation: tuple[float, ...]
    stopped: bool = False

    def __repr__(self) -> str:
        done = f"{len(self.validation)} epoch{'s' * (len(self.validation) != 1)}"
        end = f"{done}, stopped" if self.stopped else done
        return f"{self.pattern}: validation {self.validation[-1]:.1%} after {end}"


class TrainingExperiment(Experiment):
    """Networks of the reader's own choice of layers, trained on a few images, side by side.

    Every try starts from the same seed and is evaluated on the same images, a validation set: who
    compares and chooses must not look at test images.

    Args:
        data: Split by `Dataset.split_validation`.
        validation_images: How many of them a try is evaluated on.
        seed: Of the initial weights and the order of the images.

    Attributes:
        tries: What was trained, in its order.
        network: The network of the last try, from images between 0 and 1.

    Raises:
        ValueError: The data is not split.

    Examples:
        >>> from coursecnn import datasets
        >>> experiment = TrainingExperiment(datasets.stand_in("mnist").split_validation(500))
        >>> experiment.cost("INPUT -> [CONV*N -> POOL?]*2 -> FC", keep=[True], N=1).params
        50186
        >>> experiment.train("INPUT -> FC", images=64, epochs=1).parameters
        7850
    """

    def __init__(self, data: Dataset, *, validation_images: int = 1000, seed: int = 0) -> None:
        """Keep the data; nothing is trained yet."""
        if data.evaluated_on == "test":
            raise ValueError(
                "data must be split, so that no choice looks at the test images: "
                "use data.split_validation(0.1)"
            )
        self.data, self.validation_images, self.seed = data, validation_images, seed
        self.tries: list[Try] = []
        self.network: Any = None

    def settle(self, pattern: Pattern | str, keep: Sequence[bool] = (), **counts: int) -> Pattern:
        """The pattern with every `?` and every letter decided.

        Raises:
            PatternError: The text is no pattern.
            ValueError: `keep` or `counts` do not go with it, or it has too many layers.
        """
        parsed = patterns.parse(pattern) if isinstance(pattern, str) else pattern
        settled = parsed.choose(*keep).bind(**counts)
        layers = _count(settled.items)
        if layers > MOST_LAYERS:
            raise ValueError(
                f"pattern must have at most {MOST_LAYERS} layers here, got {layers:,}: "
                "repeat less often"
            )
        return settled

    def cost(self, pattern: Pattern | str, keep: Sequence[bool] = (), **counts: int) -> Totals:
        """What a pattern costs for these images, counted without building its weights.

        Raises:
            PatternError: The text is no pattern.
            ValueError: As `settle` and `patterns.build`, or there are too many parameters.
        """
        settled = self.settle(pattern, keep, **counts)
        with backend.without_weights():
            totals = costs.totals(self._build(settled))
        if totals.params > MOST_PARAMETERS:
            raise ValueError(
                f"pattern must have at most {MOST_PARAMETERS:,} parameters here, got "
                f"{totals.params:,}: use smaller layers, or a POOL before the first FC"
            )
        return totals

    def train(
        self,
        pattern: Pattern | str,
        images: int = 1000,
        epochs: int = 3,
        learning_rate: float = 0.001,
        keep: Sequence[bool] = (),
        callbacks: Sequence[keras.callbacks.Callback] = (),
        **counts: int,
    ) -> Try:
        """Train one more network, and add it to the tries.

        Interrupt the kernel to stop it: whole epochs are kept.

        Args:
            pattern: The layers, as in `patterns.build`, and so are `keep` and `counts`.
            images: How many of the training images, the first ones.
            epochs: How often each is seen.
            learning_rate: Of Adam, in steps of 32 images.
            keep: For each `?`, whether its part stays.
            callbacks: Told of each step and epoch, as by Keras; one may stop the training.
            **counts: The count of each letter.

        Raises:
            PatternError: The text is no pattern.
            ValueError: As `cost`, or another argument is out of its range; nothing is trained.
            KeyboardInterrupt: No epoch was whole.
        """
        settled = self.settle(pattern, keep, **counts)
        totals = self.cost(settled)
        recipe = self._recipe(images, epochs, learning_rate)
        curves = self._fit(settled, recipe, images, callbacks)
        self.network = curves.model.layers[-1]
        self.tries.append(
            Try(
                pattern=str(settled),
                images=images,
                epochs=epochs,
                learning_rate=learning_rate,
                parameters=totals.params,
                macs=totals.macs,
                accuracy=tuple(curves.accuracy),
                validation=tuple(curves.validation),
                stopped=curves.steps < epochs * self.steps(images),
            )
        )
        return self.tries[-1]

    def steps(self, images: int) -> int:
        """How many steps an epoch of so many images has."""
        return -(-images // BATCH)

    def _build(self, settled: Pattern) -> Any:
        return patterns.build(settled, self.data.x_train.shape[1:], len(self.data.classes))

    def _recipe(self, images: int, epochs: int, learning_rate: float) -> Recipe:
        """How a try is trained; refuses what cannot be."""
        integer("images", images, 1, len(self.data.x_train))
        number("learning_rate", learning_rate, above=0, most=1)
        return Recipe(
            "try",
            None,
            self.data.name,
            epochs,
            learning_rate=learning_rate,
            batch_size=BATCH,
            evaluate_every_epoch=True,
        )

    def _fit(
        self, settled: Pattern, recipe: Recipe, images: int, callbacks: Sequence[Any]
    ) -> _Curves:
        """Train a network as it stands, and keep what whole epochs gave if that is interrupted."""
        data, curves = self.data, _Curves()
        part = replace(
            data,
            x_train=data.x_train[:images],
            y_train=data.y_train[:images],
            x_eval=data.x_eval[: self.validation_images],
            y_eval=data.y_eval[: self.validation_images],
        )
        try:
            training.fit(
                recipe,
                part,
                seed=self.seed,
                network=lambda: self._build(settled),
                progress=False,
                callbacks=[curves, *callbacks],
            )
        except KeyboardInterrupt:
            if not curves.validation:
                raise
        return curves

    def draw(self, figure: Figure) -> None:
        """Draw the accuracy of each try, epoch by epoch."""
        figure.set_size_inches(8.4, 3.4)
        axis = figure.add_subplot()
        for index, each in enumerate(self.tries):
            colour, marker = COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]
            epochs = range(1, len(each.validation) + 1)
            label = f"{index + 1}: {each.pattern.removeprefix('INPUT -> ')}"
            axis.plot(epochs, each.validation, color=colour, marker=marker, label=label)
            axis.plot(epochs, each.accuracy, color=colour, linestyle=":", linewidth=1)
        axis.axhline(1 / len(self.data.classes), color="0.5", linewidth=1, label="by chance")
        axis.plot([], [], color="0.3", linestyle=":", linewidth=1, label="on training images")
        axis.set(xlabel="epoch", ylabel="validation accuracy", ylim=(0, None))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.legend(loc="outside right upper", fontsize=8)

    @property
    def rows(self) -> list[dict[str, str]]:
        """For each try its line of the table, by the names of the columns."""
        return [
            {
                "try": str(place),
                "pattern": each.pattern,
                "parameters": f"{each.parameters:,}",
                "MACs": f"{each.macs:,}",
                "images": f"{each.images:,}",
                "epochs": f"{len(each.validation)}{', stopped' * each.stopped}",
                "rate": f"{each.learning_rate:g}",
                "training": f"{each.accuracy[-1]:.1%}",
                "validation": f"{each.validation[-1]:.1%}",
            }
            for place, each in enumerate(self.tries, start=1)
        ]

    def __repr__(self) -> str:
        lines = [
            f"{row['try']}  {row['pattern']}\n   {row['parameters']} parameters, {row['MACs']} "
            f"MACs; {row['images']} images, epochs: {row['epochs']}, rate {row['rate']}\n"
            f"   accuracy: {row['training']} in training, {row['validation']} in validation"
            for row in self.rows
        ]
        return "\n".join(lines) or "nothing trained yet"

    def table(self) -> str:
        """The tries as an HTML table."""
        if not self.tries:
            return ""
        head = "".join(f'<th scope="col">{name}</th>' for name in self.rows[0])
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(value)}</td>" for value in row.values()) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    @cached_property
    def controls(self) -> TrainingControls:
        """The controls: `pattern`, `images`, `epochs`, `rate`, `train`, `stop`, and the rest."""
        from coursecnn.widgets.tries_controls import TrainingControls

        return TrainingControls(self)


def _count(items: Sequence[patterns.Node]) -> int:
    """How many layers these parts stand for, without writing them out."""
    layers = 0
    for node in items:
        if isinstance(node, patterns.Repeat):
            layers += int(node.count) * _count(node.body)
        else:
            layers += 1
    return layers


class _Curves(keras.callbacks.Callback):
    """The steps that were taken, and both accuracies after each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.accuracy: list[float] = []
        self.validation: list[float] = []

    def on_train_batch_end(self, _batch: int, logs: Mapping[str, Any]) -> None:  # noqa: ARG002
        self.steps += 1

    def on_epoch_end(self, _epoch: int, logs: Mapping[str, Any]) -> None:
        self.accuracy.append(float(logs["accuracy"]))
        self.validation.append(float(logs["val_accuracy"]))


class Progress(keras.callbacks.Callback):
    """Tells how far a training is, and stops it when it is asked to.

    Args:
        tell: Called with the share of the steps that are done and the accuracy so far.
        stop: Set from outside to stop after the next step.
        steps: Of the whole training.
    """

    def __init__(
        self, tell: Callable[[float, float], None], stop: threading.Event, steps: int
    ) -> None:
        """Keep what to call, and what to look at."""
        super().__init__()
        self.tell, self.stop, self.steps, self.done = tell, stop, steps, 0

    def on_train_batch_end(self, _batch: int, logs: Mapping[str, Any]) -> None:
        """Count the step, tell of one in a hundred, and see whether to stop."""
        self.done += 1
        # A message for each step would drown the connection to the browser.
        if self.done % max(1, self.steps // 100) == 0:
            self.tell(self.done / self.steps, float(logs["accuracy"]))
        if self.stop.is_set():
            self.model.stop_training = True

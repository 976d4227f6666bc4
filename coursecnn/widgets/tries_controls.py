"""The controls of `TrainingExperiment`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from coursecnn import patterns
from coursecnn.backend import keras
from coursecnn.widgets import panel
from coursecnn.widgets.tries import TrainingExperiment

EXAMPLES = (
    "INPUT -> FC",
    "INPUT -> CONV(8) -> POOL -> FC",
    "INPUT -> [CONV(16) -> POOL]*2 -> FC -> FC",
    "INPUT -> [[CONV(16) -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC",
)
COUNTS = range(5)
WIDE = {"description_width": "8em"}


@panel.controls_for(TrainingExperiment)
class TrainingControls:
    """A line for the pattern, what it costs, and buttons to train it and to stop.

    The training runs beside the kernel's own thread, which so hears of the button to stop. Colab
    passes nothing on that another thread says; there the kernel waits for the training, and its
    own interrupt stops it.

    Attributes:
        examples, pattern, images, epochs, rate, train, stop, progress: widgets of ipywidgets.
        counts: A slider for each letter of the pattern, by the letter.
        keep: A check box for each `?`, in their order.
        cost, message, result: HTML.
        box: All of them.
    """

    def __init__(self, experiment: TrainingExperiment) -> None:
        """Make the controls; nothing is trained yet."""
        self.experiment, self.thread = experiment, threading.Thread()
        self.running, self._stop = False, threading.Event()
        self._make(panel.library())
        self.examples.observe(self._take_example, "value")
        self.pattern.observe(self._read, "value")
        self.train.on_click(lambda _button: self.start())
        self.stop.on_click(lambda _button: self._stop.set())
        self._read()
        self._show()

    def _make(self, widgets: Any) -> None:
        most, line = (
            len(self.experiment.data.x_train),
            widgets.Layout(width="44em", max_width="100%"),
        )
        self.examples = widgets.Dropdown(
            options=EXAMPLES, value=EXAMPLES[1], description="start from", style=WIDE, layout=line
        )
        self.pattern = widgets.Text(
            value=EXAMPLES[1],
            description="layers",
            continuous_update=False,
            style=WIDE,
            layout=line,
        )
        self.images = widgets.IntSlider(
            value=min(1000, most),
            min=min(100, most),
            max=most,
            step=100,
            description="images",
            style=WIDE,
        )
        self.epochs = widgets.IntSlider(value=3, min=1, max=20, description="epochs", style=WIDE)
        self.rate = widgets.FloatLogSlider(
            value=0.001, min=-5, max=0, step=0.5, description="learning rate", style=WIDE
        )
        self.counts: dict[str, Any] = {}
        self.keep: list[Any] = []
        self.choices = widgets.VBox()
        self.train = widgets.Button(description="Train", button_style="primary")
        self.stop = widgets.Button(description="Stop", disabled=True)
        self.progress = widgets.FloatProgress(value=0, min=0, max=1)
        self.accuracy, self.cost, self.message, self.result = (widgets.HTML() for _ in range(4))
        buttons = widgets.HBox([self.train, self.stop, self.progress, self.accuracy])
        settings = [self.examples, self.pattern, self.choices, self.images, self.epochs, self.rate]
        self.box = widgets.VBox([*settings, self.cost, buttons, self.message, self.result])
        self._widgets = widgets

    def start(self) -> None:
        """Train what the controls say, unless a training runs already."""
        if self.running:
            return
        self.running = True
        self._stop.clear()
        self.train.disabled, self.stop.disabled = True, False
        self.message.value = ""
        if "google.colab" in sys.modules:
            self.stop.disabled = True
            self.message.value = panel.told("To stop, interrupt the execution in the menu Runtime.")
            self._run()
        else:
            self.thread = threading.Thread(target=self._run, daemon=True)
            self.thread.start()

    def wait(self) -> None:
        """Wait until the training that runs, if any, is over."""
        if self.thread.is_alive():
            self.thread.join()

    def _run(self) -> None:
        steps = self.epochs.value * self.experiment.steps(self.images.value)
        try:
            done = self.experiment.train(
                self.pattern.value,
                images=self.images.value,
                epochs=self.epochs.value,
                learning_rate=self.rate.value,
                callbacks=[Progress(self._tell, self._stop, steps)],
                **self._decided(),
            )
            self.message.value = panel.told(repr(done))
        except KeyboardInterrupt:
            self.message.value = panel.told("Stopped within the first epoch: nothing is kept.")
        except Exception as error:  # whatever it is, the reader must see it, and go on
            self.message.value = panel.told(error, is_error=True)
        finally:
            self.running, self.stop.disabled = False, True
            self._show()
            self._read()

    def _tell(self, share: float, accuracy: float) -> None:
        self.progress.value = share
        self.accuracy.value = f"training accuracy {accuracy:.0%}"

    def _decided(self) -> dict[str, Any]:
        counts = {letter: slider.value for letter, slider in self.counts.items()}
        return {"keep": [box.value for box in self.keep], **counts}

    def _show(self) -> None:
        """Show the tries, old and new."""
        if self.experiment.tries:
            self.result.value = panel.shown(self.experiment) + self.experiment.table()

    def _take_example(self, change: Any) -> None:
        self.pattern.value = change["new"]

    def _read(self, _change: object = None) -> None:
        """Offer what the pattern leaves open; of a bad one, say what is wrong."""
        try:
            parsed = patterns.parse(self.pattern.value)
        except patterns.PatternError as error:
            self._refuse(error)
            return
        if tuple(self.counts) != parsed.letters or len(self.keep) != len(parsed.optionals):
            self._offer(parsed)
        self._count()

    def _offer(self, parsed: patterns.Pattern) -> None:
        widgets = self._widgets
        self.counts = {
            letter: widgets.IntSlider(
                value=1, min=COUNTS[0], max=COUNTS[-1], description=letter, style=WIDE
            )
            for letter in parsed.letters
        }
        self.keep = [
            widgets.Checkbox(value=True, description=f"keep {part}") for part in parsed.optionals
        ]
        self.choices.children = (*self.counts.values(), *self.keep)
        for widget in self.choices.children:
            widget.observe(self._count, "value")

    def _count(self, _change: object = None) -> None:
        try:
            totals = self.experiment.cost(self.pattern.value, **self._decided())
        except ValueError as error:
            self._refuse(error)
            return
        self.cost.value = panel.told(f"{totals.params:,} parameters, {totals.macs:,} MACs")
        self.train.disabled = self.running

    def _refuse(self, error: ValueError) -> None:
        """Say what is wrong where the costs stand, and let nothing be trained."""
        self.cost.value = panel.told(error, is_error=True)
        self.train.disabled = True


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

"""The controls of `FilterExperiment`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coursecnn.widgets import panel

if TYPE_CHECKING:
    from coursecnn.widgets.filters import FilterExperiment


class FilterControls(panel.PictureControls):
    """Which layer, which channel, which picture; every change looks anew.

    Attributes:
        layer, channel: widgets of ipywidgets, beside those of every picture's controls.
        box: All of them.
    """

    def __init__(self, experiment: FilterExperiment) -> None:
        """Make the controls, and look at the first channel."""
        super().__init__(len(experiment.data.x_eval))
        self.experiment = experiment
        widgets = panel.library()
        self.layer = widgets.Dropdown(
            options=experiment.layers,
            value=experiment.layers[0],
            description="layer",
            style=panel.WIDE,
        )
        self.channel = widgets.IntSlider(
            value=0,
            min=0,
            max=experiment.channels(experiment.layers[0]) - 1,
            description="channel",
            style=panel.WIDE,
            continuous_update=False,
        )
        self.box = widgets.VBox([self.layer, self.channel, self.sources, self.message, self.result])
        self.layer.observe(self._take_layer, "value")
        self.channel.observe(self.ask, "value")
        self.ask()

    def answer(self, asked: panel.Asked) -> panel.Picture:
        """Look at the picture with the layer and the channel that are chosen."""
        return self.experiment.look(asked, self.layer.value, self.channel.value)

    def _take_layer(self, change: Any) -> None:
        """The slider ends at the layer's last channel; moving it looks anew."""
        self.channel.max = self.experiment.channels(change["new"]) - 1
        self.ask()

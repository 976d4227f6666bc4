"""The controls of `FilterExperiment`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coursecnn.experiments import panel

if TYPE_CHECKING:
    from coursecnn.experiments.filters import FilterExperiment

WIDE = {"description_width": "8em"}


class FilterControls:
    """Which layer, which channel, which picture; every change looks anew.

    Attributes:
        layer, channel, number, upload: widgets of ipywidgets.
        message, result: HTML.
        box: All of them.
    """

    def __init__(self, experiment: FilterExperiment) -> None:
        """Make the controls, and look at the first channel."""
        self.experiment = experiment
        self._asked: panel.Asked = 0
        self._make(panel.library())
        self.layer.observe(self._take_layer, "value")
        self.channel.observe(self._look, "value")
        self.number.observe(self._take_number, "value")
        self.upload.observe(self._take_file, "value")
        self._look()

    def _make(self, widgets: Any) -> None:
        experiment = self.experiment
        self.layer = widgets.Dropdown(
            options=experiment.layers, value=experiment.layers[0], description="layer", style=WIDE
        )
        most = experiment.channels(experiment.layers[0]) - 1
        self.channel = widgets.IntSlider(
            value=0, min=0, max=most, description="channel", style=WIDE, continuous_update=False
        )
        self.number = widgets.BoundedIntText(
            value=0, min=0, max=len(experiment.data.x_test) - 1, description="image", style=WIDE
        )
        self.upload = widgets.FileUpload(accept="image/*", description="or your own")
        self.message, self.result = widgets.HTML(), widgets.HTML()
        sources = widgets.HBox([self.number, self.upload])
        self.box = widgets.VBox([self.layer, self.channel, sources, self.message, self.result])

    def _take_layer(self, change: Any) -> None:
        """The slider ends at the layer's last channel; moving it looks anew."""
        self.channel.max = self.experiment.channels(change["new"]) - 1
        self._look()

    def _take_number(self, change: Any) -> None:
        self._asked = change["new"]
        self._look()

    def _take_file(self, change: Any) -> None:
        content = panel.uploaded(change["new"])
        if content is not None:
            self._asked = content
            self._look()

    def _look(self, _change: object = None) -> None:
        try:
            view = self.experiment.look(self._asked, self.layer.value, self.channel.value)
        except ValueError as error:
            self.message.value = panel.told(error, is_error=True)
            return
        self.message.value = panel.told(repr(view))
        self.result.value = panel.shown(view)

"""The controls of `AttributionExperiment`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coursecnn.experiments import panel

if TYPE_CHECKING:
    from coursecnn.experiments.pixels import AttributionExperiment

WIDE = {"description_width": "8em"}


class AttributionControls:
    """What to ask about, and how; every change asks again.

    Attributes:
        number, upload, target, layer, patch, stride: widgets of ipywidgets.
        message, result: HTML.
        box: All of them.
    """

    def __init__(self, experiment: AttributionExperiment) -> None:
        """Make the controls, and ask about the first image."""
        self.experiment = experiment
        self._asked: panel.Asked = 0
        self._make(panel.library())
        self.number.observe(self._take_number, "value")
        self.upload.observe(self._take_file, "value")
        for widget in (self.target, self.layer, self.patch, self.stride):
            widget.observe(self._ask, "value")
        self._ask()

    def _make(self, widgets: Any) -> None:
        experiment = self.experiment
        side = min(experiment.data.x_test.shape[1:3])
        classes = [(name, number) for number, name in enumerate(experiment.data.classes)]
        self.number = widgets.BoundedIntText(
            value=0, min=0, max=len(experiment.data.x_test) - 1, description="image", style=WIDE
        )
        self.upload = widgets.FileUpload(accept="image/*", description="or your own")
        self.target = widgets.Dropdown(
            options=[("what the network says", -1), *classes],
            value=-1,
            description="what speaks for",
            style=WIDE,
        )
        self.layer = widgets.Dropdown(
            options=experiment.layers, value=experiment.layer, description="maps of", style=WIDE
        )
        self.patch = self._slider(widgets, min(8, side), side, "patch (pixels)")
        self.stride = self._slider(widgets, min(4, side), side, "stride (pixels)")
        self.message, self.result = widgets.HTML(), widgets.HTML()
        sources = widgets.HBox([self.number, self.upload])
        settings = [sources, self.target, self.layer, self.patch, self.stride]
        self.box = widgets.VBox([*settings, self.message, self.result])

    def _slider(self, widgets: Any, value: int, side: int, name: str) -> Any:
        return widgets.IntSlider(
            value=value, min=1, max=side, description=name, style=WIDE, continuous_update=False
        )

    def _take_number(self, change: Any) -> None:
        self._asked = change["new"]
        self._ask()

    def _take_file(self, change: Any) -> None:
        content = panel.uploaded(change["new"])
        if content is not None:
            self._asked = content
            self._ask()

    def _ask(self, _change: object = None) -> None:
        """Ask anew; what cannot be asked leaves the last answer where it is."""
        try:
            explanation = self.experiment.explain(
                self._asked,
                target=None if self.target.value < 0 else self.target.value,
                layer=self.layer.value,
                patch=self.patch.value,
                stride=self.stride.value,
            )
        except ValueError as error:
            self.message.value = panel.told(error, is_error=True)
            return
        self.message.value = panel.told(repr(explanation))
        self.result.value = panel.shown(explanation)

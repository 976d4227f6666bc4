"""The controls of `AttributionExperiment`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coursecnn.widgets import panel

if TYPE_CHECKING:
    from coursecnn.widgets.pixels import AttributionExperiment


class AttributionControls(panel.PictureControls):
    """What to ask about, and how; every change asks again.

    Attributes:
        target, layer, patch, stride: widgets of ipywidgets, beside those of every picture's
            controls.
        box: All of them.
    """

    def __init__(self, experiment: AttributionExperiment) -> None:
        """Make the controls, and ask about the first image."""
        super().__init__(len(experiment.data.x_eval))
        self.experiment = experiment
        widgets = panel.library()
        side = min(experiment.data.x_eval.shape[1:3])
        classes = [(name, number) for number, name in enumerate(experiment.data.classes)]
        self.target = widgets.Dropdown(
            options=[("what the network says", -1), *classes],
            value=-1,
            description="what speaks for",
            style=panel.WIDE,
        )
        self.layer = widgets.Dropdown(
            options=experiment.layers,
            value=experiment.layer,
            description="maps of",
            style=panel.WIDE,
        )
        self.patch = _slider(widgets, min(8, side), side, "patch (pixels)")
        self.stride = _slider(widgets, min(4, side), side, "stride (pixels)")
        settings = [self.target, self.layer, self.patch, self.stride]
        self.box = widgets.VBox([self.sources, *settings, self.message, self.result])
        for widget in settings:
            widget.observe(self.ask, "value")
        self.ask()

    def answer(self, asked: panel.Asked) -> panel.Picture:
        """Explain the picture with the settings as they stand."""
        return self.experiment.explain(
            asked,
            target=None if self.target.value < 0 else self.target.value,
            layer=self.layer.value,
            patch=self.patch.value,
            stride=self.stride.value,
        )


def _slider(widgets: Any, value: int, side: int, name: str) -> Any:
    return widgets.IntSlider(
        value=value, min=1, max=side, description=name, style=panel.WIDE, continuous_update=False
    )

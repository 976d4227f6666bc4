"""The channel mixer: which channels the outputs of a convolution read, and what that costs.

- `ChannelMixer(...)`: what a notebook cell shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from coursecnn.geometry import Convolution
from coursecnn.interactive import page
from coursecnn.interactive.page import Field

WAYS = ("full", "grouped", "depthwise", "1×1", "depthwise, then 1×1")


FIELDS = (
    Field("size", "N, side of the map", 1, 256),
    Field("channels", "C, input channels", 1, 1024),
    Field("filters", "K, output channels", 1, 1024),
    Field("kernel", "F, side of the kernel", 1, 7),
)


@dataclass(frozen=True)
class ChannelMixer:
    """Full, grouped, depthwise and 1×1 convolutions, and a depthwise one with a 1×1 after it.

    The map keeps its size, and nothing has a bias. In the page each channel has a colour; the
    reader points at an output and sees which channels and how many pixels it reads, and what the
    layer costs beside a full convolution.

    Attributes:
        channels: Maps that come in.
        filters: Maps that go out, where the way does not say so itself.
        kernel: Side of the kernels that look around.
        size: Side of the maps.
        groups: Of a grouped convolution; it divides `channels` and `filters`.
        way: What to begin with, one of `WAYS`.

    Raises:
        ValueError: A number is out of the limits in `FIELDS`, `groups` does not divide, or there is
            no such way.

    Examples:
        >>> ChannelMixer(channels=64, filters=128, kernel=3, size=56)
        Channel mixer
        depthwise, then 1×1: 56×56×64 -> 56×56×128, 8,768 weights, 27,496,448 MACs
        full: 56×56×64 -> 56×56×128, 73,728 weights, 231,211,008 MACs
    """

    channels: int
    filters: int
    kernel: int = 3
    size: int = 56
    groups: int = 1
    way: str = WAYS[-1]

    def __post_init__(self) -> None:
        page.check_fields(FIELDS, vars(self))
        groups = page.one_number("groups", self.groups, least=1)
        if self.channels % groups or self.filters % groups:
            raise ValueError(
                f"groups must divide channels={self.channels} and filters={self.filters}, "
                f"got {groups}"
            )
        if self.way not in WAYS:
            raise ValueError(f"way must be one of {', '.join(WAYS)}, got {self.way!r}")

    def layers(self, way: str | None = None) -> list[Convolution]:
        """The convolutions of a way, in their order; None is the one to begin with.

        Examples:
            >>> [layer.groups for layer in ChannelMixer(8, 4).layers()]
            [8, 1]
        """
        full = Convolution(self.filters, self.kernel, padding="same", bias=False)
        depthwise = Convolution(
            self.channels, self.kernel, padding="same", bias=False, groups=self.channels
        )
        pointwise = Convolution(self.filters, 1, bias=False)
        grouped = Convolution(
            self.filters, self.kernel, padding="same", bias=False, groups=self.groups
        )
        return {
            "full": [full],
            "grouped": [grouped],
            "depthwise": [depthwise],
            "1×1": [pointwise],
            "depthwise, then 1×1": [depthwise, pointwise],
        }[self.way if way is None else way]

    def costs(self, way: str | None = None) -> tuple[int, int]:
        """Weights and multiply-accumulates of a way, for one image.

        Examples:
            >>> ChannelMixer(channels=2, filters=3, kernel=3, size=10).costs("1×1")
            (6, 600)
        """
        shape, weights, macs = (self.size, self.size, self.channels), 0, 0
        for layer in self.layers(way):
            weights, macs = weights + layer.parameters(shape), macs + layer.macs(shape)
            shape = (self.size, self.size, layer.filters)
        return weights, macs

    def __repr__(self) -> str:
        ways = dict.fromkeys((self.way, "full"))
        return "\n".join(["Channel mixer", *map(self._line, ways)])

    def _line(self, way: str) -> str:
        weights, macs = self.costs(way)
        outputs = self.layers(way)[-1].filters
        return (
            f"{way}: {self.size}×{self.size}×{self.channels} -> {self.size}×{self.size}×{outputs}, "
            f"{weights:,} weights, {macs:,} MACs"
        )

    def _repr_html_(self) -> str:
        setting = {field.name: getattr(self, field.name) for field in FIELDS}
        data = {
            "setting": {**setting, "groups": self.groups},
            "way": self.way,
            "fields": [field._asdict() for field in FIELDS],
        }
        listed = "".join(f"<li>{escape(self._line(way))}" for way in WAYS)
        return page.fragment("mixer.js", "Channel mixer", data, f"<ul>{listed}</ul>")

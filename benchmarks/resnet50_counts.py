"""Ask PyTorch's counters what ResNet-50 costs, in the form of the paper and in torchvision's.

    python -m benchmarks.resnet50_counts > tests/models/resnet50_counts.json

Needs torch, fvcore, thop, ptflops and torchinfo, not this package: the network is written out here,
so that torchvision is not needed either. `ptflops` of 0.6 and of 0.7 differ: run it with each.
"""

import importlib
import importlib.metadata
import json
from typing import Any

import torch
from torch import nn

STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
SHAPE = (1, 3, 224, 224)


class Block(nn.Module):
    """A bottleneck with its shortcut; `late` puts the stride on the 3×3 convolution."""

    def __init__(self, channels: int, width: int, stride: int, late: bool) -> None:
        """Make the layers."""
        super().__init__()
        first, second = (1, stride) if late else (stride, 1)
        self.conv1 = nn.Conv2d(channels, width, 1, first, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, second, 1, bias=False)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Sequential()
        if channels != 4 * width:
            project = nn.Conv2d(channels, 4 * width, 1, stride, bias=False)
            self.shortcut = nn.Sequential(project, nn.BatchNorm2d(4 * width))

    def forward(self, x: Any) -> Any:
        """Add the branch to the shortcut."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        y += self.shortcut(x)
        return self.relu(y)


def resnet50(late: bool) -> nn.Module:
    """Write ResNet-50 out, without a softmax."""
    layers: list[nn.Module] = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
    ]
    channels = 64
    for width, count, stride in STAGES:
        for number in range(count):
            layers.append(Block(channels, width, stride if number == 0 else 1, late))
            channels = 4 * width
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000)]
    return nn.Sequential(*layers, *head).eval()


def counts(late: bool) -> dict[str, int]:
    """Ask each counter."""
    thop, torchinfo, fvcore_nn, ptflops = map(
        importlib.import_module, ("thop", "torchinfo", "fvcore.nn", "ptflops")
    )
    from torch.utils.flop_counter import FlopCounterMode

    image = torch.zeros(SHAPE)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        resnet50(late)(image)
    fvcore = fvcore_nn.FlopCountAnalysis(resnet50(late), image).unsupported_ops_warnings(False)
    macs, _ = ptflops.get_model_complexity_info(
        resnet50(late), SHAPE[1:], as_strings=False, print_per_layer_stat=False
    )
    return {
        "torch": counter.get_total_flops(),
        "fvcore": fvcore.total(),
        "thop": int(thop.profile(resnet50(late), inputs=(image,), verbose=False)[0]),
        "ptflops": int(macs),
        "torchinfo": torchinfo.summary(resnet50(late), SHAPE, verbose=0).total_mult_adds,
    }


def main() -> None:
    """Print one JSON object."""
    tools = ("torch", "fvcore", "thop", "ptflops", "torchinfo")
    made = {
        "command": "python -m benchmarks.resnet50_counts",
        "versions": {name: importlib.metadata.version(name) for name in tools},
        "stride on the first convolution": counts(late=False),
        "stride on the second convolution": counts(late=True),
    }
    print(json.dumps(made, indent=1))


if __name__ == "__main__":
    main()

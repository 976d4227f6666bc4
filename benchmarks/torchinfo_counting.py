"""Summarise torchvision's networks with torchinfo, and print what was found as JSON.

`python -m benchmarks.counting compare` starts it, as `python -m benchmarks.torchinfo_counting`, in
a process of its own and perhaps another environment: it needs torch, torchvision and torchinfo, and
nothing of this course. Only networks that have the same trainable parameters here and there take
part, so torchvision's GoogLeNet, which normalises each convolution, does not.
"""

import importlib
import json
import resource
import sys
import time
from typing import Any

BYTES = 1 if sys.platform == "darwin" else 1024  # the unit of the peak

# This course's name, and torchvision's.
NETWORKS = {
    "alexnet_single_tower": "alexnet",
    **{name: name for name in ("vgg11", "vgg13", "vgg16", "vgg19")},
    **{name: name for name in ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")},
    "wide_resnet_50_2": "wide_resnet50_2",
    "resnext50_32x4d": "resnext50_32x4d",
    **{name: name for name in ("densenet121", "densenet161", "densenet169", "densenet201")},
    **{name: name for name in ("squeezenet1_0", "squeezenet1_1")},
}


def summarised(builder: str) -> dict[str, Any]:
    """Build one of torchvision's networks, and summarise it with one image."""
    models = importlib.import_module("torchvision.models")
    torchinfo = importlib.import_module("torchinfo")
    start = time.process_time()
    model = getattr(models, builder)(weights=None)
    summary = torchinfo.summary(model, input_size=(1, 3, 224, 224), device="cpu", verbose=0)
    text = str(summary)
    return {
        "parameters": summary.trainable_params,
        "macs": summary.total_mult_adds,
        "characters": len(text),
        "seconds": time.process_time() - start,
    }


if __name__ == "__main__":
    rows = {name: summarised(builder) for name, builder in NETWORKS.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES
    print(json.dumps({"rows": rows, "seconds": time.process_time(), "peak": peak}))

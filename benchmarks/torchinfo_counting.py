"""Summarise torchvision's networks with torchinfo, and print what was found as JSON.

`benchmarks.counting_time` starts it, as `python -m benchmarks.torchinfo_counting`, in a process of
its own and perhaps another environment: it needs torch, torchvision and torchinfo, and nothing of
this course. Only networks that have the same trainable parameters here and there take
part, so torchvision's GoogLeNet, which normalises each convolution, does not.
"""

import importlib
import json
import re
import resource
import time
from pathlib import Path
from typing import Any

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


def peak() -> int:
    """Return the most bytes of memory that this process has had at once."""
    status = Path("/proc/self/status")
    if not status.exists():  # macOS
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux lets `ru_maxrss` begin with the memory of the process that started this one.
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
    assert found
    return 1024 * int(found[1])


if __name__ == "__main__":
    rows = {name: summarised(builder) for name, builder in NETWORKS.items()}
    print(json.dumps({"rows": rows, "peak": peak()}))

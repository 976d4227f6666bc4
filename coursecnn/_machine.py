"""What a process computes on, told without starting anything."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

LIBRARIES = ("numpy", "keras", "tensorflow", "jax", "torch")


def processor() -> str:
    """Read the processor's model name, which Python itself does not know on Linux.

    >>> bool(processor())
    True
    """
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


def in_use() -> dict[str, str]:
    """Tell the device, and the versions of Python and of those `LIBRARIES` that are loaded.

    >>> sorted({"device", "python"} & in_use().keys())
    ['device', 'python']
    """
    backend = sys.modules.get("coursecnn.backend")
    device = backend.device() if backend else f"CPU: {processor()}"
    loaded = {name: sys.modules[name] for name in LIBRARIES if name in sys.modules}
    versions = {name: str(module.__version__) for name, module in loaded.items()}
    return {"device": device, "python": platform.python_version(), **versions}

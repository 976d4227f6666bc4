"""What answers the reader's hand: interactives that need no kernel, no server and no network.

- `Stepper`, `Example`: a convolutional layer, one window at a time;
- `BackwardStepper`, `Backward`: the gradients of a convolution, where they go and come from;
- `PoolingStepper`: a pooling, with a ReLU or without: what is kept, and what is lost;
- `KernelPlayground`: a photograph, a kernel, and what the one makes of the other;
- `GeometryCalculator`: the shape and the price of a convolution, drawn;
- `DigitReader`: draw a digit, and see every map of the LeNet-5 that reads it;
- `PhotoReader`: a network of the course on a photograph of one's own, with Grad-CAM;
- `Snapshot`, `snapshots`: photographs that a page brings with it;
- `FilterExplorer`: the filters of a first layer, and the patches that excite them most;
- `ArchitectureExplorer`, `Accuracy`, `Origin`: networks layer by layer, two of them side by side;
- `InceptionCalculator`, `Cost`: what an Inception module costs, with its bottlenecks and without;
- `ChannelMixer`: which channels full, grouped, depthwise and 1×1 convolutions read, and the price;
- `ReceptiveFieldExplorer`, `Stack`: the pixels that reach a unit, and how much they count;
- `effective_field`, `effective_width`: how much they count in a network of Keras;
- `TrainingReplay`: the curves of recorded runs, epoch by epoch;
- `GuessForm`, `Finding`: questions to guess, and then what was found.

Each is an object whose HTML a notebook cell shows. The arithmetic in the page (`arithmetic.js`) is
that of `geometry` and `convolution`, and tested against them.
"""

from coursecnn.interactive.backward import Backward, BackwardStepper
from coursecnn.interactive.calculator import GeometryCalculator
from coursecnn.interactive.digits import DigitReader
from coursecnn.interactive.explorer import Accuracy, ArchitectureExplorer, Origin
from coursecnn.interactive.filters import FilterExplorer
from coursecnn.interactive.guesses import Finding, GuessForm
from coursecnn.interactive.inception import Cost, InceptionCalculator
from coursecnn.interactive.mixer import ChannelMixer
from coursecnn.interactive.photo import PhotoReader
from coursecnn.interactive.playground import KernelPlayground
from coursecnn.interactive.pooling import PoolingStepper
from coursecnn.interactive.receptive import ReceptiveFieldExplorer, Stack
from coursecnn.interactive.replay import TrainingReplay
from coursecnn.interactive.snapshot import Snapshot, snapshots
from coursecnn.interactive.stepper import Example, Stepper
from coursecnn.models.receptive import effective_field, effective_width

__all__ = [
    "Accuracy",
    "ArchitectureExplorer",
    "Backward",
    "BackwardStepper",
    "ChannelMixer",
    "Cost",
    "DigitReader",
    "Example",
    "FilterExplorer",
    "Finding",
    "GeometryCalculator",
    "GuessForm",
    "InceptionCalculator",
    "KernelPlayground",
    "Origin",
    "PhotoReader",
    "PoolingStepper",
    "ReceptiveFieldExplorer",
    "Snapshot",
    "Stack",
    "Stepper",
    "TrainingReplay",
    "effective_field",
    "effective_width",
    "snapshots",
]

"""The companion package of the coursecnn book: an executable course on convolutional networks.

Each room has one job, and imports point one way:

- `geometry`: shapes, parameters, multiply-accumulates and receptive fields, in integers;
- `convolution`: the operations that the chapters explain, in NumPy;
- `architectures`, `patterns`: Keras models, by name and from the lectures' notation;
- `pretrained`: networks with ImageNet's weights, where these can be had;
- `accounting`: what each layer of a model costs;
- `attribution`: which pixels an answer depends on;
- `datasets`: CIFAR-10 and MNIST, checked;
- `training`, `records`: recipes, runs, and the files that keep what was measured;
- `recipes`, `optimizers`, `whitening`, `augmentation`: what a training is made of;
- `distributed`: training shared among machines;
- `ledger`: every number that was printed elsewhere, and whether it holds;
- `exercises`: the checks behind the exercises;
- `figures`: the drawings of data;
- `interactive`: explorers that answer in the page, with no kernel;
- `experiments`: trainings and questions to networks, with controls, where a kernel runs;
- `graphs`, `diagrams`: the graph of a model, and the drawings made from it;
- `backend`, `files`: Keras without log lines, and files that are never half written.
"""

__version__ = "0.1.0"

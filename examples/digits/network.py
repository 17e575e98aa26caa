"""The network of a cell: NAS-Bench-101's scaffold, scaled down to images of 8x8 pixels.

A convolution makes ``channels`` channels, the cell follows, the image is halved, and the cell follows again with twice
the channels; the mean over the pixels goes into a linear layer. How a cell becomes layers is as in NAS-Bench-101: the
channels of the output are divided among the vertices that end in it, a vertex sums what comes into it, what comes from
the input is projected to the right width by a 1x1 convolution, and the input of the cell is added to its output when an
edge says so. Vertices on no path from the input to the output are left out.
"""

from __future__ import annotations

from typing import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUT, OUTPUT = 0, -1


class ConvNormRelu(nn.Module):
    """A convolution without bias, batch normalisation, and ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        return functional.relu(self.norm(self.conv(images)), inplace=True)


def operation(label: str, channels: int) -> nn.Module:
    """The layer of a vertex."""
    if label == "conv3x3-bn-relu":
        return ConvNormRelu(channels, channels, 3)
    if label == "conv1x1-bn-relu":
        return ConvNormRelu(channels, channels, 1)
    if label == "maxpool3x3":
        return nn.MaxPool2d(3, stride=1, padding=1)
    raise ValueError(f"no layer for the label {label!r}: expected those of NAS-Bench-101")


def vertex_channels(inputs: int, outputs: int, predecessors: Sequence[Sequence[int]]) -> list[int]:
    """How many channels each vertex has; ``predecessors`` are those of each vertex, in topological order."""
    last = len(predecessors) - 1
    channels = [0] * len(predecessors)
    channels[0], channels[last] = inputs, outputs
    if last == 1:
        return channels
    into_output = [v for v in predecessors[last] if v != 0]
    each, left_over = divmod(outputs, len(into_output))
    for place, v in enumerate(into_output):
        channels[v] = each + (place < left_over)
    for v in range(last - 1, 0, -1):
        if v not in into_output:
            channels[v] = max(channels[w] for w in range(v + 1, last) if v in predecessors[w])
    return channels


def pruned(labels: Sequence[str], edges: Sequence[tuple[int, int]]) -> tuple[list[str], list[tuple[int, int]]]:
    """The cell without vertices that lie on no path from the input to the output: they compute nothing."""
    last = len(labels) - 1
    from_input, to_output = {0}, {last}
    for u, v in sorted(edges):
        if u in from_input:
            from_input.add(v)
    for u, v in sorted(edges, reverse=True):
        if v in to_output:
            to_output.add(u)
    kept = [v for v in range(last + 1) if v in from_input and v in to_output]
    place = {v: i for i, v in enumerate(kept)}
    return [labels[v] for v in kept], [(place[u], place[v]) for u, v in edges if u in place and v in place]


class Cell(nn.Module):
    """The cell with given numbers of channels."""

    def __init__(self, inputs: int, outputs: int, labels: Sequence[str], edges: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        labels, edges = pruned(labels, edges)
        n = len(labels)
        self.predecessors = [sorted(u for u, w in edges if w == v) for v in range(n)]
        self.channels = vertex_channels(inputs, outputs, self.predecessors)
        self.operations = nn.ModuleDict({str(v): operation(labels[v], self.channels[v]) for v in range(1, n - 1)})
        self.projections = nn.ModuleDict(
            {str(v): ConvNormRelu(inputs, self.channels[v], 1) for v in range(1, n) if 0 in self.predecessors[v]}
        )

    def forward(self, images: Tensor) -> Tensor:
        values = [images]
        last = len(self.predecessors) - 1
        for v in range(1, last):
            parts = [values[u][:, : self.channels[v]] for u in self.predecessors[v] if u != 0]
            if 0 in self.predecessors[v]:
                parts.append(self.projections[str(v)](images))
            values.append(self.operations[str(v)](total(parts)))
        ends = [values[u] for u in self.predecessors[last] if u != 0]
        parts = [ends[0] if len(ends) == 1 else torch.cat(ends, 1)] if ends else []
        if 0 in self.predecessors[last]:
            parts.append(self.projections[str(last)](images))
        return total(parts)


def total(parts: Sequence[Tensor]) -> Tensor:
    """The sum of tensors."""
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result


class Network(nn.Module):
    """The network of a cell for ten classes."""

    def __init__(self, channels: int, labels: Sequence[str], edges: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            ConvNormRelu(1, channels, 3),
            Cell(channels, channels, labels, edges),
            nn.MaxPool2d(2),
            Cell(channels, 2 * channels, labels, edges),
        )
        self.classify = nn.Linear(2 * channels, 10)

    def forward(self, images: Tensor) -> Tensor:
        return self.classify(self.layers(images).mean((2, 3)))

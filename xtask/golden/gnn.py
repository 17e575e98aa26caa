"""Golden values for the tests of ganas-gnn, computed with PyTorch.

The networks, losses and operations of ganas-gnn once more, written from the equations in the comments of its source:
densely (adjacency matrices, every pair of graphs on its own, every prefix of a graph encoded from scratch), in double
precision, with PyTorch's autograd, Adam, GRU cell, distributions and losses. Nothing is shared with the Rust code but
the names and shapes of the parameters: matrices are `[inputs, outputs]`, the transposes of `torch.nn.Linear`'s.

Run from the root of the workspace:

    cargo xtask golden [--python PROGRAM]

which runs `PROGRAM xtask/golden/gnn.py crates/ganas-gnn/goldens`. It needs Python 3.10 or newer and PyTorch 2 or newer
(no GPU); each file names the version that wrote it. Other versions and processors may change the last digits.

One JSON file for each case, in the format of `ganas_testkit::golden::Golden`: `command`, `source`, and `tensors` by
name, with shape and row-major values. Names that several files share:

    graphs.n_nodes     the number of nodes of each graph
    graphs.labels      the label of each node of all graphs
    graphs.edges       pairs (from, to), nodes numbered through all graphs
    param.NAME         a parameter
    grad.NAME          the derivative of the loss with respect to it
    trained.NAME       the parameter after `losses` steps of Adam, one for each entry
    losses             the loss before each step; the first belongs to the gradients and outputs of the file
    learning_rate, epsilon, max_norm, norms    of Adam; the last two only where gradients are clipped
    d_out              the upstream gradient of a layer: the loss is the sum of d_out times the output
    d_NAME             the derivative with respect to another input or output

Inputs and starting parameters are drawn with a fixed seed for each file and rounded to multiples of 1/1024, which single
precision holds exactly, so that every precision starts from the same numbers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Bernoulli, Categorical

COMMAND = "cargo xtask golden"
LEARNING_RATE = 0.01
STEPS = 10
N_LABELS = 6

Tensors = dict[str, Tensor]
Shapes = dict[str, tuple[int, int]]
Activation = Callable[[Tensor], Tensor]

ACTIVATIONS: dict[str, Activation] = {"identity": lambda x: x, "relu": torch.relu, "tanh": torch.tanh}


# Inputs.


class Draw:
    """Random inputs from a seed of their own."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def numbers(self, *shape: int, scale: float = 1.0) -> Tensor:
        """Normal numbers, rounded to multiples of 1/1024."""
        return grid(scale * torch.randn(*shape, generator=self.generator))

    def uniforms(self, *shape: int) -> Tensor:
        """Numbers in [0, 1)."""
        return torch.floor(1024 * torch.rand(*shape, generator=self.generator)) / 1024

    def indices(self, below: int, count: int) -> Tensor:
        return torch.randint(below, (count,), generator=self.generator)

    def permutations(self, count: int, n: int) -> Tensor:
        return torch.stack([torch.randperm(n, generator=self.generator) for _ in range(count)])

    def masks(self, rows: int, actions: int, chosen: Tensor, share: float = 0.6) -> Tensor:
        """Legal actions, a share of all; the chosen one is legal, and the only one in every fifth row."""
        masks = torch.rand(rows, actions, generator=self.generator) < share
        masks[::5] = False
        masks[torch.arange(rows), chosen] = True
        return masks

    def parameters(self, shapes: Shapes) -> Tensors:
        """Parameters that are no zeros anywhere, and positive biases, so that most paths have a gradient."""
        drawn = {name: self.numbers(*shape, scale=0.6) for name, shape in shapes.items()}
        return {name: (x.abs() if name.endswith("bias") else x).requires_grad_() for name, x in drawn.items()}


def grid(x: Tensor) -> Tensor:
    return torch.round(1024 * x) / 1024


@dataclass(frozen=True)
class Graph:
    """A labelled directed acyclic graph whose nodes are in topological order."""

    labels: list[int]
    edges: list[tuple[int, int]]

    def one_hot(self) -> Tensor:
        return F.one_hot(torch.tensor(self.labels), N_LABELS).to(torch.get_default_dtype())

    def adjacency(self) -> Tensor:
        """`A[v, u] = 1` for an edge from `u` to `v`, so that `A x` sums over predecessors."""
        a = torch.zeros(len(self.labels), len(self.labels))
        for u, v in self.edges:
            a[v, u] = 1.0
        return a

    def prefix(self, k: int) -> Graph:
        """The first `k` nodes and the edges between them."""
        return Graph(self.labels[:k], [(u, v) for u, v in self.edges if v < k])


# Label 5 occurs nowhere, so its rows of weights have no gradient.
GRAPHS = [
    # A hub (node 4), an isolated node (3), and a skip edge.
    Graph([3, 0, 1, 2, 0, 4, 4], [(0, 1), (0, 2), (0, 4), (1, 4), (2, 4), (4, 5), (4, 6), (1, 6)]),
    Graph([3], []),
    Graph([3, 0, 2, 4], [(0, 1), (1, 2), (2, 3)]),
    Graph([3, 1, 1, 2, 4], [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 4)]),
    Graph([2, 4], []),
    # Every edge that there can be.
    Graph([3, 2, 1, 4], [(u, v) for v in range(4) for u in range(v)]),
]


def graph_tensors(graphs: list[Graph]) -> Tensors:
    edges, base = [], 0
    for graph in graphs:
        edges += [(base + u, base + v) for u, v in graph.edges]
        base += len(graph.labels)
    return {
        "graphs.n_nodes": torch.tensor([len(graph.labels) for graph in graphs]),
        "graphs.labels": torch.tensor([label for graph in graphs for label in graph.labels]),
        "graphs.edges": torch.tensor(edges),
    }


# Layers.


def linear_shapes(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": (inputs, outputs), f"{name}.bias": (1, outputs)}


def linear(p: Tensors, name: str, x: Tensor, activation: Activation) -> Tensor:
    return activation(F.linear(x, p[f"{name}.weight"].T, p[f"{name}.bias"][0]))


@dataclass(frozen=True)
class Encoder:
    """`x' = act(x W_root + A x W_pred + Aᵀ x W_succ + b)`, layer after layer, from one-hot labels."""

    width: int
    layers: int
    both: bool
    activation: Activation

    def shapes(self) -> Shapes:
        shapes: Shapes = {}
        for layer in range(self.layers):
            inputs = N_LABELS if layer == 0 else self.width
            shapes |= linear_shapes(f"encoder.{layer}", inputs, (3 if self.both else 2) * self.width)
            shapes[f"encoder.{layer}.bias"] = (1, self.width)
        return shapes

    def __call__(self, p: Tensors, graph: Graph) -> Tensor:
        x, a = graph.one_hot(), graph.adjacency()
        for layer in range(self.layers):
            root, predecessors, *successors = p[f"encoder.{layer}.weight"].split(self.width, dim=1)
            out = x @ root + a @ x @ predecessors + p[f"encoder.{layer}.bias"]
            if self.both:
                out = out + a.T @ x @ successors[0]
            x = self.activation(out)
        return x

    def readout(self, p: Tensors, graph: Graph) -> Tensor:
        """The mean over the nodes, and the last node."""
        x = self(p, graph)
        return torch.cat([x.mean(dim=0), x[-1]])


def gru_shapes(steps: int, inputs: int, width: int) -> Shapes:
    return {
        "gru.initial": (1, width),
        "gru.weight_i": (inputs, 3 * width),
        "gru.bias_i": (steps, 3 * width),
        "gru.weight_h": (width, 3 * width),
        "gru.bias_h": (1, 3 * width),
    }


def gru(p: Tensors, inputs: list[Tensor]) -> list[Tensor]:
    """`torch.nn.GRUCell` step by step, with a learned first state and a bias of the inputs for each step."""
    states = [p["gru.initial"].expand(len(inputs[0]), -1)]
    for step, x in enumerate(inputs):
        weights = p["gru.weight_i"].T, p["gru.weight_h"].T, p["gru.bias_i"][step], p["gru.bias_h"][0]
        states.append(torch.gru_cell(x, states[-1], *weights))
    return states[1:]


# Decisions and losses.


def categorical(logits: Tensor, masks: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities of the chosen actions, and entropies."""
    # Not minus infinity, where the entropy's gradient is not a number; the probabilities are 0 all the same.
    decisions = Categorical(logits=torch.where(masks, logits, -1e30))
    return decisions.log_prob(chosen), decisions.entropy()


def bernoulli(logits: Tensor, masks: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """As for categorical decisions; with one legal action, log-probability and entropy are 0."""
    decisions, free = Bernoulli(logits=logits), masks.all(dim=1)
    log_prob = decisions.log_prob(chosen.to(logits.dtype))
    return torch.where(free, log_prob, 0.0), torch.where(free, decisions.entropy(), 0.0)


def inversion(probs: Tensor, masks: Tensor, uniforms: Tensor, uniform_mix: float) -> Tensor:
    """The action whose share of [0, 1), in ascending order of the actions, holds the uniform number."""
    uniform = masks / masks.sum(dim=1, keepdim=True)
    bounds = ((1 - uniform_mix) * probs + uniform_mix * uniform).cumsum(dim=1)
    assert (bounds - uniforms[:, None]).abs().min() > 1e-5, "too close to a bound for single precision"
    return (bounds <= uniforms[:, None]).sum(dim=1)


def ranking_loss(scores: Tensor, ranks: Tensor, partners: Tensor) -> Tensor:
    """The mean over the pairs (item, partner) without ties of `softplus(-sign (score - score of partner))`."""
    losses = []
    for permutation in partners.tolist():
        for item, partner in enumerate(permutation):
            sign = float(torch.sign(ranks[item] - ranks[partner]))
            if sign != 0.0:
                losses.append(-F.logsigmoid(sign * (scores[item] - scores[partner])))
    return torch.stack(losses).mean()


# Cases: the contents of the files.


@dataclass(frozen=True)
class Results:
    """What a network and its loss say."""

    loss: Tensor
    outputs: Tensors


def train(
    p: Tensors, forward: Callable[[], Results], epsilon: float = 1e-8, max_norm: float | None = None
) -> Tensors:
    """Outputs and gradients of the first pass, and the parameters after all steps."""
    tensors = {f"param.{name}": value.detach().clone() for name, value in p.items()}
    tensors |= {"learning_rate": torch.tensor([LEARNING_RATE]), "epsilon": torch.tensor([epsilon])}
    optimiser = torch.optim.Adam(list(p.values()), lr=LEARNING_RATE, eps=epsilon)
    losses, norms = [], []
    for step in range(STEPS):
        optimiser.zero_grad()
        results = forward()
        results.loss.backward()
        losses.append(results.loss.detach())
        if step == 0:
            tensors |= {name: value.detach().clone() for name, value in results.outputs.items()}
            tensors |= gradients(p)
        if max_norm is not None:
            norms.append(torch.nn.utils.clip_grad_norm_(list(p.values()), max_norm))
        optimiser.step()
    tensors["losses"] = torch.stack(losses)
    if max_norm is not None:
        assert norms[0] > 1.1 * max_norm > 1.3 * norms[-1], "the bound must be active at first, and not at last"
        tensors |= {"max_norm": torch.tensor([max_norm]), "norms": torch.stack(norms)}
    return tensors | {f"trained.{name}": value.detach() for name, value in p.items()}


def gradients(p: Tensors) -> Tensors:
    return {f"grad.{name}": derivative(value) for name, value in p.items()}


def derivative(x: Tensor) -> Tensor:
    assert x.grad is not None, "every input is used"
    return x.grad.clone()


def pair_discriminator(seed: int) -> Tensors:
    """Positives are pairs of two truth graphs, negatives a truth graph with another; no graph is paired with itself."""
    draw, n_truth, n, head = Draw(seed), 3, len(GRAPHS), 5
    encoder = Encoder(width=4, layers=3, both=True, activation=torch.tanh)
    p = draw.parameters(
        encoder.shapes()
        | {
            "left.weight": (2 * encoder.width, head),
            "right.weight": (2 * encoder.width, head),
            "hidden.bias": (1, head),
            "score.weight_and_bias": (1, head + 1),
        }
    )
    targets = torch.zeros(n_truth, n)
    targets[:, :n_truth] = 1.0
    weights = torch.where(targets > 0, 1 / (n_truth * (n_truth - 1)), 1 / (n_truth * (n - n_truth)))
    weights.fill_diagonal_(0.0)

    def logit(left: Tensor, right: Tensor) -> Tensor:
        weight = torch.cat([p["left.weight"], p["right.weight"]])
        hidden = torch.relu(F.linear(torch.cat([left, right]), weight.T, p["hidden.bias"][0]))
        return p["score.weight_and_bias"][0, :-1] @ hidden + p["score.weight_and_bias"][0, -1]

    def forward() -> Results:
        readouts = [encoder.readout(p, graph) for graph in GRAPHS]
        logits = torch.stack([logit(left, right) for left in readouts[:n_truth] for right in readouts])
        logits = logits.reshape(n_truth, n)
        loss = F.binary_cross_entropy_with_logits(logits, targets, weight=weights, reduction="sum")
        return Results(loss, {"logits": logits})

    return graph_tensors(GRAPHS) | {"targets": targets, "weights": weights} | train(p, forward)


def rank_discriminator(seed: int) -> Tensors:
    """Trained with gradients that are clipped in the first steps; ranks have ties, and permutations have fixed points.

    A shift of all scores does not change the loss: the gradients of such biases are rounding errors around 0, which Adam
    with an epsilon as small as usual would scale up to whole steps.
    """
    draw, head = Draw(seed), 5
    encoder = Encoder(width=4, layers=3, both=True, activation=torch.relu)
    p = draw.parameters(
        encoder.shapes() | linear_shapes("hidden", 2 * encoder.width, head) | linear_shapes("score", head, 1)
    )
    ranks = torch.tensor([2, 0, 1, 2, 0, 3])
    partners = draw.permutations(3, len(GRAPHS))

    def forward() -> Results:
        readouts = torch.stack([encoder.readout(p, graph) for graph in GRAPHS])
        hidden = linear(p, "hidden", readouts, torch.relu)
        scores = linear(p, "score", hidden, ACTIVATIONS["identity"])
        return Results(ranking_loss(scores[:, 0], ranks, partners), {"scores": scores})

    trained = train(p, forward, epsilon=1e-4, max_norm=0.8)
    return graph_tensors(GRAPHS) | {"ranks": ranks, "partners": partners} | trained


EPISODES = [
    Graph([3, 0, 2, 1, 4], [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4)]),
    Graph([3, 1, 1, 0, 4], [(0, 1), (1, 3), (0, 4), (3, 4)]),
    Graph([3, 2, 0, 0, 4], []),
    Graph([3, 0, 1, 2, 4], [(u, v) for v in range(5) for u in range(v)]),
]
# The label of node `PREFIXES[t]` is decided in step `t`, where the nodes before it exist.
PREFIXES = [1, 3, 4]


def policy(seed: int, activation: Activation | None, ppo: bool) -> Tensors:
    """A policy that encodes the graph so far with an activation, or without one sees its last label only."""
    draw, steps, n, state, head = Draw(seed), len(PREFIXES), len(EPISODES), 4, 5
    encoder = Encoder(width=3, layers=2, both=False, activation=activation or torch.tanh)
    if activation is not None:
        inputs, shapes = 2 * encoder.width, encoder.shapes()
    else:
        inputs, shapes = 3, {"last_label.weight": (steps * N_LABELS, 3)}
    shapes |= gru_shapes(steps, inputs, state) | linear_shapes("hidden", state, head)
    shapes |= {"logits.weight": (steps * head, N_LABELS), "logits.bias": (steps, N_LABELS)}
    p = draw.parameters(shapes | linear_shapes("value", state, 1))
    chosen = torch.tensor([graph.labels[k] for k in PREFIXES for graph in EPISODES])
    last_labels = torch.tensor(
        [step * N_LABELS + graph.labels[k - 1] for step, k in enumerate(PREFIXES) for graph in EPISODES]
    )
    masks = draw.masks(steps * n, N_LABELS, chosen)

    def decide() -> tuple[Tensor, Tensor, Tensor]:
        if activation is not None:
            seen = [torch.stack([encoder.readout(p, graph.prefix(k)) for graph in EPISODES]) for k in PREFIXES]
        else:
            seen = list(F.embedding(last_labels, p["last_label.weight"]).split(n))
        states = gru(p, seen)
        weights, biases = p["logits.weight"].split(head), p["logits.bias"]
        logits = [
            linear(p, "hidden", h, torch.relu) @ weight + bias for h, weight, bias in zip(states, weights, biases)
        ]
        log_prob, entropy = categorical(torch.cat(logits), masks, chosen)
        return log_prob, entropy, linear(p, "value", torch.cat(states), ACTIVATIONS["identity"])[:, 0]

    if ppo:
        # Ratios that the clipping cuts on both sides, and some that it does not.
        noise = draw.numbers(steps * n, scale=0.3)
        old = grid(decide()[0].detach() - noise)
        coefficients = {"clip": 0.2, "value_weight": 0.5, "entropy_weight": 0.0625}
        assert (noise < -0.25).any() and (noise.abs() < 0.15).any() and (noise > 0.25).any()
        loss_inputs = {"old_log_prob": old, "advantage": draw.numbers(steps * n), "return": draw.numbers(steps * n)}
        loss_inputs |= {name: torch.tensor([value]) for name, value in coefficients.items()}
    else:
        names = ["log_prob", "entropy", "value"]
        loss_inputs = {f"{name}_weight": draw.numbers(steps * n, scale=0.25) for name in names}

    def loss(log_prob: Tensor, entropy: Tensor, value: Tensor) -> Tensor:
        if not ppo:
            weights = loss_inputs.values()
            return sum((w @ x for w, x in zip(weights, [log_prob, entropy, value])), torch.tensor(0.0))
        ratio = (log_prob - loss_inputs["old_log_prob"]).exp()
        clipped = ratio.clamp(1 - coefficients["clip"], 1 + coefficients["clip"])
        advantage = loss_inputs["advantage"]
        surrogate = torch.minimum(ratio * advantage, clipped * advantage).mean()
        value_loss = F.mse_loss(value, loss_inputs["return"])
        return -surrogate + coefficients["value_weight"] * value_loss - coefficients["entropy_weight"] * entropy.mean()

    def forward() -> Results:
        log_prob, entropy, value = decide()
        outputs = {"log_prob": log_prob, "entropy": entropy, "value": value}
        return Results(loss(log_prob, entropy, value), outputs)

    decisions = {"masks": masks, "chosen": chosen, "last_labels": last_labels}
    return graph_tensors(EPISODES) | decisions | loss_inputs | train(p, forward)


def gru_layer() -> Tensors:
    draw, steps, n, inputs, width = Draw(10), 4, 3, 5, 4
    p = draw.parameters(gru_shapes(steps, inputs, width))
    x = draw.numbers(steps * n, inputs).requires_grad_()
    h = torch.cat(gru(p, list(x.split(n))))
    return upstream(draw, p, {"x": x}, h)


def encoder_layer(seed: int, both: bool, activation: Activation) -> Tensors:
    draw, encoder = Draw(seed), Encoder(width=3, layers=3, both=both, activation=activation)
    p = draw.parameters(encoder.shapes())
    nodes = torch.cat([encoder(p, graph) for graph in GRAPHS])
    return graph_tensors(GRAPHS) | upstream(draw, p, {}, nodes)


def linear_layer(seed: int, activation: Activation) -> Tensors:
    draw = Draw(seed)
    p, x = draw.parameters(linear_shapes("linear", 4, 7)), draw.numbers(6, 4).requires_grad_()
    return upstream(draw, p, {"x": x}, linear(p, "linear", x, activation))


def upstream(draw: Draw, p: Tensors, inputs: Tensors, out: Tensor) -> Tensors:
    """The derivatives of a layer for a random upstream gradient."""
    d_out = draw.numbers(*out.shape)
    (out * d_out).sum().backward()
    tensors = {f"param.{name}": value for name, value in p.items()} | gradients(p)
    tensors |= inputs | {f"d_{name}": derivative(value) for name, value in inputs.items()}
    return tensors | {"out": out, "d_out": d_out}


# Logits as far apart as they can be, where a formula that is not careful overflows or cancels.
EXTREMES = torch.tensor(
    [0.0, 1e-8, -1e-8, 1.0, -1.0, 17.0, -17.0, 40.0, -40.0, 90.0, -90.0, 800.0, -800.0], dtype=torch.float64
)


def categorical_op() -> Tensors:
    draw, n, actions = Draw(20), 15, 7
    logits = draw.numbers(n, actions, scale=2.0)
    logits[-1], logits[-2] = EXTREMES[:actions], EXTREMES[-actions:]
    logits.requires_grad_()
    chosen = draw.indices(actions, n)
    return decisions(draw, logits, draw.masks(n, actions, chosen), chosen, categorical)


def bernoulli_op() -> Tensors:
    draw, extremes = Draw(21), EXTREMES.repeat(2)
    logits = torch.cat([draw.numbers(10, scale=2.0), extremes]).requires_grad_()
    chosen = torch.cat([draw.indices(2, 10), torch.arange(2).repeat_interleave(len(EXTREMES))])
    return decisions(draw, logits, draw.masks(len(logits), 2, chosen, share=0.9), chosen, bernoulli)


def decisions(
    draw: Draw,
    logits: Tensor,
    masks: Tensor,
    chosen: Tensor,
    take: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]],
) -> Tensors:
    """Log-probabilities and entropies, their gradient, and draws with and without exploration."""
    n = len(logits)
    log_prob, entropy = take(logits, masks, chosen)
    d_log_prob, d_entropy = draw.numbers(n), draw.numbers(n)
    (d_log_prob @ log_prob + d_entropy @ entropy).backward()
    tensors = {"logits": logits, "masks": masks, "chosen": chosen, "log_prob": log_prob, "entropy": entropy}
    tensors |= {"d_log_prob": d_log_prob, "d_entropy": d_entropy, "d_logits": derivative(logits)}
    uniforms = draw.uniforms(n)
    tensors["uniforms"] = uniforms
    columns = logits.detach() if logits.dim() == 2 else torch.stack([torch.zeros(n), logits.detach()], dim=1)
    for name, temperature, uniform_mix in [("drawn", 1.0, 0.0), ("explored", 2.0, 0.5)]:
        probs = F.softmax(torch.where(masks, columns / temperature, -torch.inf), dim=1)
        if logits.dim() == 2:
            tensors[name] = inversion(probs, masks, uniforms, uniform_mix)
        else:
            # A Bernoulli decision is 1 when the number is below the probability of 1: the order is the other one.
            tensors[name] = 1 - inversion(probs.flip(1), masks.flip(1), uniforms, uniform_mix)
    assert (tensors["drawn"] != tensors["explored"]).any(), "exploration shows"
    return tensors


def bce_op() -> Tensors:
    """Random and extreme logits against targets at and between the ends, and weights with zeros."""
    draw = Draw(22)
    logits = torch.cat([draw.numbers(13, scale=2.0), EXTREMES, EXTREMES, EXTREMES]).reshape(4, 13).requires_grad_()
    targets = torch.stack([draw.uniforms(13), torch.zeros(13), torch.ones(13), torch.full((13,), 0.375)])
    weights = draw.uniforms(4, 13)
    weights[:, 3] = 0.0
    loss = F.binary_cross_entropy_with_logits(logits, targets, weight=weights, reduction="sum")
    loss.backward()
    tensors = {"logits": logits, "targets": targets, "weights": weights}
    return tensors | {"loss": loss.reshape(1), "d_logits": derivative(logits)}


def ranking_op() -> Tensors:
    """Scores far apart in the right and in the wrong order, and ties."""
    draw, n = Draw(23), len(EXTREMES) + 3
    scores = torch.cat([EXTREMES, draw.numbers(3)]).requires_grad_()
    ranks, partners = draw.indices(6, n), draw.permutations(4, n)
    loss = ranking_loss(scores, ranks, partners)
    loss.backward()
    tensors = {"scores": scores, "ranks": ranks, "partners": partners}
    return tensors | {"loss": loss.reshape(1), "d_scores": derivative(scores)}


def cases() -> Iterable[tuple[str, Tensors]]:
    """Name and contents of each file; with these seeds, no hidden unit of a network is 0 for all of its inputs."""
    yield "pair_discriminator", pair_discriminator(1)
    yield "rank_discriminator", rank_discriminator(12)
    yield "policy_graph_reinforce", policy(28, torch.tanh, ppo=False)
    yield "policy_graph_ppo", policy(20, torch.relu, ppo=True)
    yield "policy_last_label_reinforce", policy(20, None, ppo=False)
    yield "policy_last_label_ppo", policy(4, None, ppo=True)
    yield "gru", gru_layer()
    yield "encoder_predecessors_relu", encoder_layer(10, both=False, activation=torch.relu)
    yield "encoder_predecessors_tanh", encoder_layer(12, both=False, activation=torch.tanh)
    yield "encoder_both_relu", encoder_layer(1, both=True, activation=torch.relu)
    yield "encoder_both_tanh", encoder_layer(14, both=True, activation=torch.tanh)
    for seed, (name, activation) in enumerate(ACTIVATIONS.items(), start=15):
        yield f"linear_{name}", linear_layer(seed, activation)
    yield "categorical", categorical_op()
    yield "bernoulli", bernoulli_op()
    yield "bce", bce_op()
    yield "ranking", ranking_op()


# Output.


def golden(tensors: Tensors) -> str:
    """The text of a golden file, with one tensor a line; Python prints doubles so that they read back exactly."""
    lines = []
    for name, tensor in sorted(tensors.items()):
        x = tensor.detach()
        x = x.long() if x.dtype == torch.bool else x
        assert x.dtype in (torch.float64, torch.int64) and x.isfinite().all(), name
        value = {"shape": list(x.shape), "values": x.flatten().tolist()}
        lines.append(f"    {json.dumps(name)}: {json.dumps(value)}")
    source = f"torch {torch.__version__.split('+')[0]}"
    head = f'  "command": {json.dumps(COMMAND)},\n  "source": {json.dumps(source)},\n'
    return "{\n" + head + '  "tensors": {\n' + ",\n".join(lines) + "\n  }\n}\n"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} OUTPUT_FOLDER")
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    for name, tensors in cases():
        path = Path(sys.argv[1], f"{name}.json")
        path.write_text(golden(tensors), encoding="utf-8")
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()

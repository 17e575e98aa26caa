"""The steps of a search in PyTorch, for `cargo xtask bench --vs-torch`.

Two variants of the same work; graphs have 7 vertices with free edges, widths and batches are those of the command line.

usual   what a user would write: dense adjacency matrices, one encoder pass over both members of every pair, a
        generator that encodes the partial graph again at each step (for a known graph, all partial graphs in one product
        for each layer, without padding), edge scores with the first layer factorised, fused Adam.
        Neighbours in both directions share one weight, and a graph is read out as the mean of its vertices.
same    the mathematics of ganas-gnn: the first layer looks rows up, separate weights for predecessors and successors in
        the discriminator, predecessors only in the generator, so that every vertex is encoded once; read-out of mean and
        last vertex; each distinct graph encoded once and all pairs formed in a factorised head; log-probabilities in one
        pass over the finished graph, and sampling that computes one new vertex a step.

Reads lines `WORK SECONDS` and answers each with the times of the repetitions in milliseconds, as the bench program of
ganas does.
"""

from __future__ import annotations

import argparse
import sys
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NODES, LABELS = 7, 5
STEPS = NODES - 1
INPUT, OUTPUT = 0, LABELS - 1
# So small that a thousand repetitions change nothing: the time of a step then does not depend on how many came before.
LEARNING_RATE = 1e-6


def random_graphs(n: int) -> tuple[Tensor, Tensor]:
    """Labels `[n, 7]` and adjacency `[n, 7, 7]`, entry `[to, from]`."""
    labels = torch.randint(1, OUTPUT, (n, NODES))
    labels[:, 0], labels[:, -1] = INPUT, OUTPUT
    chance = torch.full((NODES, NODES), 0.45).tril(-1)
    index = torch.arange(NODES - 1)
    chance[index + 1, index] = 0.78
    return labels, (torch.rand(n, NODES, NODES) < chance).float()


def standardised(x: Tensor) -> Tensor:
    return (x - x.mean()) / (x.std() + 1e-6)


def illegal_label() -> Tensor:
    return torch.tensor([-1e9] + [0.0] * (LABELS - 1))


class UsualEncoder(nn.Module):
    """GraphConv over undirected neighbours, labels embedded."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, width)
        self.root = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.neighbour = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(layers))

    def forward(self, labels: Tensor, adjacency: Tensor) -> Tensor:
        both = adjacency + adjacency.transpose(1, 2)
        x = self.embedding(labels)
        for root, neighbour in zip(self.root, self.neighbour):
            x = F.relu(root(x) + neighbour(both @ x))
        return x


class UsualDiscriminator(nn.Module):
    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.encoder = UsualEncoder(width, layers)
        self.head = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1))

    def embed(self, labels: Tensor, adjacency: Tensor) -> Tensor:
        return self.encoder(labels, adjacency).mean(1)

    def loss(self, truth, others, batch: int) -> Tensor:
        """Pairs of two truth cells, and of a truth cell with another graph, half of each."""
        k = len(truth[0])
        left = torch.randint(k, (batch,))
        right = torch.randint(k, (batch // 2,))
        labels = torch.cat([truth[0][left], truth[0][right], others[0][: batch // 2]])
        adjacency = torch.cat([truth[1][left], truth[1][right], others[1][: batch // 2]])
        a, b = self.embed(labels, adjacency).chunk(2)
        target = torch.cat([torch.ones(batch // 2), torch.zeros(batch // 2)])
        return F.binary_cross_entropy_with_logits(self.head(torch.cat([a, b], -1)).squeeze(-1), target)

    def reward(self, truth, graphs) -> Tensor:
        a, b = self.embed(*truth), self.embed(*graphs)
        pairs = torch.cat([a.repeat(len(b), 1), b.repeat_interleave(len(a), 0)], -1)
        return torch.sigmoid(self.head(pairs).view(len(b), len(a))).mean(1)


class SameEncoder(nn.Module):
    """GraphConv with one weight matrix `[root | predecessors | successors]` for each layer; the first is a table."""

    def __init__(self, width: int, layers: int, both: bool) -> None:
        super().__init__()
        self.width, self.both = width, both
        columns = (3 if both else 2) * width
        inputs = [LABELS] + [width] * (layers - 1)
        self.weight = nn.ParameterList(nn.init.xavier_uniform_(torch.empty(i, columns)) for i in inputs)
        self.bias = nn.ParameterList(torch.zeros(width) for _ in inputs)

    def layer(self, number: int, x: Tensor) -> Tensor:
        """The projections of vertices; the first layer takes labels."""
        weight = self.weight[number]
        return F.embedding(x, weight) if number == 0 else x @ weight

    def forward(self, labels: Tensor, adjacency: Tensor) -> Tensor:
        x, c = labels, self.width
        reverse = adjacency.transpose(1, 2)
        for number, bias in enumerate(self.bias):
            p = self.layer(number, x)
            y = p[..., :c] + bias + adjacency @ p[..., c : 2 * c]
            x = F.relu(y + reverse @ p[..., 2 * c :] if self.both else y)
        return x


class SameDiscriminator(nn.Module):
    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.encoder = SameEncoder(width, layers, both=True)
        self.left = nn.Linear(2 * width, width, bias=False)
        self.right = nn.Linear(2 * width, width)
        self.score = nn.Linear(width, 1)

    def embed(self, labels: Tensor, adjacency: Tensor) -> Tensor:
        x = self.encoder(labels, adjacency)
        return torch.cat([x.mean(1), x[:, -1]], -1)

    def logits(self, truth, others) -> Tensor:
        e = self.embed(torch.cat([truth[0], others[0]]), torch.cat([truth[1], others[1]]))
        a, b = self.left(e[: len(truth[0])]), self.right(e)
        return self.score(F.relu(a.unsqueeze(1) + b)).squeeze(-1)

    def loss(self, truth, others, batch: int) -> Tensor:
        k, m = len(truth[0]), batch // 2
        logits = self.logits(truth, (others[0][:m], others[1][:m]))
        target = torch.cat([torch.ones(k, k), torch.zeros(k, m)], 1)
        weight = torch.cat([(1 - torch.eye(k)) / (k * (k - 1)), torch.full((k, m), 1 / (k * m))], 1)
        return F.binary_cross_entropy_with_logits(logits, target, weight=weight, reduction="sum")

    def reward(self, truth, graphs) -> Tensor:
        return torch.sigmoid(self.logits(truth, graphs)[:, len(truth[0]) :]).mean(0)


def edge_terms(logits: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities and entropies of edge decisions."""
    log_prob = -F.binary_cross_entropy_with_logits(logits, edges, reduction="none")
    return log_prob, F.binary_cross_entropy_with_logits(logits, torch.sigmoid(logits), reduction="none")


class UsualGenerator(nn.Module):
    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.width = width
        self.encoder = UsualEncoder(width, layers)
        self.gru = nn.GRUCell(width, width)
        self.label = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, LABELS))
        self.of_state, self.of_node = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.of_label, self.edge = nn.Embedding(LABELS, width), nn.Linear(width, 1)
        self.register_buffer("illegal", illegal_label())

    @torch.inference_mode()
    def sample(self, n: int) -> tuple[Tensor, Tensor]:
        labels, adjacency = torch.zeros(n, NODES, dtype=torch.long), torch.zeros(n, NODES, NODES)
        h = torch.zeros(n, self.width)
        for t in range(1, NODES):
            x = self.encoder(labels[:, :t], adjacency[:, :t, :t])
            h = self.gru(x.mean(1), h)
            label = torch.multinomial(F.softmax(self.label(h) + self.illegal, -1), 1).squeeze(1)
            u = self.of_state(h) + self.of_label(label)
            logits = self.edge(F.relu(u.unsqueeze(1) + self.of_node(x))).squeeze(-1)
            labels[:, t], adjacency[:, t, :t] = label, torch.bernoulli(torch.sigmoid(logits))
        return labels, adjacency

    def evaluate(self, labels: Tensor, adjacency: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probability and entropy of each graph."""
        n, width = len(labels), self.width
        sizes = [n * t for t in range(1, NODES)]
        both = adjacency + adjacency.transpose(1, 2)
        x = torch.cat([self.encoder.embedding(labels[:, :t]).reshape(-1, width) for t in range(1, NODES)])
        for root, neighbour in zip(self.encoder.root, self.encoder.neighbour):
            parts = enumerate(x.split(sizes), 1)
            sums = torch.cat([(both[:, :t, :t] @ y.view(n, t, width)).reshape(-1, width) for t, y in parts])
            x = F.relu(root(x) + neighbour(sums))
        h, states = torch.zeros(n, width), []
        for t, y in enumerate(x.split(sizes), 1):
            h = self.gru(y.view(n, t, width).mean(1), h)
            states.append(h)
        h = torch.stack(states)
        chosen = labels[:, 1:].t()
        log_probs = F.log_softmax(self.label(h) + self.illegal, -1)
        log_prob = log_probs.gather(-1, chosen.unsqueeze(-1)).squeeze(-1).sum(0)
        entropy = -(log_probs.exp() * log_probs.clamp(min=-1e8)).sum(-1).sum(0)
        u = self.of_state(h) + self.of_label(chosen)
        parts = enumerate(self.of_node(x).split(sizes), 1)
        hidden = torch.cat([(u[t - 1].unsqueeze(1) + y.view(n, t, width)).reshape(-1, width) for t, y in parts])
        edges = torch.cat([adjacency[:, t, :t].reshape(-1) for t in range(1, NODES)])
        terms = edge_terms(self.edge(F.relu(hidden)).squeeze(-1), edges)
        for of_edges in zip(*(term.split(sizes) for term in terms)):
            log_prob = log_prob + of_edges[0].view(n, -1).sum(1)
            entropy = entropy + of_edges[1].view(n, -1).sum(1)
        return log_prob, entropy


class SameGenerator(nn.Module):
    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.width = width
        self.encoder = SameEncoder(width, layers, both=False)
        self.first = nn.Parameter(torch.zeros(width))
        self.weight_i = nn.Parameter(nn.init.xavier_uniform_(torch.empty(2 * width, 3 * width)))
        self.weight_h = nn.Parameter(nn.init.xavier_uniform_(torch.empty(width, 3 * width)))
        self.bias_i = nn.Parameter(torch.zeros(STEPS, 3 * width))
        self.bias_h = nn.Parameter(torch.zeros(3 * width))
        self.hidden = nn.Linear(width, width)
        self.label = nn.Parameter(0.05 * torch.randn(STEPS, width, LABELS))
        self.label_bias = nn.Parameter(torch.zeros(STEPS, 1, LABELS))
        self.value = nn.Linear(width, 1)
        self.of_state, self.of_node = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.of_label, self.edge = nn.Embedding(LABELS, width), nn.Linear(width, 1)
        self.register_buffer("illegal", illegal_label())

    def advance(self, step: int, gi: Tensor, h: Tensor) -> Tensor:
        c = self.width
        gi, gh = gi + self.bias_i[step], torch.addmm(self.bias_h, h, self.weight_h)
        gates = torch.sigmoid(gi[:, : 2 * c] + gh[:, : 2 * c])
        new = torch.tanh(gi[:, 2 * c :] + gates[:, :c] * gh[:, 2 * c :])
        return torch.lerp(new, h, gates[:, c:])

    @torch.inference_mode()
    def sample(self, n: int) -> tuple[Tensor, Tensor]:
        """One new vertex a step: its row in every layer, from the projections of the vertices before it."""
        c, encoder = self.width, self.encoder
        labels, adjacency = torch.zeros(n, NODES, dtype=torch.long), torch.zeros(n, NODES, NODES)
        projected = [torch.zeros(n, NODES, c) for _ in encoder.bias]
        keys = torch.zeros(n, NODES, c)
        h, total = self.first.expand(n, c), torch.zeros(n, c)
        for step in range(STEPS):
            x, from_all = labels[:, step], adjacency[:, step : step + 1, : step + 1]
            for number, bias in enumerate(encoder.bias):
                p = encoder.layer(number, x)
                projected[number][:, step] = p[:, c:]
                x = F.relu(p[:, :c] + bias + (from_all @ projected[number][:, : step + 1]).squeeze(1))
            total = total + x
            keys[:, step] = self.of_node(x)
            h = self.advance(step, torch.cat([total / (step + 1), x], -1) @ self.weight_i, h)
            logits = F.relu(self.hidden(h)) @ self.label[step] + self.label_bias[step] + self.illegal
            label = torch.multinomial(F.softmax(logits, -1), 1).squeeze(1)
            u = self.of_state(h) + self.of_label(label)
            scores = self.edge(F.relu(u.unsqueeze(1) + keys[:, : step + 1])).squeeze(-1)
            labels[:, step + 1] = label
            adjacency[:, step + 1, : step + 1] = torch.bernoulli(torch.sigmoid(scores))
        return labels, adjacency

    def evaluate(self, labels: Tensor, adjacency: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probability and entropy of each graph, from one pass over it without its last vertex."""
        n, c = len(labels), self.width
        x = self.encoder(labels[:, :STEPS], adjacency[:, :STEPS, :STEPS])
        mean = x.cumsum(1) / torch.arange(1, NODES).view(1, -1, 1)
        gi = torch.cat([mean, x], -1).transpose(0, 1) @ self.weight_i
        h, states = self.first.expand(n, c), []
        for step in range(STEPS):
            h = self.advance(step, gi[step], h)
            states.append(h)
        h = torch.stack(states)
        chosen = labels[:, 1:].t()
        log_probs = F.log_softmax(F.relu(self.hidden(h)) @ self.label + self.label_bias + self.illegal, -1)
        log_prob = log_probs.gather(-1, chosen.unsqueeze(-1)).squeeze(-1).sum(0)
        entropy = -(log_probs.exp() * log_probs.clamp(min=-1e8)).sum(-1).sum(0)
        u, keys = self.of_state(h) + self.of_label(chosen), self.of_node(x)
        hidden = torch.cat([u[t].unsqueeze(1) + keys[:, : t + 1] for t in range(STEPS)], 1)
        edges = torch.cat([adjacency[:, t, :t] for t in range(1, NODES)], 1)
        of_edges = edge_terms(self.edge(F.relu(hidden)).squeeze(-1), edges)
        return log_prob + of_edges[0].sum(1), entropy + of_edges[1].sum(1)


class Works:
    """Everything that can be asked for."""

    def __init__(self, options: argparse.Namespace) -> None:
        usual = options.variant == "usual"
        shape = (options.width, options.layers)
        self.options = options
        self.discriminator = (UsualDiscriminator if usual else SameDiscriminator)(*shape)
        self.generator = (UsualGenerator if usual else SameGenerator)(*shape)
        self.adam_d = torch.optim.Adam(self.discriminator.parameters(), LEARNING_RATE, fused=True)
        self.adam_g = torch.optim.Adam(self.generator.parameters(), LEARNING_RATE, fused=True)
        self.truth, self.graphs = random_graphs(options.truth), random_graphs(options.batch)
        self.drawn = self.generator.sample(options.batch)
        self.rewards = torch.rand(options.batch)

    def step(self, graphs) -> None:
        self.adam_d.zero_grad(set_to_none=True)
        self.discriminator.loss(self.truth, graphs, self.options.batch).backward()
        self.adam_d.step()

    def discriminator_step(self) -> None:
        self.step(self.graphs)

    def sampling(self) -> None:
        self.generator.sample(self.options.batch)

    def reward(self) -> None:
        with torch.inference_mode():
            self.discriminator.reward(self.truth, self.graphs)

    def update(self, graphs, rewards: Tensor, epochs: int) -> None:
        advantage, old = standardised(rewards), None
        graphs = tuple(part.clone() for part in graphs)
        for _ in range(epochs):
            self.adam_g.zero_grad(set_to_none=True)
            log_prob, entropy = self.generator.evaluate(*graphs)
            old = log_prob.detach() if old is None else old
            ratio = (log_prob - old).exp()
            gain = torch.minimum(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage)
            (-gain.mean() - 0.01 * entropy.mean()).backward()
            nn.utils.clip_grad_norm_(self.generator.parameters(), 1.0)
            self.adam_g.step()

    def ppo_epoch(self) -> None:
        self.update(self.drawn, self.rewards, 1)

    def ppo_update(self) -> None:
        self.update(self.drawn, self.rewards, self.options.epochs)

    def inner_iteration(self) -> None:
        for _ in range(10):
            self.step(self.drawn)
        self.drawn = self.generator.sample(self.options.batch)
        with torch.inference_mode():
            rewards = self.discriminator.reward(self.truth, self.drawn)
        self.update(self.drawn, rewards.clone(), self.options.epochs)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("variant", choices=["usual", "same"])
    for name, default in [("threads", 2), ("width", 128), ("layers", 3), ("batch", 128), ("truth", 50), ("epochs", 4)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--device", default="cpu", help="cpu, or cuda:N")
    options = parser.parse_args()
    torch.set_default_device(options.device)
    finish = torch.cuda.synchronize if options.device.startswith("cuda") else lambda: None
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    works = Works(options)
    for line in sys.stdin:
        work, seconds = line.split()
        run = getattr(works, work)
        start, times = time.perf_counter(), []
        # The first repetition warms caches and threads up.
        while len(times) < 2 or time.perf_counter() - start < float(seconds):
            begin = time.perf_counter()
            run()
            finish()
            times.append((time.perf_counter() - begin) * 1e3)
        print(" ".join(f"{ms:.4f}" for ms in times[1:]), flush=True)


if __name__ == "__main__":
    main()

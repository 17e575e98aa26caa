"""An evaluator for ganas: trains the network of a NAS-Bench-101 cell on handwritten digits, in a second on one core.

    ganas search --space nasbench101-v5 --evaluator 'python examples/digits/train.py' --workers 2

The digits are the 1,797 images of 8x8 pixels that scikit-learn ships: a third to train on, a third to search on, and a
third to report. They are divided once and for all, the same number of each digit in each third. ``--fidelity`` changes
how thorough a training is: ``--fidelity epochs=24``.
"""

from __future__ import annotations

import math

import torch
from ganas_worker import Evaluation, Failed, Metric, evaluator
from network import Network
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn import functional

Images = tuple[Tensor, Tensor]

#: What ``--fidelity`` can change.
DEFAULTS = {"epochs": 12, "channels": 8}
BATCH = 60
LEARNING_RATE = 0.02
WEIGHT_DECAY = 0.01
#: The share of the steps in which the learning rate rises; it falls as a cosine in the others.
WARM_UP = 0.15

# As many workers as there are cores make better use of them than threads do, and one thread always adds in one order.
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


def load() -> dict[str, Images]:
    """The thirds of the images, scaled by mean and deviation of the first."""
    images, digits = load_digits(return_X_y=True)
    images = images.reshape(-1, 1, 8, 8).astype("float32")
    train_images, images, train_digits, digits = train_test_split(
        images, digits, train_size=599, stratify=digits, random_state=0
    )
    valid_images, test_images, valid_digits, test_digits = train_test_split(
        images, digits, train_size=599, stratify=digits, random_state=0
    )
    mean, deviation = train_images.mean(), train_images.std()
    thirds = {
        "train": (train_images, train_digits),
        "valid": (valid_images, valid_digits),
        "test": (test_images, test_digits),
    }
    return {
        name: (
            torch.tensor((images - mean) / deviation).contiguous(memory_format=torch.channels_last),
            torch.tensor(digits),
        )
        for name, (images, digits) in thirds.items()
    }


DATA = load()


@evaluator(
    name="digits",
    version="1",
    metrics=[
        Metric("valid_acc", "validation", 0, 1),
        Metric("test_acc", "test", 0, 1),
        Metric("valid_loss", "cost", 0),
    ],
)
def train(evaluation: Evaluation) -> dict[str, float]:
    """Trains, and measures once at the end."""
    settings = {**DEFAULTS, **evaluation.fidelity}
    if settings.keys() != DEFAULTS.keys():
        unknown = ", ".join(sorted(settings.keys() - DEFAULTS.keys()))
        raise Failed("fidelity", f"there is no {unknown}; expected some of {', '.join(DEFAULTS)}")
    epochs, channels = int(settings["epochs"]), int(settings["channels"])
    torch.manual_seed(evaluation.seed)
    network = Network(channels, evaluation.arch.labels, evaluation.arch.edges).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=WEIGHT_DECAY, fused=True)
    images, digits = DATA["train"]
    batches = len(digits) // BATCH
    for epoch in range(epochs):
        order = torch.randperm(len(digits))
        for i in range(batches):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate((epoch * batches + i) / (epochs * batches))
            batch = order[i * BATCH : (i + 1) * BATCH]
            optimizer.zero_grad()
            functional.cross_entropy(network(images[batch]), digits[batch]).backward()
            optimizer.step()
        # It raises when ganas has given the evaluation up.
        evaluation.progress((epoch + 1) / epochs)
    valid_acc, valid_loss = measure(network, *DATA["valid"])
    test_acc, _ = measure(network, *DATA["test"])
    return {"valid_acc": valid_acc, "test_acc": test_acc, "valid_loss": valid_loss}


def learning_rate(done: float) -> float:
    """The learning rate when this share of the steps is done."""
    return LEARNING_RATE * min(1.0, done / WARM_UP + 0.01) * 0.5 * (1 + math.cos(math.pi * done))


@torch.no_grad()
def measure(network: nn.Module, images: Tensor, digits: Tensor) -> tuple[float, float]:
    """The accuracy, as a fraction, and the mean cross-entropy."""
    network.eval()
    scores = network(images)
    right = (scores.argmax(1) == digits).sum().item()
    return right / len(digits), functional.cross_entropy(scores, digits).item()


if __name__ == "__main__":
    train.serve()

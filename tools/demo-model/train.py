"""Training from nothing.

The optimiser holds f32 weights; in the last part the model computes with what those weights become in the file, and the
gradient at the rounded weights is applied to the f32 ones (straight-through)."""
import math
import time
from dataclasses import dataclass

import torch
from torch import nn

from batches import loader
from blocks import BLOCK, quantise
from export import kinds
from shape import build, hidden_states, logits


@dataclass(frozen=True)
class Plan:
    steps: int
    rows: int
    length: int
    rate: float
    workers: int
    rounded_from: float = 0.55   # share of the steps after which training sees the file's values
    warm_up: int = 100
    decay: float = 0.05
    seconds_max: float = math.inf


def loss_of(model, shape, batch):
    ids, targets, weights, documents, positions = batch
    scores = logits(model, hidden_states(model, shape, ids, documents, positions))
    losses = nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten(), reduction="none").view_as(weights)
    return (losses * weights).sum() / weights.sum()


def rate_at(step, steps, plan):
    """Up from nothing, then down to nothing in a straight line."""
    return plan.rate * min((step + 1) / plan.warm_up, max(0.0, (steps - step) / (steps - plan.warm_up)))


class Masters:
    """The f32 weights that the optimiser changes. The model's own parameters are copies, rounded or not."""

    def __init__(self, model, shape, decay):
        self.model, self.kinds = dict(model.named_parameters()), kinds(model, shape)
        self.held = {name: weight.detach().clone() for name, weight in self.model.items()}
        matrices = [w for w in self.held.values() if w.ndim == 2]
        vectors = [w for w in self.held.values() if w.ndim != 2]
        self.optimiser = torch.optim.AdamW([{"params": matrices, "weight_decay": decay},
                                            {"params": vectors, "weight_decay": 0.0}],
                                           lr=1.0, betas=(0.9, 0.95), fused=matrices[0].is_cuda)

    @torch.no_grad()
    def step(self, rate):
        gradients = [weight.grad for weight in self.model.values()]
        norm = nn.utils.get_total_norm(gradients)
        nn.utils.clip_grads_with_norm_(list(self.model.values()), 1.0, norm)
        for name, weight in self.held.items():
            weight.grad = self.model[name].grad
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.step()
        return norm

    @torch.no_grad()
    def copy(self, rounded):
        """Gives the model its weights, as they are or as the file will hold them. All matrices of one kind are rounded
        together, since a block does not know its matrix: a few large operations instead of a thousand small ones."""
        if not rounded:
            torch._foreach_copy_(list(self.model.values()), list(self.held.values()))
            return
        for kind in set(self.kinds.values()):
            names = [name for name, its in self.kinds.items() if its == kind]
            values = quantise(torch.cat([self.held[name].view(-1) for name in names]).view(-1, BLOCK[kind][1]), kind)
            parts = values.view(-1).split([self.held[name].numel() for name in names])
            for name, part in zip(names, parts):
                self.model[name].copy_(part.view_as(self.held[name]))


def train(shape, plan, seed, vocabulary_path, log, checkpoint):
    """The trained f32 weights. Calls `checkpoint(step, share, weights, model)` four times on the way, with the model holding
    the file's values."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_float32_matmul_precision("high")
    model = build(shape, seed).to(device)
    masters = Masters(model, shape, plan.decay)
    compute = torch.compile(loss_of, dynamic=False) if device == "cuda" else loss_of
    steps, began, started, done = plan.steps, time.time(), None, 0
    for step, batch in enumerate(loader(vocabulary_path, seed, plan.rows, plan.length, plan.steps, plan.workers)):
        if step >= steps:
            break
        batch = [part.to(device, non_blocking=True) for part in batch]
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            loss = compute(model, shape, batch)
        loss.backward()
        norm = masters.step(rate_at(step, steps, plan))
        rounded = step + 1 >= plan.rounded_from * steps
        masters.copy(rounded)
        for weight in model.parameters():
            weight.grad = None
        if step in (20, 120):
            loss.item()                               # waits for the device
            if step == 20:
                started = time.time()
            else:                                     # the speed is known now: never longer than allowed
                each = (time.time() - started) / 100
                left = min(plan.seconds_max - (time.time() - began), steps * each)
                steps = min(steps, step + int(left / each))
                log(f"{each * 1e3:.1f} ms a step, {plan.rows * plan.length / each / 1e3:.0f} k tokens/s, {steps} steps")
        if step % max(1, steps // 60) == 0 or step == steps - 1:
            log(f"step {step:6} loss {loss.item():.4f} norm {norm.item():.2f} rate {rate_at(step, steps, plan):.2e} {time.time() - began:.0f} s")
        if step + 1 == steps or (step > 120 and (step + 1) * 4 // steps > done):
            done = (step + 1) * 4 // steps
            masters.copy(True)
            checkpoint(step + 1, (step + 1) / steps, masters.held, model)
            masters.copy(rounded)
    return masters.held

"""Feature learning against lazy training: networks of one width flow to zero loss at many output scales α."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from landscape_lib.data import Task, image_task, stripe_task
from landscape_lib.experiments._images import images, with_tests_shuffled
from landscape_lib.measure.ensembles import errors
from landscape_lib.measure.kernel import kernel_change, tangent_kernels
from landscape_lib.nets import CNN, MLP, Population
from landscape_lib.training import Flow, Stop, gradient_flow, soft_hinge

NETWORKS = ("fc", "cnn")
PRECISIONS = {"float32": torch.float32, "float64": torch.float64}


def task(dataset: str, labels: str, P: int, d: int | None, seed: int, tests: int, noise: float = 0.0) -> Task:
    """P images with labels ±1, in d whitened principal components or (``d=None``) by their pixels; or the stripe model.

    ``noise`` is the share of training labels that is flipped; the stripe model has none. The test points, at most
    ``tests``, are in random order, so that any part of them is a fair sample.
    """
    if dataset == "stripe":
        if d is None or labels != "stripe" or noise:
            raise ValueError(
                f"task: d is {d!r}, labels {labels!r}, noise {noise:g}; the stripe model needs a number d, labels "
                "'stripe' and no noise"
            )
        return stripe_task(P, d, seed, test_points=tests)
    return with_tests_shuffled(image_task(images(dataset), P, labels=labels, d=d, noise=noise, seed=seed), seed, tests)


def network(kind: str, dataset: str, features: int, h: int, L: int, activation: str, seed: int) -> nn.Module:
    """A network of one output in the NTK parametrisation: "fc" of L hidden layers, or "cnn", of two convolutions."""
    if kind not in NETWORKS:
        raise ValueError(f"network: unknown network {kind!r}, choose one of {NETWORKS}")
    if kind == "fc":
        return MLP(features, h, L, parametrisation="ntk", activation=activation, seed=seed)
    channels, rows, size = images(dataset).shape
    return CNN(size, h, channels=channels, rows=rows, parametrisation="ntk", activation=activation, seed=seed)


def flow_at_scales(
    network_kind: str,
    dataset: str,
    P: int,
    h: int,
    alpha_h: Sequence[float],
    *,
    task_seeds: Sequence[int],
    members: int = 1,
    labels: str = "parity",
    d: int | None = None,
    noise: float = 0.0,
    L: int = 2,
    activation: str = "softplus",
    tests: int = 1000,
    probe: int = 100,
    steps: int = 5_000,
    plateau: tuple[int, float] | None = None,
    turn: float = 1e-4,
    implicit: bool = False,
    precision: str = "float32",
) -> list[dict[str, Any]]:
    """Gradient flow of F = α (f − f₀) at each α̃ = √h α, ``alpha_h``, on each training set: one row a network.

    All networks of a width flow in one stack, `gradient_flow` of the soft hinge, until min y F > 1, or to rest on a
    ``plateau`` (as in `Stop`), where networks too small for their data end. On each training set (``task_seeds``)
    ``members`` networks start from weights of their own, seeds 100 task_seed + i, the same at every α. A row has the
    test ``error``; the hinge's ``loss`` per training pattern, ½ max(0, 1 − yF)²; ``kernel_change``, ‖Θ − Θ₀‖_F / ‖Θ₀‖_F
    on the first ``probe`` test points; ``weight_change`` ‖w − w₀‖ / ‖w₀‖, and ``weights`` ‖w₀‖; ``norm``, the root of
    the mean of F² over test points; ``deviation``, the mean of (F − F̄)² over test points, F̄ the mean of the members
    of a training set, whose sum over members, over members − 1, is Var F; ``together``, the error of F̄; the ``time``
    that it came to, in the unit of `gradient_flow`; and why it ``stopped``.

    ``implicit``: steps with the tangent kernel at hand, which a ``turn`` of 1e-2 suffices for; far fewer of them where
    the flow is stiff (large α̃, P or a CNN), each about three times as long.

    Single precision knows f − f₀ to 1e-7: enough for √h α up to 1,000.
    """
    if len(alpha_h) == 0 or len(task_seeds) == 0 or members < 1:
        raise ValueError(
            f"flow_at_scales: {len(alpha_h)} scales, {len(task_seeds)} training sets, {members} members; "
            "need at least one of each"
        )
    if precision not in PRECISIONS:
        raise ValueError(f"flow_at_scales: precision is {precision!r}, need 'float32' or 'float64'")
    dtype = PRECISIONS[precision]
    tasks = [task(dataset, labels, P, d, seed, tests, noise) for seed in task_seeds]
    own = [(i, 100 * seed + k) for i, seed in enumerate(task_seeds) for k in range(members)]
    nets = [(scale, i, seed) for scale in alpha_h for i, seed in own]
    features = tasks[0].inputs.shape[1]
    population = Population(
        lambda n: network(network_kind, dataset, features, h, L, activation, nets[n][2]), range(len(nets)), dtype=dtype
    )
    inputs, labels_, points = (
        torch.stack([getattr(tasks[i], name) for _, i, _ in nets]).to(dtype)
        for name in ("inputs", "labels", "test_inputs")
    )
    run = gradient_flow(
        population,
        inputs,
        labels_,
        alpha=[scale / math.sqrt(h) for scale in alpha_h for _ in own],
        loss=soft_hinge,
        stop=Stop(steps, plateau=plateau),
        turn=turn,
        kernel=tangent_kernels if implicit else None,
        setting=f"{network_kind}, {dataset}, P={P}, h={h}",
    )
    F = run.outputs(points).double()
    mean = F.unflatten(0, (-1, members)).mean(1).repeat_interleave(members, 0)
    setting = {"network": network_kind, "dataset": dataset, "labels": labels, "P": P, "d": features, "L": L, "h": h}
    setting |= {"noise": noise, "activation": activation, "N": population.weights.shape[1], "test_points": F.shape[1]}
    rows = []
    for n, ((scale, i, seed), moved) in enumerate(zip(nets, changes(run, points[:, :probe]), strict=True)):
        rows.append(
            {
                **setting,
                "alpha": scale / math.sqrt(h),
                "alpha_h": scale,
                "task_seed": task_seeds[i],
                "seed": seed,
                "error": errors(F[n], tasks[i].test_labels).item(),
                "together": errors(mean[n], tasks[i].test_labels).item(),
                "loss": run.loss[n].item(),
                **moved,
                "norm": F[n].square().mean().sqrt().item(),
                "deviation": (F[n] - mean[n]).square().mean().item(),
                "time": run.time[n].item(),
                "steps": int(run.steps[n]),
                "stopped": run.reasons[n],
                "seconds": run.seconds / len(nets),
                "data_sha256": tasks[i].sha256,
            }
        )
    return rows


def changes(run: Flow, points: Tensor) -> list[dict[str, float]]:
    """How far the kernel, on these points, and the weights of each network moved."""
    before, after = (tangent_kernels(nets, points) for nets in (run.initial, run.population))
    start = run.initial.weights.norm(dim=1)
    moved = (run.population.weights - run.initial.weights).norm(dim=1) / start
    columns = {"kernel_change": kernel_change(after, before), "weight_change": moved, "weights": start}
    return [{name: values[n].item() for name, values in columns.items()} for n in range(len(start))]


EXPERIMENT = flow_at_scales
DIGITS: int | None = 6  # of floats in a table

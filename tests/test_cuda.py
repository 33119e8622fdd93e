"""On a CUDA device everything runs as on a processor, to rounding. Without one these tests are skipped, and say so."""

import pytest
import torch

from landscape_lib.experiments.jamming import train_widths
from landscape_lib.measure.curvature import batch_sharpness, eigenpairs, hessian_product, spectral_density, trace
from landscape_lib.nets import MLP, Population
from landscape_lib.training import Stop, adam, train

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")

POINT = {"dataset": "digits", "labels": "parity", "P": 40, "widths": (3, 8), "seeds": (0, 1), "d": 5, "L": 2}


@pytest.mark.parametrize("loss", ["quadratic_hinge", "cross_entropy"])
def test_a_curve_is_that_of_the_processor(loss):
    here, there = (train_widths(**POINT, loss=loss, steps=60, device=device) for device in ("cpu", "cuda"))
    for row, other in zip(here, there, strict=True):
        # Sums in another order: rounding, carried through 60 steps, stays below 1e-9 on a processor; 1e-6 leaves room.
        assert other["loss"] == pytest.approx(row["loss"], rel=1e-6)
        same = ("h", "N", "seed", "unsatisfied", "mistakes", "silenced", "stopped", "steps", "data_sha256")
        assert [row[name] for name in same] == [other[name] for name in same]


@pytest.mark.parametrize("batch", [None, 4])
def test_a_population_trains_where_its_inputs_live(batch):
    x = torch.randn(10, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = torch.tensor([1.0, -1.0] * 5, dtype=torch.float64)
    losses = []
    for device in ("cpu", "cuda"):
        nets = Population(lambda seed: MLP(d=4, h=6, L=2, seed=seed), range(3), device=device)
        run = train(nets, x.to(device), y.to(device), optimiser=adam(0.01), stop=Stop(steps=30), batch=batch)
        assert run.population.weights.device.type == device and run.loss.device.type == device
        losses.append(run.loss.cpu())
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-6, atol=0)


def test_curvature_is_measured_where_the_network_lives():
    x = torch.randn(30, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y, measured = torch.arange(30) % 3, []
    for device in ("cpu", "cuda"):
        net = MLP(d=4, h=6, L=2, outputs=3, activation="tanh").double().to(device)
        batches = [(x.to(device), y.to(device))]
        product = hessian_product(net, torch.nn.functional.cross_entropy, batches)
        top = eigenpairs(product, 3, tolerance=1e-9)
        assert top.vectors.device.type == device
        sharpness, _ = batch_sharpness(net, torch.nn.functional.cross_entropy, batches)
        moment, _ = spectral_density(product, steps=5, probes=3).mean(torch.square)
        measured.append([*top.values.tolist(), sharpness, moment, *trace(product, probes=5)])
    assert measured[1] == pytest.approx(measured[0], rel=1e-8)  # rounding, and residuals squared

"""What a learning problem promises: balance, spheres, whitening, exact noise, and test points apart from training."""

import dataclasses
import hashlib
import itertools
import math

import numpy as np
import pytest
import sklearn.decomposition
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from torch.testing import assert_close

from landscape_lib.data import (
    Images,
    Task,
    balanced,
    flip_labels,
    halves,
    image_task,
    load,
    on_sphere,
    one_hot,
    parity,
    pca,
    random_task,
    stripe_task,
)
from landscape_lib.data._splits import training_rows

seeds = st.integers(0, 999)
DIGITS, SIGNALS = load("digits"), load("mnist1d")


def gen(seed=0):
    return torch.Generator().manual_seed(seed)


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=gen(seed), dtype=torch.float64)


def split_digits():
    """The digits as a source with an official test part."""
    x, y = DIGITS.inputs, DIGITS.labels
    return dataclasses.replace(DIGITS, inputs=x[:1200], labels=y[:1200], test_inputs=x[1200:], test_labels=y[1200:])


def rows(inputs):
    return {row.tobytes() for row in inputs.numpy()}


# labels


@given(labels=st.lists(st.integers(0, 9)))
def test_parity_and_halves_are_python_arithmetic(labels):
    classes = torch.tensor(labels, dtype=torch.int64)
    assert parity(classes).tolist() == [1 - 2 * (label % 2) for label in labels]
    assert halves(classes).tolist() == [1 if label < 5 else -1 for label in labels]
    assert one_hot(classes, 10).tolist() == [[float(label == c) for c in range(10)] for label in labels]


def test_unsigned_bytes_are_classes_too():
    classes = torch.tensor([0, 9, 255], dtype=torch.uint8)
    assert parity(classes).tolist() == [1, -1, -1]
    assert one_hot(classes[:2], 10).sum() == 2


@given(plus=st.integers(0, 20), minus=st.integers(0, 20), P=st.integers(2, 45), seed=seeds)
def test_balanced_takes_half_of_each_sign_or_says_how_many_there_are(plus, minus, P, seed):
    labels = torch.cat([torch.ones(plus), -torch.ones(minus)])
    most = 2 * min(plus, minus) + (plus > minus)
    if most >= P:
        chosen = balanced(labels, P, gen(seed))
        assert len(set(chosen.tolist())) == P and labels[chosen].sum() == P % 2
        return
    advice = f"take P ≤ {most}" if most > 1 else "one sign is missing"
    with pytest.raises(ValueError, match=f"there are {plus} and {minus}; {advice}"):
        balanced(labels, P, gen(seed))
    if most > 1:  # the advice is good
        assert len(balanced(labels, most, gen(seed))) == most


def test_balanced_mixes_the_signs():
    labels = torch.cat([torch.ones(500), -torch.ones(500)])
    first_half = labels[balanced(labels, 1000, gen())][:500].sum().abs()
    assert first_half < 500 / 5  # its deviation is √250 ≈ 16; unmixed it would be 500


@given(P=st.integers(0, 60), fraction=st.floats(0, 1), seed=seeds)
def test_noise_flips_an_exact_number(P, fraction, seed):
    labels = parity(torch.arange(P))
    flipped = flip_labels(labels, fraction, gen(seed))
    assert (flipped != labels).sum() == round(fraction * P) and flipped.abs().equal(labels.abs())
    assert labels.equal(parity(torch.arange(P)))  # the argument is left alone


# principal components


@given(P=st.integers(2, 30), features=st.integers(1, 30), seed=seeds)
def test_pca_is_scikit_learns(P, features, seed):
    inputs = gaussian(P, features, seed=seed)
    d = min(P - 1, features)
    ours, theirs = pca(inputs, d), sklearn.decomposition.PCA(d, svd_solver="full").fit(inputs.numpy())
    # Over 400 draws: rounding ≤ 3e-13 relative; dividing by P and not P − 1 costs ≥ 1/30.
    assert_close(ours.eigenvalues.numpy(), theirs.explained_variance_, rtol=1e-10, atol=0)
    assert_close(ours.mean.numpy(), theirs.mean_, rtol=0, atol=1e-14)  # rounding ≤ 4e-16
    overlap = (ours.components.numpy() * theirs.components_).sum(1)
    assert_close(np.abs(overlap), np.ones(d), rtol=0, atol=1e-12)  # up to sign; rounding ≤ 4e-15
    test = gaussian(5, features, seed=seed + 1)
    expected = theirs.transform(test.numpy()) * np.sign(overlap)
    # Rounding ≤ 5e-13, magnified by close eigenvalues; a component amiss costs order 1.
    assert_close(ours.transform(test).numpy(), expected, rtol=0, atol=1e-9)


@given(P=st.integers(3, 30), features=st.integers(1, 20), seed=seeds)
def test_whitening_gives_unit_covariance_on_the_training_part(P, features, seed):
    inputs = gaussian(P, features, seed=seed)
    d = min(P - 1, features)
    white = pca(inputs, d).transform(inputs, whiten=True)
    assert_close(white.mean(0), torch.zeros(d).double(), rtol=0, atol=1e-9)  # as below
    # Over 400 draws rounding ≤ 5e-13; dividing by P and not P − 1 costs ≥ 1/30.
    assert_close(white.T @ white / (P - 1), torch.eye(d).double(), rtol=0, atol=1e-9)


@given(seed=seeds)
def test_components_are_orthonormal_sorted_and_of_fixed_sign(seed):
    axes = pca(gaussian(20, 8, seed=seed), 8)
    assert_close(axes.components @ axes.components.T, torch.eye(8).double(), rtol=0, atol=1e-13)  # rounding ≤ 4e-15
    assert axes.eigenvalues.diff().le(0).all()
    largest = axes.components.abs().argmax(1, keepdim=True)
    assert (axes.components.gather(1, largest) > 0).all()


@given(seed=seeds)
def test_the_sign_does_not_depend_on_the_order_of_the_points(seed):
    inputs = gaussian(20, 8, seed=seed)
    again = pca(inputs[torch.randperm(20, generator=gen(seed))], 3)
    # Over 1000 draws rounding ≤ 2e-13; a flipped sign costs ≥ 2/√8.
    assert_close(pca(inputs, 3).components, again.components, rtol=0, atol=1e-9)


def test_a_direction_without_variance_is_named():
    line = torch.arange(6.0)[:, None] * torch.tensor([1.0, 2.0, 3.0])
    axes = pca(line, 3)
    assert axes.eigenvalues[1:].tolist() == [0, 0]
    with pytest.raises(ValueError, match=r"eigenvalues \[1, 2\] are zero, .* only 1 of the 3 directions; take d ≤ 1"):
        axes.transform(line, whiten=True)
    assert axes.transform(line).isfinite().all()


# the sphere


@given(points=st.integers(0, 8), d=st.integers(1, 12), scale=st.integers(-200, 200), seed=seeds)
def test_inputs_land_on_the_sphere_and_keep_their_direction(points, d, scale, seed):
    inputs = gaussian(points, d, seed=seed)
    placed = on_sphere(inputs * 10.0**scale)  # 10^400 and 10^-400 are out of range: naive squares would fail
    assert_close(
        placed.norm(dim=1), torch.full((points,), math.sqrt(d), dtype=torch.float64), rtol=1e-14, atol=0
    )  # some roundings
    assert_close(placed, on_sphere(inputs), rtol=1e-13, atol=0)  # as above


# tasks


@pytest.mark.parametrize("labels", ["parity", "halves", "random"])
@pytest.mark.parametrize("images", [DIGITS, split_digits(), SIGNALS], ids=["rest", "official", "mnist1d"])
@pytest.mark.parametrize("P", [40, 41])
def test_image_task(images, labels, P):
    task = image_task(images, P, labels)
    assert task.inputs.shape == (P, 10) and task.labels.sum() == P % 2
    assert len(task.test_labels) == (len(images.test_labels) or 1797 - P)
    assert task.test_labels.abs().eq(1).all() and task.sha256 == images.sha256
    for inputs in (task.inputs, task.test_inputs):  # 1e-14: some roundings
        assert_close(inputs.norm(dim=1), torch.full((len(inputs),), 10**0.5, dtype=torch.float64), rtol=1e-14, atol=0)


def test_classes_are_those_of_the_images_and_are_not_flipped():
    task, signs = (image_task(DIGITS, 300, labels, d=None, seed=2) for labels in ("classes", "parity"))
    # Each input is its own image's direction from the mean, so that the image most alike has its class.
    directions = on_sphere(DIGITS.inputs.double() - DIGITS.inputs.double().mean(0))
    alike = (task.inputs @ directions.T).argmax(1)
    assert DIGITS.labels[alike].double().eq(task.labels).all()
    assert task.labels.unique().tolist() == list(range(10)) and signs.labels.unique().tolist() == [-1, 1]
    assert task.labels.dtype == torch.float64 and len(task.test_labels) == 1497
    with pytest.raises(ValueError, match=r"noise: got 0\.1 with labels 'classes'"):
        image_task(DIGITS, 50, "classes", noise=0.1)


@given(P=st.integers(20, 1500), seed=seeds)
def test_train_and_test_never_overlap(P, seed):
    task = image_task(DIGITS, P, d=None, seed=seed)
    # All 1797 digits differ, so their directions from the mean do too: equality of content is equality of index.
    assert len(rows(task.inputs)) == P and not rows(task.inputs) & rows(task.test_inputs)
    assert P + len(task.test_labels) == 1797


def test_a_copy_of_a_training_image_is_no_test_image():
    images = split_digits()
    copied = dataclasses.replace(images, test_inputs=images.inputs[:300], test_labels=images.labels[:300])
    task = image_task(copied, 1000, d=None)
    assert 0 < len(task.test_labels) < 300 and not rows(task.inputs) & rows(task.test_inputs)


def test_the_steps_are_those_of_the_papers():
    task = image_task(split_digits(), 200, d=None, seed=4)
    raw = split_digits()
    chosen = balanced(parity(raw.labels), 200, gen(4))
    assert task.labels.equal(parity(raw.labels[chosen]))
    mean = raw.inputs[chosen].double().mean(0)
    assert_close(task.inputs, on_sphere(raw.inputs[chosen].double() - mean), rtol=0, atol=1e-14)  # the same operations
    # PCA of the training part alone, by an independent implementation; test inputs by the same map
    theirs = sklearn.decomposition.PCA(10, whiten=True, svd_solver="full").fit(raw.inputs[chosen].double().numpy())
    task = image_task(raw, 200, seed=4)
    pairs = [(task.inputs, raw.inputs[chosen]), (task.test_inputs, raw.test_inputs)]
    for ours, pixels in pairs:
        expected = on_sphere(torch.from_numpy(theirs.transform(pixels.double().numpy())))
        assert_close(ours.abs(), expected.abs(), rtol=0, atol=1e-9)  # up to sign; rounding over the eigenvalue gaps


@given(seed=seeds)
def test_a_seed_determines_a_task(seed):
    first, again, other = (image_task(DIGITS, 50, noise=0.1, seed=each) for each in (seed, seed, seed + 1))
    for field in ("inputs", "labels", "test_inputs", "test_labels"):
        assert getattr(first, field).equal(getattr(again, field))
    assert not first.inputs.equal(other.inputs)


def test_a_seed_chooses_the_same_points_whatever_the_noise_and_the_test_points():
    clean = image_task(DIGITS, 100, seed=3)
    noisy = image_task(DIGITS, 100, seed=3, noise=0.25, test_points=7)
    assert clean.inputs.equal(noisy.inputs) and len(noisy.test_labels) == 7
    assert (clean.labels != noisy.labels).sum() == 25
    assert clean.test_labels.equal(image_task(DIGITS, 100, seed=3, noise=0.25).test_labels)  # test labels stay true


@pytest.mark.parametrize(
    "labels, digest", [("parity", "c2eba7142c6b9093"), ("halves", "4ab7c7b6da17daf4"), ("random", "17dd2fb8f55a3057")]
)
def test_a_random_split_draws_what_it_always_drew(labels, digest):
    """Committed tables stand on it; the digests are of the library as it was before there was another split."""
    task = image_task(DIGITS, 100, labels, d=None, noise=0.1, seed=5, test_points=50)
    parts = (task.inputs, task.labels, task.test_inputs, task.test_labels)
    # In millionths, so that last digits do not count: none is closer than 7e-13 to where it would be rounded otherwise.
    millionths = torch.cat([(part * 1e6).round().flatten() for part in parts]).numpy().astype("<i4")
    assert hashlib.sha256(millionths.tobytes()).hexdigest()[:16] == digest


# by blocks


def blocks():
    """Fourteen blocks of rows, by plain arithmetic: the first 1797 mod 14 have a row more."""
    size, longer = divmod(1797, 14)
    ends = [size * i + min(i, longer) for i in range(15)]
    return [range(a, b) for a, b in itertools.pairwise(ends)]


@given(P=st.integers(2, 1300), seed=seeds, labels=st.sampled_from(["parity", "halves", "random"]))
def test_by_blocks_whole_blocks_test_and_the_others_train(P, seed, labels):
    pool = training_rows(DIGITS, "blocks", gen(seed)).tolist()
    kept = [block for block in blocks() if block[0] in pool]
    assert len(kept) == 11 and pool == [row for block in kept for row in block]  # contiguous, in order, whole
    tested = sorted(set(range(1797)) - set(pool))
    task = image_task(DIGITS, P, labels, d=None, seed=seed, split="blocks")
    assert len(task.test_labels) == len(tested) and task.labels.sum() == P % 2
    # What was trained on and tested is known by the pixels: all 1797 digits differ, and so do the differences.
    assert not rows(task.inputs) & rows(task.test_inputs) and len(rows(task.inputs)) == P
    if labels != "random":
        sign = parity if labels == "parity" else halves
        assert task.test_labels.equal(sign(DIGITS.labels[tested]))
        chosen = torch.tensor(pool)[balanced(sign(DIGITS.labels[pool]), P, after_the_blocks(seed))]
        raw = DIGITS.inputs[chosen].double()
        assert task.labels.equal(sign(DIGITS.labels[chosen]))
        assert_close(task.inputs, on_sphere(raw - raw.mean(0)), rtol=0, atol=1e-14)  # the same operations
        assert_close(task.test_inputs, on_sphere(DIGITS.inputs[tested].double() - raw.mean(0)), rtol=0, atol=1e-14)


def after_the_blocks(seed):
    generator = gen(seed)
    torch.randperm(14, generator=generator)
    return generator


@given(seed=seeds)
def test_a_seed_chooses_the_same_blocks_whatever_else_is_asked_for(seed):
    first = image_task(DIGITS, 100, d=None, seed=seed, split="blocks")
    for options in ({"P": 700}, {"labels": "halves"}, {"labels": "random"}, {"noise": 0.2}):
        other = image_task(**{"images": DIGITS, "P": 100, "d": None, "seed": seed, "split": "blocks"} | options)
        assert len(other.test_labels) == len(first.test_labels)
        if "P" in options or "labels" not in options:
            assert other.test_labels.equal(first.test_labels)
    again = image_task(DIGITS, 100, d=None, seed=seed, split="blocks")
    assert again.inputs.equal(first.inputs) and again.test_inputs.equal(first.test_inputs)
    few = image_task(DIGITS, 100, d=None, seed=seed, split="blocks", test_points=20)
    assert few.inputs.equal(first.inputs) and rows(few.test_inputs) < rows(first.test_inputs)


def test_every_block_gets_its_turn():
    trained = torch.stack(
        [torch.zeros(1797).scatter(0, training_rows(DIGITS, "blocks", gen(s)), 1) for s in range(700)]
    )
    # 3/14 of 700 draws test a row: 150, with a deviation of 11; five of them either way.
    assert ((1 - trained).sum(0) - 150).abs().max() < 5 * 11


def test_blocks_of_any_source_but_of_no_official_test_part(as_user):
    small, fewer = (dataclasses.replace(DIGITS, inputs=DIGITS.inputs[:n], labels=DIGITS.labels[:n]) for n in (14, 13))
    assert len(image_task(small, 4, d=2, split="blocks").test_labels) == 3
    with pytest.raises(ValueError, match="split: got 'blocks', digits has 13 images, need at least 14"):
        image_task(fewer, 4, d=2, split="blocks")
    for images in (split_digits(), SIGNALS):
        tests = len(images.test_labels)
        with pytest.raises(
            ValueError, match=f"{images.name} has an official test part of {tests} images, apart already"
        ):
            image_task(images, 20, d=3, split="blocks")


def test_unseen_writers_are_harder():
    """A nearest neighbour errs more on blocks, in at least eight of ten draws: by chance, once in twenty."""

    def error(split, seed):
        task = image_task(DIGITS, 500, d=None, seed=seed, split=split)
        nearest = torch.cdist(task.test_inputs, task.inputs).argmin(1)
        return (task.labels[nearest] != task.test_labels).double().mean().item()

    pairs = [(error("random", seed), error("blocks", seed)) for seed in range(10)]
    assert sum(blocks > at_random for at_random, blocks in pairs) >= 8


def test_random_labels_ignore_the_image():
    labels = image_task(DIGITS, 1000, "random", d=None, seed=1).labels
    chosen = image_task(DIGITS, 1000, "random", d=None, seed=2).labels
    assert labels.sum() == 0 and not labels.equal(chosen)
    least_squares = image_task(DIGITS, 1000, "random", seed=1)
    x, y = least_squares.inputs, least_squares.labels
    fit = torch.linalg.lstsq(x, y[:, None]).solution
    # Ten free numbers explain 10/1000 of random labels, deviation ≈ √20/1000; of parity they explain 0.55.
    assert 1 - ((x @ fit)[:, 0] - y).pow(2).mean() < 0.04


def test_no_test_points():
    assert len(image_task(DIGITS, 10, d=5, test_points=0).test_labels) == 0


@given(P=st.integers(2, 60), d=st.integers(1, 20), test_points=st.integers(0, 9), seed=seeds)
def test_random_task(P, d, test_points, seed):
    task = random_task(P, d, seed, test_points)
    assert task.inputs.shape == (P, d) and task.labels.sum() == P % 2 and task.labels.abs().eq(1).all()
    assert task.test_inputs.shape == (test_points, d) and task.test_labels.sum() == test_points % 2
    assert task.inputs.equal(random_task(P, d, seed, test_points).inputs)
    assert task.sha256 != random_task(P, d, seed + 1, test_points).sha256


def test_random_inputs_are_standard_gaussians():
    inputs = random_task(4000, 5, 0).inputs
    # 20,000 draws: five deviations of the mean (1/√20000) and of the variance (√(2/20000)).
    assert inputs.mean().abs() < 5 / 20000**0.5
    assert (inputs.var() - 1).abs() < 5 * (2 / 20000) ** 0.5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_precision_is_the_one_asked_for(dtype):
    for task in (image_task(DIGITS, 20, d=3, dtype=dtype), random_task(4, 3, 0, 2, dtype=dtype)):
        assert {getattr(task, f).dtype for f in ("inputs", "labels", "test_inputs", "test_labels")} == {dtype}


def test_names_say_what_was_done():
    assert image_task(DIGITS, 500).name == "digits, parity, PCA to 10, P=500"
    name = image_task(DIGITS, 60, "halves", d=4, whiten=False, noise=0.1).name
    assert name == "digits, halves, PCA to 4 not whitened, P=60, noise 0.1"
    assert image_task(DIGITS, 60, "random", d=None).name == "digits, random labels, pixels, P=60"
    assert image_task(DIGITS, 60, d=None, split="blocks").name == "digits, parity, pixels, P=60, split by blocks"
    assert repr(random_task(6, 3, 0)).startswith("Task(random, d=3, P=6; 3 features, 0 test points")
    assert isinstance(random_task(6, 3, 0), Task)


# doors

nan = float("nan")
LABELS = torch.tensor([1.0, -1.0, 1.0, -1.0])


@pytest.mark.parametrize(
    "options, says",
    [
        ({"P": 1}, "P: got 1, need an integer ≥ 2"),
        ({"P": 0}, "P: got 0"),
        ({"P": True}, "P: got True, need an integer"),
        ({"P": 100.0}, r"P: got 100\.0, need an integer"),
        ({"P": "100"}, "P: got '100'"),
        ({"P": 5000}, "P: got 5000, digits has 1797 training images; take P ≤ 1797"),
        ({"P": 1797}, "needs 899 points of .1 and 898 of −1, there are 891 and 906; take P ≤ 1782"),
        ({"P": 10**30}, r"need an integer ≥ 2 and < 2\^63"),
        ({"labels": "odd"}, "labels: got 'odd', need 'parity', 'halves', 'random' or 'classes'"),
        ({"labels": None}, "labels: got None"),
        ({"P": 10}, r"d: got 10, P=10 inputs of 64 features have at most min\(P−1, features\) = 9"),
        ({"d": 65}, "d: got 65"),
        ({"d": 0}, "d: got 0, need an integer ≥ 1"),
        ({"d": 2.0}, r"d: got 2\.0"),
        (
            {"d": 64},
            r"eigenvalues \[\d+.*\] are zero, the training inputs span only \d+ of the 64 directions; take d ≤",
        ),
        ({"noise": 1.1}, r"noise: got 1\.1, need a number from 0 to 1"),
        ({"noise": -0.1}, r"noise: got -0\.1"),
        ({"noise": nan}, "noise: got nan"),
        ({"noise": True}, "noise: got True"),
        ({"noise": "0.1"}, r"noise: got '0\.1'"),
        ({"seed": -1}, "seed: got -1, need an integer ≥ 0"),
        ({"seed": 0.5}, r"seed: got 0\.5"),
        ({"seed": None}, "seed: got None"),
        ({"test_points": -1}, "test_points: got -1, need an integer ≥ 0"),
        ({"test_points": 1698}, "test_points: got 1698, 1697 are left apart from the 100 trained on"),
        ({"dtype": torch.int64}, r"dtype: got torch\.int64, need a floating one"),
        ({"dtype": "float64"}, "dtype: got 'float64'"),
        ({"whiten": 1}, "whiten: got 1, need True or False"),
        ({"split": "writers"}, "split: got 'writers', need 'random' or 'blocks'"),
        ({"split": None}, "split: got None, need 'random' or 'blocks'"),
        ({"split": ["blocks"]}, r"split: got \['blocks'\], need 'random' or 'blocks'"),
        ({"split": "blocks", "P": 1500}, r"P: got 1500, digits has 14\d\d training images"),
        ({"split": "blocks", "P": 1410}, r"P: got 1410, needs 705 points of .1 and 705 of −1, there are \d+ and \d+"),
        ({"split": "blocks", "test_points": 400}, r"test_points: got 400, 38\d are left apart from the 100 trained on"),
        ({"images": "digits"}, r"images: got 'digits', need Images; for a name pass load\(name\)"),
    ],
)
def test_image_task_door(as_user, options, says):
    with pytest.raises(ValueError, match=says):
        image_task(**{"images": DIGITS, "P": 100} | options)


def test_numpy_integers_are_integers(as_user):
    assert image_task(DIGITS, np.int64(20), d=np.int32(3), seed=np.int64(1)).inputs.shape == (20, 3)


def test_broken_images(as_user):
    inputs = DIGITS.inputs.clone()
    inputs[:, 3] = nan
    for d in (None, 10):
        with pytest.raises(ValueError, match=r"inputs: NaN or infinite in points \[0, 1, "):
            image_task(dataclasses.replace(DIGITS, inputs=inputs), 100, d=d)
    flat = dataclasses.replace(
        DIGITS, inputs=torch.ones(1797, 64), test_inputs=torch.zeros(1, 64), test_labels=DIGITS.labels[:1]
    )
    with pytest.raises(ValueError, match="are zero, and no scale puts them on a sphere"):
        image_task(flat, 100, d=None)
    with pytest.raises(ValueError, match="span only 0 of the 10 directions; take more varied inputs"):
        image_task(flat, 100)
    empty = Images(
        "none", torch.empty(0, 4), torch.empty(0).long(), torch.empty(0, 4), torch.empty(0).long(), (1, 2, 2), "", ""
    )
    with pytest.raises(ValueError, match="none has 0 training images"):
        image_task(empty, 2)


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: parity(torch.tensor([0.5])), r"labels: got torch\.float32 of shape \(1,\), need integer classes"),
        (lambda: parity(torch.tensor([[1]])), r"of shape \(1, 1\)"),
        (lambda: parity(torch.tensor([True])), r"got torch\.bool"),
        (lambda: parity(torch.tensor([-1])), "got -1 to -1, need classes ≥ 0"),
        (lambda: parity([1, 2]), "labels: got a list, need a tensor"),
        (lambda: halves(torch.tensor([0, 10])), "got 0 to 10, need classes 0 to 9"),
        (lambda: halves(torch.tensor([0]), 5), "classes: got 5, need an even number to halve"),
        (lambda: one_hot(torch.tensor([3]), 3), "got 3 to 3, need classes 0 to 2"),
        (lambda: one_hot(torch.tensor([0]), 0), "classes: got 0, need an integer ≥ 1"),
        (lambda: balanced(torch.tensor([0.0, 1.0]), 2, gen()), "need floating ±1"),
        (
            lambda: balanced(LABELS, 6, gen()),
            "P: got 6, needs 3 points of .1 and 3 of −1, there are 2 and 2; take P ≤ 4",
        ),
        (lambda: balanced(torch.ones(4), 2, gen()), "there are 4 and 0; one sign is missing"),
        (lambda: balanced(LABELS, True, gen()), "P: got True"),
        (lambda: balanced(LABELS, 2, 0), "generator: got 0, need a torch.Generator"),
        (lambda: flip_labels(LABELS * nan, 0.5, gen()), "need floating ±1"),
        (lambda: flip_labels(LABELS, nan, gen()), "fraction: got nan"),
        (lambda: flip_labels(LABELS.long(), 0.5, gen()), r"labels: got torch\.int64"),
        (
            lambda: pca(torch.ones(5), 1),
            r"inputs: got torch\.float32 of shape \(5,\), need floating \(points, features\)",
        ),
        (lambda: pca(torch.ones(1, 5), 1), r"d: got 1, P=1 inputs of 5 features have at most .* = 0"),
        (lambda: pca(torch.ones(0, 5), 1), "have at most .* = 0"),
        (lambda: pca(torch.full((3, 2), nan), 1), r"inputs: NaN or infinite in points \[0, 1, 2\]"),
        (lambda: pca(torch.eye(3), 1).transform(torch.eye(4)), "got 4 features, this PCA was fitted on 3"),
        (lambda: on_sphere(torch.tensor([[1.0], [0.0]])), r"inputs: points \[1\] are zero"),
        (lambda: on_sphere(torch.tensor([[math.inf]])), r"NaN or infinite in points \[0\]"),
        (lambda: on_sphere(torch.tensor([[1, 2]])), r"inputs: got torch\.int64"),
        (lambda: on_sphere(np.ones((2, 2))), "inputs: got a ndarray, need a tensor"),
        (lambda: random_task(1, 3, 0), "P: got 1"),
        (lambda: random_task(4, 0, 0), "d: got 0"),
        (lambda: random_task(4, 3, True), "seed: got True"),
        (lambda: random_task(4, 3, 0, -1), "test_points: got -1"),
    ],
)
def test_door(as_user, call, says):
    with pytest.raises(ValueError, match=says):
        call()


# the stripe model


def test_a_stripes_label_depends_on_one_direction_and_half_of_the_points_lie_within():
    one = stripe_task(P=4000, d=3, seed=1, test_points=500)
    assert one.inputs.shape == (4000, 3) and one.test_inputs.shape == (500, 3) and one.inputs.dtype == torch.float64
    for x, y in ((one.inputs, one.labels), (one.test_inputs, one.test_labels)):
        assert torch.equal(y == -1, (x[:, 0] > -0.3) & (x[:, 0] < 1.18549)) and (y.abs() == 1).all()
    assert abs(one.labels.mean()) < 0.06  # four standard errors
    assert norm.cdf(1.18549) - norm.cdf(-0.3) == pytest.approx(0.5, abs=1e-5)
    assert torch.equal(stripe_task(P=4000, d=3, seed=1).inputs, one.inputs)
    assert one.sha256 != stripe_task(P=4000, d=3, seed=2, test_points=500).sha256


@pytest.mark.parametrize("wrong, says", [({"P": 0}, "P: got 0, need an integer ≥ 1"), ({"d": 1.5}, "d: got 1.5")])
def test_door_stripe(as_user, wrong, says):
    with pytest.raises(ValueError, match=says):
        stripe_task(**{"P": 5, "d": 2, "seed": 0, **wrong})

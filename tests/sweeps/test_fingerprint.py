"""The fingerprint changes with the code that makes a result, and with nothing else."""

from __future__ import annotations

import ast
import importlib.util
import sys

import cheap
import pytest

from landscape_lib._sweeps import fingerprint as module
from landscape_lib._sweeps.fingerprint import OWN, differences, fingerprint, parts
from landscape_lib.experiments.jamming import curve

SOURCE = '''
"""Words."""
from landscape_lib.training import gd
import landscape_lib.measure.jamming as jamming  # a comment


def experiment(x):
    """More words."""
    return [{"x": x, "one": 1}]
'''


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A function from a file with this text."""

    def written(text):
        count = len(list(tmp_path.iterdir()))
        name = f"written_{count}"
        (file := tmp_path / f"{name}.py").write_text(text)
        spec = importlib.util.spec_from_file_location(name, file)
        loaded = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, loaded)
        spec.loader.exec_module(loaded)
        return loaded.experiment

    return written


@pytest.mark.parametrize(
    "old, new, same",
    [
        ("Words.", "Other words.", True),
        ("More words.", "", True),
        ("  # a comment", "", True),
        ("\n\ndef", "\n\n\n\ndef", True),
        ('"one": 1', '"one":   (1)', True),
        ('"one": 1', '"one": 2', False),
        ('"one": 1', '"one": 1.0', False),
        ('"one": 1', '"one": True', False),
        ("training import gd", "training import adam", False),
    ],
)
def test_code_counts_and_words_do_not(old, new, same, written):
    assert old in SOURCE
    assert (fingerprint(written(SOURCE)) == fingerprint(written(SOURCE.replace(old, new)))) is same


def test_what_is_imported_counts_also_indirectly(written):
    found = set(parts(written(SOURCE)))
    expected = {"training", "training.train", "training.stopping", "nets.population", "measure", "measure.jamming"}
    assert {OWN, *(f"landscape_lib.{name}" for name in expected)} <= found
    assert not [name for name in found if name.startswith(("landscape_lib.data", "landscape_lib.report"))]


def test_an_experiment_of_the_library_does_not_depend_on_how_it_is_told():
    found = set(parts(curve))
    assert {"landscape_lib.data._tasks", "landscape_lib.nets._architectures", "landscape_lib.training._train"} <= found
    assert all(name == OWN or name.split(".")[1] in module.FLOORS for name in found)


def test_a_change_in_the_library_is_seen_and_named(monkeypatch):
    before, expected = fingerprint(curve), parts(curve)
    assert differences(curve, expected) == []

    def parse(source, parse=ast.parse):
        return parse(source.replace(b"def gaps", b"def gaps_") if isinstance(source, bytes) else source)

    for cached in (module.parts, module._module):
        monkeypatch.setattr(module, cached.__name__, cached.__wrapped__)
    monkeypatch.setattr(module.ast, "parse", parse)
    assert fingerprint(curve) != before
    assert differences(curve, expected) == ["landscape_lib.measure.jamming"]


def test_a_function_that_travels_by_value_is_compared_by_what_it_calls(monkeypatch):
    expected = parts(cheap.logged)
    travelled = type(cheap.logged)(cheap.logged.__code__, {}, "logged")
    travelled.__module__ = "a module that is only with the client"
    travelled.__code__ = travelled.__code__.replace(co_filename="/nowhere.py")
    with pytest.raises(ValueError, match="is not to be found, and a store must know which code made a point"):
        parts(travelled)
    assert differences(travelled, expected) == []
    assert differences(travelled, {**expected, "landscape_lib.nets": "other"}) == ["landscape_lib.nets"]


def test_newer_pythons_fields_do_not_count():
    """3.12 gave functions type parameters, 3.13 leaves empty fields out of its dumps."""
    tree = ast.parse("def f(x):\n    return x")
    plain = module._hash(tree)
    tree.body[0].type_params = []
    tree.body[0]._fields = tuple(dict.fromkeys((*tree.body[0]._fields, "type_params")))
    assert module._hash(tree) == plain

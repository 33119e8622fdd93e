"""The command says what it did on stdout, what it could not do in one line on stderr, and its exit code agrees."""

import json
import subprocess
import sys

import cheap
import pytest

from landscape_lib._sweeps.store import Store
from landscape_lib.cli import main
from landscape_lib.data import _sources as sources
from landscape_lib.data._catalogue import MIRRORS
from landscape_lib.experiments import jamming
from landscape_lib.experiments.grids import jamming as grids
from landscape_lib.report import read_results


@pytest.fixture
def offline(monkeypatch, tmp_path):
    monkeypatch.delenv("LANDSCAPE_DATA_DIR", raising=False)
    monkeypatch.setattr(sources, "cache_folder", lambda: tmp_path / "cache")
    for name in MIRRORS:
        monkeypatch.setitem(MIRRORS, name, ("http://127.0.0.1:9/",))  # nothing listens there
    return tmp_path


def test_alone_it_helps(capsys):
    assert main([]) == 0
    assert "usage: landscape" in capsys.readouterr().out
    for command in ("data", "sweep"):
        assert main([command]) == 0
        assert f"usage: landscape {command}" in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("landscape-lib 0.")


@pytest.mark.parametrize("line", [["date"], ["data", "fetch"], ["data", "fetsh"], ["claims", "a", "b"]])
def test_a_wrong_line_is_two(line, capsys):
    assert main(line) == 2
    assert "usage: landscape" in capsys.readouterr().err


def test_list(offline, capsys):
    assert main(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "where", "points", "test", "sha256", "size"]
    assert lines[1].split() == ["digits", "embedded", "1797", "0", sources.load("digits").sha256[:8], "0.1", "MB"]
    assert lines[2].split()[:4] == ["mnist1d", "embedded", "4000", "1000"]
    assert [line.split()[:3] for line in lines[3:]] == [
        [name, "not", "here"] for name in ("mnist", "fashion_mnist", "cifar10", "cifar10-jpeg")
    ]


def test_list_names_what_is_damaged(offline, capsys, monkeypatch):
    monkeypatch.setenv("LANDSCAPE_DATA_DIR", str(offline))
    (folder := offline / "cifar10-jpeg").mkdir()
    for name in ("data_batch_1.bin", "test_batch.bin"):
        (folder / name).write_bytes(b"short")
    assert main(["data", "list"]) == 1
    out, err = capsys.readouterr()
    assert "cifar10-jpeg   faulty, see below" in out
    assert err.startswith("landscape: ") and "truncated, 5 bytes" in err and err.count("\n") == 1


def test_list_without_the_data_folder(offline, capsys, monkeypatch):
    monkeypatch.setenv("LANDSCAPE_DATA_DIR", str(offline / "typo"))
    assert main(["data", "list"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "typo is no folder" in err and err.count("\n") == 1


def test_fetch_goes_on_after_a_failure(offline, capsys):
    assert main(["data", "fetch", "mnist", "nope", "digits", "mnist1d"]) == 1
    out, err = capsys.readouterr()
    assert out == "digits: embedded, nothing to fetch\nmnist1d: embedded, nothing to fetch\n"
    first, second = err.splitlines()
    assert first.startswith("landscape: mnist: train-images-idx3-ubyte.gz: no mirror delivered it")
    assert second == (
        "landscape: name: got 'nope', need one of digits, mnist1d, mnist, fashion_mnist, cifar10, cifar10-jpeg"
    )
    assert not (offline / "cache").exists()


def test_interrupted(offline, capsys, monkeypatch):
    def interrupt(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("landscape_lib.data.fetch", interrupt)
    assert main(["data", "fetch", "mnist"]) == 1
    assert capsys.readouterr().err == "landscape: interrupted\n"


def test_claims_are_printed(tmp_path, capsys):
    path = tmp_path / "claims.json"
    assert main(["claims", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "run `make book` first" in err and err.count("\n") == 1
    for rot in ("{", "[1]", '[{"id": 1}]'):
        path.write_text(rot)
        assert main(["claims", str(path)]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    path.write_text("[]")
    assert main(["claims", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_help_does_not_wait_for_torch():
    for line in ([], ["sweep", "jamming", "--help"]):
        program = f"import sys; from landscape_lib.cli import main; main({line}); sys.exit('torch' in sys.modules)"
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


POINT = {"dataset": "digits", "labels": "parity", "widths": (3, 4), "seeds": (0, 1), "d": 5, "L": 2, "steps": 20}


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Two points in the place of the chapter's grid, and an empty folder to work in."""

    def grid(budget, dataset, seed):
        if dataset != "digits":
            raise ValueError(f"grid: no data set {dataset!r}")
        return [{**POINT, "P": P, "seeds": (seed, seed + 1)} for P in (30, 20)]

    monkeypatch.setattr(grids, "grid", grid)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    return tmp_path


def test_a_sweep_is_kept_written_and_not_computed_again(small, capsys):
    line = ["sweep", "jamming", "--seed", "3", "--workers", "1", "--out", "tables/small.csv"]
    assert main(line) == 0
    out, err = capsys.readouterr()
    store = "sweeps/jamming-class-digits-3.sqlite"
    assert out == "tables/small.csv: 8 rows\n"
    assert f"sweep jamming-class-digits-3: 2 points, kept in {store}" in err
    table = read_results("tables/small.csv")
    assert table.P.tolist() == [30] * 4 + [20] * 4 and table.seed.unique().tolist() == [3, 4]
    record = json.loads((small / "tables/small.json").read_text())
    made_by = "landscape sweep jamming --budget class --dataset digits --seed 3 --out tables/small.csv"
    assert (record["command"], record["budget"], len(record["points"])) == (made_by, "class", 2)
    first = (small / "tables/small.csv").read_bytes()
    assert main([*line[:-1], str(small / "again.csv")]) == 0
    assert (small / "again.csv").read_bytes() == first
    again = json.loads((small / "again.json").read_text())
    assert again["seconds"] == record["seconds"], "what was measured once was not measured again"
    assert str(small) not in (small / "again.json").read_text(), "a record names no folder of this machine"

    capsys.readouterr()
    for which in ([], ["jamming", "--seed", "3"], ["--store", store]):
        assert main(["sweep", "status", *which]) == 0
        out = capsys.readouterr().out
        assert out == f"jamming-class-digits-3, in {store}\n  2 of 2 points done, 0 running, 0 failed, 0 waiting\n"


def test_a_point_that_fails_is_told_and_tried_again_when_asked(small, capsys, monkeypatch):
    monkeypatch.setattr(jamming, "EXPERIMENT", cheap.curable)
    monkeypatch.setattr(grids, "grid", lambda *_: cheap.grid(7, small / "log"))
    (small / "ill").touch()
    line = ["sweep", "jamming", "--workers", "1", "--out", "small.csv"]
    assert main(line) == 1
    out, err = capsys.readouterr()
    store = "sweeps/jamming-class-digits-0.sqlite"
    assert out == "" and not (small / "small.csv").exists(), "nothing is done, so there is no table"
    assert f"7 of 7 points failed, and the table lacks them; `landscape sweep status --store {store} --failed`" in err
    assert main(["sweep", "status"]) == 0
    out = capsys.readouterr().out
    assert "0 of 7 points done, 0 running, 7 failed, 0 waiting" in out and "Traceback" not in out
    assert out.count("failed: ArithmeticError: ill") == 5 and "and 2 more; --failed shows all" in out
    assert main(["sweep", "status", "--store", store, "--failed"]) == 0
    assert capsys.readouterr().out.count("Traceback (most recent call last)") == 7
    (small / "ill").unlink()
    assert main(line) == 1
    assert main([*line, "--retry-failed"]) == 0
    assert len(read_results("small.csv")) == 14


def test_status_of_a_sweep_that_was_interrupted(small, capsys, monkeypatch):
    monkeypatch.setattr(jamming, "EXPERIMENT", cheap.logged)
    monkeypatch.setattr(grids, "grid", lambda *_: cheap.grid(4, small / "log", seconds=0.1))
    with monkeypatch.context() as patch:
        patch.setattr("landscape_lib._sweeps.driver._Bar.update", interrupt)
        assert main(["sweep", "jamming", "--workers", "1"]) == 1
    out, err = capsys.readouterr()
    store = "sweeps/jamming-class-digits-0.sqlite"
    assert err.splitlines()[-1] == (
        f"landscape: interrupted; what is finished is in {store}, and the same command goes on from there"
    )
    assert main(["sweep", "status"]) == 0
    out = capsys.readouterr().out
    assert "1 of 4 points done, 0 running, 0 failed, 3 waiting\n  about " in out
    assert "left: one at a time, but no client is running" in out


def interrupt(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "line, says",
    [
        (["jamming", "--dataset", "letters"], "grid: no data set 'letters'"),
        (["jamming", "--workers", "0"], "processes: workers is 0"),
        (["jamming", "--out", "table.txt"], "--out table.txt: need the name of a file, one that ends in .csv"),
        (["jamming", "--out", "folder.csv"], "--out folder.csv: need the name of a file"),
        (["jamming", "--scheduler", ""], "no Dask scheduler answers at ''"),
        (["jamming", "--only-finished", "--retry-failed"], "--only-finished runs nothing"),
        (["jamming", "--only-finished"], "sweeps/jamming-class-digits-0.sqlite: no such store"),
        (["jamming", "--store", "."], ".: cannot be opened"),
        (["jamming", "--scheduler", "nonsense"], "no Dask scheduler answers at 'nonsense'"),
        (["status"], "no store in sweeps; run a sweep first, or name its store with --store"),
        (["status", "jamming"], "sweeps/jamming-class-digits-0.sqlite: no such store"),
        (["status", "--store", "a.csv"], "a.csv: no such store"),
    ],
)
def test_what_a_sweep_cannot_do_is_one_line(line, says, small, capsys):
    assert main(["sweep", *line]) == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith("landscape: ") and says in message


@pytest.mark.parametrize(
    "line",
    [
        ["nothing"],
        ["jamming", "--budget", "none"],
        ["jamming", "--workers", "2", "--scheduler", "tcp://a:1"],
        ["status", "x"],
    ],
)
def test_a_wrong_sweep_is_two(line, capsys):
    assert main(["sweep", *line]) == 2
    assert "usage: landscape" in capsys.readouterr().err


def test_what_is_finished_is_written_before_the_rest(small, capsys):
    line = ["sweep", "jamming", "--workers", "1", "--out", "so_far.csv"]
    with Store("sweeps/jamming-class-digits-0.sqlite"):  # of a sweep that was killed before it began
        pass
    assert main([*line, "--only-finished"]) == 0
    out, err = capsys.readouterr()
    assert out == "" and "so_far.csv: not written, nothing is finished" in err and "2 of 2 points are not" in err
    assert not (small / "so_far.csv").exists()
    assert main(line) == 0
    assert main([*line, "--only-finished"]) == 0
    assert "unfinished" not in json.loads((small / "so_far.json").read_text())


def test_a_folder_that_may_not_be_written_to_is_told_before_the_sweep(small, capsys, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, _: path != small)
    assert main(["sweep", "jamming", "--out", "new/t.csv"]) == 1
    assert "--out new/t.csv: this folder may not be written to" in capsys.readouterr().err
    assert not (small / "sweeps").exists()


def test_the_module_is_the_command(small):
    done = subprocess.run([sys.executable, "-m", "landscape_lib.cli", "--version"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("landscape-lib")


def test_a_device_goes_to_every_point(small):
    assert main(["sweep", "jamming", "--workers", "1", "--device", "cpu", "--out", "there.csv"]) == 0
    record = json.loads((small / "there.json").read_text())
    assert [point["device"] for point in record["points"]] == ["cpu", "cpu"]
    assert record["command"].endswith("--device cpu --out there.csv")
    assert (small / "sweeps" / "jamming-class-digits-0-cpu.sqlite").is_file(), "other points, another store"


def test_an_experiment_with_data_of_its_own_needs_no_data_set(small, capsys):
    assert main(["sweep", "packings", "--only-finished"]) == 1
    assert "sweep packings-class-both-0: 4 points" in capsys.readouterr().err

"""Rules: what a paper says, and which values of ours reproduce it. They stand in ``notebooks/*.claims.yml``."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from landscape_lib._origin import SOURCE_TREE

Verdict = Literal["reproduced", "not reproduced", "open"]
Interval = tuple[float, float]
SUFFIX = ".claims.yml"
FILES = f"*{SUFFIX}"
SCHEMA = Path(__file__).with_name("claims.schema.json")
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True)
class Rule:
    """The values that reproduce a claim: ``low`` to ``high``, ends included; ``None`` leaves a side open."""

    low: float | None
    high: float | None
    min_seeds: int

    def __str__(self) -> str:
        if self.low is None:
            return f"at most {self.high:g}"
        if self.high is None:
            return f"at least {self.low:g}"
        return f"between {self.low:g} and {self.high:g}"


@dataclass(frozen=True)
class Tag:
    """What a reader must know beside a verdict, with the reason in a line.

    It is about every measurement of the claim, or about those at one ``budget``, on one ``dataset``.
    """

    tag: str
    because: str
    budget: str | None = None
    dataset: str | None = None

    def is_about(self, budget: str, dataset: str) -> bool:
        """Whether it is about a measurement at this budget on this data set."""
        return self.budget in (None, budget) and self.dataset in (None, dataset)


@dataclass(frozen=True)
class Entry:
    """One claim as the claims file of its chapter holds it; all texts are plain words."""

    id: str
    chapter: str
    statement: str
    deck: str
    paper: Mapping[str, Any]  # key in references.bib; says; value, or None where the paper gives no number
    measures: str
    by: str  # the statistic, a function of landscape_lib.measure
    rule: Rule
    falsified_by: str
    null: str
    contested: str | None  # who disagrees or came later, and how
    differs: str | None  # why the paper, what we measured live, and the larger run differ
    settled_by: str | None  # what would settle it
    tags: tuple[Tag, ...] = ()


def load_claims(folder: str | Path | None = None) -> dict[str, Entry]:
    """Read every claim, by id, chapter by chapter: the files ``NN_name.claims.yml`` of a folder, checked.

    Without a folder: the one that ``LANDSCAPE_CLAIMS`` names, else the nearest ``notebooks`` with claims at or above
    the working directory, else that of the source tree.
    """
    place = Path(folder) if folder is not None else _find_claims()
    files = sorted(place.glob(FILES))
    if not files:
        raise FileNotFoundError(f"{place}: holds no {FILES}; name the folder of the notebooks")
    entries: dict[str, Entry] = {}
    for file in files:
        for name, entry in read_claims(file).items():
            if name in entries:
                raise ValueError(f"{file}: {name} stands in {entries[name].chapter}.claims.yml too; it has one entry")
            entries[name] = entry
    return entries


def read_claims(file: Path) -> dict[str, Entry]:
    """The claims of one chapter, by id, checked against ``claims.schema.json``."""
    chapter = file.name.removesuffix(SUFFIX)
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", chapter):
        raise ValueError(f"{file}: name it after its notebook, such as 03_jamming{SUFFIX}")
    try:
        raw = _keys_as_written(yaml.safe_load(file.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise ValueError(f"{file}: not valid YAML: {error}") from error
    if wrong := best_match(Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).iter_errors(raw)):
        where = list(wrong.absolute_path)
        if where and isinstance(where[0], int) and isinstance(raw[where[0]], dict):
            where[0] = raw[where[0]].get("id", f"entry {where[0] + 1}")
        raise ValueError(f"{file}: {' → '.join(map(str, where)) or 'top level'}: {wrong.message}")
    entries: dict[str, Entry] = {}
    for item in raw:
        if item["id"] in entries:
            raise ValueError(f"{file}: {item['id']} stands twice; a claim has one entry")
        low, high = (None if end is None else float(end) for end in (item["rule"]["low"], item["rule"]["high"]))
        if low is not None and high is not None and low > high:
            raise ValueError(f"{file}: {item['id']}: rule runs from {low} down to {high}; swap low and high")
        rest = {key: value for key, value in item.items() if key not in ("rule", "min_seeds", "tags")}
        rest |= {"rule": Rule(low, high, item["min_seeds"]), "tags": tuple(Tag(**tag) for tag in item.get("tags", []))}
        entries[item["id"]] = Entry(**rest, chapter=chapter)
    return entries


def decide(rule: Rule, value: float, ci: Interval, n_seeds: int) -> Verdict:
    """Decide a claim from its interval: all inside the rule, all outside, or neither.

    >>> jump = Rule(low=0.5, high=1.5, min_seeds=10)
    >>> decide(jump, 0.75, (0.61, 0.88), n_seeds=10)
    'reproduced'
    >>> decide(jump, 0.02, (0.00, 0.04), n_seeds=10)
    'not reproduced'
    >>> decide(jump, 0.55, (0.45, 0.65), n_seeds=10)    # straddles a bound
    'open'
    >>> decide(jump, 0.75, (0.61, 0.88), n_seeds=3)     # too few seeds to say
    'open'
    """
    low, high = checked(value, ci)
    if n_seeds < rule.min_seeds:
        return "open"
    floor = -math.inf if rule.low is None else rule.low
    ceiling = math.inf if rule.high is None else rule.high
    if floor <= low and high <= ceiling:
        return "reproduced"
    return "not reproduced" if high < floor or low > ceiling else "open"


def checked(value: float, ci: Interval) -> Interval:
    """The interval as plain floats, or an error where it cannot be one."""
    low, high = float(ci[0]), float(ci[1])
    if not all(map(math.isfinite, (value, low, high))):
        raise ValueError(f"got value {value} with interval ({low}, {high}); need finite numbers: a NaN is no result")
    if not low <= value <= high:
        raise ValueError(f"got value {value} with interval ({low}, {high}); need low ≤ value ≤ high")
    return low, high


def find_up(name: str) -> Path | None:
    """The nearest file of that name in the working directory or above it."""
    here = Path.cwd()
    return next((folder / name for folder in (here, *here.parents) if (folder / name).is_file()), None)


def _find_claims() -> Path:
    if given := os.environ.get("LANDSCAPE_CLAIMS"):
        if not Path(given).is_dir():
            raise FileNotFoundError(f"LANDSCAPE_CLAIMS={given}: no such folder; name one with claims, or unset it")
        return Path(given)
    here = Path.cwd()
    places = [here, *(folder / "notebooks" for folder in (here, *here.parents, SOURCE_TREE))]
    if (place := next((place for place in places if any(place.glob(FILES))), None)) is None:
        raise FileNotFoundError(
            f"no notebooks/{FILES} above {here} or in {SOURCE_TREE}: work inside a clone of the repository, "
            "or set LANDSCAPE_CLAIMS to the folder that holds them"
        )
    return place


def _keys_as_written(raw: Any) -> Any:
    """YAML 1.1 reads the bare keys ``null`` and ``on`` as None and True; here they are words."""
    if isinstance(raw, dict):
        words = {None: "null", True: "on"}
        return {words.get(key, str(key)): _keys_as_written(value) for key, value in raw.items()}
    return [_keys_as_written(item) for item in raw] if isinstance(raw, list) else raw

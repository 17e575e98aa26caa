"""What `ganas export --format optuna` writes, read by Optuna itself and compared with the export as JSON lines."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from datetime import timezone
from pathlib import Path
from typing import Any

import pytest

optuna = pytest.importorskip("optuna", reason="skipped: optuna is not installed (pip install optuna)")

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
WORKER = shlex.join([sys.executable, str(HERE / "worker.py")])
STATES = {"completed": "COMPLETE", "failed": "FAIL", "stopped": "PRUNED"}
SEARCHES = {
    "table": "--table digits-4 --algorithm local-search --seeds 0..2",
    "minimized": "--table digits-4 --algorithm random --minimize valid_acc_seed0",
    "worker": "--space nasbench201 --evaluator WORKER --algorithm random --window 2",
    "stopped": "--space nasbench201 --evaluator WORKER --algorithm random --stop-below 0.5 --stop-warmup 1 --stop-startup 2",
    "rungs": "--space nasbench201 --evaluator WORKER --algorithm random --rungs epochs=1,3",
    "bounded": "--space nasbench201 --evaluator WORKER --algorithm random --constraint latency<=1",
    "layers": "--space ofa-mbv3 --evaluator WORKER --algorithm random",
    "objectives": "--space nasbench201 --evaluator WORKER --algorithm random --objective accuracy,-params",
}


def ganas(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python" / "ganas-worker" / "src")}
    command = [os.environ.get("GANAS", str(ROOT / "target" / "debug" / "ganas")), *arguments]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    # 3: some evaluations failed, as they should.
    assert ended.returncode in (0, 3), ended.stderr
    return ended.stdout


class Exported:
    """A study in both forms."""

    def __init__(self, folder: Path, name: str, *options: str) -> None:
        words = shlex.split(SEARCHES[name])
        words = [WORKER if word == "WORKER" else word for word in words]
        ganas(folder, "search", *words, "--budget", "24", "--quiet", "--study", "s.db")
        ganas(folder, "export", "s.db", "--format", "optuna", "-o", "o.db", *options)
        self.storage = f"sqlite:///{folder / 'o.db'}"
        lines = [json.loads(line) for line in ganas(folder, "export", "s.db", *options).splitlines()]
        self.runs = [line for line in lines if line["type"] == "run"]
        self.trials = {
            run["run"]: [line for line in lines if line["type"] == "trial" and line["run"] == run["run"]]
            for run in self.runs
        }

    def studies(self) -> list[tuple[optuna.Study, dict[str, Any], list[dict[str, Any]]]]:
        names = optuna.get_all_study_names(self.storage)
        studies = [optuna.load_study(study_name=name, storage=self.storage) for name in names]
        run_of = {run["run"]: run for run in self.runs}
        assert sorted(study.user_attrs["run"] for study in studies) == sorted(run_of)
        return [(study, run_of[study.user_attrs["run"]], self.trials[study.user_attrs["run"]]) for study in studies]


@pytest.mark.parametrize("name", SEARCHES)
def test_optuna_has_the_trials_of_the_record(name: str, tmp_path: Path) -> None:
    exported = Exported(tmp_path, name)
    for study, run, trials in exported.studies():
        assert study.study_name.endswith(f" seed {run['seed']}")
        assert len(study.trials) == len(trials) > 0
        for found, trial in zip(study.trials, trials):
            assert found.number == trial["number"]
            expected = "PRUNED" if trial.get("missing") else STATES[trial["state"]]
            assert found.state.name == expected
            assert [found.user_attrs[field] for field in ("arch", "key", "repeat")] == [
                trial[field] for field in ("arch", "key", "repeat")
            ]
            assert found.user_attrs.get("report") == trial["report"]
            assert found.user_attrs.get("reason") == trial["reason"]
            metrics = {f"metric {name}": value for name, value in trial.get("metrics", {}).items()}
            assert {key: value for key, value in found.user_attrs.items() if key.startswith("metric ")} == metrics
            if found.state.name == "COMPLETE":
                assert found.values == list(trial.get("objectives", {"search": trial["search"]}).values())
            assert set(found.params) == set(found.distributions) != set()
        # Optuna checks each trial when it copies one.
        copy = optuna.create_study(directions=study.directions)
        copy.add_trials(study.trials)
        assert len(copy.trials) == len(trials)


def test_the_best_trial_is_that_of_ganas(tmp_path: Path) -> None:
    for name, choose in (("table", max), ("minimized", min)):
        folder = tmp_path / name
        folder.mkdir()
        for study, _, trials in Exported(folder, name).studies():
            assert study.best_value == choose(trial["search"] for trial in trials)


def test_what_misses_a_bound_is_not_the_best(tmp_path: Path) -> None:
    [(study, _, trials)] = Exported(tmp_path, "bounded").studies()
    kept = [trial["search"] for trial in trials if trial["state"] == "completed" and not trial.get("violation")]
    assert study.best_value == max(kept) < max(trial["search"] or 0 for trial in trials)


def test_failures_and_stops_are_there(tmp_path: Path) -> None:
    for name, state in (("worker", "FAIL"), ("stopped", "PRUNED"), ("rungs", "PRUNED")):
        folder = tmp_path / name
        folder.mkdir()
        [(study, _, _)] = Exported(folder, name).studies()
        of_state = [trial for trial in study.trials if trial.state.name == state]
        assert of_state
        if state == "PRUNED":
            assert all(trial.intermediate_values and trial.value is not None for trial in of_state)


def test_every_trial_has_every_parameter_of_a_space_with_absent_layers(tmp_path: Path) -> None:
    [(study, _, _)] = Exported(tmp_path, "layers").studies()
    names = [set(trial.params) for trial in study.trials]
    assert all(of_trial == names[0] for of_trial in names)
    assert any(value is None for trial in study.trials for value in trial.params.values())


def test_times_are_kept_when_they_are_asked_for(tmp_path: Path) -> None:
    [(study, _, trials)] = Exported(tmp_path, "worker", "--with-times").studies()
    assert study.user_attrs["times"].startswith("when evaluations began")
    for found, trial in zip(study.trials, trials):
        since = found.datetime_start.replace(tzinfo=timezone.utc).timestamp()
        assert since == pytest.approx(trial["started"], abs=2e-3)
        assert found.datetime_complete >= found.datetime_start


def test_optuna_goes_on_with_a_study(tmp_path: Path) -> None:
    study, _, trials = Exported(tmp_path, "table").studies()[0]
    distributions = study.trials[0].distributions

    def objective(trial: optuna.Trial) -> float:
        for name, distribution in distributions.items():
            trial.suggest_categorical(name, distribution.choices)
        return 0.0

    study.optimize(objective, n_trials=2)
    assert len(study.trials) == len(trials) + 2
    assert study.best_value == max(trial["search"] for trial in trials)

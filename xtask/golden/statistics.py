"""Golden values for the statistics of ganas-report, computed with SciPy, NumPy and statsmodels.

Run from the root of the workspace:

    cargo xtask golden statistics [--python PROGRAM]

with `pip install scipy statsmodels`; it runs `PROGRAM xtask/golden/statistics.py crates/ganas-report/goldens`. The file has the format of
`ganas_testkit::golden::Golden`: `command`, `source`, and `tensors` by name. Every name begins with the statistic that it
is about; samples are drawn with a fixed seed and rounded, so that the file holds exactly what was computed with.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.multitest import multipletests

TENSORS: dict[str, dict] = {}


def put(name: str, values) -> None:
    """Adds a tensor; what is not finite has no place in JSON, and is an error."""
    array = numpy.asarray(values, dtype=float)
    if not numpy.all(numpy.isfinite(array)):
        raise ValueError(f"{name} has values that are not finite")
    shape = list(array.shape) or [1]
    TENSORS[name] = {"shape": shape, "values": array.ravel().tolist()}


def interquartile_means(random) -> None:
    for n in [1, 2, 3, 4, 5, 8, 17, 50]:
        sample = numpy.round(random.normal(size=n), 3)
        put(f"iqm.{n}.sample", sample)
        put(f"iqm.{n}.value", stats.trim_mean(sample, 0.25))


def bootstraps(random) -> None:
    """Percentile intervals with so many draws that what is left of chance is below 1 % of their width."""
    strata = [numpy.round(random.gamma(2.0, size=n), 3) for n in [9, 12, 20]]
    for i, stratum in enumerate(strata):
        put(f"bootstrap.stratum{i}", stratum)

    def mean_of_means(a, b, c, axis):
        return (a.mean(axis=axis) + b.mean(axis=axis) + c.mean(axis=axis)) / 3.0

    for name, data, statistic in [
        ("mean", [strata[1]], numpy.mean),
        ("median", [strata[2]], numpy.median),
        ("iqm", [strata[2]], lambda x, axis: stats.trim_mean(x, 0.25, axis=axis)),
        ("stratified", strata, mean_of_means),
    ]:
        found = stats.bootstrap(
            data, statistic, n_resamples=400_000, method="percentile", confidence_level=0.9,
            batch=20_000, rng=numpy.random.default_rng(1), vectorized=True,
        )
        put(f"bootstrap.{name}", found.confidence_interval)


def proportions() -> None:
    cases = [(0, 10), (1, 10), (7, 10), (10, 10), (33, 50), (199, 200)]
    put("wilson.cases", cases)
    found = [stats.binomtest(k, n).proportion_ci(0.95, method="wilson") for k, n in cases]
    put("wilson.intervals", [(interval.low, interval.high) for interval in found])


def survival(random) -> None:
    for name, n, ceiling in [("some", 20, 40), ("ties", 40, 12), ("none", 15, 1000)]:
        time = numpy.ceil(random.exponential(25.0, size=n))
        censored = time > ceiling
        time = numpy.minimum(time, ceiling)
        # Runs that stopped before the others, whatever they had found.
        if name == "some":
            censored[::7] = True
        found = stats.ecdf(stats.CensoredData.right_censored(time, censored)).sf
        interval = found.confidence_interval(0.95, method="log-log")
        put(f"survival.{name}.time", time)
        put(f"survival.{name}.reached", ~censored)
        put(f"survival.{name}.quantiles", found.quantiles)
        put(f"survival.{name}.survival", found.probabilities)
        defined = (found.probabilities > 0) & (found.probabilities < 1)
        put(f"survival.{name}.low", interval.low.probabilities[defined])
        put(f"survival.{name}.high", interval.high.probabilities[defined])


def improvements(random) -> None:
    for name, n, m, digits in [("plain", 12, 9, 3), ("ties", 15, 15, 0)]:
        x = numpy.round(random.normal(0.3, size=n), digits)
        y = numpy.round(random.normal(size=m), digits)
        put(f"improvement.{name}.x", x)
        put(f"improvement.{name}.y", y)
        put(f"improvement.{name}.value", stats.mannwhitneyu(x, y).statistic / (n * m))


def holm(random) -> None:
    for n in [1, 4, 12]:
        p = numpy.round(random.uniform(size=n) ** 3, 4)
        put(f"holm.{n}.p", p)
        put(f"holm.{n}.adjusted", multipletests(p, method="holm")[1])


def large_wilcoxon(random) -> None:
    """Above the number of differences for which the exact distribution is computed."""
    for name, digits in [("plain", 6), ("ties", 1)]:
        d = numpy.round(random.normal(0.05, size=1500), digits)
        put(f"wilcoxon.{name}.differences", d)
        put(f"wilcoxon.{name}.p", stats.wilcoxon(d, method="asymptotic", correction=True).pvalue)


def friedman(random) -> None:
    for name, blocks, k, digits in [("plain", 14, 4, 4), ("ties", 9, 5, 0), ("three", 6, 3, 3)]:
        x = numpy.round(random.normal(size=(blocks, k)) + numpy.linspace(0, 1, k), digits)
        found = stats.friedmanchisquare(*x.T)
        put(f"friedman.{name}.values", x)
        put(f"friedman.{name}.ranks", stats.rankdata(-x, axis=1).mean(axis=0))
        put(f"friedman.{name}.statistic", found.statistic)
        put(f"friedman.{name}.p", found.pvalue)


def nemenyi() -> None:
    cases = [(k, alpha) for k in [2, 3, 4, 5, 8, 10, 15, 20] for alpha in [0.01, 0.05, 0.1]]
    put("nemenyi.cases", cases)
    q = [stats.studentized_range.ppf(1 - alpha, k, numpy.inf) / numpy.sqrt(2) for k, alpha in cases]
    put("nemenyi.q", q)


def area(random) -> None:
    x = numpy.cumsum(random.integers(1, 5, size=15)).astype(float)
    y = numpy.round(numpy.maximum.accumulate(random.normal(size=15)), 3)
    end = x[-1] + 3.0
    widths = numpy.diff(numpy.append(x, end))
    put("area.x", x)
    put("area.y", y)
    put("area.end", end)
    put("area.mean", numpy.average(y, weights=widths))


def profiles(random) -> None:
    """The share of runs at or below each threshold, averaged over two tables: two empirical distribution functions."""
    tables = [numpy.round(random.exponential(0.2, size=n), 2) for n in [12, 7]]
    thresholds = numpy.linspace(0.0, 0.6, 13)
    for i, table in enumerate(tables):
        put(f"profile.table{i}", table)
    put("profile.thresholds", thresholds)
    shares = [stats.ecdf(table).cdf.evaluate(thresholds) for table in tables]
    put("profile.shares", numpy.mean(shares, axis=0))


def main() -> None:
    random = numpy.random.default_rng(20)
    interquartile_means(random)
    bootstraps(random)
    proportions()
    survival(random)
    improvements(random)
    holm(random)
    large_wilcoxon(random)
    friedman(random)
    nemenyi()
    area(random)
    profiles(random)
    golden = {
        "command": "cargo xtask golden statistics",
        "source": f"scipy {scipy.__version__}, numpy {numpy.__version__}, statsmodels {statsmodels.__version__}",
        "tensors": TENSORS,
    }
    output = Path(sys.argv[1]) / "statistics.json"
    output.write_text(json.dumps(golden, indent=None, separators=(",", ":")).replace('},"', '},\n"') + "\n")


main()

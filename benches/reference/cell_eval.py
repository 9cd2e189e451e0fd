"""Effect scores of the `cell-eval` package on a small made-up screen, for the test in `src/metrics/effects.rs`.

    pip install cell-eval==0.8.2
    python3 cell_eval.py

Four perturbations of eight genes; perturbation r perturbs gene r. Changes against control, observed and predicted, come
from two formulas of whole numbers, so that the test makes the same ones; a gene is significant where its change is at
least 0.75 in size, 0.9 where predicted. Each score is printed as a name and one figure for each perturbation.
"""
from pathlib import Path
import sys

# This file bears the name of the package that it asks, so its own folder must not be looked into first.
sys.path = [place for place in sys.path if Path(place or ".").resolve() != Path(__file__).resolve().parent]

import anndata
import numpy
import pandas
import polars
from cell_eval._types import DESortBy, PerturbationAnndataPair, initialize_de_comparison
from cell_eval.metrics import _anndata, _de

ROWS, GENES = 4, 8
observed = numpy.array([[((7 * r + 3 * g) % 11 - 5) / 4 for g in range(GENES)] for r in range(ROWS)])
predicted = numpy.array([[((5 * r + 4 * g + r * g) % 13 - 6) / 5 for g in range(GENES)] for r in range(ROWS)])


def cells(changes):
    """One cell for each perturbation and one control, whose expression is 10."""
    names = ["control"] + [f"g{r}" for r in range(ROWS)]
    values = numpy.vstack([numpy.zeros(GENES), changes]) + 10
    genes = pandas.DataFrame(index=[f"g{g}" for g in range(GENES)])
    return anndata.AnnData(values, obs=pandas.DataFrame({"perturbation": names}, index=names), var=genes)


def calls(changes, least):
    """The table of significant genes that a differential test would give."""
    rows = [(f"g{r}", f"g{g}", changes[r, g]) for r in range(ROWS) for g in range(GENES)]
    frame = polars.DataFrame(rows, schema=["target", "feature", "log2_fold_change"], orient="row")
    size = polars.col("log2_fold_change").abs()
    rate = polars.when(size >= least).then(0.01).otherwise(0.9)
    return frame.with_columns(
        rate.alias("fdr"), rate.alias("p_value"), size.alias("abs_log2_fold_change"),
        (2.0 ** polars.col("log2_fold_change")).alias("fold_change"),
    )


def show(name, scores):
    if isinstance(scores, dict):
        scores = [scores[f"g{r}"] for r in range(ROWS)]
        print(name, " ".join(f"{score:.12f}" for score in scores))
    else:
        print(name, f"{scores:.12f}")


pair = PerturbationAnndataPair(cells(observed), cells(predicted), "perturbation", "control")
for name in ("pearson_delta", "mse_delta", "mae_delta"):
    show(name, getattr(_anndata, name)(pair))
for metric in ("l1", "l2", "cosine"):
    show(f"discrimination_score_{metric}", _anndata.discrimination_score(pair, metric=metric))

tables = initialize_de_comparison(calls(observed, 0.75), calls(predicted, 0.9))
by_size = DESortBy.ABS_LOG2_FOLD_CHANGE
show("overlap_at_N", _de.de_overlap_metric(tables, k=None, metric="overlap", sort_by=by_size))
show("overlap_at_2", _de.de_overlap_metric(tables, k=2, metric="overlap", sort_by=by_size))
show("precision_at_N", _de.de_overlap_metric(tables, k=None, metric="precision", sort_by=by_size))
show("de_direction_match", _de.DEDirectionMatch()(tables))
show("de_sig_genes_recall", _de.DESigGenesRecall()(tables))
show("de_spearman_lfc_sig", _de.DESpearmanLFC()(tables))
show("de_spearman_sig", _de.DESpearmanSignificant()(tables))

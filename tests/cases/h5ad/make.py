"""Makes the small AnnData files of this folder, and the SciPy figures that the tests hold them to.

    python3 make.py        # needs numpy, scipy, h5py, anndata

Made-up counts of 60 cells and 8 genes: 20 controls and 40 cells of three perturbations in two batches. `plain.h5ad` holds
them as anndata writes them today; the other files hold the same cells in other encodings, so all must be read alike.
Small HDF5 files are mostly empty, so each is kept compressed.
"""

import gzip
import json
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas
import scipy.sparse
import scipy.stats

HERE = Path(__file__).parent
GENES = ["KLF1", "MAP2K6", "HBG1", "HBZ", "ACTB", "GATA1", "TAL1", "SPI1"]


def cells():
    rng = np.random.default_rng(7)
    labels = np.array(["control"] * 20 + ["KLF1+ctrl"] * 8 + ["ctrl+KLF1"] * 6 + ["MAP2K6"] * 14 + ["KLF1+MAP2K6"] * 12)
    batches = np.array(["one", "two"])[rng.integers(0, 2, len(labels))]
    mean = np.tile(np.array([2, 1, 0.6, 0.4, 9, 1.5, 0.8, 0.1]), (len(labels), 1))
    mean[np.char.find(labels.astype(str), "KLF1") >= 0, 2:4] *= 4
    mean[np.char.find(labels.astype(str), "KLF1") >= 0, 0] *= 0.3
    mean[batches == "two", 5] *= 2
    order = rng.permutation(len(labels))
    return rng.poisson(mean)[order].astype("f4"), labels[order], batches[order]


def annotated(matrix, labels, batches):
    obs = pandas.DataFrame(
        {"perturbation": pandas.Categorical(labels), "batch": pandas.Categorical(batches), "note": "made up"},
        index=[f"cell{number}" for number in range(len(labels))],
    )
    return anndata.AnnData(matrix, obs=obs, var=pandas.DataFrame(index=GENES))


def retell(name, change):
    """A copy of plain.h5ad with one part written in another way."""
    path = HERE / name
    path.write_bytes((HERE / "plain.h5ad").read_bytes())
    with h5py.File(path, "r+") as file:
        change(file)


def old(file):
    """Categories as anndata 0.7 kept them, strings of fixed length, LZF."""
    obs, var = file["obs"], file["var"]
    kept = obs.create_group("__categories")
    for column in ["perturbation", "batch"]:
        codes, names = obs[column]["codes"][:], obs[column]["categories"][:]
        del obs[column]
        kept.create_dataset(column, data=names.astype("S"))
        obs.create_dataset(column, data=codes).attrs["categories"] = kept[column].ref
    names = var["_index"][:].astype("S")
    del var["_index"]
    var.create_dataset("_index", data=names)
    for part in ["data", "indices"]:
        values = file["X"][part][:]
        del file["X"][part]
        file["X"].create_dataset(part, data=values, compression="lzf", chunks=(50,))
    del file["X"].attrs["encoding-type"]
    file["X"].attrs["h5sparse_format"] = "csr"


def compare(x, labels, batches):
    """p-values of the perturbations by gene: without batches, and stratified by the formulas of the documentation."""
    groups = {"KLF1": ["KLF1+ctrl", "ctrl+KLF1"], "MAP2K6": ["MAP2K6"], "KLF1+MAP2K6": ["KLF1+MAP2K6"]}
    found = {}
    for name, members in groups.items():
        a, c = np.isin(labels, members), labels == "control"
        welch, ranks, ranks_in_batches = [], [], []
        for gene in range(x.shape[1]):
            own, control = x[a, gene], x[c, gene]
            welch.append(scipy.stats.ttest_ind(own, control, equal_var=False).pvalue)
            ranks.append(scipy.stats.mannwhitneyu(own, control, method="asymptotic").pvalue)
            distance, variance, weights = 0.0, 0.0, []
            for batch in np.unique(batches):
                one, other = x[a & (batches == batch), gene], x[c & (batches == batch), gene]
                n, m = len(one), len(other)
                everyone = np.concatenate([one, other])
                u = scipy.stats.rankdata(everyone)[:n].sum() - n * (n + 1) / 2
                tied = np.unique(everyone, return_counts=True)[1].astype(float)
                spread = n * m / 12 * ((n + m + 1) - (tied**3 - tied).sum() / ((n + m) * (n + m - 1)))
                weights.append(1 / (n + m + 1))
                distance += weights[-1] * (u - n * m / 2)
                variance += weights[-1] ** 2 * spread
            z = (abs(distance) - min(weights) / 2) / np.sqrt(variance) if variance > 0 else 0.0
            ranks_in_batches.append(2 * scipy.stats.norm.sf(max(z, 0.0)))
        found[name] = {"welch": welch, "rank_sum": ranks, "rank_sum_in_batches": ranks_in_batches}
    return found


def main():
    counts, labels, batches = cells()
    sparse = scipy.sparse.csr_matrix(counts)
    annotated(sparse, labels, batches).write_h5ad(HERE / "plain.h5ad")
    annotated(counts.astype("f8"), labels, batches).write_h5ad(HERE / "dense.h5ad", compression="gzip")
    by_gene = annotated(sparse.tocsc(), labels, batches)
    by_gene.write_h5ad(HERE / "by_gene.h5ad", compression="gzip")
    retell("old.h5ad", old)
    total = counts.sum(1, keepdims=True)
    normalised = np.log1p(counts * (np.median(total) / total))
    layered = annotated(scipy.sparse.csr_matrix(normalised.astype("f4") - normalised.mean(0).astype("f4")), labels, batches)
    layered.layers["counts"] = scipy.sparse.csr_matrix(counts.astype("i4"))
    layered.layers["log"] = normalised.astype("f4")
    layered.layers["nothing"] = scipy.sparse.csr_matrix(counts.shape, dtype="f4")
    layered.write_h5ad(HERE / "layers.h5ad", compression="gzip")
    figures = compare(normalised.astype("f4").astype("f8"), labels, batches)
    for path in HERE.glob("*.h5ad"):
        Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()
    (HERE / "scipy.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""A screen of made-up cells as an AnnData file, and what scanpy needs for the tests of `aligned dataset responses`.

    python3 benches/reference/h5ad.py make cells.h5ad --cells 1000000      # needs numpy, h5py
    python3 benches/reference/h5ad.py scanpy cells.h5ad --test t-test      # or wilcoxon; needs scanpy

The file: counts of 5,000 genes, about 5 % of them not zero, gzip; 500 perturbations named after genes, 5 % of the cells are
controls, 10 batches. Each perturbation moves 25 genes, half of them down to a half, half of them up to the double.
"""

import argparse
import time

import numpy as np

BLOCK = 10_000


def make(path, cells, genes, perturbations, draws, seed):
    import h5py

    rng = np.random.default_rng(seed)
    text = h5py.string_dtype()
    weights = rng.lognormal(0.0, 1.0, genes)
    cumulative = np.cumsum(weights / weights.sum())
    moved = np.stack([rng.choice(genes, 25, replace=False) for _ in range(perturbations)])
    group = np.where(rng.random(cells) < 0.05, 0, rng.integers(1, perturbations + 1, cells))
    names = np.array([f"G{gene}" for gene in range(genes)], dtype=object)

    def dataframe(file, name, index):
        table = file.create_group(name)
        table.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.2.0", "_index": "_index"})
        table.create_dataset("_index", data=index, dtype=text).attrs.update(
            {"encoding-type": "string-array", "encoding-version": "0.2.0"}
        )
        return table

    def categories(table, name, codes, values):
        column = table.create_group(name)
        column.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False})
        column.create_dataset("codes", data=codes.astype("i2")).attrs.update(
            {"encoding-type": "array", "encoding-version": "0.2.0"}
        )
        column.create_dataset("categories", data=np.array(values, dtype=object), dtype=text).attrs.update(
            {"encoding-type": "string-array", "encoding-version": "0.2.0"}
        )

    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        obs = dataframe(file, "obs", np.array([f"c{cell}" for cell in range(cells)], dtype=object))
        categories(obs, "perturbation", group, ["control"] + [f"G{gene}" for gene in range(perturbations)])
        categories(obs, "batch", rng.integers(0, 10, cells), [f"b{batch}" for batch in range(10)])
        obs.attrs["column-order"] = np.array(["perturbation", "batch"], dtype=object)
        dataframe(file, "var", names).attrs["column-order"] = np.array([], dtype="f8")
        matrix = file.create_group("X")
        matrix.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [cells, genes]})
        stored = {
            name: matrix.create_dataset(
                name, (0,), kind, maxshape=(None,), chunks=(1 << 17,), compression="gzip", compression_opts=1
            )
            for name, kind in [("data", "f4"), ("indices", "i4")]
        }
        indptr = np.zeros(cells + 1, "i8")
        held = 0
        for first in range(0, cells, BLOCK):
            last = min(first + BLOCK, cells)
            depth = rng.poisson(draws * rng.lognormal(0.0, 0.3, last - first))
            cell = np.repeat(np.arange(last - first), depth)
            gene = np.searchsorted(cumulative, rng.random(cell.size)).clip(0, genes - 1)
            own = group[first:last][cell]
            effect = moved[own - 1]
            down = ((gene[:, None] == effect[:, :12]).any(1)) & (own > 0) & (rng.random(cell.size) < 0.5)
            up = ((gene[:, None] == effect[:, 12:]).any(1)) & (own > 0)
            key = np.concatenate([(cell * genes + gene)[~down], (cell * genes + gene)[up]])
            key, count = np.unique(key, return_counts=True)
            for name, values in [("data", count), ("indices", key % genes)]:
                stored[name].resize((held + key.size,))
                stored[name][held:] = values
            indptr[first + 1 : last + 1] = held + np.cumsum(np.bincount(key // genes, minlength=last - first))
            held += key.size
        # As scipy has it: positions and starts of one kind.
        matrix.create_dataset("indptr", data=indptr.astype("i4" if held < 2**31 else "i8"))
    print(f"{cells} cells, {genes} genes, {held} values other than 0 ({100 * held / cells / genes:.1f} %)")


def rank(path, test):
    import resource

    import scanpy

    began = time.perf_counter()
    cells = scanpy.read_h5ad(path)
    read = time.perf_counter()
    scanpy.pp.normalize_total(cells)
    scanpy.pp.log1p(cells)
    normalised = time.perf_counter()
    scanpy.tl.rank_genes_groups(cells, "perturbation", reference="control", method=test)
    ended = time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"scanpy {test}: read {read - began:.1f} s, normalise {normalised - read:.1f} s, test {ended - normalised:.1f} s, "
        f"all {ended - began:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of processor time with the start of Python); "
        f"peak {used.ru_maxrss / 2**20:.2f} GiB"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "scanpy"])
    parser.add_argument("file")
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--genes", type=int, default=5_000)
    parser.add_argument("--perturbations", type=int, default=500)
    parser.add_argument("--draws", type=float, default=260.0, help="molecules of a cell, on average")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--test", default="t-test", choices=["t-test", "wilcoxon"])
    arguments = parser.parse_args()
    if arguments.what == "make":
        make(
            arguments.file,
            arguments.cells,
            arguments.genes,
            arguments.perturbations,
            arguments.draws,
            arguments.seed,
        )
    else:
        rank(arguments.file, arguments.test)


if __name__ == "__main__":
    main()

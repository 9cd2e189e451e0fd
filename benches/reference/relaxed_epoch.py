"""Seconds for one dense epoch of the published refinement objective, forward and backward, in PyTorch.

    python3 relaxed_epoch.py NETWORK.tsv [--threads 2] [--epochs 3] [--recursion published|sums]

NETWORK.tsv is what `cargo bench --bench relaxed` writes: the number of genes, then regulator, target and sign a line.
Every gene is perturbed once (x is the identity), walks have exactly five steps, strengths are float32. `published` takes
the recursion as it is printed, four products of genes x genes a step; `sums` the sparser way of writing it, powers of
P + N and of P - N, two products a step. Needs torch (the build for processors is enough).
"""
import argparse
import time

import torch

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("network")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--recursion", choices=["published", "sums"], default="published")
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
torch.manual_seed(1)

K, T, T0, LAMBDA = 5, 1.0, 100.0, 1.0
with open(arguments.network) as lines:
    genes = int(next(lines))
    edges = [tuple(map(int, line.split())) for line in lines]
known = {1: torch.zeros(genes, genes), -1: torch.zeros(genes, genes)}
for regulator, target, sign in edges:
    known[sign][regulator, target] = 1.0
P = known[1].clone().requires_grad_()
N = known[-1].clone().requires_grad_()
wanted = torch.randint(-1, 2, (genes, genes)).float()


def walks():
    """u and v for x = identity: the signed powers themselves."""
    if arguments.recursion == "published":
        p, n = P, N
        for _ in range(K - 1):
            p, n = P @ p + N @ n, P @ n + N @ p
        return p, n
    total, signed = P + N, P - N
    a, s = total, signed
    for _ in range(K - 1):
        a, s = a @ total, s @ signed
    return 0.5 * (a + s), 0.5 * (a - s)


def epoch():
    P.grad = N.grad = None
    u, v = walks()
    misfit = ((torch.exp(-T * v) - torch.exp(-T * u) - wanted) ** 2).sum()
    distance = sum((1 - torch.exp(-T0 * s) - known[sign]).abs().sum() for s, sign in ((P, 1), (N, -1)))
    loss = misfit + LAMBDA * distance
    loss.backward()
    return loss.item()


times = []
for number in range(arguments.epochs):
    started = time.perf_counter(), time.process_time()
    epoch()
    times.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    print(f"epoch {number + 1}: {times[-1][0]:.2f} s, {times[-1][1]:.2f} s of processor time", flush=True)
print(f"{genes} genes, {len(edges)} regulations, {arguments.threads} threads, recursion {arguments.recursion}: "
      f"{min(times)[0]:.2f} s an epoch at best, {min(used for _, used in times):.2f} s of processor time")

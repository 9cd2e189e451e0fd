"""Seconds for one training step (forward, backward, Adam) of the MLP and the GNN of `src/prediction/neural`, in PyTorch.

    python3 training_step.py [--genes 5045] [--regulations 20000] [--rows 64] [--threads 2] [--steps 50]

The sizes are those of `cargo bench --bench training_step`: every entry measured, hidden layers 64 wide, class-weighted cross
entropy, Adam. The first layer of the MLP looks up the rows of the perturbed genes; the convolutions multiply by a sparse
matrix in compressed rows. Prints wall and processor time of a step. Needs torch (the build for processors is enough).
"""
import argparse
import time
import warnings

import torch
from torch import nn
from torch.nn import functional

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--genes", type=int, default=5045)
parser.add_argument("--regulations", type=int, default=20000)
parser.add_argument("--rows", type=int, default=64)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--steps", type=int, default=50)
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
torch.manual_seed(1)
warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")

WIDTH, n = 64, arguments.genes


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.input = nn.Embedding(n, WIDTH)
        self.bias = nn.Parameter(torch.zeros(WIDTH))
        self.hidden = nn.ModuleList([nn.Linear(WIDTH, WIDTH) for _ in range(2)])
        self.output = nn.Linear(WIDTH, 3 * n)

    def forward(self, perturbed):
        x = torch.relu(self.bias - self.input(perturbed))
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.output(x).view(-1, n, 3)


class Gnn(nn.Module):
    def __init__(self, adjacency):
        super().__init__()
        self.adjacency = adjacency
        self.embedding = nn.Parameter(torch.rand(n, WIDTH) - 0.5)
        self.norm = nn.BatchNorm1d(WIDTH)
        self.convolutions = nn.ModuleList([nn.Linear(WIDTH, WIDTH) for _ in range(3)])
        self.head = nn.ModuleList([nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 2 * WIDTH)])
        self.output = nn.Linear(2 * WIDTH, 3 * n)

    def forward(self, perturbed):
        x = torch.relu(self.norm(self.embedding))
        for place, layer in enumerate(self.convolutions):
            x = layer(self.adjacency @ x)
            x = torch.relu(x) if place < 2 else x
        x = -x[perturbed]
        for layer in self.head:
            x = torch.relu(layer(x))
        return self.output(x).view(-1, n, 3)


def normalised_adjacency():
    ends = torch.randint(0, n, (2, arguments.regulations))
    loops = torch.arange(n).repeat(2, 1)
    both = torch.unique(torch.cat([ends, ends.flip(0), loops], dim=1), dim=1)
    degree = torch.bincount(both[0], minlength=n).float()
    values = (degree[both[0]] * degree[both[1]]).rsqrt()
    return torch.sparse_coo_tensor(both, values, (n, n)).coalesce().to_sparse_csr()


perturbed = 50 * torch.arange(arguments.rows) % n
classes = torch.multinomial(torch.tensor([0.2, 0.6, 0.2]), arguments.rows * n, replacement=True)
weights = torch.tensor([5 / 3, 5 / 9, 5 / 3])
for name, model in [("mlp", Mlp()), ("gnn", Gnn(normalised_adjacency()))]:
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    for step in range(-5, arguments.steps):
        if step == 0:
            began, began_cpu = time.perf_counter(), time.process_time()
        optimiser.zero_grad()
        functional.cross_entropy(model(perturbed).view(-1, 3), classes, weight=weights).backward()
        optimiser.step()
    wall, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    print(f"{name}: {1e3 * wall / arguments.steps:.2f} ms a step, {1e3 * cpu / arguments.steps:.2f} ms of processor time")

#!/usr/bin/env bash
# `knowledge/shapes.ttl` judged by pyshacl: it must find what `aligned kb validate` finds, in sound files and in each planted fault.
# A named step, not part of `cargo test`: it needs Python 3 and PyPI.
#
#   cargo build --release && tests/shapes.sh [PROGRAM] [FOLDER FOR THE VIRTUAL ENVIRONMENT]
set -euo pipefail
cd "$(dirname "$0")/.."

program="$(realpath "${1:-target/release/aligned}")"
place="${2:-$(mktemp -d)}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

"$place/bin/python" -c "import pyshacl" 2>/dev/null || {
    python3 -m venv "$place"
    "$place/bin/pip" install --quiet pyshacl
}

"$place/bin/python" - "$program" "$work" <<'PYTHON'
import json, pathlib, subprocess, sys
import pyshacl, rdflib

program, work = sys.argv[1], pathlib.Path(sys.argv[2])
SH = rdflib.Namespace("http://www.w3.org/ns/shacl#")
SHAPE = "https://w3id.org/aligned/shape/"
shapes = rdflib.Graph().parse("knowledge/shapes.ttl")
header = pathlib.Path("knowledge/ecoli_core.ttl").read_text().split("\n")
prefixes = dict(line[8:-2].split(": <") for line in header if line.startswith("@prefix"))
prefixes = {name: iri.rstrip("> ") for name, iri in prefixes.items()}

def full(resource):
    name, _, local = resource.partition(":")
    return prefixes[name] + local if name in prefixes else resource

def by_pyshacl(path):
    data = rdflib.Graph().parse(path)
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes)
    found = set()
    for result in report.subjects(rdflib.RDF.type, SH.ValidationResult):
        shape, focus = report.value(result, SH.sourceShape), report.value(result, SH.focusNode)
        severity = {"Violation": "error", "Warning": "warning", "Info": "note"}[str(report.value(result, SH.resultSeverity)).split("#")[1]]
        found.add((str(shape).removeprefix(SHAPE), severity, str(focus)))
    return found

def by_aligned(path):
    answer = subprocess.run([program, "--quiet", "kb", "validate", path, "--format", "json"], capture_output=True, text=True)
    assert answer.returncode in (0, 1), answer.stderr
    found = json.loads(answer.stdout)["findings"]
    return {(f["id"], f["severity"], full(f["resource"])) for f in found if f["id"] < "KB100"}

sound = pathlib.Path("tests/cases/kb/sound.ttl").read_text()
files = {"sound": sound}
for row in pathlib.Path("tests/cases/kb/faults.tsv").read_text().splitlines()[1:]:
    name, number, _, before, after, _, _ = [field.replace("\\n", "\n") for field in row.split("\t")]
    files[f"{number} {name}"] = sound.replace(before, after, 1) if before else sound + after
paths = ["knowledge/toy.ttl", "knowledge/ecoli_core.ttl"]
for number, (name, text) in enumerate(files.items()):
    path = work / f"{number}.ttl"
    path.write_text(text)
    paths.append(str(path))
names = ["toy.ttl", "ecoli_core.ttl", *files]
good = bad = 0
for name, path in zip(names, paths):
    theirs, ours = by_pyshacl(path), by_aligned(path)
    assert theirs == ours, f"{name}: only pyshacl {sorted(theirs - ours)}, only aligned {sorted(ours - theirs)}"
    good, bad = good + (not ours), bad + bool(ours)
print(f"pyshacl {pyshacl.__version__}: the same findings in {good} files that keep all shapes and {bad} that break one")
PYTHON

#!/usr/bin/env bash
# What `aligned convert` writes, judged by the programs of others: SBML-qual by libSBML, KGX by kgx, JSON-LD and RDF/XML by rdflib,
# GraphML by NetworkX. A named step, not part of `cargo test`: it needs Python 3 and PyPI.
#
#   cargo build --release && tests/exchange.sh [PROGRAM] [FOLDER FOR THE VIRTUAL ENVIRONMENT]
set -euo pipefail
cd "$(dirname "$0")/.."

program="$(realpath "${1:-target/release/aligned}")"
place="${2:-$(mktemp -d)}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

"$place/bin/python" -c "import biolink_model, kgx, libsbml" 2>/dev/null || {
    python3 -m venv "$place"
    "$place/bin/pip" install --quiet python-libsbml kgx biolink-model rdflib networkx
}

kb=knowledge/ecoli_core.ttl
for out in core.sbml core_edges.tsv core.jsonld core.rdf core.graphml core.cyjs core.sif; do
    options=()
    [[ $out == core_edges.tsv ]] && options=(--organism 562)
    "$program" convert "$kb" "$work/$out" "${options[@]}" 2>/dev/null
done

"$place/bin/python" - "$work" <<'PYTHON'
import json, sys
import libsbml, networkx, rdflib

work = sys.argv[1]
document = libsbml.readSBML(f"{work}/core.sbml")
document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, False)
document.checkConsistency()
faults = [document.getError(i) for i in range(document.getNumErrors())]
serious = [fault.getMessage() for fault in faults if fault.getSeverity() >= libsbml.LIBSBML_SEV_WARNING]
assert not serious, serious[:5]
model = document.getModel().getPlugin("qual")
sif = {tuple(line.split("\t")) for line in open(f"{work}/core.sif").read().splitlines() if "\t" in line}
species = {s.getId(): s.getName() for s in (model.getQualitativeSpecies(i) for i in range(model.getNumQualitativeSpecies()))}
signs = {libsbml.INPUT_SIGN_POSITIVE: ["activates"], libsbml.INPUT_SIGN_NEGATIVE: ["inhibits"],
         libsbml.INPUT_SIGN_DUAL: ["activates", "inhibits"]}
edges = set()
for t in (model.getTransition(i) for i in range(model.getNumTransitions())):
    for i in range(t.getNumInputs()):
        for verb in signs[t.getInput(i).getSign()]:
            edges.add((species[t.getInput(i).getQualitativeSpecies()], verb, species[t.getOutput(0).getQualitativeSpecies()]))
assert edges == sif, len(edges ^ sif)
print(f"libSBML {libsbml.getLibSBMLDottedVersion()}: {len(species)} species, {model.getNumTransitions()} transitions, no warning")

graphs = [rdflib.Graph().parse(f"{work}/core.{end}", format=name)
          for end, name in [("jsonld", "json-ld"), ("rdf", "xml")]] + [rdflib.Graph().parse("knowledge/ecoli_core.ttl")]
assert set(graphs[0]) == set(graphs[1]) == set(graphs[2]), [len(g) for g in graphs]
print(f"rdflib {rdflib.__version__}: {len(graphs[0])} statements, the same in JSON-LD, RDF/XML and Turtle")

graph = networkx.read_graphml(f"{work}/core.graphml")
assert graph.is_directed() and graph.number_of_edges() == len(sif)
elements = json.load(open(f"{work}/core.cyjs"))["elements"]
nodes = {node["data"]["id"] for node in elements["nodes"]}
assert len(nodes) == graph.number_of_nodes() and len(elements["edges"]) == len(sif)
assert all({edge["data"]["source"], edge["data"]["target"]} <= nodes for edge in elements["edges"])
print(f"NetworkX {networkx.__version__}: {len(sif)} regulations in GraphML and .cyjs")
PYTHON

"$place/bin/python" - "$work/core_nodes.tsv" "$work/core_edges.tsv" <<'PYTHON'
import importlib.resources, json, sys, yaml
import bmt.toolkit

# The Biolink model from its package on PyPI, so that nothing is fetched from elsewhere.
model = importlib.resources.files("biolink_model") / "schema" / "biolink_model.yaml"
bmt.toolkit.Toolkit.__init__.__defaults__ = (str(model), {"predicate mappings": []})
import kgx.config
kgx.config.get_config()
kgx.config.jsonld_context_map["biolink"] = dict(yaml.safe_load(model.read_text())["prefixes"])
from kgx.transformer import Transformer
from kgx.validator import Validator

validator = Validator()
Transformer(stream=True).transform({"filename": sys.argv[1:], "format": "tsv"}, {"format": "null"}, inspector=validator)
faults = {level: {kind: list(told)[:3] for kind, told in kinds.items()} for level, kinds in validator.get_errors().items()}
print(f"kgx with Biolink {validator.get_validation_model_version()}:", json.dumps(faults) if faults else "no error, no warning")
sys.exit(bool(faults.get("ERROR")))
PYTHON

#!/bin/sh
# Rebuilds the figures of refinement against real truth: DREAM4, yeast, E. coli, K562 and RPE1, seeds, random screens.
# Usage: benches/truth/run.sh DATA_DIR [OUT_DIR] [PART ...]; see README.md next to this file.
set -eu

if [ $# -lt 1 ] || [ ! -d "$1" ]; then
    echo "usage: $0 DATA_DIR [OUT_DIR] [PART ...]; DATA_DIR is the folder with dream4_size100, yeast_tf_knockouts, ..." >&2
    exit 2
fi
data=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${2:-truth-out}
shift; [ $# -gt 0 ] && shift
parts=${*:-dream4 yeast ecoli seeds random audit k562}
aligned=${ALIGNED:-$root/target/release/aligned}
seeds=${SEEDS:-3}
screens=${SCREENS:-30}
if [ ! -x "$aligned" ]; then
    echo "$aligned is not there; build it with cargo build --release, or name it in ALIGNED" >&2
    exit 2
fi
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$out"
figures=$out/figures.tsv
[ -f "$figures" ] || printf 'part\twhat\tfigure\n' > "$figures"

# A later figure of the same name takes the place of the earlier one.
tell() {
    awk -F '\t' -v part="$1" -v what="$2" '!($1 == part && $2 == what)' "$figures" > "$figures.new"
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" >> "$figures.new"
    mv "$figures.new" "$figures"
    printf '%-8s %-70s %s\n' "$1" "$2" "$3"
}

run() { "$aligned" -q "$@"; }

# Mean over seeds of one column of recover.tsv for one row.
mean() {
    awk -F '\t' -v row="$2" -v name="$3" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) column = i; next }
        $2 == row && $column != "" { sum += $column; n++ }
        END { if (n) printf "%.3f", sum / n; else printf "-" }' "$1"
}

# All that is told of one recovery test.
recovered() {
    for row in "do nothing" "write what was seen, all" "write what was seen, agreeing" \
        "write what was seen, as many as ours, strongest first" "z-rank, as many as ours" \
        "z over the root of the targets, as many as ours" "random regulations of the same degrees" \
        "ours, perturbations permuted: regulations" "ours: regulations" "ours: regulations and effects"; do
        figure="AUPR $(mean "$3" "$row" aupr)"
        for column in applied found precision precision_at_50 precision_at_100 flipped corrected flips_proposed corrected_proposed; do
            figure="$figure, $column $(mean "$3" "$row" $column)"
        done
        tell "$1" "$2: $row" "$figure"
    done
}

# Applied revisions of a result folder, by statement and kind.
applied() {
    awk -F '\t' '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["status"] == "applied" { n[$at["statement"] " " $at["kind"]]++ }
        END {
            split("regulation added,regulation removed,regulation flipped,effect added", keys, ",")
            for (i = 1; i <= 4; i++) printf "%s%s %d", (i > 1 ? ", " : ""), keys[i], n[keys[i]] + 0
        }' "$1/revisions.tsv"
}

# A table of regulations with signs 1 and -1 as a knowledge base.
knowledge() {
    run import table "$1" --regulator regulator --target target --sign sign --out "$2" --force > /dev/null
}

printf '[split]\nscheme = "none"\n' > none.toml

part_dream4() {
    for net in 1 2 3 4 5; do
        gold=$data/dream4_size100/net${net}_gold_signed.csv
        screen=$data/dream4_size100/net${net}_knockout_responses.csv.gz
        knowledge "$gold" dream4_$net.ttl
        run refine --kb dream4_$net.ttl --data "$screen" --log2fc-column z --config none.toml --out dream4_whole_$net > /dev/null
        tell dream4 "net $net, whole truth known: applied" "$(applied dream4_whole_$net)"
        for hide in 0.5 1; do
            run recover --kb "$gold" --data "$screen" --log2fc-column z --hide $hide --flip 0 --seeds "$seeds" \
                --out dream4_hide${hide}_$net > /dev/null
            recovered dream4 "net $net, hidden $hide" dream4_hide${hide}_$net/recover.tsv
        done
    done
}

part_yeast() {
    run recover --kb "$data/yeast_tf_knockouts/regulations_gold.csv" --data "$data/yeast_tf_knockouts/responses_knockout.csv.gz" \
        --hide 0.5 --flip 0 --seeds "$seeds" --out yeast_half > /dev/null
    recovered yeast "half hidden" yeast_half/recover.tsv
}

part_ecoli() {
    run recover --data "$root/datasets/ecoli_knockouts.csv.gz" --hide 0.1 --flip 0.1 --seeds "$seeds" --out ecoli_core > /dev/null
    recovered ecoli "core, 10 % hidden, 10 % turned" ecoli_core/recover.tsv
    run import regulondb "$data/ecoli_precise1k/TRN_precise1k.csv.gz" --out ecoli_trn.ttl --force > /dev/null
    run recover --kb ecoli_trn.ttl --data "$root/datasets/ecoli_knockouts.csv.gz" --hide 0.1 --flip 0.1 --seeds "$seeds" \
        --out ecoli_trn > /dev/null
    recovered ecoli "full network, 10 % hidden, 10 % turned" ecoli_trn/recover.tsv
    run cross-validate --folds 5 --out ecoli_folds > /dev/null
    folds ecoli ecoli_folds/evaluation.csv
}

# Macro-F1 and difference from the original, by split (or stratum) and knowledge.
folds() {
    python3 - "$2" <<'PY' > folds.tmp
import csv, sys
for row in csv.DictReader(open(sys.argv[1])):
    if row["fold"]:
        continue
    of = row["splits"] or row["perturbations"]
    less = row["less_original"]
    print(f"{of}: {row['knowledge']}", f"macro-F1 {float(row['macro_f1']):.4f}" + (
        f", less original {float(less):+.4f} ({float(row['less_original_lower']):+.4f} to {float(row['less_original_upper']):+.4f})" if less and row["less_original_lower"] else ""), sep="\t")
PY
    while IFS="$(printf '\t')" read -r what figure; do tell "$1" "$what" "$figure"; done < folds.tmp
    rm -f folds.tmp
}

part_seeds() {
    for seed in 1 2 3 4 5; do
        run refine --config none.toml --seed $seed --out seed_$seed > /dev/null
        awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
            $at["status"] == "applied" { print $at["statement"], $at["kind"], $at["regulator"], $at["target"], $at["sign_after"] }' \
            seed_$seed/revisions.tsv
    done | sort | uniq -c | awk '{ all++; if ($1 == 5) every++ } END { printf "%d of %d\n", every, all }' > seeds.tmp
    tell seeds "E. coli core, applied with every one of 5 seeds of the predictor, of all applied" "$(cat seeds.tmp)"
    rm -f seeds.tmp
}

part_random() {
    any=0; ran=0; screen=0
    while [ $screen -lt "$screens" ]; do
        python3 - "$root/knowledge/ecoli_core.tsv" $screen > random.csv <<'PY'
import random, sys
rows = [line.split("\t") for line in open(sys.argv[1])][1:]
genes = sorted({row[0] for row in rows} | {row[1] for row in rows})
draw = random.Random(int(sys.argv[2]))
print("perturbation,gene,response")
for gene in draw.sample(genes, draw.randint(20, 200)):
    for other, response in zip(genes, draw.choices([-1, 0, 1], [7, 86, 7], k=len(genes))):
        print(f"{gene}-,{other},{response}")
PY
        if run refine --data random.csv --accept-wrong-way --out random > /dev/null; then
            ran=$((ran + 1))
            if cut -f 2 random/revisions.tsv | grep -q '^applied$'; then any=$((any + 1)); fi
        fi
        screen=$((screen + 1))
    done
    tell random "screens of random responses with any applied revision, of $ran" "$any"
}

part_audit() {
    for screen in k562 rpe1; do
        "$aligned" audit "$data/collectri/collectri_human.csv.gz" \
            --data "$data/perturbqa_NONCOMMERCIAL/derived_${screen}_ternary.tsv.gz" --tested --out audit_$screen.tsv 2> audit_$screen.txt
        tell audit "CollecTRI on $screen" "$(grep -v ' INFO ' audit_$screen.txt | tail -n 1)"
    done
}

part_k562() {
    k562=$data/perturbqa_NONCOMMERCIAL/derived_k562_ternary.tsv.gz
    rpe1=$data/perturbqa_NONCOMMERCIAL/derived_rpe1_ternary.tsv.gz
    run import omnipath "$data/omnipath/omnipath_interactions.tsv.gz" --types transcriptional,post_translational \
        --out omni_tp.ttl --force > /dev/null
    run refine --kb omni_tp.ttl --data "$k562" --out k562 > /dev/null
    tell k562 "applied" "$(applied k562)"
    run evaluate --kb omni_tp.ttl --against k562/refined.ttl --data "$rpe1" --seen "$k562" --out k562_rpe1 > /dev/null
    folds k562 k562_rpe1/evaluation.csv
    run refine --kb omni_tp.ttl --data "$k562" --permute-perturbations --out k562_permuted > /dev/null
    tell k562 "applied with the perturbations permuted" "$(applied k562_permuted)"
}

for part in $parts; do
    case $part in
        dream4 | yeast | ecoli | seeds | random | audit | k562) "part_$part" ;;
        *) echo "there is no part \`$part\`; the parts are dream4, yeast, ecoli, seeds, random, audit, k562" >&2; exit 2 ;;
    esac
done
echo "See $figures."

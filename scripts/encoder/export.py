"""Writes the weights as the product reads them (pkg/vent/encoder/weights.go), and
vectors of this implementation for its test.

The vocabulary is cut to the pieces that occur, the rarest left out until the file
fits; words that lose their piece are spelled with shorter ones. Matrices are rounded
to int8 with a scale for each row.
"""
import argparse
import collections
import json
import os
import struct
import sys
import tempfile
import zlib

import numpy as np
import torch

from data import MARKS, Corpus, prepare, read
from model import HEADS, INNER, MAX_PIECES, OUTPUTS, WIDTH, Encoder, Pieces, batch_of, pretrained

MAGIC = b"LTENC001"


def rounded(m):
    """Scales and int8 rows, and what they stand for."""
    scale = np.abs(m).max(axis=1) / 127
    scale[scale == 0] = 1
    scale = scale.astype("<f4")
    q = np.clip(np.rint(m / scale[:, None]), -127, 127).astype("i1")
    return scale, q, q.astype(np.float32) * scale[:, None]


def occurring(corpus, pieces):
    n = collections.Counter()
    for rows in (corpus.polarity, corpus.topics, corpus.entity, corpus.complaints, corpus.answered, corpus.invented()):
        for r in rows:
            n.update(set(pieces.ids(r["words"]) + pieces.ids(r["name"])))
    return n


def kept(vocab, counts, room):
    """The ids that stay, in their order."""
    must = [i for i, p in enumerate(vocab) if p in ("[UNK]", "[CLS]", "[SEP]", "[MASK]") or p in MARKS
            or (len(p.removeprefix("##")) == 1 and ord(p[-1]) < 128)]
    chosen = set(must)
    used = sum(WIDTH + 5 + len(vocab[i].encode()) for i in chosen)
    for i, _ in sorted(counts.items(), key=lambda x: (-x[1], x[0])):
        if i in chosen:
            continue
        cost = WIDTH + 5 + len(vocab[i].encode())
        if used + cost > room:
            break
        chosen.add(i)
        used += cost
    return sorted(chosen)


def write(model, vocab, ids, version, path):
    """The file; model's matrices become what the file holds."""
    out = []
    sd = model.state_dict()

    def vector(name):
        out.append(sd[name].numpy().astype("<f4").tobytes())

    def table(m):
        scale, q, back = rounded(m)
        out.extend([scale.tobytes(), q.tobytes()])
        return torch.from_numpy(back)

    def linear(name):
        sd[name + ".weight"].copy_(table(sd[name + ".weight"].numpy()))
        vector(name + ".bias")

    words = sd["words.weight"].numpy().copy()
    words[model.first_mark : model.first_mark + len(MARKS)] = sd["marks"].numpy()
    back = table(words[ids])
    sd["words.weight"][ids] = back
    sd["marks"].copy_(sd["words.weight"][model.first_mark : model.first_mark + len(MARKS)])
    sd["places.weight"].copy_(table(sd["places.weight"].numpy()))
    vector("segments.weight"), vector("norm.weight"), vector("norm.bias")
    for i in range(len(model.layers)):
        p = "layers.%d." % i
        linear(p + "qkv"), linear(p + "out"), vector(p + "norm1.weight"), vector(p + "norm1.bias")
        linear(p + "up"), linear(p + "down"), vector(p + "norm2.weight"), vector(p + "norm2.bias")
    vector("head.weight"), vector("head.bias")
    names = "\n".join(vocab[i] for i in ids).encode()
    head = MAGIC + struct.pack("<9I", len(model.layers), WIDTH, HEADS, INNER, MAX_PIECES, OUTPUTS, len(ids), len(version), len(names))
    body = head + version.encode() + names + b"".join(out)
    with open(path, "wb") as f:
        f.write(body + struct.pack("<I", zlib.crc32(body)))
    return len(body) + 4


def outputs(model, pieces, rows):
    with torch.no_grad():
        return [model(*batch_of([pieces.row(r["words"], r["name"])]))[0].tolist() for r in rows]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", required=True)
    ap.add_argument("--invented", default="pkg/vent/testdata")
    ap.add_argument("--base", required=True)
    ap.add_argument("--prepare", required=True)
    ap.add_argument("--model", help="what train.py left; without it the untrained layers")
    ap.add_argument("--layers", type=int, default=6)
    ap.add_argument("--version", default="minilm-l6-2026-11-24b")
    ap.add_argument("--bytes", type=int, default=15_960_000)
    ap.add_argument("--out", required=True)
    ap.add_argument("--vectors", help="texts (text, brand) to write vectors of, in place")
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model, vocab = pretrained(a.base, a.layers)
    if a.model:
        model.load_state_dict(torch.load(a.model, weights_only=True)["model"])
    model.eval()
    pieces = Pieces(a.base)
    counts = occurring(Corpus(a.data, a.invented, a.prepare), pieces)
    fixed = sum(p.numel() for n, p in model.named_parameters() if "words" not in n) + 4 * 40_000
    ids = kept(vocab, counts, a.bytes - fixed)
    rows = prepare(a.prepare, read(a.vectors)) if a.vectors else []
    with tempfile.TemporaryDirectory() as tmp:
        # The tokenizer of the cut vocabulary, and the model with its rows.
        with open(os.path.join(tmp, "vocab.txt"), "w", encoding="utf-8") as f:
            f.write("\n".join(vocab[i] for i in ids) + "\n")
        cut = Encoder(a.layers, len(ids))
        cut.first_mark = [vocab[i] for i in ids].index(MARKS[0])
        sd = model.state_dict()
        sd["words.weight"] = sd["words.weight"][ids].clone()
        cut.load_state_dict(sd)
        cut.eval()
        cutp = Pieces(tmp)
        exact = outputs(cut, cutp, rows)
        size = write(cut, [vocab[i] for i in ids], list(range(len(ids))), a.version, a.out)
        back = outputs(cut, cutp, rows)
        for r, e, b in zip(rows, exact, back):
            r.update(pieces=cutp.row(r["words"], r["name"])[0], exact=e, outputs=b)
    if a.vectors:
        with open(a.vectors, "w", encoding="utf-8") as f:
            for r in rows:
                keep = {k: r[k] for k in ("text", "brand", "pieces", "exact", "outputs") if k in r}
                f.write(json.dumps(keep, ensure_ascii=False) + "\n")
        print("rounding moves an output by at most %.3f" % max(abs(x - y) for e, b in zip(exact, back) for x, y in zip(e, b)), file=sys.stderr)
    print("%d pieces of %d that occur, %d bytes" % (len(ids), len(counts), size), file=sys.stderr)


if __name__ == "__main__":
    main()

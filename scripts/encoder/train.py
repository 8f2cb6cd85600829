"""Fine-tunes the encoder of the second opinion. Run by `make encoder DATA=DIR`.

DATA is a folder laid out as docs/scorer.md says. The texts stay there: what comes
out is numbers. Runs on one core. --steps fits the schedule, and the same steps and seed
on the same machine give the same weights; --minutes bounds the time instead. The
shipped weights were trained with --minutes 76 beside other work, which came to 2,595
steps, and the invented posts grew while they were: a run of this script comes close to
them and is not equal to them, byte for byte.

  python3 -m venv venv && venv/bin/pip install -r scripts/encoder/requirements.txt
  make encoder DATA=DIR PYTHON=venv/bin/python
"""
import argparse
import json
import os
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

from data import Corpus, draw, targets
from model import Pieces, batch_of, pretrained


def auc(score, truth):
    """ROC-AUC by ranks, ties shared."""
    score, truth = np.asarray(score, dtype=np.float64), np.asarray(truth, dtype=bool)
    order = np.argsort(score, kind="mergesort")
    ranks = np.empty(len(score))
    s = score[order]
    i = 0
    while i < len(s):
        j = i
        while j < len(s) and s[j] == s[i]:
            j += 1
        ranks[order[i:j]] = (i + j + 1) / 2
        i = j
    pos = truth.sum()
    return (ranks[truth].sum() - pos * (pos + 1) / 2) / (pos * (len(truth) - pos))


def run_all(model, pieces, rows, size=64):
    """The outputs for rows, in their order."""
    enc = [pieces.row(r["words"], r["name"]) for r in rows]
    order = sorted(range(len(enc)), key=lambda i: len(enc[i][0]))
    out = torch.empty(len(rows), model.head.out_features)
    model.eval()
    with torch.no_grad():
        for at in range(0, len(order), size):
            part = order[at : at + size]
            out[part] = model(*batch_of([enc[i] for i in part]))
    model.train()
    return out


def figures(model, pieces, corpus, limit=None):
    """What the encoder alone is worth on posts that it never sees."""
    pick = (lambda rows: random.Random(7).sample(rows, min(limit, len(rows)))) if limit else (lambda rows: rows)
    rows = pick(corpus.val)
    guess = run_all(model, pieces, rows)[:, :3].argmax(1).numpy()
    truth = np.array([targets(r, "polarity")[0] for r in rows])
    out = {"val_recall": float(np.mean([(guess[truth == k] == k).mean() for k in range(3)]))}
    for name, rows in (("entity", corpus.unseen_entity), ("topics", corpus.unseen_topics), ("brands", corpus.brands)):
        rows = pick(rows)
        z = run_all(model, pieces, rows)[:, 3:7].log_softmax(1)[:, 0].numpy()
        out[name] = auc(z, [r.get("label") == "negative" and not r.get("irrelevant") for r in rows])
    rows = pick(corpus.unseen_complaints)
    out["complaints"] = auc(run_all(model, pieces, rows)[:, 7].numpy(), [r["venting"] for r in rows])
    return out


def loss_of(z, t):
    """The losses of the tasks that each row teaches, a mean over the batch."""
    p, to, v, s = t.T
    total = z.new_zeros(())
    for part, truth, weight in ((z[:, :3], p, 1.0), (z[:, 3:7], to, 1.0), (z[:, 8:13], s, 0.5)):
        k = truth >= 0
        if k.any():
            total = total + weight * F.cross_entropy(part[k], truth[k], reduction="sum", label_smoothing=0.05)
    k = v >= 0
    if k.any():
        total = total + F.binary_cross_entropy_with_logits(z[k, 7], v[k].float() * 0.95 + 0.025, reduction="sum") * 1.5
    return total / len(t)


def groups(model, lr):
    decay = [p for n, p in model.named_parameters() if p.requires_grad and p.dim() > 1 and not n.startswith("head")]
    plain = [p for n, p in model.named_parameters() if p.requires_grad and p.dim() == 1 and not n.startswith("head")]
    head = list(model.head.parameters())
    return [{"params": decay, "lr": lr, "base": lr, "weight_decay": 0.01}, {"params": plain, "lr": lr, "base": lr, "weight_decay": 0.0},
            {"params": head, "lr": lr * 5, "base": lr * 5, "weight_decay": 0.01}]


def hide(ids, pieces, rng, share=0.05):
    """Some pieces hidden, so that no single one decides."""
    return [pieces.mask if i > 110 and rng.random() < share else i for i in ids]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", required=True)
    ap.add_argument("--invented", default="pkg/vent/testdata")
    ap.add_argument("--base", required=True, help="folder of all-MiniLM-L6-v2: vocab.txt, model.safetensors")
    ap.add_argument("--prepare", required=True, help="the built command pkg/vent/encoder/prepare")
    ap.add_argument("--out", required=True)
    ap.add_argument("--begin", help="a model of an earlier run to go on from: last.pt")
    ap.add_argument("--layers", type=int, default=6)
    ap.add_argument("--steps", type=int, default=2595)
    ap.add_argument("--minutes", type=float, default=600)
    ap.add_argument("--batch", type=int, default=32)
    ap.add_argument("--lr", type=float, default=1e-4)
    ap.add_argument("--round", type=int, default=9600)
    ap.add_argument("--seed", type=int, default=1)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    rng = random.Random(a.seed)
    os.makedirs(a.out, exist_ok=True)
    model, _ = pretrained(a.base, a.layers)
    if a.begin:
        model.load_state_dict(torch.load(a.begin, weights_only=True)["model"])
    pieces = Pieces(a.base)
    t0 = time.time()
    corpus = Corpus(a.data, a.invented, a.prepare)
    print("data read in %.0f s: %s" % (time.time() - t0, {k: len(getattr(corpus, k)) for k in (
        "polarity", "topics", "entity", "complaints", "answered", "unseen_topics", "unseen_entity", "unseen_complaints", "brands")}), flush=True)
    opt = torch.optim.AdamW(groups(model, a.lr), betas=(0.9, 0.98), fused=True)
    step, visits, start, saved, running = 0, 0, time.time(), time.time(), []
    limit = a.minutes * 60

    def save(name):
        torch.save({"model": model.state_dict(), "layers": a.layers, "step": step}, os.path.join(a.out, name))

    done = False
    while not done:
        own = corpus.invented()
        rows = draw(corpus, own, rng, a.round)
        items = []
        for task, r in rows:
            name = r["name"] if rng.random() > 0.3 else ""
            ids, seg = pieces.row(r["words"], name)
            items.append((hide(ids, pieces, rng), seg, targets(r, task)))
        # Batches of like length, in any order.
        batches = []
        for at in range(0, len(items), 20 * a.batch):
            part = sorted(items[at : at + 20 * a.batch], key=lambda x: len(x[0]))
            batches += [part[k : k + a.batch] for k in range(0, len(part), a.batch)]
        rng.shuffle(batches)
        print("round of %d rows, %d invented posts known" % (len(rows), len(own)), flush=True)
        for part in batches:
            progress = max(step / a.steps, (time.time() - start) / limit)
            if progress >= 1:
                done = True
                break
            factor = min(1.0, (step + 1) / 200) * (1 - progress)
            for g in opt.param_groups:
                g["lr"] = g["base"] * factor
            z = model(*batch_of([(i, s) for i, s, _ in part]))
            loss = loss_of(z, torch.tensor([t for _, _, t in part]))
            loss.backward()
            torch.nn.utils.clip_grad_norm_([p for g in opt.param_groups for p in g["params"]], 1.0)
            opt.step()
            opt.zero_grad(set_to_none=True)
            step += 1
            visits += len(part)
            running.append(loss.item())
            if step % 50 == 0:
                t = time.time() - start
                print("step %d  %.0f s  %.1f posts/s  progress %.3f  loss %.3f" % (step, t, visits / t, progress, np.mean(running[-50:])), flush=True)
            if time.time() - saved > 600:
                save("part.pt")
                saved = time.time()
                print("saved", json.dumps(figures(model, pieces, corpus, 300)), flush=True)
    save("last.pt")
    print("done: step %d, %d visits, %.0f s" % (step, visits, time.time() - start), flush=True)
    print("figures", json.dumps(figures(model, pieces, corpus)), flush=True)


if __name__ == "__main__":
    main()

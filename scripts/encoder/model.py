"""The encoder: the layers of all-MiniLM-L6-v2 with one head for all tasks."""
import os

import torch
import torch.nn as nn
from safetensors.torch import load_file
from tokenizers import BertWordPieceTokenizer

from data import MARKS, MAX_NAME

WIDTH, HEADS, INNER, EPS = 384, 12, 1536, 1e-12
MAX_PIECES = 64
OUTPUTS = 3 + 4 + 1 + 5  # polarity, towards the brand, venting, severity
LIKE = ["company", "company", "company", "user", "link", "picture"]  # what the marks begin as


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH, eps=EPS)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=EPS)

    def forward(self, x, mask):
        b, t, _ = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        a = ((q @ k.transpose(-1, -2)) * (WIDTH // HEADS) ** -0.5 + mask).softmax(-1) @ v
        x = self.norm1(x + self.out(a.transpose(1, 2).reshape(b, t, WIDTH)))
        return self.norm2(x + self.down(nn.functional.gelu(self.up(x))))


class Encoder(nn.Module):
    def __init__(self, layers, vocab):
        super().__init__()
        self.words = nn.Embedding(vocab, WIDTH)
        self.marks = nn.Parameter(torch.zeros(len(MARKS), WIDTH))
        self.first_mark = 0
        self.places = nn.Embedding(MAX_PIECES, WIDTH)
        self.segments = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPS)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(WIDTH, OUTPUTS)
        self.words.weight.requires_grad_(False)
        self.places.weight.requires_grad_(False)

    def embed(self, ids, segments):
        m = ids - self.first_mark
        is_mark = (m >= 0) & (m < len(MARKS))
        w = torch.where(is_mark[..., None], self.marks[m.clamp(0, len(MARKS) - 1)], self.words(ids))
        x = w + self.places.weight[: ids.shape[1]] + self.segments(segments)
        return self.norm(x)

    def pooled(self, ids, segments, kept):
        x = self.embed(ids, segments)
        mask = torch.zeros_like(kept).masked_fill(kept == 0, -1e9)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        return (x * kept[..., None]).sum(1) / kept.sum(1, keepdim=True)

    def forward(self, ids, segments, kept):
        return self.head(self.drop(self.pooled(ids, segments, kept)))


def pretrained(folder, layers):
    """The cut model with its published weights; returns it and the vocabulary."""
    with open(os.path.join(folder, "vocab.txt"), encoding="utf-8") as f:
        vocab = f.read().split("\n")
    vocab = vocab[:-1] if vocab[-1] == "" else vocab
    w = load_file(os.path.join(folder, "model.safetensors"))
    w = {k.removeprefix("bert."): v for k, v in w.items()}
    m = Encoder(layers, len(vocab))
    with torch.no_grad():
        e = "embeddings."
        m.words.weight.copy_(w[e + "word_embeddings.weight"])
        m.places.weight.copy_(w[e + "position_embeddings.weight"][:MAX_PIECES])
        m.segments.weight.copy_(w[e + "token_type_embeddings.weight"])
        m.norm.weight.copy_(w[e + "LayerNorm.weight"]), m.norm.bias.copy_(w[e + "LayerNorm.bias"])
        for i, layer in enumerate(m.layers):
            p = "encoder.layer.%d." % i
            for kind in ("weight", "bias"):
                parts = [w[p + "attention.self.%s.%s" % (n, kind)] for n in ("query", "key", "value")]
                getattr(layer.qkv, kind).copy_(torch.cat(parts))
                getattr(layer.out, kind).copy_(w[p + "attention.output.dense." + kind])
                getattr(layer.norm1, kind).copy_(w[p + "attention.output.LayerNorm." + kind])
                getattr(layer.up, kind).copy_(w[p + "intermediate.dense." + kind])
                getattr(layer.down, kind).copy_(w[p + "output.dense." + kind])
                getattr(layer.norm2, kind).copy_(w[p + "output.LayerNorm." + kind])
        m.first_mark = vocab.index(MARKS[0])
        for i, word in enumerate(LIKE):
            m.marks[i] = m.words.weight[vocab.index(word)]
        nn.init.normal_(m.head.weight, std=0.02)
        nn.init.zeros_(m.head.bias)
    return m, vocab


class Pieces:
    """Words to ids, by the published tokenizer, cut as the product cuts."""

    def __init__(self, folder):
        self.t = BertWordPieceTokenizer(os.path.join(folder, "vocab.txt"), lowercase=True)
        self.t.add_special_tokens(MARKS)
        self.cls, self.sep, self.mask = (self.t.token_to_id(s) for s in ("[CLS]", "[SEP]", "[MASK]"))

    def ids(self, words):
        return self.t.encode(words, add_special_tokens=False).ids

    def row(self, words, name):
        """[CLS] text [SEP] name [SEP]: the text's beginning and end where it is long."""
        n = self.ids(name)[:MAX_NAME]
        room = MAX_PIECES - 2 - (len(n) + 1 if n else 0)
        t = self.ids(words)
        if len(t) > room:
            tail = room // 3
            t = t[: room - tail] + t[-tail:]
        ids = [self.cls] + t + [self.sep]
        seg = [0] * len(ids)
        if n:
            ids += n + [self.sep]
            seg += [1] * (len(n) + 1)
        return ids, seg


def batch_of(rows):
    """Rows of (ids, segments) as padded tensors."""
    longest = max(len(i) for i, _ in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    seg = torch.zeros(len(rows), longest, dtype=torch.long)
    kept = torch.zeros(len(rows), longest)
    for k, (i, s) in enumerate(rows):
        ids[k, : len(i)] = torch.tensor(i)
        seg[k, : len(s)] = torch.tensor(s)
        kept[k, : len(i)] = 1
    return ids, seg, kept

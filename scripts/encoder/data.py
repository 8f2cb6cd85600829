"""Labelled posts as word pieces: what train.py learns from, and what it never sees."""
import glob
import hashlib
import json
import os
import re
import subprocess

# Plain complaints are few beside those that are hard to tell, and count so many times.
PLAIN = 3
MARKS = ["[unused%d]" % i for i in range(1, 7)]
MAX_NAME = 8
# The domains of complaints.jsonl, and the share of brands and topics, that the
# encoder never sees: the figures and the combination are of those.
UNSEEN_DOMAINS = {"apparel", "cars", "other"}


def bucket(s, n):
    """A stable number from 0 to n-1 for a name."""
    return int(hashlib.sha256(s.lower().strip("@# ").encode()).hexdigest(), 16) % n


def unseen_brand(name):
    return bucket(name, 5) == 0


def unseen_invented(name):
    return bucket(name, 8) == 0


def unseen_topic(name):
    return bucket(name, 3) == 0


def prepare(binary, rows):
    """Adds words, name and handle to rows, as the product reads them."""
    src = "\n".join(json.dumps({"text": r["text"], "brand": r.get("brand") or ""}) for r in rows)
    out = subprocess.run([binary], input=src.encode(), stdout=subprocess.PIPE, check=True).stdout.decode()
    for r, line in zip(rows, out.splitlines()):
        r.update(json.loads(line))
    return rows


def read(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def plain(text):
    return re.sub(r"\W+", " ", re.sub(r"@\w+|https?://\S+", "", text.lower())).strip()


class Corpus:
    """The rows of each task. invented() may be called again while files arrive."""

    def __init__(self, data, invented, binary):
        self.binary = binary
        self.folder = invented
        self.val = prepare(binary, read(os.path.join(data, "tweeteval_val.jsonl")))
        heldout = {plain(r["text"]) for r in self.val}
        get = lambda name: [r for r in read(os.path.join(data, name)) if plain(r["text"]) not in heldout]
        self.polarity = prepare(binary, get("semeval_train.jsonl") + get("s140_manual.jsonl"))
        topics = prepare(binary, get("semeval_topic5.jsonl"))
        entity = prepare(binary, [r for r in get("entity.jsonl") if r["original"]])
        complaints = get("complaints.jsonl")
        self.topics = [r for r in topics if not unseen_topic(r["brand"])]
        self.entity = [r for r in entity if not unseen_brand(r["brand"])]
        self.complaints = prepare(binary, [r for r in complaints if r["domain"] not in UNSEEN_DOMAINS])
        self.answered = self.addressed(self.complaints)
        self.unseen_topics = [r for r in topics if unseen_topic(r["brand"])]
        self.unseen_entity = [r for r in entity if unseen_brand(r["brand"])]
        self.unseen_complaints = prepare(binary, [r for r in complaints if r["domain"] in UNSEEN_DOMAINS])
        self.brands = prepare(binary, read(os.path.join(data, "brands.jsonl")))

    def addressed(self, rows):
        """The complaints once more, with the account that is spoken to as the brand."""
        named = [dict(r, brand=r["handle"]) for r in rows if r["handle"] and not r["domain"].startswith("random")]
        return prepare(self.binary, named)

    def invented(self):
        """The project's own posts, those that figures are reported on left out."""
        names = [os.path.join(self.folder, "challenge_write.jsonl")]
        names += sorted(glob.glob(os.path.join(self.folder, "invented", "*.jsonl")))
        rows = []
        for name in names:
            if "test" in os.path.basename(name):
                continue
            try:
                times = PLAIN if os.path.basename(name) == "plain.jsonl" else 1
                rows += times * [r for r in read(name) if r.get("lang", "en") == "en" and isinstance(r.get("venting"), bool)
                         and not unseen_invented(r.get("brand") or "")]
            except (OSError, ValueError):  # a file that is being written: the next round has it
                continue
        return prepare(self.binary, rows)


POLARITY = {"negative": 0, "neutral": 1, "positive": 2}
SEVERITY = {"none": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}


def targets(row, task):
    """(polarity, towards, venting, severity), -1 where the row says nothing."""
    p = t = v = s = -1
    if task == "polarity":
        p = POLARITY[row["label"]]
    elif task == "towards":
        t = 3 if row.get("irrelevant") else POLARITY[row["label"]]
    elif task == "complaints":
        v = int(row["venting"])
    else:
        v = int(row["venting"])
        s = SEVERITY.get(row.get("severity"), -1)
        t = POLARITY.get(row.get("target_label"), -1)
        p = POLARITY.get(row.get("label"), -1)
    return p, t, v, s


def draw(corpus, invented, rng, size):
    """One round: rows of every task, rare classes drawn more often."""
    def pick(rows, n):
        return [rng.choice(rows) for _ in range(n)]

    def by(rows, key, shares, n):
        groups = {}
        for r in rows:
            groups.setdefault(key(r), []).append(r)
        return [r for k, share in shares.items() for r in pick(groups[k], round(n * share))]

    label = lambda r: "irrelevant" if r.get("irrelevant") else r["label"]
    out = [("polarity", r) for r in by(corpus.polarity, label, {"negative": .34, "neutral": .36, "positive": .30}, round(size * .42))]
    out += [("towards", r) for r in by(corpus.topics, label, {"negative": .45, "neutral": .3, "positive": .25}, round(size * .12))]
    out += [("towards", r) for r in by(corpus.entity, label, {"negative": .35, "neutral": .22, "positive": .23, "irrelevant": .2}, round(size * .16))]
    out += [("complaints", r) for r in pick(corpus.complaints, round(size * .05)) + pick(corpus.answered, round(size * .05))]
    if invented:
        out += [("invented", r) for r in pick(invented, round(size * .20))]
    rng.shuffle(out)
    return out

"""Texts a second of Python VADER (vaderSentiment 3.3.2) on the invented posts of
the scorer's tests: pip install vaderSentiment==3.3.2, then run this file."""

import glob
import json
import os
import statistics
import time

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

here = os.path.dirname(os.path.abspath(__file__))
names = sorted(glob.glob(os.path.join(here, "../../pkg/vent/testdata/challenge_*.jsonl")))
texts = [json.loads(line)["text"] for name in names for line in open(name, encoding="utf-8")]
vader = SentimentIntensityAnalyzer()


def rate(seconds):
    n, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        for text in texts:
            vader.polarity_scores(text)
        n += len(texts)
    return n / (time.process_time() - start)


rate(0.5)
print(f"Python VADER: {statistics.median(rate(0.7) for _ in range(7)):.0f} texts a second, {len(texts)} texts, one core")

"""PyKEEN's models as rivals; they are trained for real, on a graph that can be learned in seconds."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from tests.training.evaluate_world import random_split
from training.evaluate.metrics import auroc
from training.evaluate.questions import relation_questions
from training.evaluate.ranking import rank_answers

pytest.importorskip("pykeen", reason="PyKEEN is not installed (extra 'rivals')")
from training.evaluate.graph_rivals import OF_PYKEEN, GraphRival


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_PYKEEN)
def test_a_rival_learns_what_it_is_shown(name: str) -> None:
    """Asked about its own training rows it is far better than chance, and its scores are those of PyKEEN for each triple."""
    split = random_split(3, n=40)
    shown = replace(split, relations=split.relations.with_columns(part=pl.lit("train")))
    rival = GraphRival(name, shown, seconds=10, seed=1)
    (asked,) = relation_questions(shown, part="train", limit=500, seed=0, families={})
    scorer = rival.scorer(asked.predicates)
    assert scorer is not None and rival.scorer(["no such predicate"]) is None
    # A product of three numbers a dimension is slower to learn than a distance.
    assert auroc(rank_answers(scorer, asked)).mean() > (0.6 if name == "complex" else 0.85)
    query, answer = int(asked.queries[0]), int(asked.answers[0])
    single = rival.model.score_hrt(torch.tensor([[query, rival.predicates.index(asked.predicates[0]), answer]])).item()
    assert scorer.scores(np.array([query]), np.array([answer]))[0, 0] == pytest.approx(single, rel=1e-4)

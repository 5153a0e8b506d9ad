"""The contrastive loss: graph-induced, multi-positive, weighted InfoNCE.

Every known relation inside anchors x candidates is a positive, so a known true pair never serves as a negative; pairs that
are neither (shown as context, or the same concept twice) are masked out of both.
"""

from typing import NamedTuple

import torch
from torch.nn import functional

from training.workers import Workers

MASKED = -1e9
ALONE = Workers()


class Pairs(NamedTuple):
    """Cells of an (anchors, candidates) matrix: row numbers and column numbers, int64 of equal length."""

    rows: torch.Tensor
    columns: torch.Tensor


def multi_positive_infonce(logits: torch.Tensor, positives: Pairs, *, masked: Pairs, weights: torch.Tensor) -> torch.Tensor:
    """The sum over anchors of the weighted mean of their positives' losses; a scalar.

    A positive p of anchor i competes with the anchor's negatives N(i) only, never with its other positives:

        loss(i, p) = -log( exp(s_ip) / (exp(s_ip) + sum over n in N(i) of exp(s_in)) )

    Args:
        logits: (anchors, candidates), s = cosine / temperature plus bias minus log Q.
        positives: cells of known relations, each once.
        masked: cells that are no negatives: all positives, context and identities.
        weights: (number of positives,) non-negative evidence; each anchor's are scaled to sum to one, so that an anchor with
            a thousand ties counts as much as one with a single tie.

    Source: the multi-positive form follows Khosla et al., NeurIPS 2020 (supervised contrastive, "out"), with the
        other positives taken out of the denominator.
    """
    negatives = logits.index_put((masked.rows, masked.columns), logits.new_tensor(MASKED))
    background = torch.logsumexp(negatives, 1)  # (anchors,)
    # index_select: the gradient of background[rows], which are repeated, would be summed in no fixed order.
    losses = functional.softplus(background.index_select(0, positives.rows) - logits[positives.rows, positives.columns])
    total = _sums(positives.rows, weights, logits.shape[0])
    shares = weights / total[positives.rows].clamp_min(1e-12)
    return (losses * shares).sum()


class Offsets(NamedTuple):
    """Learned bias minus log Q of each anchor and of each candidate, when it is ranked as an answer."""

    anchors: torch.Tensor
    candidates: torch.Tensor


def symmetric_infonce(
    anchors: torch.Tensor, candidates: torch.Tensor, positives: Pairs, *, masked: Pairs, weights: torch.Tensor, temperature: float, offsets: Offsets, workers: Workers = ALONE
) -> torch.Tensor:
    """The mean loss of anchors against candidates plus that of candidates against anchors; of several workers, this one's part of it.

    Means are over the anchors (candidates) that have a positive with weight.

    Args:
        anchors, candidates: (anchors, dims) and (candidates, dims) unit norm.
        positives, masked, weights: as in `multi_positive_infonce`.
        temperature: divisor of the cosines.
        workers: each takes its share of the anchors and of the candidates; the sum over workers is the loss.
    """
    turned, hidden = Pairs(positives.columns, positives.rows), Pairs(masked.columns, masked.rows)
    if workers.size == 1:
        scaled = (anchors @ candidates.T).float() / temperature
        forward = multi_positive_infonce(scaled + offsets.candidates, positives, masked=masked, weights=weights)
        backward = multi_positive_infonce(scaled.T + offsets.anchors, turned, masked=hidden, weights=weights)
    else:
        forward = _part(anchors, candidates, positives, masked, weights, temperature, offsets.candidates, workers)
        backward = _part(candidates, anchors, turned, hidden, weights, temperature, offsets.anchors, workers)
    return forward / _count(positives.rows, weights, len(anchors)) + backward / _count(positives.columns, weights, len(candidates))


def _part(
    anchors: torch.Tensor, candidates: torch.Tensor, positives: Pairs, masked: Pairs, weights: torch.Tensor, temperature: float, offsets: torch.Tensor, workers: Workers
) -> torch.Tensor:
    """`multi_positive_infonce` of this worker's anchors."""
    mine = workers.share(len(anchors))
    ours, hidden = (pairs.rows.ge(mine.start) & pairs.rows.lt(mine.stop) for pairs in (positives, masked))
    logits = (anchors[mine] @ candidates.T).float() / temperature + offsets
    kept, shut = Pairs(positives.rows[ours] - mine.start, positives.columns[ours]), Pairs(masked.rows[hidden] - mine.start, masked.columns[hidden])
    return multi_positive_infonce(logits, kept, masked=shut, weights=weights[ours])


def _sums(rows: torch.Tensor, weights: torch.Tensor, n: int) -> torch.Tensor:
    return torch.zeros(n, dtype=weights.dtype, device=weights.device).index_add(0, rows, weights)


def _count(rows: torch.Tensor, weights: torch.Tensor, n: int) -> torch.Tensor:
    """How many of n have a positive with weight; at least 1."""
    return (_sums(rows, weights, n) > 0).sum().clamp_min(1)

"""The contrastive loss: graph-induced, multi-positive, weighted InfoNCE.

Every known relation inside anchors x candidates is a positive, so a known true pair never serves as a negative; pairs that
are neither (shown as context, or the same concept twice) are masked out of both.
"""

from typing import NamedTuple

import torch
from torch.nn import functional

MASKED = -1e9


class Pairs(NamedTuple):
    """Cells of an (anchors, candidates) matrix: row numbers and column numbers, int64 of equal length."""

    rows: torch.Tensor
    columns: torch.Tensor


def multi_positive_infonce(logits: torch.Tensor, positives: Pairs, *, masked: Pairs, weights: torch.Tensor) -> torch.Tensor:
    """The mean over anchors of the weighted mean of their positives' losses; a scalar.

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
    total = torch.zeros(logits.shape[0], dtype=weights.dtype).index_add(0, positives.rows, weights)
    shares = weights / total[positives.rows].clamp_min(1e-12)
    return (losses * shares).sum() / (total > 0).sum().clamp_min(1)


def symmetric_infonce(
    cosines: torch.Tensor,
    positives: Pairs,
    *,
    masked: Pairs,
    weights: torch.Tensor,
    temperature: float,
    anchor_offsets: torch.Tensor,
    candidate_offsets: torch.Tensor,
) -> torch.Tensor:
    """The loss of anchors against candidates plus that of candidates against anchors; a scalar.

    Args:
        cosines: (anchors, candidates).
        positives, masked, weights: as in `multi_positive_infonce`.
        temperature: divisor of the cosines.
        anchor_offsets: (anchors,) learned bias minus log Q of each anchor when it is ranked as an answer.
        candidate_offsets: (candidates,) the same of each candidate.
    """
    scaled = cosines / temperature
    forward = multi_positive_infonce(scaled + candidate_offsets, positives, masked=masked, weights=weights)
    turned, hidden = Pairs(positives.columns, positives.rows), Pairs(masked.columns, masked.rows)
    backward = multi_positive_infonce(scaled.T + anchor_offsets, turned, masked=hidden, weights=weights)
    return forward + backward

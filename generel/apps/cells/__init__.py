"""Cells in the space of concepts: a cell is how far its variable genes are from the mean cell, or the weighted mean of the vectors of its top genes."""

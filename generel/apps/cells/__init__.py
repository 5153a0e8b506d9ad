"""Cells in the space of concepts: a cell is the expression-weighted mean of the vectors of its top genes."""

"""The trainers that `training_rivals.py` measures side by side, and the questions they are all asked.

Each trains in a process of its own, on the training part of one split, until its time is up.
"""

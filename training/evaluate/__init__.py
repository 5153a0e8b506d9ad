"""How good a released space is: questions held out before training, rivals in the same table, intervals on every figure."""

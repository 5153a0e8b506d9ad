"""Stage two: the language model's upper layers trained on a build's texts."""

"""What lies where in a space's `encoder/` folder, and in the folder of a language model."""

TOWER = "tower.safetensors"
LANGUAGE_MODEL = "language_model"
WEIGHTS, CONFIG, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"

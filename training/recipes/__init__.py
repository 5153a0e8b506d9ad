"""The recipes shipped with generel, one TOML file a run."""

"""Settings: flag > environment > config.toml > a running embedded server > default."""

"""Settings: flag > environment > config.toml > a running embedded server > default."""

from jobctl.config.contexts import Context
from jobctl.config.file import ConfigFile, config_file, find_context, read_contexts
from jobctl.config.levels import (
    CONNECT_TIMEOUT,
    DEFAULT_URL,
    Door,
    Level,
    choose_level,
    context_level,
    faktory_door,
    named_system,
    operations_directory,
)

__all__ = [
    "CONNECT_TIMEOUT",
    "DEFAULT_URL",
    "ConfigFile",
    "Context",
    "Door",
    "Level",
    "choose_level",
    "config_file",
    "context_level",
    "faktory_door",
    "find_context",
    "named_system",
    "operations_directory",
    "read_contexts",
]

"""The command line: argv in, exit code out. The only room that imports click."""

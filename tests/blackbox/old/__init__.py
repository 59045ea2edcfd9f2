"""Files and keys that an earlier commit wrote: make.py makes them, test_old_files.py goes on."""

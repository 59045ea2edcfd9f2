"""The net: everything jobctl does, recorded through its console script and its public names.

Nothing here imports an internal module, so the code may move as it likes. Each story is a few
command lines over a small data set; what they exit with, print and leave in Redis is compared with
`recorded/GROUP.data.txt` (data: never changes) and `recorded/GROUP.talk.txt` (words for people).
JOBCTL_GOLDEN=write writes both anew. Times, ids, paths and names of this machine are normalised.
"""

"""`labsight sync`: a lab's folder copied into the archive, never overwritten, never deleted.

kinds      which files are slides, by suffix
plan       the folder as it is now, against the journal -> what is to be sent
quiet      is a file still being written? by time
complete   is a file still being written? by structure
source     a local file, opened read-only, and proof that it did not change
journal    what was begun and what is done; committed before each side effect
archive    what is asked of the archive: a protocol; s3 is the real one
sending    one file into the archive, resumable
transfer   the same, with every end of it as an outcome in the journal
workers    several transfers at a time
passes     one look at the folder and all that follows from it
watch      passes until nothing is left, or for ever
report     what happened, for people and for machines
progress   the same while it happens; bar for terminals
command    the options of `labsight sync`, checked and wired
"""

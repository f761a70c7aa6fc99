"""`labsight sync`: a lab's folder copied into the archive, never overwritten, never deleted.

look/      what lies in the folder, what belongs together, what the archive lacks of it
finished/  is it written to its end? by structure, or because its writer says so
journal/   what was begun and what is done; committed before each side effect
sending/   files and units into the archive, resumable; archive is a protocol, s3 the real one
checking/  what was sent, held against the archive; local files that may go because of it
telling/   what happens and how things are, for people and for machines
passes     one look at the folder and all that follows from it
judging    may this go now? quiet, whole, or declared finished
watch      passes until nothing is left, or for ever
hints      file system events, which make the next look come sooner
workers    several pieces of work at a time, stopped together
command    `labsight sync`, its parts wired together
options    what it was asked for
target     which folder goes to which archive, and where that is remembered
"""

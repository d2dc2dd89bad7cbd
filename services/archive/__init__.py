"""The archive: every document, opinion, reading and signal of a run, kept in LanceDB as it lay in the log.

LanceDB has threads of its own: nothing here may be imported by a process that forks afterwards.
"""

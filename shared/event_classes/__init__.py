"""What a text can report: 58 classes in eleven groups, the 20 of former versions, and how a person names them.

Pure tables and functions, no records (shared/contract); docs/events.md shows them. `classes` is what a model answers,
`former` what old records and old models say, `selection` what somebody asks for.
"""

"""Training models: reads labelled sets, fine-tunes, measures and ships.

It serves no document (services/model does) and prints nothing (services/commands/training does).
"""

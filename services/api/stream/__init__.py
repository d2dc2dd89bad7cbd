"""The live stream: one consumer a process follows the topics' ends, and any number of readers follow that."""

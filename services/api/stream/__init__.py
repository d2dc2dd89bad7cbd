"""The live stream: one consumer a process follows the topics' ends, and any number of readers follow that. How the
events go over HTTP is not here: services/api/routes/stream.py."""

"""The fused int8 encoder: C++ source, compiled once per machine into the cache, called through ctypes.

Only what touches the C++ belongs here; choosing a precision does not (services/model/precision.py).
"""

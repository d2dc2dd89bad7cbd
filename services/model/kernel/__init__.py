"""The fused int8 encoder: C++ source, compiled once per machine into the cache, called through ctypes."""

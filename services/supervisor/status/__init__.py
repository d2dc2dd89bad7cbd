"""What a run is doing and what a machine lacks, for people and scripts; nothing here starts or stops a process."""

"""The supervisor's children: how they are started, found again, held and ended; not how they are doing (status)."""

"""Words of what was deleted leave Kafka's log and Redis, where no worker rewrites them. The archive forgets its own;
numbers, places and times stay, and what is deleted is decided elsewhere."""

"""Which companies a text speaks of: names, tickers, and the evidence for them; pure, and knows nothing of messages."""

"""Ask: questions in people's words, answered with sentences that stand in cited documents, and with exact counts."""

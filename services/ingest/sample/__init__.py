"""The synthetic week: its grammar, texts, planted opinions and prices; nothing here is data of the real world."""

"""From signals to alerts: rules, limits, outbox, delivery; making signals does not belong here."""

"""Servers that are asked through their own interfaces: filings, news, posts; not feeds (syndication)."""

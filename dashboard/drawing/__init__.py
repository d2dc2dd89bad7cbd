"""Figures, tables and words made of values; nothing here reads Redis or knows Streamlit's session."""

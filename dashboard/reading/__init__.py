"""What a page asks for and the formulas on it; nothing here draws, and nothing knows Streamlit."""

"""What services and the dashboard have in common; it stays light: no Faust, no torch, no Streamlit."""

"""What people say of the model's answers (label), and what stands when several of them have spoken (resolution)."""

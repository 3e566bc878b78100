"""Where answers are kept: one backend each."""

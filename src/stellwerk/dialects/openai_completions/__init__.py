"""The OpenAI completions dialect that came before chat: a prompt, and the text that goes on from it."""

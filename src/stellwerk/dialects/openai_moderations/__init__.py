"""The OpenAI moderations dialect, which is handed on as it comes."""

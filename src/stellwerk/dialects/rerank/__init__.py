"""The rerank dialect of Cohere, Jina, Voyage and the hosts that follow them, which is handed on as it comes."""

"""The HTTP/1.1 engine of the data plane: server connections and an upstream pool over llhttp and the event loop."""

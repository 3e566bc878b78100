"""The Amazon Bedrock Converse dialect, on both sides of the gateway."""

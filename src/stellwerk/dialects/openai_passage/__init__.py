"""What OpenAI's hosts keep and make besides text, passed through: files, batches, stored responses, pictures, sound."""

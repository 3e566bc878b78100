"""What the rules have to know of English and of German, as plain sets of words."""

"""The pages: templates, the words of both languages, scripts and styles."""

"""Reports as text, Markdown, JSON: pure, prints nothing."""

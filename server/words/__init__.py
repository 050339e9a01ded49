"""The languages, and files of words in all of them: for the pages of the server and for reports."""

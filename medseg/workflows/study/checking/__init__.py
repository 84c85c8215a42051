"""What can be wrong with a study, one kind of evidence a file."""

"""Who speaks: voices are told apart by sound, and which of them is the clinician by what is said."""

"""Which ONNX Runtime execution provider runs the note model: enumerate, plan, probe, decide, remember.

enumerate   what the machine has, by our own reading, and what the installed ONNX Runtime has compiled in
plan        ordered candidates, each with its options and why it is there
candidate   what the parent asks the child process that tries one, and what that answers
probe       runs the child process, under limits, and judges what came back
verdict     the fastest candidate that is right, kept in a file until what it depends on changes
failures    what failed while it was in use
choice      what the note service asks for
"""

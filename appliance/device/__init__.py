"""The note engine in a tablet's page: the note service's own code, over a model that the browser runs.

Pyodide runs this package and the parts of `appliance.note` that it imports; see docs/browser.md.
"""

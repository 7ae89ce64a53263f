"""Readers of visits: ACI-Bench, MTS-Dialog, a folder of files; and training examples made from them."""

"""Builds model bundles from published weights, without torch: `chartside models build`."""

"""Health checks: one small file each, shown by `chartside doctor`."""

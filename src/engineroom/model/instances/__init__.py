"""Instances: their replicas, sizes, limits and schedules."""

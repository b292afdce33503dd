"""Tests of reading chains and cutting scripts."""

"""Measure what posting and applying a credit cost, beside other ways to do the same.

Run by ``make bench`` on databases of its own: one with the addon, and one without, for
whatever does not need it. All figures come from one run, the ways take turns, and what
counts are their ratios: machines differ, and one machine differs from hour to hour.

There is a file for each table. What one has measured is written as JSON into the folder
``.dev/bench`` at once.
"""

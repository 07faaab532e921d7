"""Networks of other programs: their files read as data, their names and layouts turned into ours."""

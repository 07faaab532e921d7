"""Where the rows of a recording go, all in one pass: table, plot and overlay."""

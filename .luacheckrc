std = "lua54"
max_line_length = 120
codes = true
unused_args = false
exclude_files = { "build/**", "build-*/**" }
-- A loop that is left at once is what some specs are about.
files["spec"] = { std = "+busted", ignore = { "512" } }
files["examples/embed"] = { read_globals = { "client" } } -- the host sets it

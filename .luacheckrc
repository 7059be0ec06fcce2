std = "lua54"
max_line_length = 100
codes = true
unused_args = false
exclude_files = { "build/**", "build-*/**" }
files["spec"] = { std = "+busted" }

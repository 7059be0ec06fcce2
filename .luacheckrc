std = "lua54"
max_line_length = 120
codes = true
unused_args = false
exclude_files = { "build/**", "build-*/**" }
-- A loop that is left at once is what some specs are about.
files["spec"] = { std = "+busted", ignore = { "512" } }
files["examples/embed"] = { read_globals = { "client" } } -- the host sets it
-- The hosts' scripts: what the host sets, and what they keep for each other.
files["spec/c/scripts"] = {
  ignore = { "241" },
  globals = { "celigo", "client", "url", "silent", "id", "hidden", "kept", "junk", "objects", "use", "each_value",
    "look_everywhere", "older" },
  read_globals = { "look", "lookups", "ca_file", "fork", "echo", "told", "reader", "writer", "loop" },
}
-- They try everything: what comes of it, and whether it is used, is not the point.
files["spec/c/scripts/hostile"] = { ignore = { "122", "143", "213", "231", "311", "331" } }

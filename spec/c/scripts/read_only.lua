-- A client that is read-only, and one of a host that does not know the option.

assert(#assert(reader:list_connectors()) > 0)
local value, err = reader:delete_connector "x"
assert(value == nil and err.code == "read_only")
assert(err.where and tostring(err):find(err.where, 1, true) == 1)
assert(reader:delete_connector("x", { dry_run = true }))
assert(select(2, writer:delete_connector "x").kind == "http")

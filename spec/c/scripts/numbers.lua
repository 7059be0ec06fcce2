-- Numbers are written and read the same in a locale with a decimal comma.

local json = celigo.json
assert(json.encode { 1.5, -2.5e300, 3 } == "[1.5,-2.5e+300,3]", json.encode { 1.5, -2.5e300, 3 })
local back = assert(json.decode "[1.5,-2.5e300,1e2,0.10000000000000000555111512312578270211815834045410156]")
assert(back[4] == 1 / 10, "many digits")
assert(back[1] == 3 / 2 and back[2] == -25 * 10.0 ^ 299 and back[3] == 100)
local dry = client:request { method = "POST", path = "/x", body = { n = 3 / 2 }, dry_run = true }
assert(dry.body == '{"n":1.5}', dry.body)
assert(celigo.timestamp(3 / 2) == "1970-01-01T00:00:01.500Z")
assert(celigo.parse_timestamp "1970-01-01T00:00:01.500Z" == 3 / 2)
assert(client:list_connectors())

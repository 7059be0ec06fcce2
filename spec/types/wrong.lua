-- Wrong scripts: LuaLS warns of each line that ends in a mark, and of no other.

local celigo = require "celigo"

local client = celigo.new { token = 5, region = "us" } -- wrong: assign-type-mismatch
celigo.new { region = "asia" } -- wrong: assign-type-mismatch
celigo.new { timeout = "60" } -- wrong: assign-type-mismatch

client:get_connector_by_id(5) -- wrong: param-type-mismatch
client:get_conector_by_id "id" -- wrong: undefined-field
client:create_connector { description = "no name" } -- wrong: missing-fields
client:create_connector_license("id", { email = "ada@example.com" }) -- wrong: missing-fields
client:delete_connector() -- wrong: missing-parameter
client:request { method = "GTE", path = "/v1/tokenInfo" } -- wrong: assign-type-mismatch
client:submit "get_connector" -- wrong: param-type-mismatch

local connector, err = client:get_connector_by_id "id"
print(connector.name) -- wrong: need-check-nil
if not connector then
  print(err.cause) -- wrong: undefined-field
  return
end
print(connector.descripton) -- wrong: undefined-field
connector.published = "yes" -- wrong: assign-type-mismatch

local shown = assert(client:create_connector({ name = "x" }, { dry_run = true }))
print(shown.methd) -- wrong: undefined-field
require("celigo.loop").adaptor("tiny", print) -- wrong: undefined-field
